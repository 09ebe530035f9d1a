//! What shows only on a loop that runs when the test lets it, on the test's own thread.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use aioevt::{Manager, Spawner};

use crate::support::{Log, LoopUnderTest};

pub(crate) fn nothing_runs_inside_emit<L: LoopUnderTest>() {
    let mut l = L::start();
    let mgr = Manager::new(l.event_loop());
    let log = Log::new();
    let sync = log.clone();
    mgr.register("x", move || sync.push(()));
    l.settle(&mgr);
    mgr.emit("x", ());
    assert_eq!(log.len(), 0);
    l.settle(&mgr);
    assert_eq!(log.len(), 1);
}

pub(crate) fn a_task_gets_its_turn_during_one_event_with_many_callbacks<L: LoopUnderTest>() {
    let mut l = L::start();
    let mgr = Manager::new(l.event_loop());
    let (calls, turn) = (Arc::new(AtomicUsize::new(0)), Log::new());
    for _ in 0..100_000 {
        let calls = calls.clone();
        mgr.register("x", move || {
            calls.fetch_add(1, Ordering::SeqCst);
        });
    }
    l.settle(&mgr);
    mgr.emit("x", ());
    let (so_far, log) = (calls.clone(), turn.clone());
    let task = Box::pin(async move { log.push(so_far.load(Ordering::SeqCst)) });
    l.event_loop().spawn(task).unwrap();
    l.settle(&mgr);
    assert_eq!(calls.load(Ordering::SeqCst), 100_000);
    let turn = turn.take();
    assert!(turn[0] < 100_000, "after {turn:?} calls");
}

pub(crate) fn a_callback_that_emits_for_ever_lets_other_tasks_run<L: LoopUnderTest>() {
    let mut l = L::start();
    let mgr = Manager::new(l.event_loop());
    let stop = Arc::new(AtomicBool::new(false));
    for name in ["sync", "async"] {
        let stop = stop.clone();
        let again = move |mgr: &Manager| {
            if !stop.load(Ordering::SeqCst) {
                mgr.emit(name, ());
            }
        };
        if name == "sync" {
            mgr.register(name, move |mgr: Manager| again(&mgr));
        } else {
            mgr.register(name, move |mgr: Manager| {
                let again = again.clone();
                async move { again(&mgr) }
            });
        }
    }
    mgr.emit("sync", ());
    mgr.emit("async", ());
    let event_loop = l.event_loop();
    // The future is polled between the turns of the loop.
    l.run(async {
        futures_lite::future::yield_now().await;
        let (tx, rx) = std::sync::mpsc::channel();
        let task = Box::pin(async move { tx.send(()).unwrap() });
        event_loop.spawn(task).unwrap();
        while rx.try_recv().is_err() {
            futures_lite::future::yield_now().await;
        }
    });
    assert!(mgr.stats().pending > 0);
    stop.store(true, Ordering::SeqCst);
    l.settle(&mgr);
}
