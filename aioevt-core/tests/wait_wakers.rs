//! What waits do with the wakers that they are given: which one is woken, and when, and that dropping and waking them may
//! panic and may use the manager. Those of lanes are in `wakers.rs`.
#![cfg(all(not(loom), feature = "std"))]
#![allow(
    clippy::unwrap_used,
    clippy::std_instead_of_core,
    clippy::std_instead_of_alloc,
    reason = "a test"
)]
#![allow(
    unsafe_code,
    reason = "a waker that notices its clones is made by hand"
)]

#[path = "support/told.rs"]
mod told;

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

use aioevt_core::{EventLoop, Manager, PollLoop, TimerError, Wait, WaitError, args};

use self::told::{ByHand, Fragile, Panics, Told, set};

fn poll(wait: &mut Wait, waker: &Waker) -> Poll<Result<(), WaitError>> {
    let polled = Pin::new(wait).poll(&mut Context::from_waker(waker));
    polled.map(|outcome| outcome.map(drop))
}

/// Drops a wait when it is woken.
struct DropsWait(Mutex<Option<Wait>>);

impl Wake for DropsWait {
    fn wake(self: Arc<Self>) {
        drop(self.0.lock().unwrap().take());
    }
}

/// The emit is the last who has the data then, and nobody else is to blame.
#[test]
fn an_emit_whose_data_panics_after_its_waker_dropped_the_wait_goes_on() {
    let mgr = Manager::new(EventLoop::inline());
    let waker = Arc::new(DropsWait(Mutex::new(None)));
    let mut wait = mgr.wait("x");
    assert!(poll(&mut wait, &Waker::from(waker.clone())).is_pending());
    *waker.0.lock().unwrap() = Some(wait);
    assert_eq!(mgr.emit("x", (Panics,)).waiters, 1);
    assert!(waker.0.lock().unwrap().is_none());
}

#[test]
fn data_that_nobody_gets_may_panic() {
    let mgr = Manager::new(EventLoop::inline());
    assert_eq!(mgr.emit("x", (Panics,)).waiters, 0);
    let topic = mgr.topic("x");
    drop(topic.wait());
    assert_eq!(topic.emit((Panics,)).waiters, 0);
}

#[test]
fn a_wait_s_waker_that_panics_when_it_is_dropped_stops_nobody() {
    let mgr = Manager::new(EventLoop::inline());
    let panics = || {
        let told = Told::new();
        set(&told.on_drop, || panic!("when dropped"));
        told.waker()
    };
    // Replaced by another one, and left behind by a wait that is taken back.
    let mut wait = mgr.wait("x");
    for _ in 0..2 {
        assert!(poll(&mut wait, &panics()).is_pending());
    }
    drop(wait);
    // Woken.
    let mut wait = mgr.wait("x");
    assert!(poll(&mut wait, &panics()).is_pending());
    assert_eq!(mgr.emit("x", (1,)).waiters, 1);
    assert!(matches!(
        poll(&mut wait, Waker::noop()),
        Poll::Ready(Ok(()))
    ));
    assert_eq!(mgr.names(), [""; 0]);
}

/// A timer that does not work leaves the wait armed until it is taken back: the seat stays its own.
#[test]
fn a_wait_whose_timer_failed_is_still_woken_by_what_ends_the_others() {
    let mgr = Manager::new(EventLoop::inline());
    let mut wait = mgr.wait("x").timeout(Duration::from_secs(1));
    assert!(matches!(
        poll(&mut wait, Waker::noop()),
        Poll::Ready(Err(WaitError::Timer(_)))
    ));
    assert_eq!(mgr.names(), [""; 0]);
    // Blocking has a clock of its own.
    let wait = mgr.wait("x").timeout(Duration::from_secs(100));
    mgr.emit("x", (1,));
    assert!(wait.blocking().is_ok());
    assert_eq!(mgr.stats().waiters, 0);
}

#[test]
fn waits_get_data_of_every_kind() {
    #[repr(align(64))]
    struct Aligned(u8);
    let mgr = Manager::new(EventLoop::inline());
    let get = |emit: &dyn Fn()| {
        let waits = [mgr.wait("x"), mgr.wait("x")];
        emit();
        waits.map(|wait| wait.blocking().unwrap())
    };
    for data in get(&|| _ = mgr.emit("x", ())) {
        assert_eq!(data.args::<()>(), Ok(()));
    }
    for data in get(&|| _ = mgr.emit("x", (Aligned(3),))) {
        let aligned: &Aligned = data.arg_ref(0).unwrap();
        assert_eq!(std::ptr::from_ref(aligned).addr() % 64, 0);
        assert_eq!(aligned.0, 3);
    }
    for data in get(&|| _ = mgr.emit("x", (1_u128, [7_u64; 20]))) {
        assert_eq!(data.args(), Ok((1_u128, [7_u64; 20])));
    }
    for data in get(&|| _ = mgr.emit("x", args![1, 2; k = 3])) {
        assert_eq!(data.kwarg("k"), Ok(3));
        assert_eq!(data.keywords().collect::<Vec<_>>(), ["k"]);
    }
    for data in get(&|| _ = mgr.emit("x", (300_i32, 2_u8))) {
        assert_eq!(data.args(), Ok((300_i64, 2_i64)));
        assert!(data.arg::<u8>(0).is_err());
    }
}

/// A limit that is set when all is over already takes no seat, which data that is kept would keep.
#[test]
fn a_limit_after_the_event_changes_nothing() {
    let mut poll_loop = PollLoop::new(|| ());
    let mgr = Manager::new(EventLoop::inline());
    let mut waits: Vec<_> = (0..10).map(|_| mgr.wait("x")).collect();
    assert_eq!(mgr.emit("x", (1,)).waiters, 10);
    let last = waits.pop().unwrap();
    let last = last.timeout_on(&poll_loop, Duration::ZERO);
    while poll_loop.poll(Duration::from_secs(1)).is_some() {}
    assert!(last.blocking().is_ok());
    for wait in waits {
        let mut wait = wait.timeout_on(EventLoop::inline(), Duration::from_secs(1));
        assert!(matches!(
            poll(&mut wait, Waker::noop()),
            Poll::Ready(Ok(()))
        ));
    }
}

/// Else it would go on waiting for an event that may never come.
#[test]
fn a_wait_is_woken_when_its_timer_dies() {
    let poll_loop = PollLoop::new(|| ());
    let mgr = Manager::new(EventLoop::inline());
    let mut wait = mgr.wait("x").timeout_on(&poll_loop, Duration::from_secs(1));
    let told = Told::new();
    assert!(poll(&mut wait, &told.waker()).is_pending());
    drop(poll_loop);
    assert_eq!(told.wakes(), 1);
    let outcome = poll(&mut wait, Waker::noop());
    assert_eq!(
        outcome,
        Poll::Ready(Err(WaitError::Timer(TimerError::Closed)))
    );
}

/// The seat of the one that timed out is kept until it has looked.
#[test]
fn an_event_wakes_those_that_are_left_when_one_of_them_has_timed_out() {
    let mut poll_loop = PollLoop::new(|| ());
    let mgr = Manager::new(&poll_loop);
    let (limited, told) = (
        mgr.wait("x").timeout(Duration::ZERO),
        [Told::new(), Told::new()],
    );
    let mut waits = [limited, mgr.wait("x")];
    for (wait, told) in waits.iter_mut().zip(told) {
        assert!(poll(wait, &told.waker()).is_pending());
    }
    while poll_loop.poll(Duration::ZERO).is_some() {}
    assert_eq!(told.map(Told::wakes), [1, 0]);
    assert_eq!(mgr.emit("x", ()).waiters, 1);
    assert_eq!(told.map(Told::wakes), [1, 1]);
    let outcomes = waits.each_mut().map(|wait| poll(wait, Waker::noop()));
    assert_eq!(
        outcomes,
        [Poll::Ready(Err(WaitError::TimedOut)), Poll::Ready(Ok(()))]
    );
}

/// Whoever hears of an event may ask whether its name is still there, and may be waited for by an inline callback.
#[test]
fn the_last_event_of_a_name_ends_that_then_wakes_waits_then_runs_inline_callbacks() {
    for called in [false, true] {
        let mgr = Manager::new(EventLoop::inline());
        let seen = Arc::new(Mutex::new(Vec::new()));
        let (told, names, log) = (Told::new(), mgr.clone(), seen.clone());
        set(&told.on_drop, move || {
            log.lock().unwrap().push(("woken", names.names().len()));
        });
        let mut wait = mgr.wait("x");
        assert!(poll(&mut wait, &told.waker()).is_pending());
        let mut expected = vec![("woken", 0)];
        if called {
            let log = seen.clone();
            mgr.on("x").once().call(move |mgr: Manager| {
                log.lock().unwrap().push(("called", mgr.names().len()));
            });
            expected.push(("called", 0));
        }
        assert_eq!(mgr.emit("x", ()).waiters, 1);
        assert_eq!(*seen.lock().unwrap(), expected);
    }
}

#[test]
fn a_runtime_that_panics_when_its_last_limit_goes_stops_no_wait() {
    let mgr = Manager::new(EventLoop::inline());
    let limited = |wait: Wait| {
        let event_loop = EventLoop::new(Fragile(ByHand::default(), Panics));
        wait.timeout_on(event_loop, Duration::from_secs(1))
    };
    let mut wait = limited(mgr.wait("x"));
    mgr.emit("x", ());
    assert_eq!(poll(&mut wait, Waker::noop()), Poll::Ready(Ok(())));
    // The one is replaced, the other left by a wait that has a clock of its own.
    let wait = limited(limited(mgr.wait("x")));
    mgr.emit("x", ());
    assert!(wait.blocking().is_ok());
}
