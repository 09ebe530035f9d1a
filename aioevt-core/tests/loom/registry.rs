//! Emit against register and unregister: an event is addressed to exactly who was registered before its commit.

use aioevt_core::{EventLoop, Manager};
use loom::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use loom::thread;
use std::sync::Arc;

use crate::support::{Kept, Log, model, poll};

/// The new callback is called for exactly the events that counted it, and an old one for all.
#[test]
fn emit_against_register() {
    model(3, || {
        let kept = Kept::default();
        let mgr = Manager::new(kept.event_loop());
        let topic = mgr.topic("x");
        let (old, new) = (Log::default(), Log::default());
        topic.register(old.callback());
        let mut driver = kept.take();
        let emits = topic.clone();
        let emitter = thread::spawn(move || {
            (0..2u32)
                .map(|n| emits.emit((n,)).callbacks)
                .collect::<Vec<_>>()
        });
        topic.register(new.callback());
        let counted = emitter.join().unwrap();
        let _ = poll(&mut driver);
        assert_eq!(old.all(), [0, 1]);
        let addressed: Vec<u32> = (0..2).filter(|n| counted[*n as usize] == 2).collect();
        assert_eq!(new.all(), addressed);
        let stats = mgr.stats();
        assert_eq!((stats.ran, stats.pending), (2 + addressed.len() as u64, 0));
    });
}

/// The fast path of an emit that nobody hears: it is taken only by an emit that is concurrent with, or before, the first
/// registration (or wait). One that knows of it never takes it.
#[test]
fn nobody_hears_is_never_said_to_who_knows_better() {
    for waits in [false, true] {
        model(3, move || {
            let mgr = Manager::new(EventLoop::inline());
            let topic = mgr.topic("x");
            let log = Log::default();
            let known = Arc::new(AtomicBool::new(false));
            let (emits, knows) = (topic.clone(), known.clone());
            let emitter = thread::spawn(move || {
                let knew = knows.load(Ordering::Acquire);
                let emitted = emits.emit((1u32,));
                (knew, emitted.callbacks + emitted.waiters)
            });
            let wait = if waits {
                Some(topic.wait())
            } else {
                topic.register(log.callback());
                None
            };
            known.store(true, Ordering::Release);
            let (knew, reached) = emitter.join().unwrap();
            assert!(!knew || reached == 1, "heard by nobody");
            match wait {
                None => assert_eq!(log.len(), reached),
                Some(wait) => {
                    drop(wait);
                    assert_eq!(mgr.stats().waiters, 0);
                }
            }
        });
    }
}

/// When `unregister` has returned, at most one call starts any more: the one that the lane, on another thread, had
/// already checked. What was accepted is accounted for as run or discarded.
#[test]
fn emit_against_unregister_with_a_running_lane() {
    model(3, || {
        let mgr = Manager::new(EventLoop::inline());
        let topic = mgr.topic("x");
        let gone = Arc::new(AtomicBool::new(false));
        let late = Arc::new(AtomicUsize::new(0));
        let (is_gone, count) = (gone.clone(), late.clone());
        let reg = topic.register(move |_: u32| {
            if is_gone.load(Ordering::SeqCst) {
                count.fetch_add(1, Ordering::SeqCst);
            }
        });
        let emits = topic.clone();
        let emitter = thread::spawn(move || {
            emits.emit((0u32,));
            emits.emit((1u32,));
        });
        assert!(reg.unregister());
        gone.store(true, Ordering::SeqCst);
        emitter.join().unwrap();
        assert!(late.load(Ordering::SeqCst) <= 1);
        assert!(!reg.is_active() && !reg.unregister());
        let stats = mgr.stats();
        assert_eq!(stats.accepted, stats.ran + stats.discarded);
        assert_eq!(topic.callback_count(), 0);
    });
}

/// The lane is not running: after `unregister` nothing of it is called, whatever was queued.
#[test]
fn emit_against_unregister_with_a_lane_that_waits() {
    for whole_name in [false, true] {
        model(3, move || {
            let kept = Kept::default();
            let mgr = Manager::new(kept.event_loop());
            let topic = mgr.topic("x");
            let (log, rest) = (Log::default(), Log::default());
            let reg = topic.register(log.callback());
            topic.register(rest.callback());
            let mut driver = kept.take();
            let emits = topic.clone();
            let emitter = thread::spawn(move || emits.emit((0u32,)).callbacks);
            if whole_name {
                assert_eq!(topic.unregister(), 2);
            } else {
                assert!(reg.unregister());
            }
            let accepted = emitter.join().unwrap();
            let _ = poll(&mut driver);
            assert_eq!(log.len(), 0);
            assert_eq!(rest.len(), usize::from(!whole_name));
            let stats = mgr.stats();
            assert_eq!(stats.accepted, accepted as u64);
            assert_eq!(stats.discarded, (accepted - rest.len()) as u64);
            assert_eq!(stats.pending, 0);
        });
    }
}

/// Two threads unregister the same callback, one of them by its identity: exactly one is told that it did.
#[test]
fn unregister_against_unregister() {
    fn callback() {}
    model(3, || {
        let mgr = Manager::new(EventLoop::inline());
        let reg = mgr.register("x", callback);
        let other = mgr.clone();
        let thread = thread::spawn(move || other.unregister_callback(&callback));
        let mine = usize::from(reg.unregister());
        assert_eq!(mine + thread.join().unwrap(), 1);
        assert_eq!(mgr.stats().callbacks, 0);
        assert!(mgr.names().is_empty());
    });
}
