//! The same as `regressions.rs`, where a call, a loop or a manager comes to its end.
#![cfg(not(loom))]
#![allow(clippy::std_instead_of_core, reason = "a test")]

#[path = "support/kept.rs"]
mod kept;

use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use aioevt_core::{EventLoop, Manager, PollLoop, Shared, ThreadLoop, TimerError, WaitError};

use self::kept::Kept;

fn run(poll_loop: &mut PollLoop) {
    while poll_loop.poll(Duration::ZERO).is_some() {}
}

/// The error that a suspended call had ended with was dropped outside of everything that contains panics, if the drop of
/// the call's future had panicked as well: into the executor, and counted as if the loop had been shut down.
#[test]
fn an_error_that_panics_after_its_future_did_is_contained() {
    struct Panics;
    impl Drop for Panics {
        fn drop(&mut self) {
            panic!("when dropped");
        }
    }
    #[derive(Debug)]
    struct Error(#[allow(dead_code, reason = "it is dropped")] Hidden);
    struct Hidden(#[allow(dead_code, reason = "it is dropped")] Panics);
    impl std::fmt::Debug for Hidden {
        fn fmt(&self, _: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            Ok(())
        }
    }
    impl std::fmt::Display for Error {
        fn fmt(&self, _: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            Ok(())
        }
    }
    impl std::error::Error for Error {}
    /// Suspends so often, then fails.
    struct Fails(u32, #[allow(dead_code, reason = "it is dropped")] Panics);
    impl Future for Fails {
        type Output = Result<(), Error>;
        fn poll(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Self::Output> {
            if self.0 == 0 {
                return Poll::Ready(Err(Error(Hidden(Panics))));
            }
            self.0 -= 1;
            Poll::Pending
        }
    }

    for suspends in [0, 1] {
        let kept = Kept::default();
        let mgr = Manager::new(kept.event_loop());
        mgr.on_error(|_| ());
        mgr.register("x", move || Fails(suspends, Panics));
        let mut driver = kept.take();
        let mut cx = Context::from_waker(Waker::noop());
        mgr.emit("x", ());
        assert!(driver.as_mut().poll(&mut cx).is_pending());
        if suspends > 0 {
            assert!(kept.take().as_mut().poll(&mut cx).is_ready());
        }
        assert!(driver.as_mut().poll(&mut cx).is_pending());
        let stats = mgr.stats();
        assert_eq!((stats.panicked, stats.discarded, stats.pending), (1, 0, 0));
    }
}

/// Whoever blocked in what a loop dropped at its end waited for itself: only in what a lane dropped it was refused.
#[test]
fn a_blocking_wait_in_what_a_loop_drops_at_its_end_is_refused() {
    struct Blocks(Manager, Arc<Mutex<Vec<Result<(), WaitError>>>>);
    impl Drop for Blocks {
        fn drop(&mut self) {
            let idle = self.0.idle().timeout(Duration::from_millis(1)).blocking();
            self.1.lock().expect("nobody panics").push(idle);
        }
    }

    let mut poll_loop = PollLoop::new(|| ());
    let mgr = Manager::new(&poll_loop);
    let seen = Arc::new(Mutex::new(Vec::new()));
    let (weak, log) = (mgr.downgrade(), seen.clone());
    mgr.on_error(move |_| {
        if let Some(mgr) = weak.upgrade() {
            drop(Blocks(mgr, log.clone()));
        }
    });
    let log = seen.clone();
    mgr.register("x", move |mgr: Manager| {
        let blocks = Blocks(mgr, log.clone());
        async move {
            std::future::pending::<()>().await;
            drop(blocks);
        }
    });
    mgr.emit("x", ());
    run(&mut poll_loop);
    mgr.emit_after(Duration::from_secs(1), "x", ());
    while poll_loop.poll(Duration::ZERO) == Some(Duration::ZERO) {}
    drop(poll_loop);
    // The registration, the call, what that had captured, the delay.
    let refused = [Err(WaitError::WouldDeadlock); 4];
    assert_eq!(*seen.lock().expect("nobody panics"), refused);
    assert_eq!(mgr.idle().blocking(), Ok(()));
}

/// The delays that were due already were still fired by a loop that had been shut down.
#[test]
fn a_loop_that_is_shut_down_fires_no_further_delay() {
    let thread_loop = Arc::new(ThreadLoop::spawn("stops").expect("a thread"));
    let mgr = Manager::new(EventLoop::inline());
    mgr.on_error(|_| ());
    let own = thread_loop.clone();
    mgr.register("due", move || own.shutdown());
    let (busy, is_busy) = std::sync::mpsc::channel();
    let (go, goes) = std::sync::mpsc::channel::<()>();
    mgr.on("block").event_loop(&*thread_loop).call(move || {
        let _ = busy.send(());
        let _ = goes.recv();
    });
    mgr.emit("block", ());
    is_busy.recv().expect("the loop runs");
    for _ in 0..5 {
        mgr.emit_after_on(&*thread_loop, Duration::ZERO, "due", ());
    }
    go.send(()).expect("the loop waits");
    thread_loop.shutdown();
    let stats = mgr.stats();
    assert_eq!((stats.delays_lost, stats.delayed), (5 - (stats.ran - 1), 0));
    assert!(stats.ran <= 2, "{stats:?}");
}

/// A closed manager has no default loop, and `timeout` no timer then: the limit was ignored without a word. Where something
/// is left to do on a loop, that has one (which is tested on all of them); an inline loop has not.
#[test]
fn a_limit_that_nothing_can_keep_after_close_is_an_error() {
    let seen = Arc::new(Mutex::new(None));
    let mgr = Manager::new(EventLoop::inline());
    let log = seen.clone();
    mgr.register("x", move |mgr: Manager| {
        mgr.close();
        let mut idle = mgr.idle().timeout(Duration::from_secs(1));
        *log.lock().expect("nobody panics") =
            Some(Pin::new(&mut idle).poll(&mut Context::from_waker(Waker::noop())));
    });
    mgr.emit("x", ());
    let outcome = Poll::Ready(Err(WaitError::Timer(TimerError::Unsupported)));
    assert_eq!(seen.lock().expect("nobody panics").take(), Some(outcome));
}

/// The data is in what the waits share, and goes with the last that has it: a wait that was not looked at, or what one gave.
#[test]
fn what_a_wait_gave_outlives_everything_and_is_dropped_with_the_last_who_has_it() {
    let mgr = Manager::new(EventLoop::inline());
    let (first, second) = (mgr.wait("x"), mgr.wait("x"));
    let value = Arc::new(7);
    assert_eq!(mgr.emit("x", (value.clone(),)).waiters, 2);
    let data = first.blocking().expect("an event has come");
    assert_eq!(mgr.names(), [""; 0]);
    drop(mgr);
    assert_eq!(data.arg::<Arc<i32>>(0).as_deref(), Ok(&7));
    assert_eq!(Arc::strong_count(&value), 2);
    // Emitted again it is the same data, also where callbacks get it.
    let other = Manager::new(EventLoop::inline());
    let again = other.wait("y");
    other.register("y", |_: Arc<i32>| ());
    other.emit("y", &data);
    let again = again.blocking().expect("an event has come");
    assert_eq!(Arc::strong_count(&value), 2);
    drop((data, again));
    assert_eq!(Arc::strong_count(&value), 2);
    drop(second);
    assert_eq!(Arc::strong_count(&value), 1);
}

/// Small data is copied for lanes and waits only if that makes no difference. Here it would.
#[test]
fn what_changes_behind_a_shared_reference_changes_for_all_lanes_and_waits() {
    let mut poll_loop = PollLoop::new(|| ());
    let mgr = Manager::new(&poll_loop);
    let count = |count: Shared<AtomicUsize>| {
        count.fetch_add(1, Ordering::Relaxed);
    };
    mgr.register("x", count);
    mgr.on("x")
        .event_loop(poll_loop.event_loop().new_lane())
        .call(count);
    let wait = mgr.wait("x");
    assert_eq!(mgr.emit("x", (AtomicUsize::new(5),)).callbacks, 2);
    run(&mut poll_loop);
    let data = wait.blocking().expect("an event has come");
    let value = data.arg_ref::<AtomicUsize>(0).expect("it is one");
    assert_eq!(value.load(Ordering::Relaxed), 7);
}

/// Whoever gets the last of it drops what is foreign, which may panic: that is contained.
#[test]
fn a_wait_that_is_dropped_with_data_that_panics_is_dropped() {
    struct Panics;
    impl Drop for Panics {
        fn drop(&mut self) {
            panic!("when dropped");
        }
    }
    let mgr = Manager::new(EventLoop::inline());
    let wait = mgr.wait("x");
    assert_eq!(mgr.emit("x", (Panics,)).waiters, 1);
    drop(wait);
    assert_eq!(mgr.stats().waiters, 0);
}

/// One drops with a panic, which stops neither the others nor the reports.
#[test]
fn what_was_queued_is_dropped_when_its_loop_ends() {
    struct Panics;
    impl Drop for Panics {
        fn drop(&mut self) {
            panic!("when dropped");
        }
    }
    let mut poll_loop = PollLoop::new(|| ());
    let mgr = Manager::new(&poll_loop);
    let reports = Arc::new(AtomicUsize::new(0));
    let counts = reports.clone();
    mgr.on_error(move |_| _ = counts.fetch_add(1, Ordering::Relaxed));
    mgr.register("x", || ());
    run(&mut poll_loop);
    let data = Arc::new(());
    for _ in 0..3 {
        mgr.emit("x", (data.clone(),));
        mgr.emit("x", (Panics,));
    }
    // A registration that its lane has not taken yet, too.
    let kept = data.clone();
    mgr.register("x", move || _ = kept.clone());
    assert_eq!(Arc::strong_count(&data), 5);
    drop(poll_loop);
    assert_eq!(Arc::strong_count(&data), 1);
    let stats = mgr.stats();
    assert_eq!((stats.discarded, stats.pending), (6, 0));
    assert_eq!(reports.load(Ordering::Relaxed), 2);
}
