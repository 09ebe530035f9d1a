//! `EventLoop::inline()`: it has neither tasks nor a clock, so what needs them is not mounted.

use std::cell::RefCell;
use std::future::Future;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use aioevt::{EventLoop, Manager, ThreadLoop, TimerError, WaitError};

use crate::support::{Errors, LIMIT, Log, LoopUnderTest, block_on};

struct Inline(EventLoop);

impl LoopUnderTest for Inline {
    const RUNS_BY_ITSELF: bool = true;

    fn start() -> Self {
        Self(EventLoop::inline())
    }

    fn event_loop(&self) -> EventLoop {
        self.0.clone()
    }

    fn run<F: Future>(&mut self, future: F) -> F::Output {
        block_on(future)
    }
}

conformance!(Inline: callbacks);

#[test]
fn alone_on_a_thread_callbacks_have_run_when_emit_returns() {
    let mgr = Manager::new(EventLoop::inline());
    let log = Log::new();
    let (outer, inner) = (log.clone(), log.clone());
    mgr.register("outer", move |mgr: Manager| {
        mgr.emit("inner", ());
        outer.push((thread::current().id(), "outer"));
    });
    mgr.register("inner", move || {
        let log = inner.clone();
        async move { log.push((thread::current().id(), "inner")) }
    });
    mgr.emit("outer", ());
    let here = thread::current().id();
    assert_eq!(log.take(), [(here, "outer"), (here, "inner")]);
}

#[test]
fn another_inline_loop_runs_inside_the_emit() {
    let mgr = Manager::new(EventLoop::inline());
    let log = Log::new();
    let (outer, inner, back) = (log.clone(), log.clone(), log.clone());
    mgr.register("outer", move |mgr: Manager| {
        mgr.emit("inner", ());
        outer.push("outer ends");
    });
    mgr.on("inner")
        .event_loop(EventLoop::inline())
        .call(move |mgr: Manager| {
            inner.push("inner");
            // That loop is up this stack: it comes later.
            mgr.emit("back", ());
        });
    mgr.register("back", move || back.push("back"));
    mgr.emit("outer", ());
    assert_eq!(log.take(), ["inner", "outer ends", "back"]);
}

#[test]
fn an_event_of_a_second_thread_is_run_by_the_first() {
    let mgr = Manager::new(EventLoop::inline());
    let (entered, inside) = mpsc::channel();
    let (left, leave) = mpsc::channel::<()>();
    let log = Log::new();
    let recording = log.clone();
    mgr.register("first", move || {
        entered.send(()).unwrap();
        leave.recv_timeout(LIMIT).unwrap();
    });
    mgr.register("second", move || recording.push(thread::current().id()));
    let other = mgr.clone();
    let first = thread::spawn(move || other.emit("first", ()));
    inside.recv_timeout(LIMIT).unwrap();
    assert_eq!(mgr.emit("second", ()).callbacks, 1);
    assert_eq!(log.len(), 0);
    let runner = first.thread().id();
    left.send(()).unwrap();
    first.join().unwrap();
    assert_eq!(log.take(), [runner]);
}

#[test]
fn an_inline_callback_of_an_event_of_a_thread_loop_runs_on_its_thread() {
    let worker = ThreadLoop::spawn("emits").unwrap();
    let mgr = Manager::new(&worker);
    let log = Log::new();
    let recording = log.clone();
    mgr.register("x", |mgr: Manager| mgr.emit("y", ()));
    mgr.on("y")
        .event_loop(EventLoop::inline())
        .call(move || recording.push(thread::current().name().map(String::from)));
    mgr.emit("x", ());
    block_on(mgr.idle()).unwrap();
    assert_eq!(log.take(), [Some(String::from("emits"))]);
}

#[test]
fn an_async_callback_that_is_not_ready_at_once_has_failed() {
    let mgr = Manager::new(EventLoop::inline());
    let errors = Errors::of(&mgr);
    let registration = mgr
        .on("x")
        .named("waits")
        .call(|mgr: Manager| async move { mgr.wait("y").await.map(drop) });
    mgr.emit("x", ());
    let told = errors.take();
    assert!(
        told[0].starts_with("x/waits: failed: the async callback was not ready"),
        "{told:?}"
    );
    assert!(registration.is_active());
    assert_eq!((mgr.stats().failed, mgr.stats().waiters), (1, 0));
}

#[test]
fn there_is_no_clock() {
    let mgr = Manager::new(EventLoop::inline());
    let errors = Errors::of(&mgr);
    let delayed = mgr.emit_after(Duration::ZERO, "x", ());
    assert!(!delayed.cancel());
    let told = errors.take();
    assert!(
        told[0]
            .starts_with("x/emit_after: will never be emitted: an inline event loop has no clock")
    );
    assert_eq!((mgr.stats().delayed, mgr.stats().delays_lost), (0, 1));
    let wait = mgr.wait("x").timeout(Duration::ZERO);
    assert_eq!(
        block_on(wait).unwrap_err(),
        WaitError::Timer(TimerError::Unsupported)
    );
    // Unless the wait has a clock of its own, or is over before.
    let wait = mgr.wait("x").timeout(Duration::from_millis(1));
    assert_eq!(wait.blocking().unwrap_err(), WaitError::TimedOut);
    let wait = mgr.wait("x").timeout(Duration::ZERO);
    mgr.emit("x", (1,));
    assert_eq!(block_on(wait).unwrap().arg(0), Ok(1));
    let idle = mgr.idle().timeout(Duration::ZERO);
    assert_eq!(block_on(idle), Ok(()));
}

#[test]
fn an_emit_works_in_a_thread_local_destructor() {
    struct LastWords(Option<Manager>);

    impl Drop for LastWords {
        fn drop(&mut self) {
            self.0.take().unwrap().emit("x", ());
        }
    }

    thread_local! {
        static LAST: RefCell<Option<LastWords>> = const { RefCell::new(None) };
    }

    let mgr = Manager::new(EventLoop::inline());
    let worker = ThreadLoop::spawn("worker").unwrap();
    let log = Log::new();
    let (here, there) = (log.clone(), log.clone());
    mgr.register("x", move || here.push(()));
    mgr.on("x").event_loop(&worker).call(move || there.push(()));
    let ours = mgr.clone();
    thread::spawn(move || LAST.set(Some(LastWords(Some(ours)))))
        .join()
        .unwrap();
    block_on(mgr.idle()).unwrap();
    assert_eq!(log.len(), 2);
}

/// It keeps neither limits nor delays: what stands still is nothing that the other manager waits for.
#[test]
fn a_callback_blocks_on_another_manager_of_the_same_inline_loop() {
    let event_loop = EventLoop::inline();
    let (mgr, other) = (Manager::new(&event_loop), Manager::new(&event_loop));
    let log = Log::new();
    let told = log.clone();
    mgr.register("x", move || {
        let (wait, emits) = (other.wait("y").timeout(LIMIT), other.clone());
        thread::scope(|scope| {
            scope.spawn(move || emits.emit("y", ()));
            told.push(wait.blocking().map(drop));
        });
    });
    mgr.emit("x", ());
    assert_eq!(log.take(), [Ok(())]);
}
