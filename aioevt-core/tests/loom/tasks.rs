//! The tasks of a `PollLoop`: a wake is never lost, and a task ends once, whatever meets its poll.

use std::future::poll_fn;
use std::sync::{Arc, Mutex};
use std::task::{Poll, Waker};
use std::time::Duration;

use aioevt_core::{BoxFuture, PollLoop, Spawner};
use loom::sync::atomic::{AtomicBool, Ordering};
use loom::thread;

use crate::support::{Log, model};

const POLLED: u32 = 1;
const ENDED: u32 = 2;

/// Writes down that the future it is in was dropped.
struct End(Log);

impl Drop for End {
    fn drop(&mut self) {
        self.0.push(ENDED);
    }
}

/// A future that waits for ever and leaves its waker.
fn pending(log: &Log, waker: &Arc<Mutex<Option<Waker>>>) -> BoxFuture {
    let (end, waker) = (End(log.clone()), waker.clone());
    Box::pin(poll_fn(move |cx| {
        end.0.push(POLLED);
        *waker.lock().unwrap() = Some(cx.waker().clone());
        Poll::Pending
    }))
}

/// A loop whose only task was polled once, and the waker of that.
fn resting(log: &Log) -> (PollLoop, Waker) {
    let mut poll_loop = PollLoop::new(|| ());
    let waker = Arc::default();
    let task = pending(log, &waker);
    poll_loop.event_loop().spawn(task).unwrap();
    poll_loop.poll(Duration::ZERO);
    let waker = waker.lock().unwrap().take().unwrap();
    (poll_loop, waker)
}

/// A wake against the poll that it is for: the task is polled once more after it.
#[test]
fn a_wake_against_the_poll() {
    model(4, || {
        let mut poll_loop = PollLoop::new(|| ());
        let happened = Arc::new(AtomicBool::new(false));
        // Of loom: whoever finds it empty has to see what its owner did before.
        let waker = Arc::new(loom::sync::Mutex::new(None::<Waker>));
        let log = Log::default();
        let (seen, left, polled) = (happened.clone(), waker.clone(), log.clone());
        let task: BoxFuture = Box::pin(poll_fn(move |cx| {
            *left.lock().unwrap() = Some(cx.waker().clone());
            if seen.load(Ordering::Acquire) {
                polled.push(ENDED);
                return Poll::Ready(());
            }
            Poll::Pending
        }));
        poll_loop.event_loop().spawn(task).unwrap();
        let other = thread::spawn(move || {
            happened.store(true, Ordering::Release);
            let waker = waker.lock().unwrap().take();
            waker.into_iter().for_each(Waker::wake);
        });
        poll_loop.poll(Duration::ZERO);
        other.join().unwrap();
        poll_loop.poll(Duration::ZERO);
        assert_eq!(log.all(), [ENDED]);
    });
}

/// Two wakes of one task that rests: it is polled at least once after them, and at most twice.
#[test]
fn two_wakes_at_once() {
    model(4, || {
        let log = Log::default();
        let (mut poll_loop, first) = resting(&log);
        let second = first.clone();
        let other = thread::spawn(move || second.wake());
        first.wake();
        poll_loop.poll(Duration::ZERO);
        other.join().unwrap();
        poll_loop.poll(Duration::ZERO);
        assert!((2..=3).contains(&log.len()), "{:?}", log.all());
        assert!(poll_loop.poll(Duration::ZERO).is_none());
    });
}

/// A wake against the end of the loop: the task is dropped once, and not polled any more.
#[test]
fn a_wake_against_the_end_of_the_loop() {
    model(4, || {
        let log = Log::default();
        let (poll_loop, waker) = resting(&log);
        let other = thread::spawn(move || waker.wake());
        drop(poll_loop);
        other.join().unwrap();
        assert_eq!(log.all(), [POLLED, ENDED]);
    });
}

/// A spawn against the end of the loop: refused or not, the task is dropped.
#[test]
fn a_spawn_against_the_end_of_the_loop() {
    model(4, || {
        let poll_loop = PollLoop::new(|| ());
        let event_loop = poll_loop.event_loop();
        let log = Log::default();
        let task = pending(&log, &Arc::default());
        let other = thread::spawn(move || {
            let _ = event_loop.spawn(task);
        });
        drop(poll_loop);
        other.join().unwrap();
        assert_eq!(log.all(), [ENDED]);
    });
}
