//! The ends: a runtime that drops its driver, a manager that is closed, against everything that goes on meanwhile.

use aioevt_core::{EventLoop, Manager, WaitError};
use loom::future::block_on;
use loom::thread;

use crate::support::{Kept, Log, model, poll};

/// The driver is dropped while events come: each is accepted and discarded, or rejected, or comes when the callback has
/// been removed. The registration is gone, and reported once.
#[test]
fn emit_against_a_dying_runtime() {
    model(9, || {
        let kept = Kept::default();
        let event_loop = kept.event_loop();
        let mgr = Manager::new(&event_loop);
        let (log, reports) = (Log::default(), Log::default());
        let hook = reports.clone();
        mgr.on_error(move |_| hook.push(0));
        let topic = mgr.topic("x");
        let reg = topic.register(log.callback());
        let task = kept.take();
        topic.emit((0u32,));
        let killer = thread::spawn(move || drop(task));
        let emitted = topic.emit((1u32,));
        killer.join().unwrap();
        let after = topic.emit((2u32,));
        assert!(emitted.callbacks + emitted.rejected <= 1);
        assert_eq!(
            (after.callbacks, after.rejected),
            (0, 0),
            "nobody is registered"
        );
        let stats = mgr.stats();
        assert_eq!(stats.accepted as usize, 1 + emitted.callbacks);
        assert_eq!((stats.discarded, stats.ran), (stats.accepted, 0));
        assert_eq!((log.len(), reports.len()), (0, 1));
        assert!(event_loop.is_closed() && !reg.is_active() && !reg.unregister());
        assert_eq!(topic.callback_count(), 0);
    });
}

/// A driver that runs is dropped: every delivery ran or was discarded, and none twice.
#[test]
fn emit_against_a_runtime_that_dies_at_work() {
    model(9, || {
        let kept = Kept::default();
        let mgr = Manager::new(kept.event_loop());
        mgr.on_error(|_| ());
        let topic = mgr.topic("x");
        let log = Log::default();
        topic.register(log.callback());
        let mut task = kept.take();
        let _ = poll(&mut task);
        let runtime = thread::spawn(move || {
            let _ = poll(&mut task);
            drop(task);
        });
        let emitted = [topic.emit((0u32,)), topic.emit((1u32,))];
        runtime.join().unwrap();
        let accepted: usize = emitted.iter().map(|emitted| emitted.callbacks).sum();
        let stats = mgr.stats();
        assert_eq!(stats.accepted, accepted as u64);
        assert_eq!((stats.ran, stats.pending), (log.len() as u64, 0));
        assert_eq!(stats.accepted, stats.ran + stats.discarded);
    });
}

/// Registering against a dying runtime: the registration is inert, or taken down with the others. A `once` or a wait of
/// the same name on another loop notices nothing.
#[test]
fn register_against_a_dying_runtime() {
    model(4, || {
        let kept = Kept::default();
        let event_loop = kept.event_loop();
        let mgr = Manager::new(&event_loop);
        mgr.on_error(|_| ());
        let topic = mgr.topic("x");
        let first = topic.register(|| ());
        let task = kept.take();
        let killer = thread::spawn(move || drop(task));
        let second = topic.register(|| ());
        let wait = topic.wait();
        killer.join().unwrap();
        assert!(!first.is_active() && !second.is_active());
        assert_eq!(topic.callback_count(), 0);
        assert_eq!(topic.emit(()).waiters, 1);
        assert!(block_on(wait).is_ok());
        let stats = mgr.stats();
        assert_eq!((stats.accepted, stats.pending), (0, 0));
        assert!(block_on(mgr.idle()).is_ok());
    });
}

/// Unregistering against a dying runtime: once, by whoever was first, and the name is free.
#[test]
fn unregister_against_a_dying_runtime() {
    for counted in [false, true] {
        model(9, move || {
            let kept = Kept::default();
            let mgr = Manager::new(kept.event_loop());
            mgr.on_error(|_| ());
            let log = Log::default();
            let on = mgr.on("x");
            let on = if counted { on.once() } else { on };
            let reg = on.call(log.callback());
            let task = kept.take();
            mgr.emit("x", (0u32,));
            let killer = thread::spawn(move || drop(task));
            reg.unregister();
            killer.join().unwrap();
            assert!(!reg.is_active() && !reg.unregister());
            assert!(mgr.names().is_empty());
            let stats = mgr.stats();
            assert_eq!((stats.accepted, stats.discarded), (1, 1));
            assert_eq!(log.len(), 0);
        });
    }
}

/// Two lanes, one dies while an event is on its way to both: the other gets it.
#[test]
fn a_dying_runtime_leaves_the_others_alone() {
    model(9, || {
        let (kept, dying) = (Kept::default(), Kept::default());
        let (lives, dies) = (kept.event_loop(), dying.event_loop());
        let mgr = Manager::new(&lives);
        mgr.on_error(|_| ());
        let topic = mgr.topic("x");
        let log = Log::default();
        topic.on().event_loop(&dies).call(log.callback());
        topic.register(log.callback());
        let (mut driver, task) = (kept.take(), dying.take());
        let killer = thread::spawn(move || drop(task));
        let emitted = topic.emit((1u32,));
        killer.join().unwrap();
        let _ = poll(&mut driver);
        assert_eq!(log.all(), [1]);
        assert!(emitted.callbacks >= 1 && emitted.callbacks + emitted.rejected <= 2);
        let stats = mgr.stats();
        assert_eq!(stats.accepted, emitted.callbacks as u64);
        assert_eq!(stats.discarded, stats.accepted - 1);
        assert_eq!(topic.callback_count(), 1);
    });
}

/// Close against emit: what was accepted runs, the rest is rejected.
#[test]
fn close_against_emit() {
    model(9, || {
        let kept = Kept::default();
        let mgr = Manager::new(kept.event_loop());
        let topic = mgr.topic("x");
        let log = Log::default();
        topic.register(log.callback());
        let mut driver = kept.take();
        let emits = topic.clone();
        let emitter = thread::spawn(move || [emits.emit((1u32,)), emits.emit((2u32,))]);
        mgr.close();
        let emitted = emitter.join().unwrap();
        let _ = poll(&mut driver);
        let accepted: usize = emitted.iter().map(|emitted| emitted.callbacks).sum();
        assert_eq!(log.len(), accepted);
        for emitted in emitted {
            assert_eq!(emitted.callbacks + emitted.rejected, 1);
        }
        assert_eq!(topic.emit((3u32,)).rejected, 1);
        let stats = mgr.stats();
        assert_eq!((stats.ran, stats.discarded), (accepted as u64, 0));
        assert_eq!((stats.names, stats.callbacks), (0, 0));
    });
}

/// Close against register, by name: inert, or removed again; the closure is dropped in either case.
#[test]
fn close_against_register() {
    model(9, || {
        let mgr = Manager::new(EventLoop::inline());
        mgr.on_error(|_| ());
        let other = mgr.clone();
        let captured = std::sync::Arc::new(());
        let held = captured.clone();
        let registrar = thread::spawn(move || {
            other.register("x", move || {
                let _ = &held;
            })
        });
        mgr.close();
        let reg = registrar.join().unwrap();
        assert!(!reg.is_active() && !reg.unregister());
        assert_eq!(mgr.stats().callbacks, 0);
        assert!(mgr.names().is_empty());
        assert_eq!(std::sync::Arc::strong_count(&captured), 1);
    });
}

/// Close against a wait that is being armed and one that is armed: both end.
#[test]
fn close_against_wait() {
    model(9, || {
        let mgr = Manager::new(EventLoop::inline());
        let armed = mgr.wait("x");
        let other = mgr.clone();
        let waiter = thread::spawn(move || block_on(other.wait("x")).map(drop));
        mgr.close();
        assert_eq!(waiter.join().unwrap(), Err(WaitError::Closed));
        assert_eq!(block_on(armed).map(drop), Err(WaitError::Closed));
        assert_eq!(mgr.stats().waiters, 0);
    });
}

/// Close against emit and unregister of a `once`: it runs, is taken back, or was never reached.
#[test]
fn close_against_once() {
    model(9, || {
        let mgr = Manager::new(EventLoop::inline());
        let topic = mgr.topic("x");
        let log = Log::default();
        let reg = topic.on().once().call(log.callback());
        let emitter = thread::spawn(move || topic.emit((1u32,)));
        mgr.close();
        let emitted = emitter.join().unwrap();
        assert_eq!(emitted.callbacks + emitted.rejected, 1);
        assert_eq!(log.len(), emitted.callbacks);
        assert!(!reg.is_active() && !reg.unregister());
        let stats = mgr.stats();
        assert_eq!((stats.ran, stats.pending), (log.len() as u64, 0));
    });
}

/// Close against a dying runtime, with an event queued, which is lost and reported, and without one: then the end of the
/// registration is reported by whoever was first or not at all.
#[test]
fn close_against_a_dying_runtime() {
    for events in [0, 1] {
        model(9, move || {
            let kept = Kept::default();
            let mgr = Manager::new(kept.event_loop());
            let reports = Log::default();
            let hook = reports.clone();
            mgr.on_error(move |_| hook.push(0));
            let captured = std::sync::Arc::new(());
            let held = captured.clone();
            let reg = mgr.register("x", move || drop(held.clone()));
            let task = kept.take();
            for _ in 0..events {
                mgr.emit("x", ());
            }
            let killer = thread::spawn(move || drop(task));
            mgr.close();
            killer.join().unwrap();
            let stats = mgr.stats();
            assert_eq!((stats.accepted, stats.discarded), (events, events));
            assert_eq!((stats.pending, stats.callbacks), (0, 0));
            assert!(reports.len() <= 1 && reports.len() as u64 >= events);
            assert!(!reg.is_active());
            assert_eq!(std::sync::Arc::strong_count(&captured), 1);
            assert!(block_on(mgr.idle()).is_ok());
        });
    }
}
