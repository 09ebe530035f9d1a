//! A loop that has not started, or is busy, holds its deliveries.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use aioevt::{EventLoop, Manager, ThreadLoop};

use crate::support::{Log, LoopUnderTest, block_on};

pub(crate) fn a_thousand_events_are_held_and_run_once_each_in_order<L: LoopUnderTest>() {
    let mut l = L::start();
    let mgr = Manager::new(l.event_loop());
    let log = Log::new();
    let held = l.hold();
    let recording = log.clone();
    mgr.register("x", move |number: i32| recording.push(number));
    for number in 0..1000 {
        assert_eq!(mgr.emit("x", (number,)).callbacks, 1);
    }
    assert_eq!((log.len(), mgr.stats().pending), (0, 1000));
    drop(held);
    l.settle(&mgr);
    assert_eq!(log.take(), (0..1000).collect::<Vec<_>>());
    assert_eq!(mgr.stats().ran, 1000);
}

pub(crate) fn callbacks_on_other_loops_do_not_wait_for_it<L: LoopUnderTest>() {
    let mut l = L::start();
    let mgr = Manager::new(l.event_loop());
    let other = ThreadLoop::spawn("another loop").unwrap();
    let (held_calls, calls) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let held = l.hold();
    let counted = held_calls.clone();
    mgr.register("x", move || {
        counted.fetch_add(1, Ordering::SeqCst);
    });
    for event_loop in [EventLoop::from(&other), EventLoop::inline()] {
        let counted = calls.clone();
        mgr.on("x")
            .event_loop(event_loop)
            .call(move |mgr: Manager| {
                if counted.fetch_add(1, Ordering::SeqCst) == 1999 {
                    mgr.emit("all others", ());
                }
            });
    }
    let all = mgr.wait("all others");
    for _ in 0..1000 {
        mgr.emit("x", ());
    }
    block_on(all).unwrap();
    assert_eq!(held_calls.load(Ordering::SeqCst), 0);
    drop(held);
    l.settle(&mgr);
    assert_eq!(held_calls.load(Ordering::SeqCst), 1000);
    assert_eq!(calls.load(Ordering::SeqCst), 2000);
}
