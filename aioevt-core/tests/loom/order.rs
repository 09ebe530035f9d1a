//! One name has one order, on all lanes and for all waiters.

use aioevt_core::Manager;
use loom::thread;

use crate::support::{Kept, Log, model, poll};

/// Two emitters, one name, two lanes: both lanes see the same sequence.
#[test]
fn two_lanes_see_one_order() {
    model(9, || {
        let (a, b) = (Kept::default(), Kept::default());
        let (loop_a, loop_b) = (a.event_loop(), b.event_loop());
        let mgr = Manager::new(&loop_a);
        let topic = mgr.topic("x");
        let (at_a, at_b) = (Log::default(), Log::default());
        topic.on().event_loop(&loop_a).call(at_a.callback());
        topic.on().event_loop(&loop_b).call(at_b.callback());
        let (mut driver_a, mut driver_b) = (a.take(), b.take());
        let other = topic.clone();
        let emitter = thread::spawn(move || {
            other.emit((1u32,));
            other.emit((2u32,));
        });
        topic.emit((3u32,));
        emitter.join().unwrap();
        let _ = poll(&mut driver_a);
        let _ = poll(&mut driver_b);
        assert_eq!(at_a.len(), 3);
        assert_eq!(at_a.all(), at_b.all());
    });
}

/// One lane, two names, a driver at work: each emitter's events are called in its order.
#[test]
fn one_lane_keeps_each_emitters_order() {
    model(3, || {
        let kept = Kept::default();
        let mgr = Manager::new(kept.event_loop());
        let log = Log::default();
        let (x, y) = (mgr.topic("x"), mgr.topic("y"));
        x.register(log.callback());
        y.register(log.callback());
        let mut task = kept.take();
        let _ = poll(&mut task);
        let driver = thread::spawn(move || {
            let _ = poll(&mut task);
            task
        });
        let (x2, y2) = (x.clone(), y.clone());
        let emitter = thread::spawn(move || {
            x2.emit((1u32,));
            y2.emit((2u32,));
        });
        y.emit((3u32,));
        x.emit((4u32,));
        emitter.join().unwrap();
        let mut task = driver.join().unwrap();
        let _ = poll(&mut task);
        let seen = log.all();
        let at = |n| seen.iter().position(|seen| *seen == n).unwrap();
        assert_eq!(seen.len(), 4);
        assert!(at(1) < at(2) && at(3) < at(4), "{seen:?}");
    });
}

/// A waiter and a lane: the wait gets the first event that the lane sees after the wait was armed.
#[test]
fn a_waiter_is_in_the_same_order() {
    model(9, || {
        let kept = Kept::default();
        let mgr = Manager::new(kept.event_loop());
        let topic = mgr.topic("x");
        let log = Log::default();
        topic.register(log.callback());
        let mut driver = kept.take();
        let wait = topic.wait();
        let other = topic.clone();
        let emitter = thread::spawn(move || other.emit((1u32,)).waiters);
        let mine = topic.emit((2u32,)).waiters;
        assert_eq!(mine + emitter.join().unwrap(), 1);
        let data = loom::future::block_on(wait).unwrap();
        let _ = poll(&mut driver);
        assert_eq!(log.all()[0], data.arg::<u32>(0).unwrap());
    });
}
