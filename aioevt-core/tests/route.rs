//! The way around a topic's lock: the second of two usual events goes straight to its lane, and must come to the same
//! place, on the same account, as the first. Its races are among the models of loom.
#![cfg(not(loom))]
#![allow(clippy::std_instead_of_core, reason = "a test")]

#[path = "support/kept.rs"]
mod kept;

use std::sync::{Arc, Mutex};
use std::task::{Context, Waker};
use std::time::Duration;

use aioevt_core::{EventLoop, Manager, PollLoop, Topic};

use self::kept::Kept;

fn run(poll_loop: &mut PollLoop) {
    while poll_loop.poll(Duration::ZERO).is_some() {}
}

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u32>>>);

impl Log {
    fn callback(&self) -> impl FnMut(u32) + Send + 'static {
        let log = self.clone();
        move |n| log.0.lock().expect("no callback panics").push(n)
    }

    fn take(&self) -> Vec<u32> {
        std::mem::take(&mut self.0.lock().expect("no callback panics"))
    }
}

fn emit_all(topic: &Topic, events: &[u32], callbacks: usize) {
    for n in events {
        assert_eq!(topic.emit((*n,)).callbacks, callbacks);
    }
}

/// Two managers share a lane: each event is on the account of its own one.
#[test]
fn each_manager_has_its_account() {
    let mut poll_loop = PollLoop::new(|| ());
    let event_loop = poll_loop.event_loop();
    let (one, two) = (Manager::new(&event_loop), Manager::new(&event_loop));
    let log = Log::default();
    for mgr in [&one, &two] {
        mgr.register("x", log.callback());
    }
    emit_all(&one.topic("x"), &[1, 2, 3], 1);
    emit_all(&two.topic("x"), &[4, 5], 1);
    assert_eq!((one.stats().pending, two.stats().pending), (3, 2));
    run(&mut poll_loop);
    assert_eq!(log.take(), [1, 2, 3, 4, 5]);
    assert_eq!((one.stats().ran, two.stats().ran), (3, 2));
    assert_eq!((one.stats().pending, two.stats().pending), (0, 0));
}

/// A name moves from one loop to another and back, while both are alive.
#[test]
fn a_name_that_moves_takes_its_events_along() {
    let (mut a, mut b) = (PollLoop::new(|| ()), PollLoop::new(|| ()));
    let mgr = Manager::new(&a);
    let topic = mgr.topic("x");
    let (on_a, on_b) = (Log::default(), Log::default());
    for turn in 0..3 {
        // Not the first place of the lane, so that an event in the wrong one is lost or heard by another name.
        let other = mgr.on(format!("other {turn}")).event_loop(&b);
        other.call(on_a.callback());
        let reg = topic.on().event_loop(&a).call(on_a.callback());
        emit_all(&topic, &[1, 2, 3], 1);
        assert!(reg.unregister());
        topic.on().event_loop(&a).call(on_a.callback());
        emit_all(&topic, &[4, 5, 6], 1);
        run(&mut a);
        assert_eq!(on_a.take(), [4, 5, 6]);
        assert_eq!(topic.unregister(), 1);
        topic.on().event_loop(&b).call(on_b.callback());
        emit_all(&topic, &[7, 8, 9], 1);
        run(&mut a);
        run(&mut b);
        assert_eq!((on_a.take(), on_b.take()), (vec![], vec![7, 8, 9]));
        assert_eq!(topic.unregister(), 1);
    }
    run(&mut a);
    run(&mut b);
    let stats = mgr.stats();
    assert_eq!((stats.ran, stats.discarded, stats.pending), (18, 9, 0));
}

/// More callbacks on the same lane count for the events after them, fewer too.
#[test]
fn the_count_of_callbacks_is_that_of_the_moment() {
    let mut poll_loop = PollLoop::new(|| ());
    let mgr = Manager::new(&poll_loop);
    let topic = mgr.topic("x");
    let log = Log::default();
    let first = topic.register(log.callback());
    emit_all(&topic, &[1, 2], 1);
    topic.register(log.callback());
    emit_all(&topic, &[3, 4], 2);
    let wait = topic.wait();
    let emitted = topic.emit((5u32,));
    assert_eq!((emitted.callbacks, emitted.waiters), (2, 1));
    emit_all(&topic, &[6, 7], 2);
    topic.on().once().call(log.callback());
    emit_all(&topic, &[8], 3);
    emit_all(&topic, &[9], 2);
    run(&mut poll_loop);
    assert!(first.unregister());
    emit_all(&topic, &[10, 11], 1);
    run(&mut poll_loop);
    let expected = [1, 2, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7, 8, 8, 8, 9, 9, 10, 11];
    assert_eq!(log.take(), expected);
    assert_eq!(mgr.stats().ran, expected.len() as u64);
    drop(wait);
    mgr.close();
    assert_eq!(topic.emit((12u32,)).callbacks, 0);
}

/// A loop ends with its last handle and its last callback, also while a name lives that it once heard.
#[test]
fn a_name_does_not_keep_the_loop_that_it_left() {
    let kept = Kept::default();
    let mgr = Manager::new(EventLoop::inline());
    let topic = mgr.topic("x");
    let log = Log::default();
    let event_loop = kept.event_loop();
    topic.on().event_loop(&event_loop).call(log.callback());
    let mut driver = kept.take();
    emit_all(&topic, &[1, 2], 1);
    assert_eq!(topic.unregister(), 1);
    drop(event_loop);
    let mut cx = Context::from_waker(Waker::noop());
    assert!(driver.as_mut().poll(&mut cx).is_ready());
    drop(driver);
    assert_eq!(Arc::strong_count(&kept.0), 1, "the runtime was kept");
    assert_eq!(topic.emit((3u32,)).callbacks, 0);
}
