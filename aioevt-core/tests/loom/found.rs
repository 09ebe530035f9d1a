//! Whoever has registered or armed a wait is found by every emit that comes later, also by one that looks at the name
//! without its lock. What comes later is known by something else that the two threads share: a flag, or another name. (The
//! fences of a flag are in the models: loom knows no order of all atomics, which such a flag has with `SeqCst`.)

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Waker};

use aioevt_core::{EventLoop, Manager, Topic, Wait};
use loom::sync::Arc;
use loom::sync::atomic::{AtomicBool, Ordering::SeqCst, fence};
use loom::thread;

use crate::support::{Kept, model};

/// A name that nobody has used, or one whose route is open.
fn name(mgr: &Manager, name: &str, open: bool) -> Topic {
    let topic = mgr.topic(name);
    if open {
        topic
            .on()
            .event_loop(&Kept::default().event_loop())
            .call(|| ());
        // The second one opens what the first one has found.
        topic.emit(());
        topic.emit(());
    }
    topic
}

/// The flag is set before the emit, and looked at after the wait was armed.
fn arm_and_look(open: bool) {
    model(3, move || {
        let mgr = Manager::new(EventLoop::inline());
        let topic = name(&mgr, "x", open);
        let flag = Arc::new(AtomicBool::new(false));
        let emitter = thread::spawn({
            let (topic, flag) = (topic.clone(), flag.clone());
            move || {
                flag.store(true, SeqCst);
                fence(SeqCst);
                topic.emit(()).waiters
            }
        });
        let wait = topic.wait();
        let was_set = flag.load(SeqCst);
        let resolved = emitter.join().unwrap();
        assert!(
            was_set || resolved == 1,
            "neither the flag nor the event was seen"
        );
        drop(wait);
    });
}

#[test]
fn a_wait_that_was_armed_before_a_flag_was_looked_at() {
    arm_and_look(false);
}

#[test]
fn a_wait_that_was_armed_before_a_flag_was_looked_at_while_the_route_was_open() {
    arm_and_look(true);
}

fn assert_seen(was_set: bool, wait: &mut Wait) {
    let mut cx = Context::from_waker(Waker::noop());
    let resolved = Pin::new(wait).poll(&mut cx).is_ready();
    assert!(
        was_set || resolved,
        "neither the flag nor the event was seen"
    );
}

/// Somebody else arms the first wait of the round: what that one has announced holds for all of them.
#[test]
fn a_wait_that_was_armed_beside_another_one_before_a_flag_was_looked_at() {
    model(3, || {
        let mgr = Manager::new(EventLoop::inline());
        let topic = mgr.topic("x");
        let flag = Arc::new(AtomicBool::new(false));
        let first = thread::spawn({
            let topic = topic.clone();
            move || topic.wait()
        });
        let emitter = thread::spawn({
            let (topic, flag) = (topic.clone(), flag.clone());
            move || {
                flag.store(true, SeqCst);
                fence(SeqCst);
                topic.emit(()).waiters
            }
        });
        let mut wait = topic.wait();
        let was_set = flag.load(SeqCst);
        emitter.join().unwrap();
        assert_seen(was_set, &mut wait);
        drop((first.join().unwrap(), wait));
    });
}

/// A wait for each event after the other: what was announced for the first one holds until an emit has found nobody.
#[test]
fn waits_one_after_the_other_against_emits() {
    model(3, || {
        let mgr = Manager::new(EventLoop::inline());
        let topic = mgr.topic("x");
        let first = topic.wait();
        assert_eq!(topic.emit(()).waiters, 1);
        let flag = Arc::new(AtomicBool::new(false));
        let emitter = thread::spawn({
            let (topic, flag) = (topic.clone(), flag.clone());
            move || {
                topic.emit(());
                flag.store(true, SeqCst);
                fence(SeqCst);
                topic.emit(());
            }
        });
        let mut wait = topic.wait();
        let was_set = flag.load(SeqCst);
        emitter.join().unwrap();
        assert_seen(was_set, &mut wait);
        drop((first, wait));
    });
}

/// Each arms a wait for a name of its own and emits that of the other: one of the two emits is the later one.
fn two_that_greet_each_other(open: bool) {
    model(3, move || {
        let mgr = Manager::new(EventLoop::inline());
        let (ours, theirs) = (name(&mgr, "ours", open), name(&mgr, "theirs", open));
        let other = thread::spawn({
            let (ours, theirs) = (ours.clone(), theirs.clone());
            move || (theirs.wait(), ours.emit(()).waiters)
        });
        let wait = ours.wait();
        let heard = theirs.emit(()).waiters;
        let (their_wait, they_heard) = other.join().unwrap();
        assert!(heard + they_heard > 0, "neither was heard");
        drop((wait, their_wait));
    });
}

#[test]
fn two_that_wait_for_each_other() {
    two_that_greet_each_other(false);
}

#[test]
fn two_that_wait_for_each_other_while_the_routes_are_open() {
    two_that_greet_each_other(true);
}

/// Each registers at a name of its own and emits that of the other.
#[test]
fn two_that_register_for_each_other() {
    model(3, || {
        let mgr = Manager::new(EventLoop::inline());
        let (ours, theirs) = (mgr.topic("ours"), mgr.topic("theirs"));
        let other = thread::spawn({
            let (ours, theirs) = (ours.clone(), theirs.clone());
            move || {
                theirs.on().event_loop(EventLoop::inline()).call(|| ());
                ours.emit(()).callbacks
            }
        });
        ours.on().event_loop(EventLoop::inline()).call(|| ());
        let heard = theirs.emit(()).callbacks;
        assert!(heard + other.join().unwrap() > 0, "neither was heard");
    });
}
