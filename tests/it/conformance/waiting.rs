//! Waiting, without limits: those are in `time.rs`.

use std::task::Poll;
use std::thread;

use aioevt::{EvtData, Manager, WaitError};
use futures_lite::future;

use crate::support::{LoopUnderTest, block_on, poll_once};

pub(crate) fn a_wait_is_armed_by_the_call<L: LoopUnderTest>() {
    let mut l = L::start();
    let mgr = Manager::new(l.event_loop());
    let wait = mgr.wait("x");
    let emitted = mgr.emit("x", (7, 3));
    assert_eq!(
        (emitted.waiters, emitted.callbacks, emitted.rejected),
        (1, 0, 0)
    );
    assert_eq!(l.run(wait).unwrap().args::<(i32, i32)>(), Ok((7, 3)));
    assert_eq!(mgr.emit("x", ()).waiters, 0);
}

pub(crate) fn an_event_before_the_wait_is_not_seen<L: LoopUnderTest>() {
    let mut l = L::start();
    let mgr = Manager::new(l.event_loop());
    mgr.emit("x", (1,));
    let mut wait = mgr.wait("x");
    assert!(poll_once(&mut wait).is_pending());
    mgr.emit("x", (2,));
    mgr.emit("x", (3,));
    assert_eq!(l.run(wait).unwrap().arg(0), Ok(2));
}

pub(crate) fn one_emit_resolves_all_waits_with_the_same_data<L: LoopUnderTest>() {
    let mut l = L::start();
    let mgr = Manager::new(l.event_loop());
    let mut waits: Vec<_> = (0..10).map(|_| mgr.wait("x")).collect();
    for wait in &mut waits[..5] {
        assert!(poll_once(wait).is_pending());
    }
    drop(waits.pop());
    assert_eq!(mgr.emit("x", (String::from("data"),)).waiters, 9);
    let late = mgr.wait("x");
    let all: Vec<EvtData> = waits.into_iter().map(|wait| l.run(wait).unwrap()).collect();
    let address = |data: &EvtData| std::ptr::from_ref(data.arg_ref::<String>(0).unwrap());
    assert!(
        all.iter()
            .all(|data| std::ptr::eq(address(data), address(&all[0])))
    );
    assert_eq!(mgr.stats().waiters, 1);
    drop(late);
    assert_eq!((mgr.stats().waiters, mgr.stats().names), (0, 0));
}

pub(crate) fn a_dropped_wait_leaves_nothing<L: LoopUnderTest>() {
    let l = L::start();
    let mgr = Manager::new(l.event_loop());
    let (unpolled, mut polled) = (mgr.wait("x"), mgr.wait("x"));
    assert!(poll_once(&mut polled).is_pending());
    assert_eq!(mgr.names(), ["x"]);
    drop(unpolled);
    assert_eq!(mgr.stats().waiters, 1);
    drop(polled);
    assert_eq!(mgr.names(), [""; 0]);
    assert_eq!(mgr.emit("x", ()).waiters, 0);
}

pub(crate) fn unregister_wakes_the_waits<L: LoopUnderTest>() {
    let mut l = L::start();
    let mgr = Manager::new(l.event_loop());
    let (unpolled, mut polled, other) = (mgr.wait("x"), mgr.wait("x"), mgr.wait("y"));
    assert!(poll_once(&mut polled).is_pending());
    assert_eq!(mgr.unregister("x"), 0, "waits are not callbacks");
    for wait in [unpolled, polled] {
        assert_eq!(l.run(wait).unwrap_err(), WaitError::Unregistered);
    }
    assert_eq!(mgr.names(), ["y"]);
    drop(other);
}

pub(crate) fn close_wakes_the_waits<L: LoopUnderTest>() {
    let mut l = L::start();
    let mgr = Manager::new(l.event_loop());
    let (unpolled, mut polled) = (mgr.wait("x"), mgr.wait("y"));
    assert!(poll_once(&mut polled).is_pending());
    let mut received = mgr.wait("z");
    mgr.emit("z", (1,));
    mgr.close();
    for wait in [unpolled, polled] {
        assert_eq!(l.run(wait).unwrap_err(), WaitError::Closed);
    }
    assert_eq!(
        l.run(&mut received).unwrap().arg(0),
        Ok(1),
        "it came before"
    );
}

pub(crate) fn a_wait_on_a_closed_manager_is_closed<L: LoopUnderTest>() {
    let mut l = L::start();
    let mgr = Manager::new(l.event_loop());
    let topic = mgr.topic("x");
    mgr.close();
    assert_eq!(l.run(mgr.wait("x")).unwrap_err(), WaitError::Closed);
    assert_eq!(l.run(topic.wait()).unwrap_err(), WaitError::Closed);
    assert_eq!(mgr.wait("x").blocking().unwrap_err(), WaitError::Closed);
}

pub(crate) fn a_wait_that_is_over_stays_pending<L: LoopUnderTest>() {
    let mut l = L::start();
    let mgr = Manager::new(l.event_loop());
    let mut wait = mgr.wait("x");
    mgr.emit("x", ());
    assert!(l.run(&mut wait).is_ok());
    mgr.emit("x", ());
    assert!(poll_once(&mut wait).is_pending());
}

pub(crate) fn waits_are_joined_and_selected_like_any_future<L: LoopUnderTest>() {
    let mut l = L::start();
    let mgr = Manager::new(l.event_loop());
    let number = |data: Result<EvtData, WaitError>| data.map(|data| data.arg::<i32>(0).unwrap());

    let both = future::zip(mgr.wait("a"), mgr.wait("b"));
    mgr.emit("b", (2,));
    mgr.emit("a", (1,));
    let (a, b) = l.run(both);
    assert_eq!((number(a), number(b)), (Ok(1), Ok(2)));

    let any = future::or(mgr.wait("a"), mgr.wait("b"));
    mgr.emit("b", (3,));
    assert_eq!(number(l.run(any)), Ok(3));
    assert_eq!(
        mgr.stats().waiters,
        0,
        "the one that was not chosen is dropped"
    );

    let all = future::try_zip(mgr.wait("a"), mgr.wait("b"));
    mgr.unregister("b");
    assert_eq!(l.run(all).unwrap_err(), WaitError::Unregistered);
    assert_eq!(mgr.names(), [""; 0]);
}

pub(crate) fn a_wait_moves_to_another_thread_while_it_is_polled<L: LoopUnderTest>() {
    let l = L::start();
    let mgr = Manager::new(l.event_loop());
    let mut wait = mgr.wait("x");
    assert!(poll_once(&mut wait).is_pending());
    thread::scope(|scope| {
        let waiting = scope.spawn(move || block_on(wait));
        mgr.emit("x", (1,));
        assert_eq!(waiting.join().unwrap().unwrap().arg(0), Ok(1));
    });
}

pub(crate) fn a_plain_thread_blocks_on_a_wait<L: LoopUnderTest>() {
    let l = L::start();
    let mgr = Manager::new(l.event_loop());
    let wait = mgr.wait("x");
    thread::scope(|scope| {
        let waiting = scope.spawn(move || wait.timeout(crate::support::LIMIT).blocking());
        mgr.emit("x", (1,));
        assert_eq!(waiting.join().unwrap().unwrap().arg(0), Ok(1));
    });
    let limit = std::time::Duration::from_millis(1);
    assert_eq!(
        mgr.wait("x").timeout(limit).blocking().unwrap_err(),
        WaitError::TimedOut
    );
    assert_eq!((mgr.stats().waiters, mgr.stats().names), (0, 0));
}

pub(crate) fn a_hundred_thousand_waits_leave_nothing<L: LoopUnderTest>() {
    let l = L::start();
    let mgr = Manager::new(l.event_loop());
    for number in 0..100_000 {
        let mut wait = mgr.wait("x");
        if number % 2 == 0 {
            assert_eq!(poll_once(&mut wait).map(drop), Poll::Pending);
        }
    }
    assert_eq!((mgr.stats().waiters, mgr.stats().names), (0, 0));
}
