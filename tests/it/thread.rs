//! `ThreadLoop`: the suite, and what only a thread of one's own can do.

use std::future::Future;
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::Duration;

use aioevt::{EventLoop, Manager, ThreadLoop, WaitError};

use crate::support::{LIMIT, LoopUnderTest, Token, block_on};

impl LoopUnderTest for ThreadLoop {
    const RUNS_BY_ITSELF: bool = true;

    fn start() -> Self {
        Self::spawn("under test").unwrap()
    }

    fn event_loop(&self) -> EventLoop {
        Self::event_loop(self)
    }

    fn run<F: Future>(&mut self, future: F) -> F::Output {
        block_on(future)
    }
}

conformance!(ThreadLoop: callbacks tasks time);

#[test]
fn callbacks_run_on_the_thread_of_that_name() {
    let worker = ThreadLoop::spawn("by name").unwrap();
    let mgr = Manager::new(&worker);
    let (tx, rx) = mpsc::channel();
    mgr.register("x", move || {
        tx.send(thread::current().name().map(String::from)).unwrap()
    });
    mgr.emit("x", ());
    assert_eq!(rx.recv_timeout(LIMIT).unwrap().as_deref(), Some("by name"));
}

#[test]
fn a_name_that_no_thread_can_have_is_an_error() {
    let error = ThreadLoop::spawn("a\0b").unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::InvalidInput);
}

/// Also of the same event: the callbacks behind the one that shuts the loop down are discarded.
#[test]
fn a_shutdown_in_a_callback_lets_no_further_call_start() {
    let worker = Arc::new(ThreadLoop::spawn("one call").unwrap());
    let mgr = Manager::new(&*worker);
    mgr.on_error(|_| ());
    let own = worker.clone();
    mgr.register("x", move || own.shutdown());
    for _ in 0..3 {
        mgr.register("x", || panic!("called after the shutdown"));
    }
    mgr.emit("x", ());
    mgr.idle().timeout(LIMIT).blocking().unwrap();
    let stats = mgr.stats();
    assert_eq!((stats.ran, stats.discarded, stats.panicked), (1, 3, 0));
}

#[test]
fn its_handle_may_be_dropped_at_once() {
    let mgr = Manager::new(&ThreadLoop::spawn("detached").unwrap());
    mgr.register("x", |mgr: Manager| {
        mgr.emit_after(Duration::from_millis(1), "y", ());
    });
    let fired = mgr.wait("y");
    mgr.emit("x", ());
    block_on(fired).unwrap();
}

/// Dropped when the thread that it was given to ends.
struct AtEnd(mpsc::Sender<()>);

impl Drop for AtEnd {
    fn drop(&mut self) {
        let _ = self.0.send(());
    }
}

thread_local! {
    static AT_END: std::cell::RefCell<Option<AtEnd>> = const { std::cell::RefCell::new(None) };
}

/// Tells when the thread of the loop has ended.
fn ends(event_loop: &EventLoop) -> mpsc::Receiver<()> {
    let (ended, rx) = mpsc::channel();
    let mgr = Manager::new(event_loop);
    mgr.on("x")
        .once()
        .call(move || AT_END.set(Some(AtEnd(ended.clone()))));
    mgr.emit("x", ());
    block_on(mgr.idle()).unwrap();
    rx
}

#[test]
fn the_thread_ends_when_nobody_needs_it() {
    let worker = ThreadLoop::spawn("unneeded").unwrap();
    let ended = ends(&worker.event_loop());
    let mgr = Manager::new(&worker);
    let token = Token::default();
    let captured = token.clone();
    mgr.register("x", move || drop(captured.clone()));
    drop(worker);
    mgr.emit("x", ());
    block_on(mgr.idle()).unwrap();
    assert!(ended.try_recv().is_err());
    drop(mgr);
    ended.recv_timeout(LIMIT).unwrap();
    assert_eq!(token.others(), 0);
}

#[test]
fn a_pending_delay_keeps_the_thread_until_it_has_fired() {
    let worker = ThreadLoop::spawn("delays").unwrap();
    let ended = ends(&worker.event_loop());
    let mgr = Manager::new(EventLoop::inline());
    // The second finds the timer's task asleep, without anything to wait for.
    for _ in 0..2 {
        let fired = mgr.wait("x");
        mgr.emit_after_on(&worker, Duration::from_millis(1), "x", ());
        block_on(fired).unwrap();
    }
    let fired = mgr.wait("x");
    mgr.emit_after_on(&worker, Duration::from_millis(20), "x", ());
    drop(worker);
    block_on(fired).unwrap();
    assert_eq!((mgr.stats().delayed, mgr.stats().delays_lost), (0, 0));
    ended.recv_timeout(LIMIT).unwrap();
}

#[test]
fn a_limit_that_is_not_needed_any_more_does_not_keep_the_thread() {
    let worker = ThreadLoop::spawn("limits").unwrap();
    let ended = ends(&worker.event_loop());
    let mgr = Manager::new(&worker);
    for _ in 0..2 {
        let wait = mgr.wait("x").timeout(Duration::from_secs(86_400));
        mgr.emit("x", ());
        block_on(wait).unwrap();
    }
    mgr.emit_after(Duration::from_secs(86_400), "x", ())
        .cancel();
    drop((mgr, worker));
    ended.recv_timeout(LIMIT).unwrap();
}

#[test]
fn blocking_on_its_thread_outside_of_callbacks_is_refused_too() {
    let worker = ThreadLoop::spawn("blocked").unwrap();
    let mgr = Manager::new(&worker);
    let (tx, rx) = mpsc::channel();
    let (other, event_loop) = (mgr.clone(), worker.event_loop());
    let task = async move {
        tx.send((
            other.wait("x").blocking().map(drop),
            other.idle().blocking(),
        ))
        .unwrap();
    };
    aioevt::Spawner::spawn(&event_loop, Box::pin(task)).unwrap();
    let refused = Err(WaitError::WouldDeadlock);
    assert_eq!(rx.recv_timeout(LIMIT).unwrap(), (refused, refused));
}
