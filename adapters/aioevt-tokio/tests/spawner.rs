//! `TokioRuntime` as a `Spawner`: from every thread, and with the runtime shut down at every moment.

extern crate alloc;

use alloc::sync::Arc;
use core::future::pending;
use core::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc;
use std::thread;

use aioevt_core::{SpawnError, Spawner, Timer};
use aioevt_tokio::{NoRuntime, TokioRuntime};
use tokio::runtime::{Builder, Handle, Runtime};

fn current_thread() -> Runtime {
    Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime")
}

fn multi_thread() -> Runtime {
    Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .expect("a runtime")
}

fn of(runtime: &Runtime) -> TokioRuntime {
    TokioRuntime::new(runtime.handle().clone())
}

#[test]
fn what_a_loop_needs() {
    fn check<T: Spawner + Timer + Clone + core::fmt::Debug + Unpin + 'static>(_: &T) {}
    let runtime = current_thread();
    check(&of(&runtime));
    assert!(format!("{:?}", of(&runtime)).starts_with("TokioRuntime"));
}

#[test]
fn from_a_plain_thread() {
    let runtime = multi_thread();
    let spawner = of(&runtime);
    let (tx, rx) = mpsc::channel();
    thread::spawn(move || {
        for n in 0..100 {
            let tx = tx.clone();
            assert_eq!(
                spawner.spawn(Box::pin(async move { tx.send(n).unwrap() })),
                Ok(())
            );
        }
    })
    .join()
    .unwrap();
    let mut seen: Vec<_> = rx.iter().collect();
    seen.sort_unstable();
    assert!(seen.into_iter().eq(0..100));
}

#[test]
fn nothing_is_polled_inside_the_call() {
    let runtime = current_thread();
    let ran = Arc::new(AtomicBool::new(false));
    let flag = ran.clone();
    let spawner = of(&runtime);
    runtime.block_on(async {
        spawner
            .spawn(Box::pin(async move { flag.store(true, Ordering::Relaxed) }))
            .unwrap();
        assert!(!ran.load(Ordering::Relaxed));
        tokio::task::yield_now().await;
        assert!(ran.load(Ordering::Relaxed));
    });
}

#[test]
fn held_until_the_runtime_runs_then_in_order() {
    let runtime = current_thread();
    let (tx, rx) = mpsc::channel();
    for n in 0..1000 {
        let tx = tx.clone();
        of(&runtime)
            .spawn(Box::pin(async move { tx.send(n).unwrap() }))
            .unwrap();
    }
    drop(tx);
    assert!(rx.try_recv().is_err());
    while runtime.metrics().num_alive_tasks() > 0 {
        runtime.block_on(tokio::task::yield_now());
    }
    assert!(rx.into_iter().eq(0..1000));
}

#[test]
fn dropped_with_the_runtime_before_its_first_poll() {
    let runtime = current_thread();
    let held = Arc::new(());
    let inside = held.clone();
    let spawner = of(&runtime);
    spawner
        .spawn(Box::pin(async move { unreachable!("{inside:?}") }))
        .unwrap();
    drop(runtime);
    assert_eq!(Arc::strong_count(&held), 1);
}

#[test]
fn dropped_with_the_runtime_while_suspended() {
    for runtime in [current_thread(), multi_thread()] {
        let held = Arc::new(());
        let inside = held.clone();
        let (tx, rx) = mpsc::channel();
        of(&runtime)
            .spawn(Box::pin(async move {
                tx.send(()).unwrap();
                pending::<()>().await;
                drop(inside);
            }))
            .unwrap();
        runtime.block_on(tokio::task::yield_now());
        rx.recv().unwrap();
        drop(runtime);
        assert_eq!(Arc::strong_count(&held), 1);
    }
}

#[test]
fn refused_and_dropped_after_the_shutdown() {
    for runtime in [current_thread(), multi_thread()] {
        let spawner = of(&runtime);
        runtime.shutdown_background();
        // The workers of a multi-threaded runtime shut down by themselves.
        while spawner.spawn(Box::pin(async {})) != Err(SpawnError::Closed) {
            thread::yield_now();
        }
        let held = Arc::new(());
        let inside = held.clone();
        let spawned = spawner.spawn(Box::pin(async move { unreachable!("{inside:?}") }));
        assert_eq!(spawned, Err(SpawnError::Closed));
        assert_eq!(Arc::strong_count(&held), 1);
    }
}

#[test]
fn dropped_while_other_threads_spawn() {
    for round in 0..200 {
        let runtime = if round % 2 == 0 {
            current_thread()
        } else {
            multi_thread()
        };
        let spawner = of(&runtime);
        let held = Arc::new(());
        let (tx, rx) = mpsc::channel();
        thread::scope(|scope| {
            for _ in 0..2 {
                let (spawner, held, tx) = (spawner.clone(), held.clone(), tx.clone());
                scope.spawn(move || {
                    loop {
                        let inside = held.clone();
                        let spawned = spawner.spawn(Box::pin(async move {
                            tokio::task::yield_now().await;
                            drop(inside);
                        }));
                        if spawned == Err(SpawnError::Closed) {
                            break;
                        }
                        tx.send(()).ok();
                    }
                });
            }
            for _ in 0..round {
                rx.recv().unwrap();
            }
            runtime.block_on(tokio::task::yield_now());
            drop(runtime);
        });
        assert_eq!(
            Arc::strong_count(&held),
            1,
            "every future was run to its end or dropped"
        );
    }
}

#[test]
fn a_finished_task_is_not_a_closed_runtime() {
    let runtime = multi_thread();
    let spawner = of(&runtime);
    for _ in 0..10_000 {
        assert_eq!(spawner.spawn(Box::pin(async {})), Ok(()));
    }
}

#[test]
fn does_not_use_up_the_budget_of_the_task_it_is_called_in() {
    let (runtime, closed) = (current_thread(), current_thread());
    let spawner = of(&closed);
    drop(closed);
    runtime.block_on(async {
        // More than tokio's budget of 128 operations a poll, in one poll.
        for _ in 0..1000 {
            assert_eq!(spawner.spawn(Box::pin(async {})), Err(SpawnError::Closed));
        }
    });
}

#[test]
fn another_runtime_around_it_is_not_used() {
    let (here, there) = (current_thread(), multi_thread());
    let spawner = of(&there);
    let (tx, rx) = mpsc::channel();
    let ids = here.block_on(async {
        spawner
            .spawn(Box::pin(
                async move { tx.send(Handle::current().id()).unwrap() },
            ))
            .unwrap();
        let id = Handle::current().id();
        let current = TokioRuntime::current().unwrap();
        let (tx, rx) = tokio::sync::oneshot::channel();
        current
            .spawn(Box::pin(
                async move { tx.send(Handle::current().id()).unwrap() },
            ))
            .unwrap();
        (id, rx.await.unwrap())
    });
    assert_eq!(ids.0, ids.1);
    assert_eq!(rx.recv().unwrap(), there.handle().id());
}

#[test]
fn current_outside_says_what_to_do() {
    let error: NoRuntime = TokioRuntime::current().unwrap_err();
    let text = error.to_string();
    assert!(text.contains("no tokio runtime on this thread"), "{text}");
    assert!(text.contains("`TokioRuntime::new`"), "{text}");

    let runtime = current_thread();
    let entered = runtime.enter();
    assert!(TokioRuntime::current().is_ok());
    drop(entered);
    assert!(TokioRuntime::current().is_err());
}

#[test]
fn a_handle_keeps_no_runtime_alive_and_goes_anywhere() {
    let runtime = current_thread();
    let spawner = of(&runtime);
    let inside = spawner.clone();
    // A task that holds its own runtime's handle.
    spawner
        .spawn(Box::pin(async move {
            inside.sleep(core::time::Duration::MAX).await.unwrap()
        }))
        .unwrap();
    runtime.block_on(tokio::task::yield_now());
    drop(runtime);
    thread::spawn(move || drop(spawner)).join().unwrap();

    // A new one takes its place.
    let runtime = current_thread();
    let (tx, rx) = mpsc::channel();
    of(&runtime)
        .spawn(Box::pin(async move { tx.send(1).unwrap() }))
        .unwrap();
    runtime.block_on(tokio::task::yield_now());
    assert_eq!(rx.recv(), Ok(1));
}

/// A panic here aborts the process: the thread's locals, and tokio's among them, are being destroyed.
#[test]
fn inside_thread_local_destructors() {
    struct AtExit(Option<(TokioRuntime, mpsc::Sender<&'static str>)>);

    impl Drop for AtExit {
        fn drop(&mut self) {
            let Some((runtime, tx)) = self.0.take() else {
                return;
            };
            let before = runtime.now();
            let answer = tx.clone();
            let spawned =
                runtime.spawn(Box::pin(
                    async move { answer.send("ran").expect("a receiver") },
                ));
            drop(runtime.sleep(core::time::Duration::MAX));
            assert!(TokioRuntime::current().is_err() && runtime.now() >= before);
            tx.send(if spawned.is_ok() { "called" } else { "refused" })
                .expect("a receiver");
        }
    }

    thread_local! {
        static AT_EXIT: core::cell::RefCell<AtExit> = const { core::cell::RefCell::new(AtExit(None)) };
    }

    let runtime = multi_thread();
    let (tx, rx) = mpsc::channel();
    let inside = of(&runtime);
    thread::spawn(move || {
        // Locals are destroyed in the reverse order of their first use: tokio's before this one.
        AT_EXIT.with(|local| *local.borrow_mut() = AtExit(Some((inside.clone(), tx))));
        inside.now();
    })
    .join()
    .unwrap();
    let mut seen: Vec<_> = rx.iter().collect();
    seen.sort_unstable();
    assert_eq!(seen, ["called", "ran"]);
}
