//! `stats` and `idle`: everything accepted ends exactly once.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::task::Poll;
use std::thread;

use aioevt::{Manager, WaitError};

use crate::support::{Errors, LIMIT, Log, LoopUnderTest, Token, panic, poll_once};

pub(crate) fn everything_that_ends_is_counted_once<L: LoopUnderTest>() {
    let mut l = L::start();
    let mgr = Manager::new(l.event_loop());
    let errors = Errors::of(&mgr);
    mgr.register("x", || ());
    mgr.register("x", || async {});
    mgr.register("x", || Err::<(), _>("no"));
    mgr.register("x", || async { Err::<(), _>("no") });
    mgr.register("x", |_: i32| ());
    mgr.register("x", || panic("boom"));
    let gone = mgr.register("x", || ());
    let held = l.hold();
    for _ in 0..10 {
        assert_eq!(mgr.emit("x", ()).callbacks, 7);
    }
    gone.unregister();
    drop(held);
    l.settle(&mgr);
    let stats = mgr.stats();
    assert_eq!((stats.accepted, stats.ran, stats.failed), (70, 20, 30));
    assert_eq!(
        (stats.panicked, stats.discarded, stats.pending),
        (10, 10, 0)
    );
    assert_eq!(errors.len(), 40);
    // The account outlives what it was made for.
    mgr.unregister("x");
    l.settle(&mgr);
    assert_eq!((mgr.stats().accepted, mgr.stats().ran), (70, 20));
}

pub(crate) fn what_is_queued_is_pending<L: LoopUnderTest>() {
    let mut l = L::start();
    let mgr = Manager::new(l.event_loop());
    let held = l.hold();
    mgr.register("x", || ());
    for queued in 0..100 {
        assert_eq!(mgr.stats().pending, queued);
        mgr.emit("x", ());
    }
    let mut idle = mgr.idle();
    assert_eq!(poll_once(&mut idle), Poll::Pending);
    drop(held);
    assert_eq!(l.run(idle), Ok(()));
    assert_eq!((mgr.stats().pending, mgr.stats().ran), (0, 100));
}

pub(crate) fn a_call_is_not_counted_before_it_has_ended<L: LoopUnderTest>() {
    let mut l = L::start();
    let mgr = Manager::new(l.event_loop());
    let ended = Arc::new(AtomicU64::new(0));
    let counted = ended.clone();
    mgr.register("x", move || {
        counted.fetch_add(1, Ordering::SeqCst);
    });
    let over = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| {
            while !over.load(Ordering::SeqCst) {
                let stats = mgr.stats();
                assert!(stats.ran <= ended.load(Ordering::SeqCst));
                assert_eq!(stats.accepted, stats.ran + stats.pending);
            }
        });
        for _ in 0..20_000 {
            mgr.emit("x", ());
        }
        l.settle(&mgr);
        over.store(true, Ordering::SeqCst);
    });
    assert_eq!(mgr.stats().ran, 20_000);
}

pub(crate) fn idle_resolves_at_once_where_nothing_happened<L: LoopUnderTest>() {
    let l = L::start();
    let mgr = Manager::new(l.event_loop());
    assert_eq!(poll_once(&mut mgr.idle()), Poll::Ready(Ok(())));
    mgr.emit("nobody", ());
    let wait = mgr.wait("x");
    assert_eq!(
        poll_once(&mut mgr.idle()),
        Poll::Ready(Ok(())),
        "waits do not count"
    );
    drop(wait);
    assert_eq!(mgr.idle().blocking(), Ok(()));
}

pub(crate) fn idle_waits_for_registrations_and_closure_drops<L: LoopUnderTest>() {
    let mut l = L::start();
    let mgr = Manager::new(l.event_loop());
    let token = Token::default();
    let captured = token.clone();
    let held = l.hold();
    let registration = mgr.register("x", move || {
        let _captured = &captured;
    });
    let mut idle = mgr.idle();
    assert_eq!(poll_once(&mut idle), Poll::Pending);
    drop(held);
    assert_eq!(l.run(&mut idle), Ok(()));

    let held = l.hold();
    registration.unregister();
    let mut idle = mgr.idle();
    assert_eq!(poll_once(&mut idle), Poll::Pending);
    assert_eq!(token.others(), 1);
    drop(held);
    assert_eq!(l.run(idle), Ok(()));
    assert_eq!(token.others(), 0);
}

pub(crate) fn blocking_in_a_callback_is_refused<L: LoopUnderTest>() {
    let mut l = L::start();
    let mgr = Manager::new(l.event_loop());
    let log = Log::new();
    let told = log.clone();
    mgr.register("x", move |mgr: Manager| {
        told.push(mgr.idle().timeout(LIMIT).blocking());
        told.push(mgr.wait("x").timeout(LIMIT).blocking().map(drop));
    });
    mgr.emit("x", ());
    l.settle(&mgr);
    assert_eq!(log.take(), [Err(WaitError::WouldDeadlock); 2]);
    assert_eq!(mgr.stats().waiters, 0);
}
