//! `SmolRuntime` as a `Timer`: awaited anywhere, and with the executor dropped at every moment.

extern crate alloc;

use alloc::sync::Arc;
use alloc::task::Wake;
use core::task::{Context, Poll, Waker};
use core::time::Duration;
use std::sync::mpsc;
use std::thread;

use aioevt_core::{Sleep, Spawner, Timer, TimerError};
use aioevt_smol::SmolRuntime;
use smol::Executor;
use smol::future::block_on;

const HOUR: Duration = Duration::from_secs(3600);

fn poll_once(sleep: &mut Sleep) -> Poll<Result<(), TimerError>> {
    sleep.as_mut().poll(&mut Context::from_waker(Waker::noop()))
}

#[test]
fn sleeps_as_long_as_it_says() {
    let executor = Arc::new(Executor::new());
    for timer in [SmolRuntime::global(), SmolRuntime::new(&executor)] {
        for run in
            [block_on, |sleep| smol::block_on(sleep)] as [fn(Sleep) -> Result<(), TimerError>; 2]
        {
            let before = timer.now();
            assert_eq!(run(timer.sleep(Duration::from_millis(3))), Ok(()));
            assert!(timer.now() >= before + Duration::from_millis(3));
        }
    }
}

#[test]
fn counts_from_the_call_not_from_the_first_poll() {
    let timer = SmolRuntime::global();
    let mut late = timer.sleep(Duration::from_millis(1));
    block_on(timer.sleep(Duration::from_millis(2))).unwrap();
    assert_eq!(poll_once(&mut late), Poll::Ready(Ok(())));
}

#[test]
fn all_executors_tell_the_same_time() {
    let first = SmolRuntime::global().now();
    let second = thread::spawn(|| SmolRuntime::new(&Arc::new(Executor::new())).now())
        .join()
        .unwrap();
    assert!(second >= first);
    assert!(SmolRuntime::global().now() >= second);
}

#[test]
fn inside_the_tasks_of_both_kinds() {
    let executor = Arc::new(Executor::new());
    let (own, global) = (SmolRuntime::new(&executor), SmolRuntime::global());
    let (tx, rx) = mpsc::channel();
    for (task, timer) in [
        (&own, &own),
        (&own, &global),
        (&global, &own),
        (&global, &global),
    ] {
        let (sleep, tx) = (timer.sleep(Duration::from_millis(1)), tx.clone());
        task.spawn(Box::pin(async move { tx.send(sleep.await).unwrap() }))
            .unwrap();
    }
    drop(tx);
    while !executor.is_empty() {
        block_on(executor.tick());
    }
    assert!(rx.into_iter().eq([Ok(()); 4]));
}

#[test]
fn made_here_awaited_there() {
    let sleep = thread::spawn(|| SmolRuntime::global().sleep(Duration::from_millis(1)))
        .join()
        .unwrap();
    assert_eq!(
        thread::spawn(move || block_on(sleep)).join().unwrap(),
        Ok(())
    );
}

#[test]
fn the_longest_duration() {
    for duration in [
        Duration::MAX,
        Duration::from_secs(i64::MAX as u64),
        Duration::from_secs(1 << 40),
    ] {
        let mut sleep = SmolRuntime::global().sleep(duration);
        assert!(poll_once(&mut sleep).is_pending());
        // The timer's thread still serves the others, with the long one still armed.
        block_on(SmolRuntime::global().sleep(Duration::from_millis(1))).unwrap();
        assert!(poll_once(&mut sleep).is_pending());
    }
}

#[test]
fn after_the_executor() {
    let executor = Arc::new(Executor::new());
    let timer = SmolRuntime::new(&executor);
    let unpolled = timer.sleep(HOUR);
    let mut polled = timer.sleep(HOUR);
    assert!(poll_once(&mut polled).is_pending());
    let before = timer.now();
    drop(executor);
    for sleep in [
        unpolled,
        polled,
        timer.sleep(Duration::ZERO),
        timer.sleep(Duration::MAX),
    ] {
        assert_eq!(block_on(sleep), Err(TimerError::Closed));
    }
    assert!(timer.now() >= before);
    // A new one takes its place.
    let executor = Arc::new(Executor::new());
    assert_eq!(
        block_on(SmolRuntime::new(&executor).sleep(Duration::ZERO)),
        Ok(())
    );
}

#[test]
fn one_under_way_ends_at_its_deadline_at_the_latest() {
    struct Tells(mpsc::Sender<()>);

    impl Wake for Tells {
        fn wake(self: Arc<Self>) {
            self.0.send(()).expect("a receiver");
        }
    }

    // On a busy machine a short sleep may be over at its first poll.
    for milliseconds in (0..).map(|n| 1 << n) {
        let executor = Arc::new(Executor::new());
        let mut sleep = SmolRuntime::new(&executor).sleep(Duration::from_millis(milliseconds));
        let (tx, rx) = mpsc::channel();
        let waker = Waker::from(Arc::new(Tells(tx)));
        if sleep
            .as_mut()
            .poll(&mut Context::from_waker(&waker))
            .is_ready()
        {
            continue;
        }
        drop(executor);
        rx.recv().unwrap();
        assert_eq!(poll_once(&mut sleep), Poll::Ready(Err(TimerError::Closed)));
        return;
    }
}

#[test]
fn a_sleep_does_not_keep_its_executor() {
    let executor = Arc::new(Executor::new());
    let timer = SmolRuntime::new(&executor);
    let mut sleep = timer.sleep(HOUR);
    assert!(poll_once(&mut sleep).is_pending());
    timer
        .spawn(Box::pin(async move { sleep.await.unwrap() }))
        .unwrap();
    assert!(executor.try_tick());
    assert_eq!(Arc::strong_count(&executor), 1);
    let weak = Arc::downgrade(&executor);
    drop(executor);
    assert!(weak.upgrade().is_none());
}
