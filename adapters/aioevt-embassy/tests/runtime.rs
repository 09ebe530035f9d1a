//! `EmbassyRuntime` as a `Spawner` and a `Timer`: a full pool, and a clock.
#![allow(clippy::unwrap_used, reason = "a panic is a test's report")]

extern crate alloc;

use alloc::sync::Arc;
use core::time::Duration;
use std::sync::mpsc;
use std::thread;

use aioevt::{CallbackErrorKind, DiscardReason, EventLoop, Manager, SpawnError, Spawner, Timer};
use aioevt_embassy::{EmbassyRuntime, TaskPool};
use embassy_executor::{Executor, SendSpawner};

fn executor() -> SendSpawner {
    let (tx, rx) = mpsc::channel();
    thread::spawn(move || {
        let executor: &'static mut Executor = Box::leak(Box::new(Executor::new()));
        executor.run(|spawner| tx.send(spawner.make_send()).unwrap());
    });
    rx.recv().unwrap()
}

#[test]
fn what_a_loop_needs() {
    fn check<T: Spawner + Timer + Clone + core::fmt::Debug + Unpin + 'static>(_: T) {}
    static POOL: TaskPool<1> = TaskPool::new();
    let runtime = EmbassyRuntime::new(executor(), &POOL);
    assert_eq!(format!("{POOL:?}"), "TaskPool { capacity: 1, .. }");
    assert_eq!(format!("{runtime:?}"), "EmbassyRuntime { capacity: 1, .. }");
    check(runtime);
}

#[test]
fn a_full_pool_says_how_large_it_is_and_tasks_are_used_again() {
    static POOL: TaskPool<2> = TaskPool::new();
    let runtime = EmbassyRuntime::new(executor(), &POOL);
    let held = Arc::new(());
    let (gate, wait) = futures_gate();
    for _ in 0..2 {
        let (wait, held) = (wait.clone(), held.clone());
        runtime
            .spawn(Box::pin(async move {
                wait.passed().await;
                drop(held);
            }))
            .unwrap();
    }
    let inside = held.clone();
    let full = runtime.spawn(Box::pin(async move { drop(inside) }));
    assert_eq!(full, Err(SpawnError::Full { capacity: 2 }));
    assert_eq!(Arc::strong_count(&held), 3, "the third was dropped");
    gate.open();
    let (tx, rx) = mpsc::channel();
    loop {
        let tx = tx.clone();
        if runtime
            .spawn(Box::pin(async move { tx.send(()).unwrap() }))
            .is_ok()
        {
            break;
        }
        thread::yield_now();
    }
    rx.recv().unwrap();
}

#[test]
fn a_call_that_finds_no_task_is_discarded_and_reported() {
    // One task for the lane, one for the first call.
    static POOL: TaskPool<2> = TaskPool::new();
    let mgr = Manager::new(EventLoop::new(EmbassyRuntime::new(executor(), &POOL)));
    let (tx, rx) = mpsc::channel();
    mgr.on_error(move |error| match error.kind() {
        CallbackErrorKind::Discarded(DiscardReason::Refused(refused)) => tx.send(*refused).unwrap(),
        kind => panic!("{kind}"),
    });
    let (gate, wait) = futures_gate();
    mgr.register("call", move || {
        let wait = wait.clone();
        async move { wait.passed().await }
    });
    mgr.emit("call", ());
    mgr.emit("call", ());
    assert_eq!(rx.recv(), Ok(SpawnError::Full { capacity: 2 }));
    gate.open();
    mgr.idle().blocking().unwrap();
    let stats = mgr.stats();
    assert_eq!((stats.accepted, stats.ran, stats.discarded), (2, 1, 1));
}

#[test]
fn a_registration_that_finds_no_task_for_its_lane_is_reported() {
    // One task, for the lane of another manager.
    static POOL: TaskPool<1> = TaskPool::new();
    let runtime = EmbassyRuntime::new(executor(), &POOL);
    let first = Manager::new(EventLoop::new(runtime));
    first.register("x", || ());
    let mgr = Manager::new(EventLoop::new(runtime));
    let (tx, rx) = mpsc::channel();
    mgr.on_error(move |error| tx.send(error.to_string()).unwrap());
    assert!(!mgr.register("x", || ()).is_active());
    let text = rx.try_recv().unwrap();
    assert!(text.contains("all 1 task slots"), "{text}");
}

#[test]
fn sleeps_as_long_as_it_says() {
    static POOL: TaskPool<1> = TaskPool::new();
    let runtime = EmbassyRuntime::new(executor(), &POOL);
    let (tx, rx) = mpsc::channel();
    for duration in [0, 1, 999, 1000, 1500, 3_000_000].map(Duration::from_nanos) {
        let tx = tx.clone();
        loop {
            let tx = tx.clone();
            let task = async move {
                let before = runtime.now();
                runtime.sleep(duration).await.unwrap();
                tx.send(runtime.now() - before).unwrap();
            };
            if runtime.spawn(Box::pin(task)).is_ok() {
                break;
            }
            thread::yield_now();
        }
        assert!(rx.recv().unwrap() >= duration);
    }
    drop(runtime.sleep(Duration::MAX));
}

/// Something that tasks wait for: an event of another manager.
fn futures_gate() -> (Gate, Waiting) {
    let mgr = Manager::new(EventLoop::inline());
    (Gate(mgr.clone()), Waiting(mgr))
}

struct Gate(Manager);

#[derive(Clone)]
struct Waiting(Manager);

impl Gate {
    /// From now on everybody passes.
    fn open(self) {
        self.0.close();
    }
}

impl Waiting {
    async fn passed(&self) {
        assert!(self.0.wait("open").await.is_err());
    }
}
