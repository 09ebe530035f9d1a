//! Names that are emitted to again and again: an emit finds them in another way than others, and must not notice it.
#![cfg(not(loom))]
#![allow(clippy::std_instead_of_core, reason = "a test")]

use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use aioevt_core::{Emitted, EventLoop, Manager, PollLoop, WaitError};

/// More emits than make a name hot, and than a byte counts.
const OFTEN: u32 = 300;

fn run(poll_loop: &mut PollLoop) {
    while poll_loop.poll(Duration::ZERO).is_some() {}
}

/// How many callbacks and waits got an event by name.
fn heard(mgr: &Manager, name: &str) -> (usize, usize) {
    let Emitted {
        callbacks, waiters, ..
    } = mgr.emit(name, (1u32,));
    (callbacks, waiters)
}

fn heat(mgr: &Manager, name: &str) {
    let registration = mgr.register(name, || ());
    (0..OFTEN).for_each(|_| assert_eq!(heard(mgr, name), (1, 0)));
    assert!(registration.unregister());
    assert!(mgr.names().is_empty());
}

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u32>>>);

impl Log {
    fn callback(&self) -> impl FnMut(u32) + Send + 'static {
        let log = self.0.clone();
        move |n| log.lock().unwrap_or_else(PoisonError::into_inner).push(n)
    }

    fn take(&self) -> Vec<u32> {
        std::mem::take(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// On the loop of before and on others, so that what an emit knows of the loop has to be learned anew.
#[test]
fn a_hot_name_that_is_gone_begins_anew() {
    let mut poll_loop = PollLoop::new(|| ());
    let mgr = Manager::new(&poll_loop);
    let log = Log::default();
    for round in 0..6 {
        let event_loop = match round % 3 {
            0 => poll_loop.event_loop(),
            1 => poll_loop.event_loop().new_lane(),
            _ => EventLoop::inline(),
        };
        assert_eq!(heard(&mgr, "x"), (0, 0));
        assert!(mgr.names().is_empty());
        let registration = mgr.on("x").event_loop(&event_loop).call(log.callback());
        for n in 0..OFTEN {
            assert_eq!(mgr.emit("x", (n,)).callbacks, 1);
        }
        // What was accepted is still discarded, or has run.
        run(&mut poll_loop);
        assert_eq!(log.take(), Vec::from_iter(0..OFTEN));
        assert_eq!(mgr.names(), ["x"]);
        assert!(registration.unregister());
        run(&mut poll_loop);
    }
    let stats = mgr.stats();
    assert_eq!((stats.names, stats.callbacks), (0, 0));
    assert_eq!((stats.accepted, stats.ran), (6 * 300, 6 * 300));
}

#[test]
fn everything_else_finds_a_hot_name_as_well() {
    fn callback() {}
    let mgr = Manager::new(EventLoop::inline());
    heat(&mgr, "x");

    let wait = mgr.wait("x");
    assert_eq!(mgr.names(), ["x"]);
    assert_eq!(heard(&mgr, "x"), (0, 1));
    assert_eq!(wait.blocking().unwrap().arg(0), Ok(1u32));
    assert!(mgr.names().is_empty());

    let topic = mgr.topic("x");
    assert_eq!((topic.name(), heard(&mgr, "x")), ("x", (0, 0)));
    topic.register(|| ());
    assert_eq!(heard(&mgr, "x"), (1, 0));
    assert_eq!(topic.emit(()).callbacks, 1);
    drop(topic);
    assert_eq!(mgr.unregister("x"), 1);
    assert_eq!(heard(&mgr, "x"), (0, 0));

    mgr.on("x").once().call(|| ());
    assert_eq!((heard(&mgr, "x"), heard(&mgr, "x")), ((1, 0), (0, 0)));
    mgr.register("x", callback);
    assert_eq!(mgr.unregister_from("x", &callback), 1);
    mgr.register("x", callback);
    assert_eq!(mgr.unregister_callback(&callback), 1);
    assert!(mgr.names().is_empty());
    // Large data, and such as was built before.
    mgr.register("x", |_: [u64; 16]| ());
    assert_eq!(mgr.emit("x", ([0u64; 16],)).callbacks, 1);
    assert_eq!(mgr.stats().failed + mgr.stats().panicked, 0);
}

/// What its loop still has of the life before has nothing to do with the next one.
#[test]
fn a_hot_name_begins_anew_while_its_loop_is_behind() {
    fn callback(_: u32) {}
    let mut poll_loop = PollLoop::new(|| ());
    let mgr = Manager::new(&poll_loop);
    heat(&mgr, "x");
    mgr.register("x", callback);
    assert_eq!(mgr.unregister("x"), 1);
    mgr.register("x", callback);
    run(&mut poll_loop);
    assert_eq!(mgr.unregister_callback(&callback), 1);
    assert_eq!(heard(&mgr, "x"), (0, 0));
}

#[test]
fn closing_ends_a_hot_name() {
    for is_there in [true, false] {
        let mgr = Manager::new(EventLoop::inline());
        heat(&mgr, "x");
        if is_there {
            mgr.register("x", || ());
        }
        mgr.close();
        assert_eq!(mgr.emit("x", ()).rejected, 1);
        assert!(!mgr.register("x", || ()).is_active());
        assert!(matches!(mgr.wait("x").blocking(), Err(WaitError::Closed)));
        assert_eq!(mgr.emit("x", ()).callbacks, 0);
    }
}

/// An emit that finds nobody looks at what has become of the manager, also if the last event had been waited for.
#[test]
fn closing_ends_a_name_that_was_waited_for() {
    let mgr = Manager::new(EventLoop::inline());
    for n in 0..OFTEN {
        let wait = mgr.wait("x");
        assert_eq!(mgr.emit("x", (n,)).waiters, 1);
        assert_eq!(wait.blocking().unwrap().arg(0), Ok(n));
    }
    mgr.close();
    assert_eq!(mgr.emit("x", (0,)).rejected, 1);
    assert_eq!(mgr.emit("x", ([0; 20],)).rejected, 1);
}

/// More than there are places for: some share theirs with others, and some have none.
#[test]
fn each_of_many_names_reaches_its_own_callback() {
    const NAMES: usize = 1000;
    let mgr = Manager::new(EventLoop::inline());
    let names: Vec<_> = (0..NAMES).map(|number| format!("name.{number}")).collect();
    let calls: Arc<[AtomicUsize]> = (0..NAMES).map(|_| AtomicUsize::new(0)).collect();
    for round in 0..2 {
        let register = |(number, name): (usize, &String)| {
            let calls = calls.clone();
            mgr.register(name, move |n: usize| {
                assert_eq!(n, number);
                calls[number].fetch_add(1, Relaxed);
            })
        };
        let registrations: Vec<_> = names.iter().enumerate().map(register).collect();
        for _ in 0..OFTEN {
            for (number, name) in names.iter().enumerate() {
                assert_eq!(mgr.emit(name, (number,)).callbacks, 1);
            }
        }
        let expected = (round + 1) * OFTEN as usize;
        assert!(calls.iter().all(|calls| calls.load(Relaxed) == expected));
        assert!(registrations.iter().all(|it| it.unregister()));
        assert!(names.iter().all(|name| heard(&mgr, name) == (0, 0)));
    }
    assert_eq!(mgr.stats().panicked, 0);
}
