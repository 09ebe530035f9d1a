//! Waits: exactly one outcome of emit, limit, drop, unregister; and nothing left behind.

use std::time::Duration;

use aioevt_core::{EventLoop, Manager, Topic, Wait, WaitError};
use loom::future::block_on;
use loom::thread;

use crate::support::{Kept, Log, model, poll};

const LIMIT: Duration = Duration::from_secs(1);

/// A topic with a wait that is limited, and the delay task whose next poll finds the limit passed.
fn limited() -> (Manager, Topic, Wait, aioevt_core::BoxFuture) {
    let kept = Kept::default();
    let mgr = Manager::new(kept.event_loop());
    let topic = mgr.topic("x");
    let wait = topic.wait().timeout(LIMIT);
    let mut delays = kept.take();
    let _ = poll(&mut delays);
    kept.set_now(LIMIT);
    (mgr, topic, wait, delays)
}

/// The wake of a wait is not lost: it is polled on one thread while another emits.
#[test]
fn emit_wakes_the_wait() {
    model(3, || {
        let mgr = Manager::new(EventLoop::inline());
        let topic = mgr.topic("x");
        let wait = topic.wait();
        let waiter = thread::spawn(move || block_on(wait));
        assert_eq!(topic.emit((7u32,)).waiters, 1);
        let data = waiter.join().unwrap().unwrap();
        assert_eq!(data.arg::<u32>(0), Ok(7));
    });
}

/// Two waits of one round, on two threads: one event resolves both.
#[test]
fn one_emit_wakes_all_waits() {
    model(3, || {
        let mgr = Manager::new(EventLoop::inline());
        let topic = mgr.topic("x");
        let (first, second) = (topic.wait(), topic.wait());
        let first = thread::spawn(move || block_on(first).unwrap().arg::<u32>(0));
        let second = thread::spawn(move || block_on(second).unwrap().arg::<u32>(0));
        assert_eq!(topic.emit((7u32,)).waiters, 2);
        assert_eq!(first.join().unwrap(), Ok(7));
        assert_eq!(second.join().unwrap(), Ok(7));
    });
}

/// Emit against the limit: the wait has the data exactly if the emit counted it.
#[test]
fn emit_against_the_limit() {
    model(3, || {
        let (mgr, topic, wait, mut delays) = limited();
        let limiter = thread::spawn(move || {
            let _ = poll(&mut delays);
            delays
        });
        let emits = topic.clone();
        let emitter = thread::spawn(move || emits.emit((7u32,)).waiters);
        let outcome = block_on(wait).map(|data| data.arg::<u32>(0));
        let waiters = emitter.join().unwrap();
        let delays = limiter.join().unwrap();
        match outcome {
            Ok(data) => assert_eq!((data, waiters), (Ok(7), 1)),
            Err(error) => assert_eq!((error, waiters), (WaitError::TimedOut, 0)),
        }
        assert_eq!(mgr.stats().waiters, 0);
        drop((topic, delays));
        assert!(mgr.names().is_empty());
    });
}

/// The same with a second wait in the round that has no limit: the event finds the round in any case, and the wait
/// whose limit was first must not get its data.
#[test]
fn emit_against_the_limit_of_one_of_two() {
    model(3, || {
        let (mgr, topic, wait, mut delays) = limited();
        let unlimited = topic.wait();
        let limiter = thread::spawn(move || {
            let _ = poll(&mut delays);
            delays
        });
        let waiters = topic.emit((7u32,)).waiters;
        let outcome = block_on(wait);
        assert!(block_on(unlimited).is_ok());
        match outcome {
            Ok(_) => assert_eq!(waiters, 2),
            Err(error) => assert_eq!((error, waiters), (WaitError::TimedOut, 1)),
        }
        drop(limiter.join().unwrap());
        assert_eq!(mgr.stats().waiters, 0);
    });
}

/// The same while the limited wait is looked at: it sees the outcome of the round only together with its own.
#[test]
fn a_wait_is_looked_at_while_its_limit_and_an_event_race() {
    model(3, || {
        let (_mgr, topic, wait, mut delays) = limited();
        let unlimited = topic.wait();
        let limiter = thread::spawn(move || {
            let _ = poll(&mut delays);
            delays
        });
        let emitter = thread::spawn(move || topic.emit((7u32,)).waiters);
        let outcome = block_on(wait);
        let waiters = emitter.join().unwrap();
        assert_eq!(outcome.is_ok(), waiters == 2);
        drop((unlimited, limiter.join().unwrap()));
    });
}

/// Emit against a wait whose timer has failed: an event that has claimed it is still on its way, and wins.
#[test]
fn emit_against_a_timer_that_failed() {
    model(3, || {
        let kept = Kept::default();
        kept.close();
        let mgr = Manager::new(kept.event_loop());
        let topic = mgr.topic("x");
        let wait = topic.wait().timeout(LIMIT);
        let emitter = thread::spawn(move || topic.emit((7u32,)).waiters);
        let outcome = block_on(wait);
        let waiters = emitter.join().unwrap();
        match outcome {
            Ok(_) => assert_eq!(waiters, 1),
            Err(error) => {
                assert!(matches!(error, WaitError::Timer(_)));
                assert_eq!(waiters, 0);
            }
        }
        assert_eq!(mgr.stats().waiters, 0);
    });
}

/// A wait that has timed out has left its name when it says so, though its limit may not have come to that yet.
#[test]
fn a_wait_that_timed_out_leaves_no_name() {
    model(3, || {
        let kept = Kept::default();
        let mgr = Manager::new(kept.event_loop());
        let wait = mgr.wait("x").timeout(LIMIT);
        let mut delays = kept.take();
        kept.set_now(LIMIT);
        let limiter = thread::spawn(move || {
            let _ = poll(&mut delays);
            delays
        });
        assert_eq!(block_on(wait).err(), Some(WaitError::TimedOut));
        assert!(mgr.names().is_empty());
        drop(limiter.join().unwrap());
    });
}

/// An event for a waiter against a registration: who hears it was there before those who do not.
#[test]
fn emit_to_a_waiter_against_register() {
    model(3, || {
        let mgr = Manager::new(EventLoop::inline());
        let topic = mgr.topic("x");
        let first = topic.wait();
        let emits = topic.clone();
        let emitter = thread::spawn(move || emits.emit((1u32,)));
        let log = Log::default();
        topic.register(log.callback());
        let second = topic.wait();
        let emitted = emitter.join().unwrap();
        assert_eq!(log.len(), emitted.callbacks);
        assert!(emitted.waiters == 1 || emitted.callbacks == 1);
        drop((first, second));
    });
}

/// An event for a callback and a wait against the end of the callback: the wait gets it in any case.
#[test]
fn emit_to_a_callback_and_a_waiter_against_unregister() {
    model(3, || {
        let mgr = Manager::new(EventLoop::inline());
        let topic = mgr.topic("x");
        let log = Log::default();
        let registration = topic.register(log.callback());
        let wait = topic.wait();
        let emitter = thread::spawn(move || topic.emit((1u32,)));
        let unregistered = registration.unregister();
        let emitted = emitter.join().unwrap();
        assert_eq!(emitted.waiters, 1);
        assert!(unregistered && log.len() <= emitted.callbacks);
        assert_eq!(block_on(wait).unwrap().arg::<u32>(0), Ok(1));
    });
}

/// An event for a waiter against close: it is accepted or rejected, and the wait knows.
#[test]
fn emit_to_a_waiter_against_close() {
    model(3, || {
        let mgr = Manager::new(EventLoop::inline());
        let topic = mgr.topic("x");
        let wait = topic.wait();
        let emitter = thread::spawn(move || topic.emit((1u32,)));
        mgr.close();
        let emitted = emitter.join().unwrap();
        match block_on(wait) {
            Ok(_) => assert_eq!((emitted.waiters, emitted.rejected), (1, 0)),
            Err(error) => {
                assert_eq!(error, WaitError::Closed);
                assert_eq!((emitted.waiters, emitted.rejected), (0, 1));
            }
        }
    });
}

/// Emit against drop against the limit of the same wait: it is counted once, and nothing is left.
#[test]
fn emit_against_drop_against_the_limit() {
    model(3, || {
        let (mgr, topic, wait, mut delays) = limited();
        let limiter = thread::spawn(move || {
            let _ = poll(&mut delays);
            delays
        });
        let dropper = thread::spawn(move || drop(wait));
        assert!(topic.emit((7u32,)).waiters <= 1);
        dropper.join().unwrap();
        let delays = limiter.join().unwrap();
        assert_eq!(mgr.stats().waiters, 0);
        drop((topic, delays));
        assert!(mgr.names().is_empty());
    });
}

/// Two waits of a round dropped on two threads while an event comes: the count of the round stays right.
#[test]
fn emit_against_two_drops() {
    model(3, || {
        let mgr = Manager::new(EventLoop::inline());
        let topic = mgr.topic("x");
        let (first, second) = (topic.wait(), topic.wait());
        let dropper = thread::spawn(move || drop(first));
        let emits = topic.clone();
        let emitter = thread::spawn(move || emits.emit(()).waiters);
        drop(second);
        dropper.join().unwrap();
        assert!(emitter.join().unwrap() <= 2);
        assert_eq!(mgr.stats().waiters, 0);
        drop(topic);
        assert!(mgr.names().is_empty());
    });
}

/// Emit against unregister: the wait has exactly the outcome of the one that took its round.
#[test]
fn emit_against_unregister() {
    model(3, || {
        let mgr = Manager::new(EventLoop::inline());
        let topic = mgr.topic("x");
        let wait = topic.wait();
        let emits = topic.clone();
        let emitter = thread::spawn(move || emits.emit(()).waiters);
        topic.unregister();
        let outcome = block_on(wait);
        match emitter.join().unwrap() {
            1 => assert!(outcome.is_ok()),
            _ => assert_eq!(outcome.unwrap_err(), WaitError::Unregistered),
        }
        assert_eq!(mgr.stats().waiters, 0);
    });
}

/// Arming against emit: an armed wait is resolved by this event or by the next one, never left behind in between.
#[test]
fn emit_against_arming() {
    model(3, || {
        let mgr = Manager::new(EventLoop::inline());
        let topic = mgr.topic("x");
        let first = topic.wait();
        let emits = topic.clone();
        let emitter = thread::spawn(move || emits.emit((1u32,)).waiters);
        let second = topic.wait();
        let waiters = emitter.join().unwrap();
        assert_eq!(topic.emit((2u32,)).waiters, 2 - waiters);
        assert_eq!(block_on(first).unwrap().arg::<u32>(0), Ok(1));
        let expected = if waiters == 2 { 1 } else { 2 };
        assert_eq!(block_on(second).unwrap().arg::<u32>(0), Ok(expected));
    });
}
