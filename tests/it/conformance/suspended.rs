//! Async callbacks that are suspended: they are tasks of their own by then.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::task::Poll;

use aioevt::{Manager, Spawner};
use futures_lite::future;

use crate::support::{Errors, Log, LoopUnderTest, Token, panic, poll_once};

pub(crate) fn a_panic_after_the_first_await_harms_no_other<L: LoopUnderTest>() {
    let mut l = L::start();
    let mgr = Manager::new(l.event_loop());
    let (log, errors) = (Log::new(), Errors::of(&mgr));
    mgr.on("x").named("culprit").call(|| async {
        future::yield_now().await;
        panic("boom")
    });
    for number in [2, 3] {
        let log = log.clone();
        mgr.register("x", move || log.push(number));
    }
    for round in 1..=2 {
        mgr.emit("x", ());
        l.settle(&mgr);
        assert_eq!(log.take(), [2, 3]);
        assert_eq!(errors.take(), ["x/culprit: panicked: boom"]);
        let stats = mgr.stats();
        assert_eq!(
            (stats.ran, stats.panicked, stats.callbacks),
            (2 * round, round, 3)
        );
    }
}

pub(crate) fn an_error_after_the_first_await_is_reported<L: LoopUnderTest>() {
    let mut l = L::start();
    let mgr = Manager::new(l.event_loop());
    let errors = Errors::of(&mgr);
    mgr.on("x").named("late").call(|fails: bool| async move {
        future::yield_now().await;
        if fails { Err("no") } else { Ok(()) }
    });
    mgr.emit("x", (true,));
    mgr.emit("x", (false,));
    l.settle(&mgr);
    assert_eq!(errors.take(), ["x/late: failed: no"]);
    assert_eq!((mgr.stats().ran, mgr.stats().failed), (1, 1));
}

pub(crate) fn a_callback_waits_for_another_event<L: LoopUnderTest>() {
    let mut l = L::start();
    let mgr = Manager::new(l.event_loop());
    mgr.register("question", |number: i32, mgr: Manager| async move {
        let answer = mgr.wait("answer");
        mgr.emit("asked", (number,));
        let answer: i32 = answer.await?.arg(0)?;
        mgr.emit("done", (answer,));
        Ok::<(), aioevt::BoxError>(())
    });
    mgr.register("asked", |number: i32, mgr: Manager| {
        mgr.emit("answer", (number * 2,))
    });
    let done = mgr.wait("done");
    mgr.emit("question", (21,));
    assert_eq!(l.run(done).unwrap().arg(0), Ok(42));
    l.settle(&mgr);
    assert_eq!(mgr.stats().ran, 2);
}

pub(crate) fn suspended_calls_of_one_callback_overlap<L: LoopUnderTest>() {
    let mut l = L::start();
    let mgr = Manager::new(l.event_loop());
    let running = Arc::new(AtomicUsize::new(0));
    let counted = running.clone();
    mgr.register("x", move |mgr: Manager| {
        let go = mgr.wait("go");
        // All three are here before the first one can go on.
        if counted.fetch_add(1, Ordering::SeqCst) == 2 {
            mgr.emit("all here", ());
        }
        async move { go.await.map(drop) }
    });
    let all = mgr.wait("all here");
    for _ in 0..3 {
        mgr.emit("x", ());
    }
    l.run(all).unwrap();
    assert_eq!(mgr.emit("go", ()).waiters, 3);
    l.settle(&mgr);
    assert_eq!(mgr.stats().ran, 3);
}

pub(crate) fn idle_waits_for_a_suspended_call<L: LoopUnderTest>() {
    let mut l = L::start();
    let mgr = Manager::new(l.event_loop());
    let begun = mgr.wait("begun");
    mgr.register("x", |mgr: Manager| async move {
        let go = mgr.wait("go");
        mgr.emit("begun", ());
        go.await.map(drop)
    });
    mgr.emit("x", ());
    l.run(begun).unwrap();
    let mut idle = mgr.idle();
    assert_eq!(poll_once(&mut idle), Poll::Pending);
    assert_eq!((mgr.stats().pending, mgr.stats().ran), (1, 0));
    mgr.emit("go", ());
    assert_eq!(l.run(idle), Ok(()));
    assert_eq!((mgr.stats().pending, mgr.stats().ran), (0, 1));
}

pub(crate) fn a_suspended_call_outlives_its_registration<L: LoopUnderTest>() {
    let mut l = L::start();
    let mgr = Manager::new(l.event_loop());
    let token = Token::default();
    let captured = token.clone();
    let (begun, done) = (mgr.wait("begun"), mgr.wait("done"));
    let registration = mgr.register("x", move |mgr: Manager| {
        let captured = captured.clone();
        async move {
            let go = mgr.wait("go");
            mgr.emit("begun", ());
            go.await?;
            drop(captured);
            mgr.emit("done", ());
            Ok::<(), aioevt::WaitError>(())
        }
    });
    mgr.emit("x", ());
    l.run(begun).unwrap();
    assert_eq!(token.others(), 2);
    assert!(registration.unregister());
    mgr.emit("go", ());
    l.run(done).unwrap();
    l.settle(&mgr);
    assert_eq!(token.others(), 0);
    assert_eq!((mgr.stats().ran, mgr.stats().discarded), (1, 0));
}

pub(crate) fn other_tasks_of_the_loop_get_their_turns<L: LoopUnderTest>() {
    let mut l = L::start();
    let mgr = Manager::new(l.event_loop());
    let stop = Arc::new(AtomicBool::new(false));
    let stopped = stop.clone();
    // Without an end, unless another task of the loop runs.
    mgr.register("x", move |mgr: Manager| {
        if !stopped.load(Ordering::SeqCst) {
            mgr.emit("x", ());
        }
    });
    mgr.emit("x", ());
    l.event_loop()
        .spawn(Box::pin(async move { stop.store(true, Ordering::SeqCst) }))
        .unwrap();
    l.settle(&mgr);
    assert_eq!(mgr.stats().pending, 0);
}
