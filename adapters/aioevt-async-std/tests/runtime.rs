//! `AsyncStdRuntime` as a `Spawner` and `Timer`, from inside and outside of async-std. It cannot be shut down.

extern crate alloc;

use alloc::sync::Arc;
use core::cell::RefCell;
use core::future::pending;
use core::task::{Context, Poll, Waker};
use core::time::Duration;
use std::sync::{Barrier, mpsc};
use std::thread;

use aioevt_async_std::AsyncStdRuntime;
use aioevt_core::{Sleep, Spawner, Timer, TimerError};
use async_std::task;
use futures_lite::future::block_on;

fn poll_once(sleep: &mut Sleep) -> Poll<Result<(), TimerError>> {
    sleep.as_mut().poll(&mut Context::from_waker(Waker::noop()))
}

#[test]
fn what_a_loop_needs() {
    fn check<T: Spawner + Timer + Clone + core::fmt::Debug + Default + Unpin + 'static>(_: T) {}
    check(AsyncStdRuntime::new());
    assert!(format!("{:?}", AsyncStdRuntime::default()).starts_with("AsyncStdRuntime"));
}

#[test]
fn from_plain_threads() {
    let (tx, rx) = mpsc::channel();
    let start = Arc::new(Barrier::new(4));
    for thread in 0..4 {
        let (tx, start) = (tx.clone(), start.clone());
        thread::spawn(move || {
            start.wait();
            for n in 0..100 {
                let tx = tx.clone();
                let spawned = AsyncStdRuntime::new().spawn(Box::pin(async move {
                    task::yield_now().await;
                    tx.send(thread * 100 + n).unwrap();
                }));
                assert_eq!(spawned, Ok(()));
            }
        });
    }
    drop(tx);
    let mut seen: Vec<_> = rx.iter().collect();
    seen.sort_unstable();
    assert!(seen.into_iter().eq(0..400));
}

#[test]
fn nothing_is_polled_inside_the_call() {
    let caller = thread::current().id();
    let (tx, rx) = mpsc::channel();
    AsyncStdRuntime::new()
        .spawn(Box::pin(
            async move { tx.send(thread::current().id()).unwrap() },
        ))
        .unwrap();
    assert_ne!(rx.recv().unwrap(), caller);
}

#[test]
fn another_runtime_around_it_is_not_used() {
    // async-std's own `block_on` would run its tasks on this thread; another one does not.
    let caller = thread::current().id();
    let (tx, rx) = mpsc::channel();
    block_on(async {
        AsyncStdRuntime::new()
            .spawn(Box::pin(async move {
                tx.send((thread::current().id(), task::try_current().is_some()))
                    .unwrap()
            }))
            .unwrap();
    });
    let (thread, inside) = rx.recv().unwrap();
    assert!(thread != caller && inside);
}

#[test]
fn current_inside_only() {
    assert!(AsyncStdRuntime::current().is_none());
    block_on(async { assert!(AsyncStdRuntime::current().is_none()) });
    task::block_on(async { assert!(AsyncStdRuntime::current().is_some()) });
    let (tx, rx) = mpsc::channel();
    AsyncStdRuntime::new()
        .spawn(Box::pin(async move {
            tx.send(AsyncStdRuntime::current().is_some()).unwrap()
        }))
        .unwrap();
    assert_eq!(rx.recv(), Ok(true));
}

#[test]
fn a_panicking_task_leaves_the_runtime_running() {
    let (tx, rx) = mpsc::channel::<()>();
    let guard = tx.clone();
    AsyncStdRuntime::new()
        .spawn(Box::pin(async move {
            let _guard = guard;
            std::panic::resume_unwind(Box::new("not shown"));
        }))
        .unwrap();
    drop(tx);
    assert!(rx.recv().is_err(), "the task has ended");
    let (tx, rx) = mpsc::channel();
    AsyncStdRuntime::new()
        .spawn(Box::pin(async move { tx.send(1).unwrap() }))
        .unwrap();
    assert_eq!(rx.recv(), Ok(1));
}

#[test]
fn sleeps_as_long_as_it_says() {
    let timer = AsyncStdRuntime::new();
    for run in [block_on, task::block_on] as [fn(Sleep) -> Result<(), TimerError>; 2] {
        let before = timer.now();
        assert_eq!(run(timer.sleep(Duration::from_millis(3))), Ok(()));
        assert!(timer.now() >= before + Duration::from_millis(3));
    }
}

#[test]
fn counts_from_the_call_not_from_the_first_poll() {
    let timer = AsyncStdRuntime::new();
    let mut late = timer.sleep(Duration::from_millis(1));
    block_on(timer.sleep(Duration::from_millis(2))).unwrap();
    assert_eq!(poll_once(&mut late), Poll::Ready(Ok(())));
}

#[test]
fn all_values_tell_the_same_time() {
    let first = AsyncStdRuntime::new().now();
    let second = thread::spawn(|| AsyncStdRuntime::new().now())
        .join()
        .unwrap();
    assert!(second >= first);
    assert!(AsyncStdRuntime::default().now() >= second);
}

#[test]
fn made_here_awaited_there() {
    let sleep = thread::spawn(|| AsyncStdRuntime::new().sleep(Duration::from_millis(1)))
        .join()
        .unwrap();
    let (tx, rx) = mpsc::channel();
    AsyncStdRuntime::new()
        .spawn(Box::pin(async move { tx.send(sleep.await).unwrap() }))
        .unwrap();
    assert_eq!(rx.recv(), Ok(Ok(())));
}

#[test]
fn the_longest_duration() {
    for duration in [
        Duration::MAX,
        Duration::from_secs(i64::MAX as u64),
        Duration::from_secs(1 << 40),
    ] {
        let mut sleep = AsyncStdRuntime::new().sleep(duration);
        assert!(poll_once(&mut sleep).is_pending());
        // The timer's thread still serves the others, with the long one still armed.
        block_on(AsyncStdRuntime::new().sleep(Duration::from_millis(1))).unwrap();
        assert!(poll_once(&mut sleep).is_pending());
    }
}

#[test]
fn a_suspended_task_stays() {
    let (tx, rx) = mpsc::channel();
    AsyncStdRuntime::new()
        .spawn(Box::pin(async move {
            tx.send(()).unwrap();
            pending::<()>().await;
            drop(tx);
        }))
        .unwrap();
    rx.recv().unwrap();
    assert_eq!(
        rx.try_recv(),
        Err(mpsc::TryRecvError::Empty),
        "nobody dropped it"
    );
}

/// A panic here aborts the process: the thread's locals, and async-std's among them, are being destroyed.
#[test]
fn inside_thread_local_destructors() {
    struct AtExit(Option<mpsc::Sender<&'static str>>);

    impl Drop for AtExit {
        fn drop(&mut self) {
            let Some(tx) = self.0.take() else { return };
            let runtime = AsyncStdRuntime::new();
            assert!(runtime.now() <= runtime.now() && AsyncStdRuntime::current().is_none());
            let mut sleep = runtime.sleep(Duration::MAX);
            assert!(poll_once(&mut sleep).is_pending());
            drop(sleep);
            runtime
                .spawn(Box::pin(async move { tx.send("ran").expect("a receiver") }))
                .expect("a runtime");
        }
    }

    thread_local! {
        static AT_EXIT: RefCell<AtExit> = const { RefCell::new(AtExit(None)) };
    }

    let (tx, rx) = mpsc::channel();
    thread::spawn(move || {
        // Locals are destroyed in the reverse order of their first use: async-std's before this one.
        AT_EXIT.with(|local| local.borrow_mut().0 = Some(tx));
        task::block_on(AsyncStdRuntime::new().sleep(Duration::ZERO)).unwrap();
    })
    .join()
    .unwrap();
    assert_eq!(rx.recv(), Ok("ran"));
}
