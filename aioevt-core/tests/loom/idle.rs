//! `idle()`: it resolves, and only at a moment when nothing was outstanding.

use aioevt_core::{EventLoop, Manager};
use loom::future::block_on;
use loom::sync::atomic::{AtomicBool, Ordering};
use loom::thread;
use std::sync::Arc;

use crate::support::{Kept, Log, model};

/// The driver finishes while somebody starts to wait: the wake is not lost, and what was queued has run.
#[test]
fn idle_is_woken_by_the_lane() {
    model(3, || {
        let kept = Kept::default();
        let mgr = Manager::new(kept.event_loop());
        let log = Log::default();
        mgr.register("x", log.callback());
        mgr.emit("x", (1u32,));
        let task = kept.take();
        let driver = thread::spawn(move || block_on(task));
        assert!(block_on(mgr.idle()).is_ok());
        assert_eq!(log.len(), 1);
        let stats = mgr.stats();
        assert_eq!((stats.ran, stats.pending), (1, 0));
        drop(mgr);
        driver.join().unwrap();
    });
}

/// Two lanes, an event that goes from one to the other: whoever knows that it has begun finds idle only when it has
/// reached its end.
#[test]
fn idle_is_not_deceived_by_two_lanes() {
    model(3, || {
        let mgr = Manager::new(EventLoop::inline());
        let log = Log::default();
        let (first, second) = (Arc::new(AtomicBool::new(false)), log.clone());
        let begun = first.clone();
        mgr.on("x")
            .event_loop(EventLoop::inline())
            .call(move |n: u32, mgr: Manager| {
                begun.store(true, Ordering::Release);
                mgr.emit("y", (n,))
            });
        mgr.on("y")
            .event_loop(EventLoop::inline())
            .call(move |n: u32| second.push(n));
        let other = mgr.clone();
        let emitter = thread::spawn(move || other.emit("x", (1u32,)));
        let knew = first.load(Ordering::Acquire);
        assert!(block_on(mgr.idle()).is_ok());
        assert!(!knew || log.len() == 1, "idle in between");
        emitter.join().unwrap();
        assert!(block_on(mgr.idle()).is_ok());
        assert_eq!(log.len(), 1);
    });
}

/// Two who wait, one event: both are woken.
#[test]
fn all_who_wait_for_idle_are_woken() {
    model(2, || {
        let kept = Kept::default();
        let mgr = Manager::new(kept.event_loop());
        mgr.register("x", || ());
        let task = kept.take();
        let driver = thread::spawn(move || {
            let mut task = task;
            let _ = crate::support::poll(&mut task);
            task
        });
        let other = mgr.clone();
        let waiter = thread::spawn(move || block_on(other.idle()));
        assert!(block_on(mgr.idle()).is_ok());
        assert!(waiter.join().unwrap().is_ok());
        drop(driver.join().unwrap());
    });
}
