//! `PollLoop` with virtual time: the suite, and what only a clock that one sets can show.

use std::future::Future;
use std::pin::pin;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll, Waker};
use std::thread;
use std::time::Duration;

use aioevt::{EventLoop, EvtData, Manager, PollLoop, WaitError, WeakManager};

use crate::support::{Log, LoopUnderTest, Unpark, panic, poll_once, watched};

/// Time passes whenever there is nothing else to do.
pub(crate) struct Virtual {
    poll_loop: PollLoop,
    now: Duration,
}

impl LoopUnderTest for Virtual {
    const RUNS_BY_ITSELF: bool = false;

    fn start() -> Self {
        let owner = thread::current();
        Self {
            poll_loop: PollLoop::new(move || owner.unpark()),
            now: Duration::ZERO,
        }
    }

    fn event_loop(&self) -> EventLoop {
        self.poll_loop.event_loop()
    }

    fn run<F: Future>(&mut self, future: F) -> F::Output {
        let mut future = pin!(watched(future));
        let waker = Waker::from(Arc::new(Unpark(thread::current())));
        let mut cx = Context::from_waker(&waker);
        loop {
            if let Poll::Ready(output) = future.as_mut().poll(&mut cx) {
                return output;
            }
            match self.poll_loop.poll(self.now) {
                Some(next) => self.now = next,
                None => thread::park(),
            }
        }
    }
}

conformance!(Virtual: callbacks tasks time one_thread);

const SECOND: Duration = Duration::from_secs(1);

/// Polls until nothing is ready.
fn run_at(poll_loop: &mut PollLoop, now: Duration) -> Option<Duration> {
    loop {
        match poll_loop.poll(now) {
            Some(next) if next <= now => {}
            next => return next,
        }
    }
}

#[test]
fn delays_fire_in_the_order_of_their_deadlines() {
    let mut poll_loop = PollLoop::new(|| ());
    let mgr = Manager::new(&poll_loop);
    let log = Log::new();
    let recording = log.clone();
    mgr.register("x", move |number: u32| recording.push(number));
    for number in [7, 3, 9, 3, 1, 7] {
        mgr.emit_after(SECOND * number, "x", (number,));
    }
    assert_eq!(run_at(&mut poll_loop, Duration::ZERO), Some(SECOND));
    assert_eq!(run_at(&mut poll_loop, SECOND * 3), Some(SECOND * 7));
    assert_eq!(log.take(), [1, 3, 3]);
    mgr.emit_after(SECOND * 5, "x", (8_u32,));
    assert_eq!(run_at(&mut poll_loop, SECOND * 100), None);
    assert_eq!(log.take(), [7, 7, 8, 9]);
}

#[test]
fn a_delay_fires_at_its_deadline_and_not_a_nanosecond_earlier() {
    let mut poll_loop = PollLoop::new(|| ());
    let mgr = Manager::new(&poll_loop);
    let log = Log::new();
    let recording = log.clone();
    mgr.register("x", move || recording.push(()));
    run_at(&mut poll_loop, SECOND);
    mgr.emit_after(SECOND, "x", ());
    let deadline = SECOND * 2;
    let just_before = deadline - Duration::from_nanos(1);
    assert_eq!(run_at(&mut poll_loop, just_before), Some(deadline));
    assert_eq!(log.len(), 0);
    assert_eq!(run_at(&mut poll_loop, deadline), None);
    assert_eq!(log.len(), 1);
}

#[test]
fn an_event_committed_before_the_limit_passes_wins() {
    let mut poll_loop = PollLoop::new(|| ());
    let mgr = Manager::new(&poll_loop);
    let mut wait = mgr.wait("x").timeout(SECOND);
    run_at(&mut poll_loop, Duration::ZERO);
    assert_eq!(mgr.emit("x", (1,)).waiters, 1);
    run_at(&mut poll_loop, SECOND * 2);
    assert!(matches!(poll_once(&mut wait), Poll::Ready(Ok(_))));
}

#[test]
fn a_wait_that_timed_out_does_not_receive_a_later_event() {
    let mut poll_loop = PollLoop::new(|| ());
    let mgr = Manager::new(&poll_loop);
    let mut early = mgr.wait("x").timeout(SECOND);
    let mut both = mgr.wait("x").timeout(SECOND * 3);
    run_at(&mut poll_loop, SECOND * 2);
    // It has not looked yet, and shares its round with these two.
    let mut late = mgr.wait("x");
    assert_eq!(mgr.stats().waiters, 2);
    assert_eq!(mgr.emit("x", (1,)).waiters, 2);
    assert_eq!(
        poll_once(&mut early).map(drop_data),
        Poll::Ready(Err(WaitError::TimedOut))
    );
    for wait in [&mut both, &mut late] {
        assert_eq!(poll_once(wait).map(drop_data), Poll::Ready(Ok(())));
    }
}

fn drop_data(outcome: Result<EvtData, WaitError>) -> Result<(), WaitError> {
    outcome.map(drop)
}

#[test]
fn a_cancelled_delay_leaves_nothing_to_come_back_for() {
    let mut poll_loop = PollLoop::new(|| ());
    let mgr = Manager::new(&poll_loop);
    let delayed = mgr.emit_after(SECOND, "x", ());
    assert_eq!(run_at(&mut poll_loop, Duration::ZERO), Some(SECOND));
    mgr.emit_after(SECOND * 2, "x", ());
    assert!(delayed.cancel());
    // Whether it is looked at once more for nothing does not matter; what is left fires.
    let mut now = SECOND;
    while let Some(next) = run_at(&mut poll_loop, now) {
        now = next;
    }
    assert_eq!((now, mgr.stats().delayed), (SECOND * 2, 0));
}

#[test]
fn work_that_arrives_while_it_sleeps_notifies_once() {
    let notified = Arc::new(AtomicUsize::new(0));
    let counted = notified.clone();
    let mut poll_loop = PollLoop::new(move || {
        counted.fetch_add(1, Ordering::SeqCst);
    });
    let mgr = Manager::new(&poll_loop);
    mgr.register("x", || ());
    run_at(&mut poll_loop, Duration::ZERO);
    for _ in 0..3 {
        notified.store(0, Ordering::SeqCst);
        mgr.emit("x", ());
        mgr.emit("x", ());
        mgr.emit_after(Duration::ZERO, "x", ());
        assert_eq!(notified.load(Ordering::SeqCst), 1);
        run_at(&mut poll_loop, Duration::ZERO);
    }
}

#[test]
#[cfg_attr(panic = "abort", ignore = "panics on purpose")]
fn a_notify_that_uses_the_manager_or_panics_harms_nothing() {
    let slot = Arc::new(OnceLock::<WeakManager>::new());
    let found = slot.clone();
    let mut poll_loop = PollLoop::new(move || {
        if let Some(mgr) = found.get().and_then(WeakManager::upgrade) {
            mgr.emit("from notify", ());
            drop(mgr.names());
        }
        panic("notify")
    });
    let mgr = Manager::new(&poll_loop);
    let log = Log::new();
    let recording = log.clone();
    mgr.register("from notify", move || recording.push(()));
    run_at(&mut poll_loop, Duration::ZERO);
    slot.set(mgr.downgrade()).unwrap();
    assert_eq!(mgr.emit("from notify", ()).callbacks, 1);
    run_at(&mut poll_loop, Duration::ZERO);
    assert_eq!(log.len(), 2);
}

#[test]
fn a_clock_of_its_own_times_delays_from_their_call() {
    static CLOCK: AtomicU64 = AtomicU64::new(0);
    let clock = || Duration::from_millis(CLOCK.load(Ordering::SeqCst));
    let mut poll_loop = PollLoop::with_clock(|| (), clock);
    let mgr = Manager::new(&poll_loop);
    let log = Log::new();
    let recording = log.clone();
    mgr.register("slow", |mgr: Manager| {
        // The call takes 100 ms of the clock, which the loop was not told of.
        CLOCK.fetch_add(100, Ordering::SeqCst);
        mgr.emit_after(Duration::from_millis(50), "x", ());
    });
    mgr.register("x", move || recording.push(CLOCK.load(Ordering::SeqCst)));
    mgr.emit("slow", ());
    let mut wait_for_it = || {
        let mut next = run_at(&mut poll_loop, clock());
        while let Some(deadline) = next {
            let millis = u64::try_from(deadline.as_millis()).unwrap();
            CLOCK.fetch_max(millis, Ordering::SeqCst);
            next = run_at(&mut poll_loop, clock());
        }
    };
    wait_for_it();
    assert_eq!(log.take(), [150]);
    // And from another thread, long after the loop was polled last.
    thread::scope(|scope| {
        scope.spawn(|| {
            CLOCK.fetch_add(100, Ordering::SeqCst);
            mgr.emit_after(Duration::from_millis(50), "x", ())
        });
    });
    wait_for_it();
    assert_eq!(log.take(), [300]);
}

#[test]
fn delays_of_several_lanes_fire_in_one_order() {
    let mut poll_loop = PollLoop::new(|| ());
    let lanes = [poll_loop.event_loop(), poll_loop.event_loop().new_lane()];
    let mgr = Manager::new(&poll_loop);
    let log = Log::new();
    let recording = log.clone();
    mgr.register("x", move |number: u32| recording.push(number));
    for number in 0..100_u32 {
        let delay = SECOND * (100 - number / 10);
        mgr.emit_after_on(&lanes[number as usize % 2], delay, "x", (number,));
    }
    assert_eq!(run_at(&mut poll_loop, SECOND * 200), None);
    let expected = (0..10).rev().flat_map(|ten| ten * 10..ten * 10 + 10);
    assert_eq!(log.take(), expected.collect::<Vec<_>>());
}
