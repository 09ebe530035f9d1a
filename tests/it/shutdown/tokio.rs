//! Ways in which only a tokio runtime dies, or does not live.

use std::sync::{Arc, Mutex, mpsc};
use std::thread;
use std::time::Duration;

use aioevt::{CallbackErrorKind, EventLoop, Manager, TimerError, TokioRuntime, WaitError};
use tokio::runtime::{Builder, Runtime};

use super::Mortal;
use crate::support::{Errors, LIMIT, Log, LoopUnderTest, Token, block_on};
use crate::tokio::{CurrentThread, MultiThread};

impl Mortal for CurrentThread {
    fn die(self, queue: impl FnOnce()) {
        queue();
    }
}

impl Mortal for MultiThread {
    /// It may run for a while before the drop takes effect.
    const AT_ONCE: bool = false;

    fn die(self, queue: impl FnOnce()) {
        let held = self.hold();
        queue();
        // Returns when the workers have stopped, and so not before the lane is released.
        let dropping = thread::spawn(move || drop(self));
        drop(held);
        dropping.join().unwrap();
    }
}

fn current_thread() -> Runtime {
    Builder::new_current_thread().enable_time().build().unwrap()
}

fn event_loop(runtime: &Runtime) -> EventLoop {
    EventLoop::new(TokioRuntime::new(runtime.handle().clone()))
}

#[test]
fn a_runtime_is_dropped_and_a_new_one_made() {
    let mgr = Manager::new(EventLoop::inline());
    let errors = Errors::of(&mgr);
    let log = Log::new();
    for number in 0..5 {
        let runtime = current_thread();
        let own = event_loop(&runtime);
        let recording = log.clone();
        mgr.on("x")
            .event_loop(&own)
            .call(move || recording.push(number));
        assert_eq!(mgr.emit("x", ()).callbacks, 1);
        runtime.block_on(mgr.idle()).unwrap();
        let fired = mgr.wait("y");
        mgr.emit_after_on(&own, Duration::from_millis(1), "y", ());
        runtime.block_on(fired).unwrap();
    }
    assert_eq!(log.take(), [0, 1, 2, 3, 4]);
    assert_eq!(errors.len(), 5);
}

#[test]
#[cfg_attr(panic = "abort", ignore = "tokio panics without a timer")]
fn a_runtime_without_a_timer_runs_callbacks_and_says_what_it_lacks() {
    for mut builder in [Builder::new_current_thread(), Builder::new_multi_thread()] {
        let runtime = builder.build().unwrap();
        let mgr = Manager::new(event_loop(&runtime));
        let (errors, log) = (Errors::of(&mgr), Log::new());
        let recording = log.clone();
        mgr.register("x", move || {
            let log = recording.clone();
            async move { log.push(()) }
        });
        mgr.emit("x", ());
        mgr.emit_after(LIMIT, "x", ());
        let limited = mgr.wait("y").timeout(LIMIT);
        let disabled = WaitError::Timer(TimerError::Disabled(
            "build the runtime with `enable_time()` or `enable_all()`",
        ));
        assert_eq!(runtime.block_on(limited).unwrap_err(), disabled);
        runtime.block_on(mgr.idle()).unwrap();
        mgr.emit("x", ());
        runtime.block_on(mgr.idle()).unwrap();
        assert_eq!(log.len(), 2);
        assert_eq!(
            errors.take(),
            [
                "x/emit_after: will never be emitted: the event loop has no timer: build the runtime with \
                 `enable_time()` or `enable_all()`"
            ]
        );
        assert_eq!((mgr.stats().delays_lost, mgr.stats().delayed), (1, 0));
    }
}

#[test]
fn the_second_delay_of_a_loop_whose_last_handle_is_dropped_fires() {
    let runtime = current_thread();
    let mgr = Manager::new(EventLoop::inline());
    let own = event_loop(&runtime);
    let fired = mgr.wait("first");
    mgr.emit_after_on(&own, Duration::ZERO, "first", ());
    runtime.block_on(fired).unwrap();
    // The task that watches the delays is asleep now, and has nothing to keep the loop for.
    runtime.block_on(tokio::task::yield_now());
    let fired = mgr.wait("second");
    mgr.emit_after_on(own, Duration::from_millis(1), "second", ());
    assert_eq!(mgr.stats().delayed, 1);
    let limited = runtime.block_on(async { tokio::time::timeout(LIMIT, fired).await });
    assert!(limited.unwrap().is_ok());
    assert_eq!((mgr.stats().delayed, mgr.stats().delays_lost), (0, 0));
}

#[test]
fn the_last_handle_in_the_runtime_s_own_callback() {
    let runtime = current_thread();
    let token = Token::default();
    let mgr = Manager::new(event_loop(&runtime));
    let idle = mgr.idle();
    let (captured, slot) = (token.clone(), Arc::new(Mutex::new(None)));
    let own = slot.clone();
    mgr.register("x", move || {
        let _captured = &captured;
        drop(own.lock().unwrap().take());
    });
    mgr.emit("x", ());
    *slot.lock().unwrap() = Some(mgr);
    runtime.block_on(idle).unwrap();
    assert_eq!(token.others(), 0);
}

#[test]
fn shutting_down_in_the_background_from_a_callback_accounts_for_everything() {
    for _ in 0..50 {
        let runtime = Builder::new_multi_thread()
            .worker_threads(2)
            .enable_time()
            .build()
            .unwrap();
        let lanes = [event_loop(&runtime), event_loop(&runtime)];
        let mgr = Manager::new(EventLoop::inline());
        let (told, closed) = mpsc::channel();
        mgr.on_error(move |error| {
            if matches!(error.kind(), CallbackErrorKind::Discarded(_)) {
                told.send(()).unwrap();
            }
        });
        let runtime = Arc::new(Mutex::new(Some(runtime)));
        for lane in &lanes {
            let runtime = runtime.clone();
            mgr.on("x").event_loop(lane).call(move |number: i32| {
                let taken = (number == 100)
                    .then(|| runtime.lock().unwrap().take())
                    .flatten();
                taken
                    .map(Runtime::shutdown_background)
                    .map_or(Ok(()), |()| Err("shut down"))
            });
        }
        for number in 0..1000 {
            mgr.emit("x", (number,));
        }
        for _ in &lanes {
            closed.recv_timeout(LIMIT).unwrap();
        }
        block_on(mgr.idle()).unwrap();
        let stats = mgr.stats();
        assert_eq!(stats.failed, 1);
        assert_eq!(stats.accepted, stats.ran + stats.failed + stats.discarded);
        assert_eq!((stats.pending, stats.callbacks), (0, 0));
    }
}

#[test]
fn a_runtime_that_is_entered_elsewhere_is_not_used() {
    let (named, ambient) = (current_thread(), current_thread());
    let own = event_loop(&named);
    let mgr = Manager::new(&own);
    let (tx, rx) = mpsc::channel();
    mgr.register("x", move || tx.send(thread::current().id()).unwrap());
    let entered = ambient.enter();
    mgr.emit("x", ());
    mgr.emit_after(Duration::ZERO, "x", ());
    drop(entered);
    ambient.block_on(tokio::task::yield_now());
    assert!(rx.try_recv().is_err());
    let here = thread::spawn(move || {
        let here = thread::current().id();
        let done = mgr.wait("done");
        mgr.emit_after(Duration::from_millis(2), "done", ());
        named.block_on(done).unwrap();
        named.block_on(mgr.idle()).unwrap();
        here
    });
    let here = here.join().unwrap();
    assert_eq!(
        [rx.recv_timeout(LIMIT), rx.recv_timeout(LIMIT)],
        [Ok(here), Ok(here)]
    );
}
