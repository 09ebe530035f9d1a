//! `once` and `times`: as many calls as asked for, under any number of emitters, and nothing left behind.

use aioevt_core::{EventLoop, Manager};
use loom::thread;

use crate::support::{Kept, Log, model, poll};

/// Two emitters, one `once`: one call, counted by one of them; then the callback is gone.
#[test]
fn once_runs_once() {
    model(9, || {
        let mgr = Manager::new(EventLoop::inline());
        let topic = mgr.topic("x");
        let log = Log::default();
        let reg = topic.on().once().call(log.callback());
        let other = topic.clone();
        let emitter = thread::spawn(move || other.emit((1u32,)).callbacks);
        let mine = topic.emit((2u32,)).callbacks;
        assert_eq!(mine + emitter.join().unwrap(), 1);
        assert_eq!(log.all(), [if mine == 1 { 2 } else { 1 }]);
        assert_eq!(topic.callback_count(), 0);
        assert!(!reg.is_active() && !reg.unregister());
        drop(topic);
        assert!(mgr.names().is_empty());
    });
}

/// `times(2)` beside a recurring callback, three events from two threads: the first two in the order of the name.
#[test]
fn times_two_takes_the_first_two() {
    model(9, || {
        let kept = Kept::default();
        let mgr = Manager::new(kept.event_loop());
        let topic = mgr.topic("x");
        let (twice, all) = (Log::default(), Log::default());
        topic.on().times(2).call(twice.callback());
        topic.register(all.callback());
        let mut driver = kept.take();
        let other = topic.clone();
        let emitter =
            thread::spawn(move || other.emit((1u32,)).callbacks + other.emit((2u32,)).callbacks);
        let mine = topic.emit((3u32,)).callbacks;
        assert_eq!(mine + emitter.join().unwrap(), 5);
        let _ = poll(&mut driver);
        assert_eq!(all.len(), 3);
        assert_eq!(twice.all(), all.all()[..2]);
        assert_eq!(topic.callback_count(), 1);
        let stats = mgr.stats();
        assert_eq!((stats.ran, stats.discarded, stats.pending), (5, 0, 0));
    });
}

/// Emit against unregister of a `once`: either it runs, or `unregister` says that it took it back. Never both, never
/// neither, also when the lane runs on a third thread.
#[test]
fn once_runs_or_is_taken_back() {
    model(9, || {
        let mgr = Manager::new(EventLoop::inline());
        let topic = mgr.topic("x");
        let log = Log::default();
        let reg = topic.on().once().call(log.callback());
        let other = topic.clone();
        let emitter = thread::spawn(move || other.emit((1u32,)).callbacks);
        let taken_back = reg.unregister();
        let accepted = emitter.join().unwrap();
        let _ = topic.emit((2u32,));
        assert_eq!(log.len() + usize::from(taken_back), 1);
        let stats = mgr.stats();
        assert_eq!(stats.accepted as usize, accepted);
        assert_eq!(stats.accepted, stats.ran + stats.discarded);
    });
}

/// The same with the delivery queued before: the start on the lane's thread meets the revocation.
#[test]
fn a_claimed_once_starts_or_is_taken_back() {
    model(9, || {
        let kept = Kept::default();
        let mgr = Manager::new(kept.event_loop());
        let log = Log::default();
        let reg = mgr.on("x").once().call(log.callback());
        let mut task = kept.take();
        assert_eq!(mgr.emit("x", (1u32,)).callbacks, 1);
        let driver = thread::spawn(move || {
            let _ = poll(&mut task);
            task
        });
        let taken_back = reg.unregister();
        let mut task = driver.join().unwrap();
        let _ = poll(&mut task);
        assert_eq!(log.len() + usize::from(taken_back), 1);
        let stats = mgr.stats();
        assert_eq!(
            (stats.ran, stats.discarded),
            (log.len() as u64, u64::from(taken_back))
        );
    });
}
