//! What the checks have found once, in the shortest program that shows it.
#![cfg(not(loom))]
#![allow(clippy::std_instead_of_core, reason = "a test")]

#[path = "support/kept.rs"]
mod kept;

use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::SeqCst};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

use aioevt_core::{
    BoxFuture, CallbackErrorKind, EventLoop, EvtData, Manager, PollLoop, Sleep, SpawnError,
    Spawner, Timer, TimerError, WaitError,
};

use self::kept::Kept;

fn run(poll_loop: &mut PollLoop) {
    while poll_loop.poll(Duration::ZERO).is_some() {}
}

/// Its last call was accepted, so it is not registered any more: unregistering the name ends the others, and either all
/// or none of its calls.
#[test]
fn a_counted_callback_that_is_used_up_outlives_its_name_with_all_its_calls() {
    let mut poll_loop = PollLoop::new(|| ());
    let mgr = Manager::new(&poll_loop);
    let seen = Arc::new(Mutex::new(Vec::new()));
    let (twice, always) = (seen.clone(), seen.clone());
    let push = |seen: &Mutex<Vec<u32>>, n| seen.lock().expect("no callback panics").push(n);
    mgr.on("x").times(2).call(move |n: u32| push(&twice, n));
    mgr.register("x", move |n: u32| push(&always, n + 100));
    mgr.emit("x", (1u32,));
    mgr.emit("x", (2u32,));
    assert_eq!(mgr.unregister("x"), 1);
    run(&mut poll_loop);
    assert_eq!(*seen.lock().expect("no callback panics"), [1, 2]);
    let stats = mgr.stats();
    assert_eq!((stats.accepted, stats.ran, stats.discarded), (4, 2, 2));
}

/// Its only event was accepted, so the name is free already: the callback is taken back by itself and by both all the
/// same.
#[test]
fn a_claimed_once_is_taken_back_by_callback_and_name() {
    fn callback() {}
    let mut poll_loop = PollLoop::new(|| ());
    let mgr = Manager::new(&poll_loop);
    for named in [true, false] {
        mgr.on("x").once().call(callback);
        assert_eq!(mgr.emit("x", ()).callbacks, 1);
        assert!(mgr.names().is_empty());
        assert_eq!(mgr.unregister_from("y", &callback), 0);
        let taken_back = if named {
            mgr.unregister_from("x", &callback)
        } else {
            mgr.unregister_callback(&callback)
        };
        assert_eq!(taken_back, 1);
    }
    run(&mut poll_loop);
    assert_eq!((mgr.stats().ran, mgr.stats().discarded), (0, 2));
}

/// The manager owns its hook, and a hook may hold a registration to unregister the culprit: neither may keep the other.
#[test]
fn a_hook_that_holds_a_registration_goes_with_its_manager() {
    let captured = Arc::new(());
    let mgr = Manager::new(EventLoop::inline());
    let (culprit, held) = (mgr.register("x", || Err::<(), _>("no")), captured.clone());
    let hooked = culprit.clone();
    mgr.on_error(move |_| {
        let _kept = &held;
        hooked.unregister();
    });
    mgr.emit("x", ());
    assert!(!culprit.is_active());
    drop(mgr);
    assert!(!culprit.unregister());
    assert_eq!(Arc::strong_count(&captured), 1);
}

/// Panics when it is dropped, without a message.
struct Bad;

impl Drop for Bad {
    fn drop(&mut self) {
        std::panic::resume_unwind(Box::new("dropped"));
    }
}

fn look<F: Future + Unpin>(future: &mut F) -> Poll<F::Output> {
    Pin::new(future).poll(&mut Context::from_waker(Waker::noop()))
}

const HOUR: Duration = Duration::from_secs(3600);

/// What a timer that dies drops may be the last of a payload whose drop panics: every other entry ends all the same.
#[test]
fn all_entries_of_a_dying_timer_end_whatever_is_dropped_with_them() {
    let mut poll_loop = PollLoop::new(|| ());
    let mgr = Manager::new(EventLoop::inline());
    mgr.emit_after_on(&poll_loop, HOUR, "first", ());
    let wait = Mutex::new(Some(mgr.wait("x").timeout_on(&poll_loop, HOUR)));
    mgr.emit_after_on(&poll_loop, HOUR, "second", ());
    let mut other = mgr.wait("y").timeout_on(&poll_loop, HOUR);
    while poll_loop.poll(Duration::ZERO) == Some(Duration::ZERO) {}
    assert_eq!(mgr.emit("x", (Bad,)).waiters, 1);
    // Told of the first one, the hook leaves its limit the last one to hold the payload.
    mgr.on_error(move |_| drop(wait.lock().expect("nobody panics holding it").take()));
    drop(poll_loop);
    assert_eq!((mgr.stats().delayed, mgr.stats().delays_lost), (0, 2));
    assert!(look(&mut other).is_ready());
}

/// Due timers of one task make one task ready: what else becomes ready meanwhile waits for the next poll.
#[test]
fn many_due_timers_of_one_task_are_one_turn() {
    let mut poll_loop = PollLoop::new(|| ());
    let event_loop = poll_loop.event_loop();
    let mgr = Manager::new(&event_loop);
    let calls = Arc::new(Mutex::new(0));
    let counted = calls.clone();
    mgr.register("again", move |mgr: Manager| {
        *counted.lock().expect("no callback panics") += 1;
        mgr.emit("again", ())
    });
    let mut sleeps: Vec<_> = (0..1000).map(|_| event_loop.sleep(HOUR)).collect();
    let task = std::future::poll_fn(move |cx| {
        sleeps.retain_mut(|sleep| sleep.as_mut().poll(cx).is_pending());
        if sleeps.is_empty() {
            Poll::Ready(())
        } else {
            Poll::Pending
        }
    });
    assert_eq!(event_loop.spawn(Box::pin(task)), Ok(()));
    poll_loop.poll(Duration::ZERO);
    mgr.emit("again", ());
    poll_loop.poll(Duration::ZERO);
    *calls.lock().expect("no callback panics") = 0;
    poll_loop.poll(HOUR);
    assert_eq!(*calls.lock().expect("no callback panics"), 128);
}

/// A limit that was replaced has no say any more, whatever has become of it.
#[test]
fn a_limit_that_could_not_be_kept_is_replaced_by_one_that_can() {
    let mut good = PollLoop::new(|| ());
    let mgr = Manager::new(EventLoop::inline());
    let mut wait = mgr.wait("x").timeout(HOUR).timeout_on(&good, HOUR);
    assert!(look(&mut wait).is_pending());

    // Never idle: its loop does not start.
    let stopped = PollLoop::new(|| ());
    mgr.on("y").event_loop(&stopped).call(|| ());
    let mut idle = mgr.idle().timeout(HOUR).timeout_on(&good, HOUR);
    assert!(look(&mut idle).is_pending());
    let mut expired = mgr.idle().timeout_on(&good, Duration::ZERO);
    while good.poll(Duration::ZERO) == Some(Duration::ZERO) {}
    expired = expired.timeout_on(&good, HOUR);
    assert!(look(&mut expired).is_pending());

    while good.poll(HOUR) == Some(HOUR) {}
    assert_eq!(
        look(&mut wait).map(|outcome| outcome.err()),
        Poll::Ready(Some(WaitError::TimedOut))
    );
    assert_eq!(look(&mut idle), Poll::Ready(Err(WaitError::TimedOut)));
}

/// A limit whose timer has died may still be on its way to its wait when that gets another limit. It must not undo what
/// the other one has done: a wait was taken back twice, and that of somebody else was not counted any more.
#[test]
fn a_limit_on_its_way_to_its_wait_comes_too_late_once_it_is_replaced() {
    let mut dies = PollLoop::new(|| ());
    let good = PollLoop::new(|| ());
    let timer = good.event_loop();
    let mgr = Manager::new(EventLoop::inline());
    // Lost first, so that the hook is told of it before the limits end.
    mgr.emit_after_on(&dies, HOUR, "lost", ());
    let waits = ["passes", "stays"].map(|name| mgr.wait(name).timeout_on(&dies, HOUR));
    let mut others = ["passes", "stays"].map(|name| mgr.wait(name));
    // Never idle: its loop does not start.
    let stopped = PollLoop::new(|| ());
    mgr.on("y").event_loop(&stopped).call(|| ());
    let idle = mgr.idle().timeout_on(&dies, HOUR);
    while dies.poll(Duration::ZERO) == Some(Duration::ZERO) {}

    let replaced = Arc::new(Mutex::new((Vec::from(waits), Some(idle), good)));
    let inside = replaced.clone();
    mgr.on_error(move |_| {
        let (waits, idle, good) = &mut *inside.lock().expect("no hook panics");
        let limits = [Duration::ZERO, HOUR];
        *waits = waits
            .drain(..)
            .zip(limits)
            .map(|(wait, limit)| wait.timeout_on(&timer, limit))
            .collect();
        *idle = idle.take().map(|idle| idle.timeout_on(&timer, HOUR));
        while good.poll(Duration::ZERO) == Some(Duration::ZERO) {}
    });
    drop(dies);
    assert_eq!(mgr.stats().delays_lost, 1);

    let (waits, idle, _good) = &mut *replaced.lock().expect("no hook panics");
    let (mut waits, mut idle) = (std::mem::take(waits), idle.take());
    let timed_out = look(&mut waits[0]).map(|outcome| outcome.err());
    assert_eq!(timed_out, Poll::Ready(Some(WaitError::TimedOut)));
    assert!(look(&mut waits[1]).is_pending());
    assert!(idle.as_mut().is_some_and(|idle| look(idle).is_pending()));
    assert_eq!(mgr.stats().waiters, 3);
    assert_eq!(mgr.emit("passes", ()).waiters, 1);
    assert_eq!(mgr.emit("stays", ()).waiters, 2);
    assert!(others.iter_mut().all(|wait| look(wait).is_ready()));
    assert!(look(&mut waits[1]).is_ready());
}

/// Whoever waits until nothing is outstanding finds everything reported; inside the hook that would be waiting for
/// oneself.
#[test]
fn what_dies_with_a_loop_is_outstanding_until_it_is_reported() {
    let poll_loop = PollLoop::new(|| ());
    let mgr = Manager::new(&poll_loop);
    mgr.register("x", || ());
    mgr.emit("x", ());
    let (seen, weak) = (Arc::new(Mutex::new(Vec::new())), mgr.downgrade());
    let hooked = seen.clone();
    mgr.on_error(move |_| {
        let mgr = weak.upgrade().expect("a handle is left");
        let now = (look(&mut mgr.idle()).is_ready(), mgr.idle().blocking());
        hooked.lock().expect("no hook panics").push(now);
    });
    drop(poll_loop);
    let seen = seen.lock().expect("no hook panics");
    assert_eq!(*seen, [(false, Err(WaitError::WouldDeadlock))]);
    assert_eq!(mgr.idle().blocking(), Ok(()));
}

/// A wait that timed out may be the last to hold the payload of its round: its drop is contained, and the outcome stays.
#[test]
fn a_payload_that_panics_when_a_wait_drops_it_leaves_the_outcome() {
    let mut poll_loop = PollLoop::new(|| ());
    let mgr = Manager::new(&poll_loop);
    let mut timed_out = mgr.wait("x").timeout(Duration::ZERO);
    let other = mgr.wait("x");
    while poll_loop.poll(Duration::ZERO).is_some() {}
    assert_eq!(mgr.emit("x", (Bad,)).waiters, 1);
    drop(other);
    let outcome = look(&mut timed_out).map(|outcome| outcome.err());
    assert_eq!(outcome, Poll::Ready(Some(WaitError::TimedOut)));
}

/// The same for a wait that was never looked at: dropping it must not panic.
#[test]
fn a_payload_that_panics_when_an_unseen_wait_drops_it_is_contained() {
    let mgr = Manager::new(EventLoop::inline());
    let wait = mgr.wait("x");
    assert_eq!(mgr.emit("x", (Bad,)).waiters, 1);
    drop(wait);
    assert_eq!(mgr.stats().waiters, 0);
}

/// A loop that ends drops its callbacks one by one: each that panics is told of, and none keeps the next.
#[test]
fn captures_that_panic_when_their_loop_ends_are_told_of_one_by_one() {
    let mut poll_loop = PollLoop::new(|| ());
    let mgr = Manager::new(&poll_loop);
    let told = Arc::new(Mutex::new(0));
    let hooked = told.clone();
    mgr.on_error(move |error| {
        if matches!(error.kind(), CallbackErrorKind::Panicked(_)) {
            *hooked.lock().expect("no hook panics") += 1;
        }
    });
    for _ in 0..3 {
        let bad = Bad;
        mgr.register("x", move || {
            let _held = &bad;
        });
    }
    run(&mut poll_loop);
    drop(poll_loop);
    assert_eq!(*told.lock().expect("no hook panics"), 3);
    assert_eq!(mgr.callback_count("x"), 0);
}

/// A capture that panics although its callback was unregistered before the loop ended: that is told as well.
#[test]
fn a_capture_that_panics_on_its_way_out_of_a_loop_that_ends_is_told_of() {
    let mut poll_loop = PollLoop::new(|| ());
    let mgr = Manager::new(&poll_loop);
    let told = Arc::new(Mutex::new(0));
    let hooked = told.clone();
    mgr.on_error(move |error| {
        if matches!(error.kind(), CallbackErrorKind::Panicked(_)) {
            *hooked.lock().expect("no hook panics") += 1;
        }
    });
    // Keeps the name, so that one callback leaves it and not all.
    mgr.register("x", || ());
    let bad = Bad;
    let leaving = mgr.register("x", move || {
        let _held = &bad;
    });
    run(&mut poll_loop);
    assert!(leaving.unregister());
    drop(poll_loop);
    assert_eq!(*told.lock().expect("no hook panics"), 1);
    assert_eq!(mgr.stats().pending, 0);
}

/// A runtime whose clock panics: what it should have timed is lost, and reported.
#[test]
fn a_clock_that_panics_is_a_timer_that_is_gone() {
    struct NoClock;
    impl Spawner for NoClock {
        fn spawn(&self, _: BoxFuture) -> Result<(), SpawnError> {
            Err(SpawnError::Closed)
        }
    }
    impl Timer for NoClock {
        fn now(&self) -> Duration {
            std::panic::resume_unwind(Box::new("no clock"))
        }
        fn sleep(&self, _: Duration) -> Sleep {
            Box::pin(std::future::pending())
        }
    }
    let mgr = Manager::new(EventLoop::new(NoClock));
    let told = Arc::new(Mutex::new(Vec::new()));
    let hooked = told.clone();
    mgr.on_error(move |error| {
        hooked
            .lock()
            .expect("no hook panics")
            .push(error.event().to_string())
    });
    assert!(!mgr.emit_after(HOUR, "late", ()).cancel());
    assert_eq!((mgr.stats().delayed, mgr.stats().delays_lost), (0, 1));
    assert_eq!(*told.lock().expect("no hook panics"), ["late"]);
    let mut wait = mgr.wait("x").timeout(HOUR);
    let outcome = look(&mut wait).map(|outcome| outcome.err());
    assert_eq!(
        outcome,
        Poll::Ready(Some(WaitError::Timer(TimerError::Closed)))
    );
}

/// A waker that panics when a task wants another turn: the task ends, and what it had is accounted for.
#[test]
fn a_task_that_cannot_wake_itself_closes_its_lane() {
    struct Panics;
    impl Wake for Panics {
        fn wake(self: Arc<Self>) {
            std::panic::resume_unwind(Box::new("no executor"));
        }
    }
    let kept = Kept::default();
    let mgr = Manager::new(kept.event_loop());
    mgr.on_error(|_| ());
    mgr.register("x", || ());
    (0..1000).for_each(|_| _ = mgr.emit("x", ()));
    let mut driver = kept.take();
    let waker = Waker::from(Arc::new(Panics));
    assert!(
        driver
            .as_mut()
            .poll(&mut Context::from_waker(&waker))
            .is_ready()
    );
    drop(driver);
    let stats = mgr.stats();
    assert_eq!(
        (stats.accepted, stats.ran + stats.discarded, stats.callbacks),
        (1000, 1000, 0)
    );
}

/// Dropped after the last callback of its name has left, a payload that panics was reported to nobody.
#[test]
fn a_payload_that_panics_is_reported_though_its_callback_ends_with_it() {
    struct Grenade;
    impl Drop for Grenade {
        fn drop(&mut self) {
            std::panic::resume_unwind(Box::new("boom"));
        }
    }
    let mut poll_loop = PollLoop::new(|| ());
    let mgr = Manager::new(&poll_loop);
    let reports = Arc::new(Mutex::new(Vec::new()));
    let sink = reports.clone();
    mgr.on_error(move |error| sink.lock().expect("no hook panics").push(error.to_string()));
    mgr.on("x").once().call(|_: EvtData| ());
    mgr.emit("x", (Grenade,));
    run(&mut poll_loop);
    let reports = reports.lock().expect("no hook panics");
    assert_eq!(reports.len(), 1, "{reports:?}");
    assert!(reports[0].contains("boom"), "{reports:?}");
}

/// Nobody keeps it, so it is dropped inside of its message: in its turn, and reported like any other.
#[test]
fn a_payload_that_panics_in_its_message_is_reported_before_the_next_event_runs() {
    /// Clones are harmless.
    struct Grenade(bool);
    impl Clone for Grenade {
        fn clone(&self) -> Self {
            Self(false)
        }
    }
    impl Drop for Grenade {
        fn drop(&mut self) {
            if self.0 {
                std::panic::resume_unwind(Box::new("boom"));
            }
        }
    }
    let mut poll_loop = PollLoop::new(|| ());
    let mgr = Manager::new(&poll_loop);
    let seen = Arc::new(Mutex::new(Vec::new()));
    let (told, called) = (seen.clone(), seen.clone());
    mgr.on_error(move |_| told.lock().expect("no hook panics").push("told"));
    mgr.register("x", move |_: Grenade| {
        called.lock().expect("no callback panics").push("called");
    });
    mgr.emit("x", (Grenade(true),));
    mgr.emit("x", (Grenade(true),));
    run(&mut poll_loop);
    let seen = seen.lock().expect("nobody panics");
    assert_eq!(*seen, ["called", "told", "called", "told"]);
}

/// A waker is foreign, and its clone may be dear: a wait that was woken looks first.
#[test]
fn a_wait_that_has_its_event_clones_no_waker() {
    use std::cell::Cell;
    use std::task::{RawWaker, RawWakerVTable};
    thread_local! {
        static CLONES: Cell<usize> = const { Cell::new(0) };
    }
    fn clone(_: *const ()) -> RawWaker {
        CLONES.set(CLONES.get() + 1);
        RawWaker::new(std::ptr::null(), &TABLE)
    }
    static TABLE: RawWakerVTable = RawWakerVTable::new(clone, |_| (), |_| (), |_| ());
    // SAFETY: nothing is behind the pointer.
    let waker = unsafe { Waker::from_raw(RawWaker::new(std::ptr::null(), &TABLE)) };
    let mut cx = Context::from_waker(&waker);

    let mgr = Manager::new(EventLoop::inline());
    let (mut looked_at, mut fresh) = (mgr.wait("x"), mgr.wait("x"));
    assert!(Pin::new(&mut looked_at).poll(&mut cx).is_pending());
    assert_eq!(CLONES.get(), 1);
    mgr.emit("x", ());
    assert!(Pin::new(&mut looked_at).poll(&mut cx).is_ready());
    assert!(Pin::new(&mut fresh).poll(&mut cx).is_ready());
    assert_eq!(CLONES.get(), 1);
}

/// A wait whose limit has passed was taken back a second time when its next limit could not be kept: one wait less of its
/// name was counted than were armed, and somebody else's missed its event.
#[test]
fn a_wait_that_timed_out_is_not_taken_back_again_by_its_next_limit() {
    let mut poll_loop = PollLoop::new(|| ());
    let mgr = Manager::new(&poll_loop);
    let topic = mgr.topic("x");
    let mut other = topic.wait();
    let wait = topic.wait().timeout(HOUR);
    poll_loop.poll(Duration::ZERO);
    poll_loop.poll(HOUR);
    assert_eq!(mgr.stats().waiters, 1, "it has timed out");
    let mut wait = wait.timeout_on(EventLoop::inline(), HOUR);
    let outcome = look(&mut wait).map(|outcome| outcome.err());
    assert_eq!(outcome, Poll::Ready(Some(WaitError::TimedOut)));
    drop(wait);
    assert_eq!(mgr.stats().waiters, 1);

    let wait = topic.wait().timeout(HOUR);
    poll_loop.poll(HOUR);
    poll_loop.poll(HOUR + HOUR);
    drop(wait.timeout_on(EventLoop::inline(), HOUR).timeout(HOUR));
    assert_eq!(mgr.stats().waiters, 1);

    assert_eq!(topic.emit((7u32,)).waiters, 1);
    let data = look(&mut other).map(|data| data.expect("an event").arg::<u32>(0));
    assert_eq!(data, Poll::Ready(Ok(7)));
}

/// Whoever waits for idleness was woken by the end of a call that the spawner refused, before the hook was told of it.
#[test]
fn a_refused_call_is_reported_before_its_manager_is_idle() {
    struct RefusesCalls {
        driver: Kept,
        has_driver: AtomicBool,
    }
    impl Spawner for RefusesCalls {
        fn spawn(&self, future: BoxFuture) -> Result<(), SpawnError> {
            if self.has_driver.swap(true, SeqCst) {
                return Err(SpawnError::Full { capacity: 1 });
            }
            self.driver.spawn(future)
        }
    }
    impl Timer for RefusesCalls {
        fn now(&self) -> Duration {
            self.driver.now()
        }
        fn sleep(&self, duration: Duration) -> Sleep {
            self.driver.sleep(duration)
        }
    }
    struct Notes(Arc<Mutex<Vec<&'static str>>>);
    impl Wake for Notes {
        fn wake(self: Arc<Self>) {
            self.0.lock().expect("nobody panics").push("idle");
        }
    }

    let driver = Kept::default();
    let mgr = Manager::new(EventLoop::new(RefusesCalls {
        driver: driver.clone(),
        has_driver: AtomicBool::new(false),
    }));
    let log = Arc::new(Mutex::new(Vec::new()));
    let told = log.clone();
    mgr.on_error(move |_| told.lock().expect("nobody panics").push("told"));
    mgr.register("x", std::future::pending::<()>);
    let mut task = driver.take();
    let mut turn = || task.as_mut().poll(&mut Context::from_waker(Waker::noop()));
    assert!(turn().is_pending());
    mgr.emit("x", ());
    let mut idle = mgr.idle();
    let waker = Waker::from(Arc::new(Notes(log.clone())));
    let polled = Pin::new(&mut idle).poll(&mut Context::from_waker(&waker));
    assert!(polled.is_pending());
    assert!(turn().is_pending());
    assert_eq!(look(&mut idle), Poll::Ready(Ok(())));
    assert_eq!(*log.lock().expect("nobody panics"), ["told", "idle"]);
    assert_eq!(mgr.stats().discarded, 1);
}

/// It was cut into sleeps of thirty days, as for runtimes whose timers take no more.
#[test]
fn a_long_delay_is_one_sleep_of_a_poll_loop() {
    const YEAR: Duration = Duration::from_secs(365 * 24 * 60 * 60);
    let mut poll_loop = PollLoop::new(|| ());
    let mgr = Manager::new(&poll_loop);
    mgr.emit_after(YEAR, "x", ());
    while poll_loop.poll(Duration::ZERO) == Some(Duration::ZERO) {}
    assert_eq!(poll_loop.poll(Duration::ZERO), Some(YEAR));
    let never = mgr.wait("y").timeout(Duration::MAX);
    let mut now = Some(Duration::ZERO);
    for _ in 0..20 {
        now = now.and_then(|now| poll_loop.poll(now));
    }
    assert_eq!((now, mgr.stats().delayed), (None, 0));
    drop(never);
}

/// It had hung, whatever its limit.
#[test]
fn blocking_on_what_is_over_ends_at_once() {
    let mgr = Manager::new(EventLoop::inline());
    let (mut wait, mut idle) = (mgr.wait("x"), mgr.idle());
    mgr.emit("x", ());
    let mut cx = Context::from_waker(Waker::noop());
    assert!(matches!(
        Pin::new(&mut wait).poll(&mut cx),
        Poll::Ready(Ok(_))
    ));
    assert_eq!(Pin::new(&mut idle).poll(&mut cx), Poll::Ready(Ok(())));
    let wait = wait.timeout(Duration::MAX).blocking();
    assert_eq!(wait.map(drop), Err(WaitError::WouldDeadlock));
    assert_eq!(idle.blocking(), Err(WaitError::WouldDeadlock));
}

/// A hundred callbacks of a millisecond were one turn, and everything else on the loop waited for them.
#[test]
fn long_calls_of_one_lane_leave_their_turns_to_others() {
    static NOW: AtomicU64 = AtomicU64::new(0);
    let mut poll_loop = PollLoop::with_clock(|| (), || Duration::from_millis(NOW.load(SeqCst)));
    let (lane, other) = (poll_loop.event_loop(), poll_loop.event_loop().new_lane());
    let mgr = Manager::new(&lane);
    mgr.register("long", || {
        NOW.fetch_add(1, SeqCst);
    });
    let calls = Arc::new(Mutex::new(Vec::new()));
    let told = calls.clone();
    mgr.on("other").event_loop(&other).call(move || {
        let calls = NOW.load(SeqCst);
        told.lock().expect("no callback panics").push(calls);
    });
    for _ in 0..3 {
        (0..100).for_each(|_| _ = mgr.emit("long", ()));
        mgr.emit("other", ());
        while poll_loop.poll(Duration::ZERO).is_some() {}
    }
    // The first turn begins with two, for the registration was short.
    assert_eq!(*calls.lock().expect("no callback panics"), [2, 101, 201]);
}
