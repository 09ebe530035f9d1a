//! Runtimes that misbehave: they refuse, drop, panic, or have no timer. Everything is still accounted for.

#![allow(clippy::unwrap_used, reason = "a test says so by failing")]

use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::sync::mpsc;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use aioevt_core::{
    BoxFuture, CallbackErrorKind, DiscardReason, EventLoop, Manager, Sleep, SpawnError, Spawner,
    Timer, TimerError,
};

/// Keeps the first future, a driver, and treats the others as it is told.
#[derive(Clone)]
struct Odd {
    driver: Arc<Mutex<Option<BoxFuture>>>,
    has_driver: Arc<AtomicBool>,
    others: fn(BoxFuture) -> Result<(), SpawnError>,
}

impl Odd {
    fn new(others: fn(BoxFuture) -> Result<(), SpawnError>) -> Self {
        Self {
            driver: Arc::default(),
            has_driver: Arc::default(),
            others,
        }
    }

    fn run(&self) {
        let mut driver = self.driver.lock().unwrap().take().unwrap();
        let mut cx = Context::from_waker(Waker::noop());
        assert_eq!(driver.as_mut().poll(&mut cx), Poll::Pending);
        *self.driver.lock().unwrap() = Some(driver);
    }
}

impl Spawner for Odd {
    fn spawn(&self, future: BoxFuture) -> Result<(), SpawnError> {
        if !self.has_driver.swap(true, SeqCst) {
            *self.driver.lock().unwrap() = Some(future);
            return Ok(());
        }
        (self.others)(future)
    }
}

impl Timer for Odd {
    fn now(&self) -> Duration {
        Duration::ZERO
    }

    fn sleep(&self, _: Duration) -> Sleep {
        Box::pin(std::future::ready(Err(TimerError::Disabled("give it one"))))
    }
}

/// Runs one async callback that suspends; what the hook is told.
fn suspended_on(odd: Odd) -> (Manager, Vec<String>) {
    let mgr = Manager::new(EventLoop::new(odd.clone()));
    let (tx, rx) = mpsc::channel();
    mgr.on_error(move |error| {
        assert!(
            matches!(error.kind(), CallbackErrorKind::Discarded(_)),
            "{error}"
        );
        tx.send(error.to_string()).unwrap();
    });
    mgr.register("E", std::future::pending::<()>);
    mgr.emit("E", ());
    odd.run();
    (mgr, rx.try_iter().collect())
}

#[test]
fn a_suspended_call_that_is_refused_is_reported_once_with_the_reason() {
    let (mgr, reports) = suspended_on(Odd::new(|_| Err(SpawnError::Full { capacity: 4 })));
    assert_eq!(reports.len(), 1, "{reports:?}");
    assert!(reports[0].contains("all 4 task slots"), "{reports:?}");
    assert_eq!((mgr.stats().discarded, mgr.stats().pending), (1, 0));
    assert_eq!(mgr.callback_count("E"), 1, "the registration stays");
}

#[test]
fn a_suspended_call_that_is_dropped_inside_spawn_is_reported_once() {
    let (mgr, reports) = suspended_on(Odd::new(|future| {
        drop(future);
        Ok(())
    }));
    assert_eq!(reports.len(), 1, "{reports:?}");
    assert_eq!((mgr.stats().discarded, mgr.stats().pending), (1, 0));
}

#[test]
fn a_spawner_that_panics_costs_one_call() {
    let (mgr, reports) = suspended_on(Odd::new(|_| panic!("a bad spawner")));
    assert_eq!(reports.len(), 1, "{reports:?}");
    assert_eq!((mgr.stats().discarded, mgr.stats().pending), (1, 0));
}

/// Takes nothing.
struct Dead(fn() -> Result<(), SpawnError>);

impl Spawner for Dead {
    fn spawn(&self, _: BoxFuture) -> Result<(), SpawnError> {
        (self.0)()
    }
}

impl Timer for Dead {
    fn now(&self) -> Duration {
        Duration::ZERO
    }

    fn sleep(&self, _: Duration) -> Sleep {
        Box::pin(std::future::pending())
    }
}

#[test]
fn registering_on_a_loop_that_refuses_its_driver_is_inert_and_reported() {
    for refusal in [
        || Err(SpawnError::Closed),
        || Ok(()),
        || panic!("a bad spawner"),
    ] {
        let mgr = Manager::new(EventLoop::inline());
        let (tx, rx) = mpsc::channel();
        mgr.on_error(move |error| match error.kind() {
            CallbackErrorKind::Discarded(reason) => tx.send(*reason).unwrap(),
            other => panic!("unexpected {other:?}"),
        });
        let dead = EventLoop::new(Dead(refusal));
        let registration = mgr.on("E").event_loop(&dead).call(|| ());
        assert!(!registration.is_active() && !registration.unregister());
        assert!(dead.is_closed());
        assert_eq!(
            rx.try_iter().collect::<Vec<_>>(),
            [DiscardReason::LoopClosed { deliveries: 0 }]
        );
        assert!(mgr.names().is_empty());
    }
}

#[test]
fn a_timer_that_does_not_work_loses_delays_with_a_report() {
    let odd = Odd::new(|_| Err(SpawnError::Closed));
    let mgr = Manager::new(EventLoop::new(odd.clone()));
    let (tx, rx) = mpsc::channel();
    mgr.on_error(move |error| tx.send(error.to_string()).unwrap());
    let delayed = mgr.emit_after(Duration::from_secs(1), "late", ());
    let mut task = odd.driver.lock().unwrap().take().unwrap();
    assert_eq!(
        task.as_mut().poll(&mut Context::from_waker(Waker::noop())),
        Poll::Ready(())
    );
    let reports: Vec<_> = rx.try_iter().collect();
    assert_eq!(reports.len(), 1, "{reports:?}");
    assert!(
        reports[0].contains("no timer: give it one") && reports[0].contains("spawner.rs"),
        "{reports:?}"
    );
    assert!(!delayed.cancel());
    assert_eq!((mgr.stats().delays_lost, mgr.stats().delayed), (1, 0));
}

#[test]
fn an_inline_loop_has_no_timer_and_says_so() {
    let mgr = Manager::new(EventLoop::inline());
    let (tx, rx) = mpsc::channel();
    mgr.on_error(move |error| tx.send(error.to_string()).unwrap());
    mgr.emit_after(Duration::ZERO, "late", ());
    assert!(rx.try_recv().unwrap().contains("emit_after_on"));
    // A blocking wait has the operating system's clock.
    let timed_out = mgr
        .wait("never")
        .timeout(Duration::from_millis(1))
        .blocking();
    assert_eq!(timed_out.map(drop), Err(aioevt_core::WaitError::TimedOut));
}
