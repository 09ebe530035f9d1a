//! `PollLoop`: an event loop that its owner polls, with a clock of the owner's choice. Its tasks and timers are in
//! `poll_loop/core.rs`.

mod core;
mod timers;

use ::core::fmt;
use ::core::time::Duration;

pub(crate) use self::core::{Clock, Core};
use crate::event_loop::{EventLoop, Kind};
use crate::sync::Arc;

/// An event loop that runs when it is polled: a microcontroller's super-loop, a game's frame, a test.
///
/// [`poll`](Self::poll) runs what is ready and says when to come back. From that decision until the next `poll`,
/// arriving work calls `notify`, once: unpark a thread, set an event flag, or do nothing in a test that polls anyway.
/// It is called outside all locks, on whatever thread (or in whatever interrupt handler) the work came from.
///
/// With [`new`](Self::new) time is virtual: it is what the last `poll` was told, and nothing else. That makes every
/// test of delays and limits exact and instant.
///
/// Dropping it closes its loops: what was queued is discarded, counted and reported.
///
/// # Examples
///
/// A test with virtual time:
///
/// ```
/// # use aioevt_core as aioevt;
/// use aioevt::{Manager, PollLoop};
/// use std::time::Duration;
///
/// let mut poll_loop = PollLoop::new(|| ());
/// let mgr = Manager::new(&poll_loop);
/// let (tx, rx) = std::sync::mpsc::channel();
/// mgr.register("Blink", move |led: u8| tx.send(led).unwrap());
/// mgr.emit_after(Duration::from_secs(3600), "Blink", (7u8,));
///
/// let mut now = Duration::ZERO;
/// while let Some(next) = poll_loop.poll(now) {
///     now = next; // time flies
/// }
/// assert_eq!(rx.try_recv(), Ok(7));
/// assert_eq!(now, Duration::from_secs(3600));
/// ```
pub struct PollLoop {
    executor: Executor,
    event_loop: EventLoop,
}

impl PollLoop {
    /// A loop with virtual time: `now` is the last value polled, at first zero.
    pub fn new(notify: impl Fn() + Send + Sync + 'static) -> Self {
        Self::with(Clock::Virtual, notify)
    }

    /// A loop whose timers read `clock`: time since an epoch of its choice, never going back. Pass its value to
    /// [`poll`](Self::poll) too.
    pub fn with_clock(notify: impl Fn() + Send + Sync + 'static, clock: fn() -> Duration) -> Self {
        Self::with(Clock::Real(clock), notify)
    }

    fn with(clock: Clock, notify: impl Fn() + Send + Sync + 'static) -> Self {
        let core = Arc::new(Core::new(clock, notify));
        let event_loop = EventLoop::on(Kind::Poll(core.clone()));
        Self {
            executor: Executor(core),
            event_loop,
        }
    }

    /// A handle of the loop. The same lane each time.
    #[must_use]
    pub fn event_loop(&self) -> EventLoop {
        self.event_loop.clone()
    }

    /// Runs what was ready on entry, each task for one budget (128 calls, or about 100 µs if the clock goes on meanwhile).
    /// Fires the timers due at `now`, a time on the loop's clock; an earlier one than before counts as the one before.
    ///
    /// Returns `Some(now)` if more is ready, else the next deadline, else `None`: then only arriving work, which calls
    /// `notify`, makes anything ready.
    pub fn poll(&mut self, now: Duration) -> Option<Duration> {
        self.executor.0.poll(now)
    }
}

impl From<&PollLoop> for EventLoop {
    fn from(poll_loop: &PollLoop) -> Self {
        poll_loop.event_loop()
    }
}

impl fmt::Debug for PollLoop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PollLoop").finish_non_exhaustive()
    }
}

/// Whoever runs the core. Dropping it drops all tasks.
pub(crate) struct Executor(pub(crate) Arc<Core>);

impl Drop for Executor {
    fn drop(&mut self) {
        self.0.close();
    }
}
