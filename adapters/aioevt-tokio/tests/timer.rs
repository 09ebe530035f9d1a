//! `TokioRuntime` as a `Timer`: on its runtime's clock, also a paused one, awaited anywhere, with the runtime shut down at
//! every moment. No panic of tokio's is shown: tests/silence.rs.

use core::task::{Context, Poll, Waker};
use core::time::Duration;
use std::sync::mpsc;
use std::thread;

use aioevt_core::{Sleep, Spawner, Timer, TimerError};
use aioevt_tokio::TokioRuntime;
use futures_lite::future::block_on;
use tokio::runtime::{Builder, Runtime};

const HOUR: Duration = Duration::from_secs(3600);

/// Time stands still, and jumps to the next sleep when nothing is to do.
fn paused() -> Runtime {
    Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .expect("a runtime")
}

fn running() -> Runtime {
    Builder::new_multi_thread()
        .worker_threads(1)
        .enable_time()
        .build()
        .expect("a runtime")
}

fn of(runtime: &Runtime) -> TokioRuntime {
    TokioRuntime::new(runtime.handle().clone())
}

fn poll_once(sleep: &mut Sleep) -> Poll<Result<(), TimerError>> {
    sleep.as_mut().poll(&mut Context::from_waker(Waker::noop()))
}

#[test]
fn sleeps_as_long_as_it_says() {
    let runtime = running();
    let timer = of(&runtime);
    let before = timer.now();
    assert_eq!(
        runtime.block_on(timer.sleep(Duration::from_millis(3))),
        Ok(())
    );
    assert!(timer.now() >= before + Duration::from_millis(3));
}

#[test]
fn a_paused_clock_is_honoured_from_outside() {
    let runtime = paused();
    let timer = of(&runtime);
    assert_eq!((timer.now(), timer.now()), (Duration::ZERO, Duration::ZERO));
    runtime.block_on(tokio::time::advance(HOUR));
    assert_eq!(timer.now(), HOUR);
    assert_eq!(
        thread::spawn({
            let timer = timer.clone();
            move || timer.now()
        })
        .join()
        .unwrap(),
        HOUR
    );

    let sleep = timer.sleep(HOUR);
    assert_eq!(timer.now(), HOUR);
    assert_eq!(runtime.block_on(sleep), Ok(()));
    assert_eq!(timer.now(), 2 * HOUR);
}

#[test]
fn counts_from_the_call_not_from_the_first_poll() {
    let runtime = paused();
    let timer = of(&runtime);
    let sleep = timer.sleep(HOUR);
    runtime.block_on(tokio::time::advance(HOUR / 2));
    runtime.block_on(sleep).unwrap();
    assert_eq!(timer.now(), HOUR);
}

#[test]
fn fires_in_the_order_of_the_deadlines() {
    let runtime = paused();
    let timer = of(&runtime);
    let (tx, rx) = mpsc::channel();
    for hours in [3, 1, 2] {
        let (sleep, now, tx) = (timer.sleep(hours * HOUR), timer.clone(), tx.clone());
        timer
            .spawn(Box::pin(async move {
                sleep.await.unwrap();
                tx.send((hours, now.now())).unwrap();
            }))
            .unwrap();
    }
    drop(tx);
    runtime.block_on(timer.sleep(4 * HOUR)).unwrap();
    assert!(rx.into_iter().eq([(1, HOUR), (2, 2 * HOUR), (3, 3 * HOUR)]));
}

#[test]
fn the_clock_of_another_runtime_around_it_is_not_used() {
    let (here, there) = (paused(), running());
    let timer = of(&there);
    here.block_on(async {
        let before = timer.now();
        tokio::time::advance(1000 * HOUR).await;
        assert!(timer.now() - before < 1000 * HOUR);
        // Awaited here, it is the other runtime's clock that runs; this one does not move.
        let before = tokio::time::Instant::now();
        let sleep = timer.sleep(Duration::from_millis(1));
        assert_eq!(sleep.await, Ok(()));
        assert!(before.elapsed() < HOUR);
    });
}

#[test]
fn a_runtime_that_does_not_run_does_not_fire() {
    let runtime = paused();
    let mut sleep = of(&runtime).sleep(Duration::ZERO);
    assert!(poll_once(&mut sleep).is_pending());
    assert_eq!(runtime.block_on(sleep), Ok(()));
}

#[test]
fn made_and_awaited_on_plain_threads() {
    let runtime = running();
    let timer = of(&runtime);
    let sleep = thread::spawn(move || timer.sleep(Duration::from_millis(1)))
        .join()
        .unwrap();
    assert_eq!(
        thread::spawn(move || block_on(sleep)).join().unwrap(),
        Ok(())
    );
}

#[test]
fn the_longest_duration() {
    let runtime = paused();
    let timer = of(&runtime);
    for duration in [
        Duration::MAX,
        Duration::MAX - Duration::from_nanos(1),
        Duration::from_secs(u64::MAX / 1000),
    ] {
        assert!(poll_once(&mut timer.sleep(duration)).is_pending());
    }
    runtime.block_on(timer.sleep(Duration::MAX)).unwrap();
    assert!(timer.now() >= 24 * 365 * 30 * HOUR);
}

#[test]
fn a_dropped_sleep_leaves_nothing_behind() {
    let runtime = paused();
    let timer = of(&runtime);
    let mut sleeps = Vec::from_iter((0..100).map(|_| timer.sleep(HOUR)));
    for sleep in &mut sleeps[..50] {
        assert!(poll_once(sleep).is_pending());
    }
    runtime.block_on(tokio::task::yield_now());
    drop(sleeps);
    while runtime.metrics().num_alive_tasks() > 0 {
        runtime.block_on(tokio::task::yield_now());
    }
    // No dead sleep moves the paused clock either.
    runtime.block_on(timer.sleep(2 * HOUR)).unwrap();
    assert_eq!(timer.now(), 2 * HOUR);
}

#[test]
fn without_a_timer_it_says_how_to_get_one() {
    for mut builder in [Builder::new_current_thread(), Builder::new_multi_thread()] {
        let runtime = builder.build().unwrap();
        let timer = of(&runtime);
        assert!(timer.now() <= timer.now());
        for sleep in [timer.sleep(HOUR), timer.clone().sleep(Duration::ZERO)] {
            let error = block_on(sleep).unwrap_err();
            assert_eq!(
                error,
                TimerError::Disabled("build the runtime with `enable_time()` or `enable_all()`")
            );
        }
        let inside = runtime.block_on(async { timer.sleep(HOUR).await });
        assert!(matches!(inside, Err(TimerError::Disabled(_))));
        // A runtime with a timer around it does not help.
        let other = paused();
        let around = other.block_on(async { timer.sleep(HOUR).await });
        assert!(matches!(around, Err(TimerError::Disabled(_))));
    }
}

#[test]
fn after_the_shutdown() {
    for runtime in [paused(), running()] {
        let timer = of(&runtime);
        let unpolled = timer.sleep(HOUR);
        let mut polled = timer.sleep(HOUR);
        assert!(poll_once(&mut polled).is_pending());
        let before = timer.now();
        drop(runtime);
        for sleep in [
            unpolled,
            polled,
            timer.sleep(Duration::ZERO),
            timer.sleep(Duration::MAX),
        ] {
            assert_eq!(block_on(sleep), Err(TimerError::Closed));
        }
        assert!(timer.now() >= before);
        // In a runtime that lives.
        let other = paused();
        assert_eq!(other.block_on(timer.sleep(HOUR)), Err(TimerError::Closed));
    }
}

#[test]
fn a_shutdown_wakes_those_who_wait() {
    for runtime in [paused(), running()] {
        let mut sleep = of(&runtime).sleep(HOUR);
        let (tx, rx) = mpsc::channel();
        let waiting = thread::spawn(move || {
            assert!(poll_once(&mut sleep).is_pending());
            tx.send(()).unwrap();
            block_on(sleep)
        });
        rx.recv().unwrap();
        drop(runtime);
        assert_eq!(waiting.join().unwrap(), Err(TimerError::Closed));
    }
}

#[test]
fn a_finished_sleep_stays_finished_after_the_shutdown() {
    let runtime = paused();
    let timer = of(&runtime);
    let sleep = timer.sleep(HOUR);
    runtime.block_on(timer.sleep(2 * HOUR)).unwrap();
    drop(runtime);
    assert_eq!(block_on(sleep), Ok(()));
}

#[test]
fn shut_down_while_threads_make_await_and_drop_sleeps() {
    for round in 0..100 {
        let runtime = running();
        let timer = of(&runtime);
        let (tx, rx) = mpsc::channel();
        thread::scope(|scope| {
            for _ in 0..2 {
                let (timer, tx) = (timer.clone(), tx.clone());
                scope.spawn(move || {
                    loop {
                        drop(timer.sleep(HOUR));
                        let mut sleep = timer.sleep(HOUR);
                        tx.send(()).ok();
                        let early = poll_once(&mut sleep);
                        match if early.is_ready() {
                            early
                        } else {
                            poll_once(&mut timer.sleep(Duration::ZERO))
                        } {
                            Poll::Ready(Err(TimerError::Closed)) => break,
                            Poll::Ready(Err(error)) => panic!("{error}"),
                            Poll::Ready(Ok(())) | Poll::Pending => {}
                        }
                    }
                    assert_eq!(block_on(timer.sleep(HOUR)), Err(TimerError::Closed));
                });
            }
            for _ in 0..round {
                rx.recv().unwrap();
            }
            drop(runtime);
        });
    }
}
