//! `SmolRuntime` as a `Spawner`: from every thread, and with the executor dropped at every moment.

extern crate alloc;

use alloc::sync::Arc;
use alloc::task::Wake;
use core::cell::RefCell;
use core::future::{pending, poll_fn};
use core::hint::spin_loop;
use core::pin::Pin;
use core::task::{Context, Poll, Waker};
use core::time::Duration;
use std::sync::{Mutex, mpsc};
use std::thread::{self, ThreadId};

use aioevt_core::{SpawnError, Spawner, Timer};
use aioevt_smol::SmolRuntime;
use smol::Executor;

fn executor() -> (Arc<Executor<'static>>, SmolRuntime) {
    let executor = Arc::new(Executor::new());
    let runtime = SmolRuntime::new(&executor);
    (executor, runtime)
}

#[test]
fn what_a_loop_needs() {
    fn check<T: Spawner + Timer + Clone + core::fmt::Debug + Unpin + 'static>(_: T) {}
    check(SmolRuntime::global());
    check(executor().1);
    assert!(format!("{:?}", SmolRuntime::global()).starts_with("SmolRuntime"));
}

#[test]
fn global_from_plain_threads() {
    let caller = thread::current().id();
    let (tx, rx) = mpsc::channel();
    for thread in 0..4 {
        let tx = tx.clone();
        thread::spawn(move || {
            for n in 0..100 {
                let tx = tx.clone();
                let spawned = SmolRuntime::global().spawn(Box::pin(async move {
                    smol::future::yield_now().await;
                    tx.send((thread * 100 + n, thread::current().id())).unwrap();
                }));
                assert_eq!(spawned, Ok(()));
            }
        });
    }
    drop(tx);
    let (mut seen, threads): (Vec<_>, Vec<_>) = rx.iter().unzip();
    seen.sort_unstable();
    assert!(seen.into_iter().eq(0..400));
    assert!(!threads.contains(&caller));
}

#[test]
fn held_until_the_executor_runs_then_in_order() {
    let (executor, runtime) = executor();
    let (tx, rx) = mpsc::channel();
    let from = runtime.clone();
    thread::spawn(move || {
        for n in 0..1000 {
            let tx = tx.clone();
            assert_eq!(
                from.spawn(Box::pin(async move { tx.send(n).unwrap() })),
                Ok(())
            );
        }
    })
    .join()
    .unwrap();
    assert_eq!(
        rx.try_recv(),
        Err(mpsc::TryRecvError::Empty),
        "not polled inside the call"
    );
    while executor.try_tick() {}
    assert!(rx.into_iter().eq(0..1000));
}

#[test]
fn nobody_needs_to_hold_the_task() {
    let (executor, runtime) = executor();
    let (tx, rx) = mpsc::channel();
    runtime
        .spawn(Box::pin(async move {
            smol::future::yield_now().await;
            tx.send(1).unwrap();
        }))
        .unwrap();
    drop(runtime);
    while executor.try_tick() {}
    assert_eq!(rx.recv(), Ok(1));
}

#[test]
fn a_task_that_holds_its_own_executor_does_not_keep_it() {
    let (executor, runtime) = executor();
    let held = Arc::new(());
    let inside = (runtime.clone(), held.clone());
    runtime
        .spawn(Box::pin(async move {
            pending::<()>().await;
            drop(inside);
        }))
        .unwrap();
    assert!(executor.try_tick());
    assert_eq!(Arc::strong_count(&executor), 1);
    drop(executor);
    assert_eq!(Arc::strong_count(&held), 1, "dropped while suspended");
    assert_eq!(runtime.spawn(Box::pin(async {})), Err(SpawnError::Closed));
}

#[test]
fn dropped_with_tasks_queued() {
    let (executor, runtime) = executor();
    let held = Arc::new(());
    for _ in 0..1000 {
        let inside = held.clone();
        runtime
            .spawn(Box::pin(async move { unreachable!("{inside:?}") }))
            .unwrap();
    }
    drop(executor);
    assert_eq!(Arc::strong_count(&held), 1);
    let inside = held.clone();
    assert_eq!(
        runtime.spawn(Box::pin(async move { unreachable!("{inside:?}") })),
        Err(SpawnError::Closed)
    );
    assert_eq!(Arc::strong_count(&held), 1);
}

#[test]
fn a_task_that_spawns_while_its_executor_drops_it() {
    struct Spawns(SmolRuntime, mpsc::Sender<Result<(), SpawnError>>);

    impl Drop for Spawns {
        fn drop(&mut self) {
            self.1
                .send(self.0.spawn(Box::pin(async {})))
                .expect("a receiver");
        }
    }

    let (executor, runtime) = executor();
    let (tx, rx) = mpsc::channel();
    let inside = Spawns(runtime.clone(), tx);
    runtime
        .spawn(Box::pin(async move {
            unreachable!("{}", inside.1.send(Ok(())).is_ok())
        }))
        .unwrap();
    drop(executor);
    assert_eq!(rx.recv(), Ok(Err(SpawnError::Closed)));
}

/// Runs an executor, and drops it when it should run next.
struct Drops(Mutex<Option<Pin<Box<dyn Future<Output = ()> + Send>>>>);

impl Wake for Drops {
    fn wake(self: Arc<Self>) {
        drop(self.0.lock().expect("no panic").take());
    }
}

impl Drops {
    fn run(executor: Arc<Executor<'static>>) -> Arc<Self> {
        let runs = Arc::new(Self(Mutex::new(None)));
        let waker = Waker::from(runs.clone());
        let mut run = Box::pin(async move { executor.run(pending::<()>()).await });
        let polled = run.as_mut().poll(&mut Context::from_waker(&waker));
        assert!(polled.is_pending());
        *runs.0.lock().expect("no panic") = Some(run);
        runs
    }

    fn has_dropped(&self) -> bool {
        self.0.lock().expect("no panic").is_none()
    }
}

/// Drops the executor's last other `Arc` in the middle of `spawn`, on one thread: `spawn` wakes who runs the executor.
#[test]
fn the_last_arc_dropped_inside_the_call() {
    let (executor, runtime) = executor();
    let held = Arc::new(());
    let weak = Arc::downgrade(&executor);
    let runs = Drops::run(executor);

    let inside = held.clone();
    assert_eq!(
        runtime.spawn(Box::pin(async move { unreachable!("{inside:?}") })),
        Err(SpawnError::Closed)
    );
    assert!(runs.has_dropped() && weak.upgrade().is_none());
    assert_eq!(Arc::strong_count(&held), 1);
}

/// A task that says where it is dropped, and gives its waker away.
fn spawn_sleeper(runtime: &SmolRuntime) -> (mpsc::Receiver<Waker>, mpsc::Receiver<ThreadId>) {
    struct Says(mpsc::Sender<ThreadId>);

    impl Drop for Says {
        fn drop(&mut self) {
            self.0.send(thread::current().id()).ok();
        }
    }

    let (waker, wakers) = mpsc::channel();
    let (dropped, drops) = mpsc::channel();
    let inside = Says(dropped);
    let sleeper = poll_fn(move |cx| {
        let _ = &inside;
        waker.send(cx.waker().clone()).ok();
        Poll::Pending
    });
    runtime.spawn(Box::pin(sleeper)).expect("an executor");
    (wakers, drops)
}

/// A lock may be held by whoever wakes, and wanted by what is dropped with the executor.
#[test]
fn the_last_arc_dropped_inside_a_wake() {
    let (executor, runtime) = executor();
    let weak = Arc::downgrade(&executor);
    let (wakers, drops) = spawn_sleeper(&runtime);
    assert!(executor.try_tick());
    let waker = wakers.recv().unwrap();
    let runs = Drops::run(executor);

    waker.wake_by_ref();
    assert!(runs.has_dropped());
    assert_ne!(
        drops.recv(),
        Ok(thread::current().id()),
        "dropped by another thread"
    );
    assert!(weak.upgrade().is_none());
    waker.wake();
}

/// The adapter cannot tell it from one that is being dropped.
#[test]
fn taken_out_of_its_arc_it_counts_as_dropped() {
    let (executor, runtime) = executor();
    let (wakers, drops) = spawn_sleeper(&runtime);
    assert!(executor.try_tick());
    let waker = wakers.recv().unwrap();
    let executor = Arc::into_inner(executor).unwrap();
    assert_eq!(runtime.spawn(Box::pin(async {})), Err(SpawnError::Closed));
    waker.wake();
    assert!(!executor.try_tick(), "not woken");
    assert_eq!(drops.try_recv(), Err(mpsc::TryRecvError::Empty));
    drop(executor);
    assert_eq!(drops.recv(), Ok(thread::current().id()));
}

#[test]
fn each_poll_has_the_same_waker() {
    let (executor, runtime) = executor();
    let (wakers, _drops) = spawn_sleeper(&runtime);
    assert!(executor.try_tick());
    let first = wakers.recv().unwrap();
    first.wake_by_ref();
    assert!(executor.try_tick(), "woken");
    assert!(wakers.recv().unwrap().will_wake(&first));
}

/// Both sides spin, to meet in the few instructions in which smol alone loses a future, about once in 500 rounds: that one
/// would be waited for in vain.
#[test]
fn dropped_while_another_thread_wakes() {
    const ROUNDS: u32 = 5_000;
    let (tx, rx) = mpsc::channel::<Waker>();
    let wakes = thread::spawn(move || {
        for round in 0..ROUNDS {
            let waker = loop {
                match rx.try_recv() {
                    Ok(waker) => break waker,
                    Err(mpsc::TryRecvError::Empty) => spin_loop(),
                    Err(mpsc::TryRecvError::Disconnected) => return,
                }
            };
            (0..round % 32).for_each(|_| spin_loop());
            waker.wake();
        }
    });
    for round in 0..ROUNDS {
        let (executor, runtime) = executor();
        let (wakers, drops) = spawn_sleeper(&runtime);
        assert!(executor.try_tick());
        tx.send(wakers.recv().unwrap()).unwrap();
        (0..round / 32 % 32).for_each(|_| spin_loop());
        drop(executor);
        assert!(drops.recv().is_ok(), "dropped sooner or later");
    }
    wakes.join().unwrap();
}

#[test]
fn dropped_while_other_threads_spawn() {
    for round in 0..200 {
        let (executor, runtime) = executor();
        let held = Arc::new(());
        let (tx, rx) = mpsc::channel();
        thread::scope(|scope| {
            for _ in 0..2 {
                let (runtime, held, tx) = (runtime.clone(), held.clone(), tx.clone());
                scope.spawn(move || {
                    loop {
                        let inside = held.clone();
                        let spawned = runtime.spawn(Box::pin(async move {
                            smol::future::yield_now().await;
                            drop(inside);
                        }));
                        if spawned == Err(SpawnError::Closed) {
                            break;
                        }
                        tx.send(()).ok();
                    }
                });
            }
            for _ in 0..round % 50 {
                rx.recv().unwrap();
                executor.try_tick();
            }
            drop(executor);
        });
        assert_eq!(
            Arc::strong_count(&held),
            1,
            "every future was run to its end or dropped"
        );
    }
}

#[test]
fn goes_anywhere() {
    let (executor, runtime) = executor();
    let (tx, rx) = mpsc::channel::<()>();
    thread::spawn(move || drop((executor, tx))).join().unwrap();
    assert!(rx.recv().is_err());
    thread::spawn(move || drop(runtime)).join().unwrap();
}

/// A panic here aborts the process: the thread's locals, and smol's among them, are being destroyed.
#[test]
fn inside_thread_local_destructors() {
    struct AtExit(Option<(SmolRuntime, mpsc::Sender<&'static str>)>);

    impl Drop for AtExit {
        fn drop(&mut self) {
            let Some((own, tx)) = self.0.take() else {
                return;
            };
            for runtime in [own, SmolRuntime::global()] {
                assert!(runtime.now() <= runtime.now());
                let mut sleep = runtime.sleep(Duration::MAX);
                assert!(
                    sleep
                        .as_mut()
                        .poll(&mut Context::from_waker(Waker::noop()))
                        .is_pending()
                );
                drop(sleep);
                let tx = tx.clone();
                runtime
                    .spawn(Box::pin(async move { tx.send("ran").expect("a receiver") }))
                    .expect("an executor");
            }
        }
    }

    thread_local! {
        static AT_EXIT: RefCell<AtExit> = const { RefCell::new(AtExit(None)) };
    }

    let (executor, runtime) = executor();
    let (tx, rx) = mpsc::channel();
    thread::spawn(move || {
        // Locals are destroyed in the reverse order of their first use: smol's before this one.
        AT_EXIT.with(|local| local.borrow_mut().0 = Some((runtime.clone(), tx)));
        smol::block_on(runtime.sleep(Duration::ZERO)).unwrap();
    })
    .join()
    .unwrap();
    while executor.try_tick() {}
    assert!(rx.into_iter().eq(["ran", "ran"]));
}
