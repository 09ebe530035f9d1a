//! However many of each there were, nothing is left behind. In a process of its own, because it counts what is on the heap.
#![cfg(not(loom))]
#![allow(clippy::unwrap_used, clippy::std_instead_of_core, reason = "a test")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::task::{Context, Waker};
use std::thread;
use std::time::Duration;

use aioevt_core::{Callback, EventLoop, Manager, PollLoop, Registration, WaitError};

struct Counting;

thread_local! {
    /// Bytes that this thread allocated and did not free.
    static LIVE: Cell<isize> = const { Cell::new(0) };
}

#[global_allocator]
static COUNTING: Counting = Counting;

// SAFETY: as `System`, to which it passes everything on.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        LIVE.set(LIVE.get() + layout.size() as isize);
        // SAFETY: the caller's duty is the same.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        LIVE.set(LIVE.get() - layout.size() as isize);
        // SAFETY: the caller's duty is the same.
        unsafe { System.dealloc(block, layout) }
    }
}

const MILLION: u32 = 1_000_000;

/// How much more is on the heap after so many rounds than after the first thousand.
fn grown(rounds: u32, mut round: impl FnMut(u32)) -> isize {
    (0..1000).for_each(&mut round);
    let before = LIVE.get();
    (1000..rounds).for_each(round);
    LIVE.get() - before
}

#[test]
fn waits_that_are_made_and_dropped() {
    let mgr = Manager::new(EventLoop::inline());
    let grown = grown(MILLION, |number| drop(mgr.wait(format!("rpc.{number}"))));
    assert_eq!((grown, mgr.names().len(), mgr.stats().waiters), (0, 0, 0));
}

#[test]
fn waits_that_are_limited_and_dropped() {
    let mut poll_loop = PollLoop::new(|| ());
    let mgr = Manager::new(&poll_loop);
    let grown = grown(MILLION, |_| {
        drop(mgr.wait("x").timeout(Duration::from_secs(1)))
    });
    assert_eq!((grown, mgr.names().len(), mgr.stats().waiters), (0, 0, 0));
    while poll_loop.poll(Duration::from_secs(2)).is_some() {}
    assert_eq!(mgr.stats().delayed, 0);
}

/// The room for the wakers of many lanes goes with the next event for a few.
#[test]
fn a_name_that_had_many_lanes() {
    let mut poll_loop = PollLoop::new(|| ());
    let event_loop = poll_loop.event_loop();
    let mgr = Manager::new(EventLoop::inline());
    let lanes: Vec<_> = (0..1000).map(|_| event_loop.new_lane()).collect();
    let register = |lane| mgr.on("x").event_loop(lane).call(|_: u8| ());
    let registrations: Vec<_> = lanes.iter().map(register).collect();
    let mut settle = || while poll_loop.poll(Duration::ZERO).is_some() {};
    settle();
    assert_eq!(mgr.emit("x", (1,)).callbacks, 1000);
    settle();
    registrations[2..]
        .iter()
        .for_each(|registration| assert!(registration.unregister()));
    settle();
    let before = LIVE.get();
    assert_eq!(mgr.emit("x", (1,)).callbacks, 2);
    let freed = before - LIVE.get();
    settle();
    assert!(freed >= 1000 * size_of::<Waker>() as isize, "{freed} bytes");
}

#[test]
fn names_that_are_used_once() {
    let mgr = Manager::new(EventLoop::inline());
    let grown = grown(MILLION / 10, |number| {
        let name = format!("rpc.{number}");
        let answer = mgr.wait(&name);
        assert_eq!(mgr.emit(&name, (number,)).waiters, 1);
        assert_eq!(answer.blocking().unwrap().arg(0), Ok(number));
        mgr.emit(&name, ());
        mgr.on(&name).once().call(|| ());
        mgr.emit(&name, ());
    });
    assert_eq!((grown, mgr.names().len(), mgr.stats().callbacks), (0, 0, 0));
    assert_eq!(mgr.stats().ran, 100_000);
}

#[test]
fn delays_that_are_cancelled() {
    let poll_loop = PollLoop::new(|| ());
    let mgr = Manager::new(&poll_loop);
    let grown = grown(MILLION, |number| {
        let delayed = mgr.emit_after(Duration::from_secs(number.into()), "x", ([number; 16],));
        assert!(delayed.cancel());
    });
    assert_eq!((grown, mgr.stats().delayed), (0, 0));
}

#[test]
fn delays_that_are_lost() {
    let inline = EventLoop::inline();
    let mgr = Manager::new(&inline);
    mgr.on_error(|_| ());
    let grown = grown(MILLION / 10, |number| {
        mgr.emit_after(Duration::from_secs(number.into()), "x", (number,));
    });
    assert_eq!((grown, mgr.stats().delayed), (0, 0));
    assert_eq!(mgr.stats().delays_lost, 100_000);
}

/// What a crowd leaves on the heap once it has come and gone.
fn left(crowd: impl FnOnce()) -> isize {
    let before = LIVE.get();
    crowd();
    LIVE.get() - before
}

#[test]
fn crowds_that_come_and_go() {
    const MANY: u32 = 100_000;
    // More than a few kilobytes would be room that was kept for the crowd.
    let limit = 16 * 1024;
    let mut poll_loop = PollLoop::new(|| ());
    let mgr = Manager::new(&poll_loop);
    mgr.register("tick", || ());
    mgr.register("suspends", |mgr: Manager| async move {
        mgr.wait("go").await.map(drop)
    });
    let mut now = Duration::ZERO;
    let mut settle = || {
        // The two buffers of a lane are given back when they were not needed for some time.
        for _ in 0..40 {
            while let Some(next) = poll_loop.poll(now) {
                now = next;
            }
            mgr.emit("tick", ());
        }
        assert_eq!(poll_loop.poll(now), None);
    };
    settle();

    let delays = left(|| {
        for number in 0..MANY {
            let delay = Duration::from_millis((number / 100).into());
            mgr.emit_after(delay, "x", (number,));
        }
        settle();
        assert_eq!(mgr.stats().delayed, 0);
    });
    assert!(delays < limit, "delays that fired left {delays} bytes");

    let identities = left(|| {
        let callbacks: Vec<_> = (0..MANY).map(|_| Callback::new(|| ())).collect();
        for callback in &callbacks {
            mgr.register("x", callback);
        }
        for callback in &callbacks {
            assert_eq!(mgr.unregister_callback(callback), 1);
        }
        settle();
    });
    assert!(identities < limit, "callbacks left {identities} bytes");

    let places = left(|| {
        for _ in 0..MANY {
            assert!(mgr.register("tick", || ()).unregister());
        }
        settle();
    });
    assert!(
        places < limit,
        "callbacks of a name that stays left {places} bytes"
    );

    let slots = left(|| {
        let names: Vec<_> = (0..MANY)
            .map(|number| mgr.register(format!("{number}"), || ()))
            .collect();
        settle();
        assert!(names.iter().all(Registration::unregister));
        settle();
    });
    // The numbers of the free slots are remembered for as long as the lane has callbacks.
    let numbers = isize::try_from(MANY * 12).unwrap();
    assert!(slots < numbers, "names with callbacks left {slots} bytes");

    mgr.on("burst")
        .event_loop(EventLoop::inline())
        .call(|mgr: Manager, many: u32| {
            (1..many).for_each(|_| _ = mgr.emit("burst", (0u32,)));
        });
    let inline = left(|| {
        mgr.emit("burst", (MANY,));
        (0..40).for_each(|_| _ = mgr.emit("burst", (0u32,)));
    });
    assert!(inline < limit, "inline callbacks left {inline} bytes");

    mgr.on_error(|_| ());
    let runtimes = left(|| {
        for _ in 0..MANY / 50 {
            let timer = PollLoop::new(|| ());
            mgr.emit_after_on(&timer, Duration::from_secs(1), "x", ());
        }
    });
    assert!(
        runtimes < limit,
        "timers that are gone left {runtimes} bytes"
    );

    let calls = left(|| {
        for _ in 0..MANY {
            mgr.emit("suspends", ());
        }
        settle();
        assert_eq!(mgr.emit("go", ()).waiters, MANY as usize);
        settle();
    });
    assert!(calls < limit, "suspended calls left {calls} bytes");

    let topic = mgr.topic("held");
    let waits = left(|| {
        let mut waits: Vec<_> = (0..MANY).map(|_| topic.wait()).collect();
        let mut cx = Context::from_waker(Waker::noop());
        for wait in &mut waits {
            assert!(Pin::new(wait).poll(&mut cx).is_pending());
        }
    });
    assert!(
        waits < limit,
        "waits on a topic that is held left {waits} bytes"
    );
}

/// Those that are emitted to often are found in another way, also when they have come and gone: so many have a place there.
#[test]
fn names_that_were_emitted_to_often_leave_what_their_places_hold() {
    let mut crowd = 0;
    let mut come_and_go = |mgr: &Manager, names: u32| {
        for _ in 0..names {
            crowd += 1;
            // Every other one is too long for a place.
            let name = format!("{crowd:0width$}", width = 1 + crowd % 2 * 4000);
            let registration = mgr.on(&name).event_loop(EventLoop::inline()).call(|| ());
            (0..20).for_each(|_| assert_eq!(mgr.emit(&name, ()).callbacks, 1));
            assert!(registration.unregister());
        }
    };
    let poll_loop = PollLoop::new(|| ());
    let mgr = Manager::new(&poll_loop);
    let places = left(|| come_and_go(&mgr, 3_000));
    assert!(places < 256 * 1024, "hot names left {places} bytes");
    assert_eq!(left(|| come_and_go(&mgr, 3_000)), 0);
    // They do not keep their manager, nor does it keep them.
    let managers = left(|| {
        for _ in 0..1000 {
            come_and_go(&Manager::new(&poll_loop), 10);
        }
    });
    assert_eq!(managers, 0);
}

/// What a name needed in its life is gone with it, also if its topic stays: room for many lanes, and what a lane kept for
/// others.
#[test]
fn a_hot_name_that_is_gone_keeps_nothing_of_a_crowd() {
    let mut poll_loop = PollLoop::new(|| ());
    let mgr = Manager::new(EventLoop::inline());
    mgr.on_error(|_| ());
    let run = |poll_loop: &mut PollLoop| while poll_loop.poll(Duration::ZERO).is_some() {};
    let mut on_many_lanes = |name: &str| {
        let lanes = (0..1000).map(|_| poll_loop.event_loop().new_lane());
        let registered: Vec<_> = lanes
            .map(|lane| mgr.on(name).event_loop(lane).call(|| ()))
            .collect();
        for _ in 0..5 {
            assert_eq!(mgr.emit(name, ()).callbacks, 1000);
            run(&mut poll_loop);
        }
        assert!(registered.iter().all(Registration::unregister));
        run(&mut poll_loop);
    };
    on_many_lanes("first");
    let lanes = left(|| on_many_lanes("second"));
    assert!(lanes < 1024, "the room for lanes left {lanes} bytes");

    let with_many_others = |name: &str| {
        let poll_loop = PollLoop::new(|| ());
        let event_loop = poll_loop.event_loop();
        mgr.on(name).event_loop(&event_loop).call(|| ());
        let others: Vec<_> = (0..100)
            .map(|_| Manager::new(EventLoop::inline()))
            .collect();
        for other in &others {
            other.on_error(|_| ());
            for name in 0..10 {
                other
                    .on(name.to_string())
                    .event_loop(&event_loop)
                    .call(|| ());
            }
        }
        (0..5).for_each(|_| assert_eq!(mgr.emit(name, ()).callbacks, 1));
    };
    with_many_others("third");
    let others = left(|| with_many_others("fourth"));
    assert!(others < 1024, "a lane that was closed left {others} bytes");
}

/// Also if no further event comes, by which the loop would notice that it needs less.
#[test]
fn a_long_backlog_leaves_nothing_when_it_is_worked_off() {
    let mut poll_loop = PollLoop::new(|| ());
    let mgr = Manager::new(&poll_loop);
    mgr.register("x", |_: u32| ());
    while poll_loop.poll(Duration::ZERO).is_some() {}
    let backlog = left(|| {
        (0..200_000).for_each(|n: u32| _ = mgr.emit("x", (n,)));
        while poll_loop.poll(Duration::ZERO).is_some() {}
        assert_eq!(mgr.stats().ran, 200_000);
    });
    assert!(backlog < 16 * 1024, "a backlog left {backlog} bytes");
}

/// Each manager that ends looks at its own delays only: this took minutes when it looked at all.
#[test]
fn managers_with_a_delay_each_end_one_by_one() {
    const MANY: u64 = 100_000;
    let poll_loop = PollLoop::new(|| ());
    let managers: Vec<_> = (0..MANY).map(|_| Manager::new(&poll_loop)).collect();
    for (number, mgr) in managers.iter().enumerate() {
        mgr.emit_after(Duration::from_secs(number as u64 % 7), "x", ());
    }
    let last = managers[0].clone();
    drop(managers);
    assert_eq!(last.stats().delayed, 1);
}

/// A blocking wait gives up by the operating system's clock, an emitter comes in between: each wait has one outcome, and
/// the two sides agree on how many were resolved.
#[test]
fn a_limit_against_an_emit_a_hundred_thousand_times() {
    const ROUNDS: usize = 100_000;
    let mgr = Manager::new(EventLoop::inline());
    let (armed, answered) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let (mut received, mut timed_out) = (0, 0);
    let resolved = thread::scope(|scope| {
        let emitter = scope.spawn(|| {
            let mut resolved = 0;
            for round in 1..=ROUNDS {
                while armed.load(SeqCst) < round {
                    thread::yield_now();
                }
                resolved += mgr.emit("x", (round,)).waiters;
                answered.store(round, SeqCst);
            }
            resolved
        });
        for round in 1..=ROUNDS {
            let wait = mgr
                .wait("x")
                .timeout(Duration::from_nanos(round as u64 % 2048));
            armed.store(round, SeqCst);
            match wait.blocking() {
                Ok(data) => received += usize::from(data.arg(0) == Ok(round)),
                Err(error) => timed_out += usize::from(error == WaitError::TimedOut),
            }
            while answered.load(SeqCst) < round {
                thread::yield_now();
            }
        }
        emitter.join().unwrap()
    });
    assert_eq!((received, received + timed_out), (resolved, ROUNDS));
    assert_eq!((mgr.stats().waiters, mgr.names().len()), (0, 0));
}

/// What a wait gave keeps itself, and nothing of the name, the manager and the other waits that it came from.
#[test]
fn data_that_is_kept_keeps_no_more() {
    let mut kept = Vec::with_capacity(4);
    let mut cx = Context::from_waker(Waker::noop());
    let before = LIVE.get();
    let mut poll_loop = PollLoop::new(|| ());
    for limited_late in [false, true] {
        let mgr = Manager::new(EventLoop::inline());
        for event_loop in [EventLoop::inline(), poll_loop.event_loop()] {
            let on = mgr.on("a name").event_loop(&event_loop);
            let registration = on.call(|_: u64| ());
            mgr.emit("a name", (1_u64,));
            mgr.emit("a name", (1_u64,));
            registration.unregister();
            while poll_loop.poll(Duration::ZERO).is_some() {}
            drop(event_loop);
            // So few that the room for them is not given back when they leave.
            let waits = if limited_late { 1000 } else { 50 };
            let mut crowd: Vec<_> = (0..waits).map(|_| mgr.wait("a name")).collect();
            for wait in &mut crowd {
                assert!(Pin::new(wait).poll(&mut cx).is_pending());
            }
            let wait = mgr.wait("a name");
            if !limited_late {
                // The room that they had goes with them.
                crowd.clear();
            }
            mgr.emit("a name", (7_u64,));
            kept.push(wait.blocking().unwrap());
            for wait in crowd {
                let mut wait = wait.timeout_on(&poll_loop, Duration::from_secs(1));
                assert!(Pin::new(&mut wait).poll(&mut cx).is_ready());
            }
        }
        drop(mgr);
    }
    drop(poll_loop);
    let each = (LIVE.get() - before) / kept.len() as isize;
    assert!((1..=192).contains(&each), "{each} bytes each");
    assert!(kept.iter().all(|data| data.arg(0) == Ok(7_u64)));
}

/// Nor if a limit has passed before the event: the seats stay then, until each wait has looked.
#[test]
fn data_that_is_kept_after_a_limit_has_passed_keeps_no_more() {
    let mut poll_loop = PollLoop::new(|| ());
    let mgr = Manager::new(&poll_loop);
    let mut cx = Context::from_waker(Waker::noop());
    let mut kept = |crowd: usize| {
        let mut waits = vec![mgr.wait("x").timeout(Duration::ZERO)];
        waits.extend((0..crowd).map(|_| mgr.wait("x")));
        for wait in &mut waits {
            assert!(Pin::new(wait).poll(&mut cx).is_pending());
        }
        while poll_loop.poll(Duration::ZERO).is_some() {}
        let last = mgr.wait("x");
        assert_eq!(mgr.emit("x", (7_u64,)).waiters, crowd + 1);
        for wait in &mut waits {
            assert!(Pin::new(wait).poll(&mut cx).is_ready());
        }
        last.blocking().unwrap()
    };
    // So often that the name has its place.
    for _ in 0..5 {
        drop(kept(1000));
    }
    for crowd in [1, 50, 1000] {
        let before = LIVE.get();
        let data = kept(crowd);
        let bytes = LIVE.get() - before;
        assert!((1..=192).contains(&bytes), "{bytes} bytes after {crowd}");
        assert_eq!(data.arg(0), Ok(7_u64));
    }
}
