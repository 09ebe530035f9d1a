//! `PollLoop` as its owner sees it: what `poll` returns, when `notify` is called, what dropping it does.

#![allow(clippy::unwrap_used, reason = "a test says so by failing")]

use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::mpsc;
use std::sync::{Arc, Mutex};
use std::task::Poll;
use std::time::Duration;

use aioevt_core::{
    CallbackErrorKind, DiscardReason, EventLoop, Manager, PollLoop, SpawnError, Spawner, Timer,
    TimerError, WaitError,
};

const SECOND: Duration = Duration::from_secs(1);

fn counting() -> (PollLoop, Arc<AtomicUsize>) {
    let notified = Arc::new(AtomicUsize::new(0));
    let counter = notified.clone();
    let poll_loop = PollLoop::new(move || {
        counter.fetch_add(1, SeqCst);
    });
    (poll_loop, notified)
}

fn settle(poll_loop: &mut PollLoop, now: Duration) -> Option<Duration> {
    loop {
        match poll_loop.poll(now) {
            Some(next) if next <= now => {}
            next => return next,
        }
    }
}

#[test]
fn work_notifies_once_between_the_decision_to_sleep_and_the_next_poll() {
    let (mut poll_loop, notified) = counting();
    let mgr = Manager::new(&poll_loop);
    mgr.register("E", || ());
    mgr.emit("E", ());
    assert_eq!(
        notified.load(SeqCst),
        0,
        "nobody has been told to sleep yet"
    );
    assert_eq!(settle(&mut poll_loop, Duration::ZERO), None);
    mgr.emit("E", ());
    mgr.emit("E", ());
    assert_eq!(notified.load(SeqCst), 1);
    assert_eq!(settle(&mut poll_loop, Duration::ZERO), None);
    assert_eq!(mgr.stats().ran, 3);
    assert_eq!(notified.load(SeqCst), 1);
}

#[test]
fn notify_may_do_anything_and_may_panic() {
    let poll_loop = PollLoop::new(|| panic!("a bad notify"));
    let (mut poll_loop, mgr) = (poll_loop, Manager::new(EventLoop::inline()));
    mgr.on("E").event_loop(&poll_loop).call(|| ());
    settle(&mut poll_loop, Duration::ZERO);
    assert_eq!(mgr.emit("E", ()).callbacks, 1);
    settle(&mut poll_loop, Duration::ZERO);
    assert_eq!(mgr.stats().ran, 1);
}

#[test]
fn poll_returns_the_next_deadline_and_time_never_goes_back() {
    let (mut poll_loop, _) = counting();
    let mgr = Manager::new(&poll_loop);
    mgr.emit_after(3 * SECOND, "late", ());
    mgr.emit_after(SECOND, "early", ());
    assert_eq!(settle(&mut poll_loop, Duration::ZERO), Some(SECOND));
    assert_eq!(settle(&mut poll_loop, 2 * SECOND), Some(3 * SECOND));
    assert_eq!(poll_loop.event_loop().now(), 2 * SECOND);
    poll_loop.poll(SECOND);
    assert_eq!(poll_loop.event_loop().now(), 2 * SECOND);
    assert_eq!(settle(&mut poll_loop, 3 * SECOND), None);
    assert_eq!(mgr.stats().delayed, 0);
}

/// It is over before its callbacks are called: they see it as an event like any other.
#[test]
fn a_delay_that_fires_is_not_pending_any_more() {
    let (mut poll_loop, _) = counting();
    let mgr = Manager::new(&poll_loop);
    let seen = Arc::new(AtomicUsize::new(usize::MAX));
    let inside = seen.clone();
    mgr.on("late")
        .event_loop(EventLoop::inline())
        .call(move |mgr: Manager| inside.store(mgr.stats().delayed, SeqCst));
    mgr.emit_after(SECOND, "late", ());
    settle(&mut poll_loop, SECOND);
    assert_eq!(seen.load(SeqCst), 0);
}

/// Blocking starts with taking the limit back from the timer, whose task is told so: the event that is emitted there is
/// in time, though the operating system's clock is beyond the limit.
#[test]
fn a_blocking_wait_takes_its_limit_back_from_the_timer() {
    let notified: Arc<Mutex<Option<Manager>>> = Arc::default();
    let inside = notified.clone();
    let mut poll_loop = PollLoop::new(move || {
        let mgr = inside.lock().unwrap().take();
        if let Some(mgr) = mgr {
            mgr.emit("x", ());
        }
    });
    let mgr = Manager::new(EventLoop::inline());
    let nanosecond = Duration::from_nanos(1);
    let wait = mgr.wait("x").timeout_on(&poll_loop, nanosecond);
    assert_eq!(settle(&mut poll_loop, Duration::ZERO), Some(nanosecond));
    *notified.lock().unwrap() = Some(mgr.clone());
    assert!(wait.blocking().is_ok());
}

/// A limit holds its runtime, so one that outlived its future would keep threads alive for as long as it is.
#[test]
fn a_limit_that_nobody_waits_for_any_more_is_no_deadline() {
    let (mut poll_loop, _) = counting();
    let mgr = Manager::new(&poll_loop);
    let wait = mgr.wait("x").timeout(SECOND);
    assert_eq!(settle(&mut poll_loop, Duration::ZERO), Some(SECOND));
    let wait = wait.timeout(2 * SECOND);
    assert_eq!(settle(&mut poll_loop, Duration::ZERO), Some(2 * SECOND));
    drop(wait);
    assert_eq!(settle(&mut poll_loop, Duration::ZERO), None);
    let idle = mgr.idle().timeout(SECOND);
    assert_eq!(settle(&mut poll_loop, Duration::ZERO), Some(SECOND));
    let idle = idle.timeout(2 * SECOND);
    assert_eq!(settle(&mut poll_loop, Duration::ZERO), Some(2 * SECOND));
    drop(idle);
    assert_eq!(settle(&mut poll_loop, Duration::ZERO), None);
}

#[test]
fn a_long_burst_gives_other_tasks_their_turns() {
    let (mut poll_loop, _) = counting();
    let mgr = Manager::new(&poll_loop);
    mgr.register("E", || ());
    for _ in 0..1000 {
        mgr.emit("E", ());
    }
    let (tx, rx) = mpsc::channel();
    let ran = mgr.clone();
    poll_loop
        .event_loop()
        .spawn(Box::pin(async move { tx.send(ran.stats().ran).unwrap() }))
        .unwrap();
    assert_eq!(
        poll_loop.poll(Duration::ZERO),
        Some(Duration::ZERO),
        "more is ready"
    );
    let ran_before = rx
        .try_recv()
        .expect("the other task had its turn in the same poll");
    assert!(ran_before < 1000, "{ran_before} calls in one turn");
    settle(&mut poll_loop, Duration::ZERO);
    assert_eq!(mgr.stats().ran, 1000);
}

#[test]
fn many_delays_that_are_due_give_other_tasks_their_turns() {
    let (mut poll_loop, _) = counting();
    let mgr = Manager::new(&poll_loop);
    let fired = Arc::new(AtomicUsize::new(0));
    let counter = fired.clone();
    mgr.on("E").event_loop(EventLoop::inline()).call(move || {
        counter.fetch_add(1, SeqCst);
    });
    for _ in 0..1000 {
        mgr.emit_after(SECOND, "E", ());
    }
    assert_eq!(settle(&mut poll_loop, Duration::ZERO), Some(SECOND));
    assert_eq!(poll_loop.poll(SECOND), Some(SECOND));
    assert_eq!(fired.load(SeqCst), 128);
    assert_eq!(settle(&mut poll_loop, SECOND), None);
    assert_eq!(fired.load(SeqCst), 1000);
}

#[test]
fn one_event_to_many_callbacks_is_interrupted_and_resumed_in_order() {
    let (mut poll_loop, _) = counting();
    let mgr = Manager::new(&poll_loop);
    let (tx, rx) = mpsc::channel();
    for n in 0..1000 {
        let tx = tx.clone();
        mgr.register("E", move || tx.send(n).unwrap());
    }
    settle(&mut poll_loop, Duration::ZERO);
    mgr.emit("E", ());
    poll_loop.poll(Duration::ZERO);
    let first = rx.try_iter().count();
    assert!(0 < first && first < 1000, "{first} calls in one poll");
    settle(&mut poll_loop, Duration::ZERO);
    assert_eq!(
        rx.try_iter().collect::<Vec<_>>(),
        (first..1000).collect::<Vec<_>>()
    );
}

#[test]
fn dropping_the_loop_discards_what_is_queued_and_reports_each_registration_once() {
    let (mut poll_loop, _) = counting();
    let mgr = Manager::new(EventLoop::inline());
    let (tx, rx) = mpsc::channel();
    mgr.on_error(move |error| match error.kind() {
        CallbackErrorKind::Discarded(DiscardReason::LoopClosed { deliveries }) => {
            tx.send((error.callback().to_owned(), *deliveries)).unwrap();
        }
        other => panic!("unexpected {other:?}"),
    });
    let registrations: Vec<_> = ["a", "b"]
        .map(|name| mgr.on("E").event_loop(&poll_loop).named(name).call(|| ()))
        .into_iter()
        .chain([mgr
            .on("E")
            .event_loop(&poll_loop)
            .named("once")
            .once()
            .call(|| ())])
        .collect();
    settle(&mut poll_loop, Duration::ZERO);
    let event_loop = poll_loop.event_loop();
    for _ in 0..1000 {
        mgr.emit("E", ());
    }
    drop(poll_loop);
    let mut reports: Vec<_> = rx.try_iter().collect();
    reports.sort();
    assert_eq!(
        reports,
        [("a".into(), 1000), ("b".into(), 1000), ("once".into(), 1)]
    );
    assert!(
        registrations
            .iter()
            .all(|registration| !registration.is_active())
    );
    assert!(event_loop.is_closed());
    let stats = mgr.stats();
    assert_eq!(
        (stats.accepted, stats.discarded, stats.pending),
        (2001, 2001, 0)
    );
    assert_eq!(mgr.idle().blocking(), Ok(()));
    assert_eq!(
        mgr.emit("E", ()).rejected,
        0,
        "nothing is registered any more"
    );
    assert!(mgr.names().is_empty());
}

#[test]
fn dropping_the_loop_ends_delays_and_limits() {
    let (mut poll_loop, _) = counting();
    let mgr = Manager::new(&poll_loop);
    let (tx, rx) = mpsc::channel();
    mgr.on_error(move |error| tx.send(error.to_string()).unwrap());
    mgr.emit_after(SECOND, "late", ());
    let wait = mgr.wait("never").timeout(SECOND);
    settle(&mut poll_loop, Duration::ZERO);
    let event_loop = poll_loop.event_loop();
    drop(poll_loop);
    let report = rx.try_recv().unwrap();
    assert!(
        report.contains("`late`") && report.contains("emit_after") && report.contains("shut down"),
        "{report}"
    );
    assert_eq!((mgr.stats().delays_lost, mgr.stats().delayed), (1, 0));
    assert_eq!(
        poll_once(wait).map(|outcome| outcome.map(drop)),
        Some(Err(WaitError::Timer(TimerError::Closed)))
    );
    assert_eq!(
        event_loop.spawn(Box::pin(async {})),
        Err(SpawnError::Closed)
    );
    assert_eq!(
        poll_once(event_loop.sleep(SECOND)),
        Some(Err(TimerError::Closed))
    );
}

#[test]
fn a_task_that_panics_ends_alone() {
    let (mut poll_loop, _) = counting();
    let (tx, rx) = mpsc::channel();
    let event_loop = poll_loop.event_loop();
    event_loop
        .spawn(Box::pin(async { panic!("a bad task") }))
        .unwrap();
    event_loop
        .spawn(Box::pin(async move { tx.send(()).unwrap() }))
        .unwrap();
    settle(&mut poll_loop, Duration::ZERO);
    assert_eq!(rx.try_recv(), Ok(()));
}

#[test]
fn a_task_that_was_woken_twice_is_polled_once() {
    let (mut poll_loop, notified) = counting();
    let (tx, rx) = mpsc::channel();
    let task = std::future::poll_fn(move |cx| {
        tx.send(cx.waker().clone()).unwrap();
        Poll::<()>::Pending
    });
    poll_loop.event_loop().spawn(Box::pin(task)).unwrap();
    poll_loop.poll(Duration::ZERO);
    let waker = rx.try_recv().unwrap();
    waker.wake_by_ref();
    waker.wake();
    poll_loop.poll(Duration::ZERO);
    assert!(rx.try_recv().is_ok() && rx.try_recv().is_err());
    assert_eq!(poll_loop.poll(Duration::ZERO), None);
    assert_eq!(notified.load(SeqCst), 1);
}

#[test]
fn blocking_inside_a_callback_is_refused() {
    let (mut poll_loop, _) = counting();
    let mgr = Manager::new(&poll_loop);
    let (tx, rx) = mpsc::channel();
    mgr.register("E", move |mgr: Manager| {
        tx.send((
            mgr.wait("never").blocking().map(drop),
            mgr.idle().blocking(),
        ))
        .unwrap();
    });
    mgr.emit("E", ());
    settle(&mut poll_loop, Duration::ZERO);
    assert_eq!(
        rx.try_recv(),
        Ok((Err(WaitError::WouldDeadlock), Err(WaitError::WouldDeadlock)))
    );
    assert_eq!(mgr.stats().waiters, 0);
}

/// Polls a future once, with a waker that does nothing.
fn poll_once<F: Future + Unpin>(mut future: F) -> Option<F::Output> {
    let mut cx = std::task::Context::from_waker(std::task::Waker::noop());
    match std::pin::Pin::new(&mut future).poll(&mut cx) {
        Poll::Ready(output) => Some(output),
        Poll::Pending => None,
    }
}

/// It is built when it is not yet known for how many.
#[test]
fn a_delayed_event_goes_to_all_who_are_there_whatever_its_data_is() {
    let mut poll_loop = PollLoop::new(|| ());
    let mgr = Manager::new(&poll_loop);
    let seen = Arc::new(Mutex::new(Vec::new()));
    for event_loop in [poll_loop.event_loop(), poll_loop.event_loop().new_lane()] {
        let log = seen.clone();
        let on = mgr.on("x").event_loop(event_loop);
        on.call(move |text: String| log.lock().unwrap().push(text));
    }
    mgr.emit_after(Duration::ZERO, "x", (String::from("late"),));
    while poll_loop.poll(Duration::ZERO).is_some() {}
    assert_eq!(*seen.lock().unwrap(), ["late", "late"]);
}

/// It was taken for one that still fires, for as long as the inline loop ran, and while its data was dropped.
#[test]
fn a_delay_has_fired_when_its_event_is_committed() {
    fn is_idle(mgr: &Manager) -> bool {
        poll_once(mgr.idle()).is_some()
    }
    struct Looks(Manager, Arc<Mutex<Vec<bool>>>);
    impl Drop for Looks {
        fn drop(&mut self) {
            self.1.lock().unwrap().push(is_idle(&self.0));
        }
    }
    let mut poll_loop = PollLoop::new(|| ());
    let inline = EventLoop::inline();
    let (mgr, other) = (Manager::new(&inline), Manager::new(&inline));
    let seen = Arc::new(Mutex::new(Vec::new()));
    let (later, watched, told) = (other.clone(), mgr.clone(), seen.clone());
    mgr.register("x", move || later.emit("y", ()));
    // On the same loop: behind it.
    other.register("y", move || told.lock().unwrap().push(is_idle(&watched)));
    mgr.emit_after_on(&poll_loop, Duration::ZERO, "x", ());
    mgr.emit_after_on(
        &poll_loop,
        Duration::ZERO,
        "nobody",
        (Looks(mgr.clone(), seen.clone()),),
    );
    settle(&mut poll_loop, Duration::ZERO);
    assert_eq!(*seen.lock().unwrap(), [true, true]);
    assert!(is_idle(&mgr));
}
