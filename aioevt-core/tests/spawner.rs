//! Runtimes that misbehave: they refuse, drop, panic, or have no timer. Everything is still accounted for.

#![allow(clippy::unwrap_used, reason = "a test says so by failing")]

use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::sync::mpsc;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

use aioevt_core::{
    BoxFuture, CallbackErrorKind, DiscardReason, EventLoop, Manager, Sleep, SpawnError, Spawner,
    Timer, TimerError, WaitError,
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

/// Ends a runtime with its test: the driver that it keeps holds its lane, and that the runtime.
struct Ends(Odd);

impl Drop for Ends {
    fn drop(&mut self) {
        let driver = self.0.driver.lock().unwrap().take();
        drop(driver);
    }
}

/// Runs one async callback that suspends; what the hook is told.
fn suspended_on(odd: Odd) -> (Manager, Vec<String>, Ends) {
    let mgr = Manager::new(EventLoop::new(odd.clone()));
    let (tx, rx) = mpsc::channel();
    mgr.on_error(move |error| {
        assert!(
            matches!(error.kind(), CallbackErrorKind::Discarded(_)),
            "{error}"
        );
        // Nobody listens any more when it ends.
        let _ = tx.send(error.to_string());
    });
    mgr.register("E", std::future::pending::<()>);
    mgr.emit("E", ());
    odd.run();
    (mgr, rx.try_iter().collect(), Ends(odd))
}

#[test]
fn a_suspended_call_that_is_refused_is_reported_once_with_the_reason() {
    let (mgr, reports, _ends) = suspended_on(Odd::new(|_| Err(SpawnError::Full { capacity: 4 })));
    assert_eq!(reports.len(), 1, "{reports:?}");
    assert!(reports[0].contains("all 4 task slots"), "{reports:?}");
    assert_eq!((mgr.stats().discarded, mgr.stats().pending), (1, 0));
    assert_eq!(mgr.callback_count("E"), 1, "the registration stays");
}

#[test]
fn a_suspended_call_that_is_dropped_inside_spawn_is_reported_once() {
    let (mgr, reports, _ends) = suspended_on(Odd::new(|future| {
        drop(future);
        Ok(())
    }));
    assert_eq!(reports.len(), 1, "{reports:?}");
    assert_eq!((mgr.stats().discarded, mgr.stats().pending), (1, 0));
}

#[test]
fn a_spawner_that_panics_costs_one_call() {
    let (mgr, reports, _ends) = suspended_on(Odd::new(|_| panic!("a bad spawner")));
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
    assert_eq!(timed_out.map(drop), Err(WaitError::TimedOut));
}

/// Where a timer breaks once its task runs.
#[derive(Clone, Copy, PartialEq)]
enum Fault {
    Now,
    Sleep,
    PollOfTheSleep,
}

/// A runtime that keeps its tasks for the test to poll, and whose timer breaks when it is told to.
#[derive(Clone)]
struct BreaksLater {
    tasks: Arc<Mutex<Vec<BoxFuture>>>,
    broken: Arc<AtomicBool>,
    fault: Fault,
}

impl BreaksLater {
    fn break_if(&self, fault: Fault) {
        if self.fault == fault && self.broken.load(SeqCst) {
            std::panic::resume_unwind(Box::new("broken"));
        }
    }
}

impl Spawner for BreaksLater {
    fn spawn(&self, future: BoxFuture) -> Result<(), SpawnError> {
        self.tasks.lock().unwrap().push(future);
        Ok(())
    }
}

impl Timer for BreaksLater {
    fn now(&self) -> Duration {
        self.break_if(Fault::Now);
        Duration::ZERO
    }

    fn sleep(&self, _: Duration) -> Sleep {
        self.break_if(Fault::Sleep);
        let this = self.clone();
        Box::pin(std::future::poll_fn(move |_| {
            this.break_if(Fault::PollOfTheSleep);
            Poll::Pending
        }))
    }
}

#[test]
fn whatever_of_a_timer_panics_its_delays_and_limits_end() {
    for fault in [Fault::Now, Fault::Sleep, Fault::PollOfTheSleep] {
        let runtime = BreaksLater {
            tasks: Arc::default(),
            broken: Arc::default(),
            fault,
        };
        let mgr = Manager::new(EventLoop::new(runtime.clone()));
        let (tx, rx) = mpsc::channel();
        mgr.on_error(move |error| {
            assert!(matches!(
                error.kind(),
                CallbackErrorKind::Timer(TimerError::Closed)
            ));
            tx.send(error.event().to_string()).unwrap();
        });
        mgr.emit_after(Duration::from_secs(1), "late", ());
        let mut wait = mgr.wait("never").timeout(Duration::from_secs(2));
        let mut cx = Context::from_waker(Waker::noop());
        runtime.broken.store(true, SeqCst);
        let mut task = runtime.tasks.lock().unwrap().pop().unwrap();
        assert!(task.as_mut().poll(&mut cx).is_ready());
        assert_eq!(rx.try_iter().collect::<Vec<_>>(), ["late"]);
        let outcome = Pin::new(&mut wait).poll(&mut cx);
        assert!(matches!(
            outcome,
            Poll::Ready(Err(WaitError::Timer(TimerError::Closed)))
        ));
        let stats = mgr.stats();
        assert_eq!((stats.delayed, stats.delays_lost, stats.waiters), (0, 1, 0));
    }
}

/// A refused suspended call leads to the spawner's own error.
#[test]
fn a_refused_call_leads_to_its_cause() {
    let odd = Odd::new(|_| Err(SpawnError::Full { capacity: 4 }));
    let mgr = Manager::new(EventLoop::new(odd.clone()));
    let (tx, rx) = mpsc::channel();
    mgr.on_error(move |error| {
        let cause = std::error::Error::source(error).map(ToString::to_string);
        let _ = tx.send(cause);
    });
    mgr.register("E", std::future::pending::<()>);
    mgr.emit("E", ());
    odd.run();
    let _ends = Ends(odd);
    let cause = rx.try_recv().unwrap().unwrap();
    assert!(cause.contains("all 4 task slots"), "{cause}");
}

/// A registration on a loop that has no room for its driver leads to the spawner's own error, and so does the next one there.
#[test]
fn a_refused_driver_is_reported_with_the_reason() {
    struct Full;
    impl Spawner for Full {
        fn spawn(&self, _: BoxFuture) -> Result<(), SpawnError> {
            Err(SpawnError::Full { capacity: 4 })
        }
    }
    impl Timer for Full {
        fn now(&self) -> Duration {
            Duration::ZERO
        }
        fn sleep(&self, _: Duration) -> Sleep {
            Box::pin(async { Err(TimerError::Unsupported) })
        }
    }
    let mgr = Manager::new(EventLoop::new(Full));
    let (tx, rx) = mpsc::channel();
    mgr.on_error(move |error| {
        let _ = tx.send(error.to_string());
    });
    for name in ["E", "E", "F"] {
        assert!(!mgr.register(name, || ()).is_active());
        let text = rx.try_recv().unwrap();
        assert!(text.contains("all 4 task slots"), "{text}");
        assert!(rx.try_recv().is_err());
    }
    assert_eq!(mgr.stats().accepted, 0);
}

const SECOND: Duration = Duration::from_secs(1);

/// What a runtime keeps for the test: its tasks, its clock, and how its next sleep will fail.
#[derive(Default)]
struct Kept {
    tasks: Mutex<Vec<BoxFuture>>,
    now: Mutex<Duration>,
    broken: AtomicBool,
    drops_badly: AtomicBool,
}

impl Kept {
    fn take(&self) -> BoxFuture {
        self.tasks.lock().unwrap().remove(0)
    }
}

struct ByHand {
    kept: Arc<Kept>,
    _alive: Arc<()>,
}

impl Spawner for ByHand {
    fn spawn(&self, future: BoxFuture) -> Result<(), SpawnError> {
        self.kept.tasks.lock().unwrap().push(future);
        Ok(())
    }
}

impl Timer for ByHand {
    fn now(&self) -> Duration {
        *self.kept.now.lock().unwrap()
    }

    fn sleep(&self, duration: Duration) -> Sleep {
        let deadline = self.now() + duration;
        Box::pin(HandSleep(self.kept.clone(), deadline))
    }
}

struct HandSleep(Arc<Kept>, Duration);

impl Future for HandSleep {
    type Output = Result<(), TimerError>;

    fn poll(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Self::Output> {
        if self.0.broken.swap(false, SeqCst) {
            Poll::Ready(Err(TimerError::Disabled("broken")))
        } else if *self.0.now.lock().unwrap() >= self.1 {
            Poll::Ready(Ok(()))
        } else {
            Poll::Pending
        }
    }
}

impl Drop for HandSleep {
    fn drop(&mut self) {
        if self.0.drops_badly.load(SeqCst) {
            std::panic::resume_unwind(Box::new("a bad sleep"));
        }
    }
}

/// Such a runtime, what it keeps, and what shows whether it is still there.
fn by_hand() -> (EventLoop, Arc<Kept>, Arc<()>) {
    let (kept, alive) = (Arc::<Kept>::default(), Arc::new(()));
    let event_loop = EventLoop::new(ByHand {
        kept: kept.clone(),
        _alive: alive.clone(),
    });
    (event_loop, kept, alive)
}

#[derive(Default)]
struct Woken(AtomicBool);

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.0.store(true, SeqCst);
    }
}

/// The last handle of a runtime may go while one of its delays is pending: that keeps it, and nothing does afterwards.
#[test]
fn a_timer_lives_as_long_as_what_waits_for_it_and_no_longer() {
    for end in ["fires", "is cancelled", "is closed", "is dropped"] {
        let (timer, kept, alive) = by_hand();
        let mgr = Manager::new(EventLoop::inline());
        mgr.on_error(|_| ());
        mgr.register("x", || ());
        let delayed = mgr.emit_after_on(&timer, SECOND, "x", ());
        drop(timer);
        let mut task = kept.take();
        let woken = Arc::new(Woken::default());
        let waker = Waker::from(woken.clone());
        let mut cx = Context::from_waker(&waker);
        assert!(task.as_mut().poll(&mut cx).is_pending());
        assert_eq!(Arc::strong_count(&alive), 2, "{end}");
        match end {
            "fires" => {
                *kept.now.lock().unwrap() = SECOND;
                assert!(task.as_mut().poll(&mut cx).is_pending());
            }
            "is cancelled" => assert!(delayed.cancel()),
            "is closed" => mgr.close(),
            _ => task = Box::pin(std::future::ready(())),
        }
        assert_eq!(Arc::strong_count(&alive), 1, "{end}");
        assert_eq!(woken.0.load(SeqCst), end != "is dropped", "{end}");
        assert!(task.as_mut().poll(&mut cx).is_ready(), "{end}");
        let stats = mgr.stats();
        assert_eq!(stats.ran, u64::from(end == "fires"), "{end}");
        let lost = u64::from(end == "is dropped");
        assert_eq!((stats.delayed, stats.delays_lost), (0, lost), "{end}");
    }
}

/// A timer that breaks ends what it had. What is added while that is reported has a task of its own.
#[test]
fn a_delay_added_while_its_timer_breaks_is_not_lost_with_the_others() {
    let (timer, kept, _alive) = by_hand();
    let mgr = Manager::new(EventLoop::inline());
    mgr.register("again", || ());
    let (weak, again) = (mgr.downgrade(), timer.clone());
    mgr.on_error(move |_| {
        let mgr = weak.upgrade().unwrap();
        mgr.emit_after_on(&again, SECOND, "again", ());
    });
    mgr.emit_after_on(&timer, SECOND, "lost", ());
    let mut cx = Context::from_waker(Waker::noop());
    let mut task = kept.take();
    assert!(task.as_mut().poll(&mut cx).is_pending());
    kept.broken.store(true, SeqCst);
    assert!(task.as_mut().poll(&mut cx).is_ready());
    drop(task);
    assert_eq!((mgr.stats().delayed, mgr.stats().delays_lost), (1, 1));
    let mut task = kept.take();
    *kept.now.lock().unwrap() = SECOND;
    assert!(task.as_mut().poll(&mut cx).is_pending());
    assert_eq!((mgr.stats().delayed, mgr.stats().ran), (0, 1));
    // The hook holds a handle of the timer.
    mgr.on_error(|_| ());
}

#[test]
fn a_sleep_that_panics_when_its_task_is_dropped_is_contained() {
    let (timer, kept, _alive) = by_hand();
    let mgr = Manager::new(EventLoop::inline());
    mgr.on_error(|_| ());
    mgr.emit_after_on(&timer, SECOND, "x", ());
    let mut task = kept.take();
    let mut cx = Context::from_waker(Waker::noop());
    assert!(task.as_mut().poll(&mut cx).is_pending());
    kept.drops_badly.store(true, SeqCst);
    drop(task);
    assert_eq!((mgr.stats().delayed, mgr.stats().delays_lost), (0, 1));
}

/// More is due than one turn takes, and there will be no other turn.
#[test]
fn delays_of_a_task_that_cannot_wake_itself_end() {
    struct Panics;
    impl Wake for Panics {
        fn wake(self: Arc<Self>) {
            std::panic::resume_unwind(Box::new("no executor"));
        }
    }
    const MANY: u64 = 1000;
    let (timer, kept, _alive) = by_hand();
    let mgr = Manager::new(EventLoop::inline());
    mgr.on_error(|_| ());
    mgr.register("x", || ());
    (0..MANY).for_each(|_| _ = mgr.emit_after_on(&timer, Duration::ZERO, "x", ()));
    let waker = Waker::from(Arc::new(Panics));
    let mut task = kept.take();
    assert!(
        task.as_mut()
            .poll(&mut Context::from_waker(&waker))
            .is_ready()
    );
    let stats = mgr.stats();
    assert_eq!((stats.delayed, stats.ran + stats.delays_lost), (0, MANY));
}

/// Lets others go on in a way of its own, and counts.
struct Polite(Odd, Arc<Mutex<usize>>);

impl Spawner for Polite {
    fn spawn(&self, future: BoxFuture) -> Result<(), SpawnError> {
        self.0.spawn(future)
    }

    fn yield_now(&self, _: &mut Context<'_>) {
        *self.1.lock().unwrap() += 1;
    }
}

impl Timer for Polite {
    fn now(&self) -> Duration {
        self.0.now()
    }

    fn sleep(&self, duration: Duration) -> Sleep {
        self.0.sleep(duration)
    }
}

#[test]
fn a_lane_with_much_to_do_yields_as_its_runtime_wants_it_also_behind_other_handles() {
    let handles: [fn(Polite) -> EventLoop; 3] = [
        EventLoop::new,
        |runtime| EventLoop::new(Arc::new(runtime)),
        |runtime| EventLoop::new(EventLoop::new(runtime)),
    ];
    for event_loop in handles {
        let (odd, yields) = (Odd::new(|_| unreachable!()), Arc::default());
        let mgr = Manager::new(event_loop(Polite(odd.clone(), Arc::clone(&yields))));
        mgr.register("x", || ());
        for _ in 0..200 {
            mgr.emit("x", ());
        }
        odd.run();
        assert_eq!(*yields.lock().unwrap(), 1);
        odd.run();
        assert_eq!((mgr.stats().ran, *yields.lock().unwrap()), (200, 1));
    }
}
