//! `Idle`: a future for the moment at which a manager has nothing outstanding.

use core::fmt;
use core::future::Future;
use core::pin::Pin;
use core::task::{Context, Poll};
use core::time::Duration;

use futures_core::FusedFuture;

use crate::contain::{contain, contain_drop};
use crate::delay::{Action, DelayKey, Delays};
use crate::error::WaitError;
use crate::event_loop::{EventLoop, Runtime};
use crate::manager::Inner;
use crate::runtime::TimerError;
use crate::sync::atomic::{AtomicUsize, Ordering};
use crate::sync::{Arc, Mutex, Weak};
use crate::wakers::{Seats, Ticket, wake};

/// Who waits for a manager to be idle.
pub(crate) struct IdleWaiters {
    count: AtomicUsize,
    seats: Mutex<Seats<Option<WaitError>>>,
}

impl IdleWaiters {
    pub(crate) fn new() -> Self {
        Self {
            count: AtomicUsize::new(0),
            seats: Mutex::new(Seats::new()),
        }
    }

    /// Whether anybody does. Asked under a lane's lock, which orders it against the check in `Idle::poll`.
    pub(crate) fn any(&self) -> bool {
        self.count.load(Ordering::Acquire) > 0
    }

    /// Lets everybody look again. With no lock held.
    pub(crate) fn wake(&self) {
        if self.any() {
            self.seats
                .with(Seats::take_wakers)
                .into_iter()
                .for_each(wake);
        }
    }
}

/// A future that resolves at a moment at which no delivery, suspended call, registration, unregistration or closure
/// drop of the manager was outstanding. Made by [`Manager::idle`](crate::Manager::idle).
///
/// Pending delays and waits do not count. It does not resolve on a loop that never starts, on events that re-emit
/// themselves for ever, or inside a callback of the same manager, be it sync or async: that one is outstanding.
///
/// # Errors
///
/// * [`WaitError::TimedOut`] if the limit given with [`timeout`](Self::timeout) or [`timeout_on`](Self::timeout_on)
///   passed first.
/// * [`WaitError::Timer`] if that limit's timer does not work.
///
/// # Cancel safety
///
/// Dropping it leaves nothing behind. Polled again after it has resolved, it stays pending.
///
/// # Examples
///
/// ```
/// # use aioevt_core as aioevt;
/// use aioevt::{Manager, ThreadLoop};
///
/// let worker = ThreadLoop::spawn("worker")?;
/// let mgr = Manager::new(&worker);
/// mgr.register("Add", |_: i32| ());
/// mgr.emit("Add", (1,));
/// mgr.idle().blocking()?;
/// assert_eq!(mgr.stats().ran, 1);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use = "an `Idle` does nothing until it is awaited (or `blocking()` is called)"]
pub struct Idle {
    owner: Arc<Inner>,
    ticket: Option<Ticket>,
    limit: Option<(Weak<Runtime>, DelayKey)>,
    #[cfg(feature = "std")]
    deadline: Option<std::time::Instant>,
    over: bool,
}

/// The limit of an `Idle`, on its way through a delay queue.
pub(crate) struct IdleLimit {
    owner: Arc<Inner>,
    ticket: Ticket,
}

impl IdleLimit {
    fn end(self, came: Result<(), TimerError>) {
        let error = match came {
            Ok(()) => WaitError::TimedOut,
            Err(error) => WaitError::Timer(error),
        };
        let waker = self.owner.idle_waiters().seats.with(|seats| {
            let seat = seats.seat(self.ticket)?;
            seat.note = Some(error);
            seat.take()
        });
        if let Some(waker) = waker {
            wake(waker);
        }
    }
}

impl Idle {
    pub(crate) fn new(owner: Arc<Inner>) -> Self {
        Self {
            owner,
            ticket: None,
            limit: None,
            #[cfg(feature = "std")]
            deadline: None,
            over: false,
        }
    }

    /// Limits it to `limit` from now, by the timer of the manager's default loop. A limit set before is replaced. Once the
    /// manager is closed, by the timer of a loop on which something of it is outstanding: if that loop may hang, name
    /// another one with [`timeout_on`](Self::timeout_on). Inline loops have none, which is a [`WaitError::Timer`].
    pub fn timeout(self, limit: Duration) -> Self {
        let timer = self.owner.timer();
        self.limited(timer, limit)
    }

    /// Limits it to `limit` from now, by the timer of `event_loop`. A limit set before is replaced.
    ///
    /// # Examples
    ///
    /// ```
    /// # use aioevt_core as aioevt;
    /// use aioevt::{EventLoop, Manager, PollLoop};
    /// use std::time::Duration;
    ///
    /// let timer = PollLoop::new(|| ());
    /// let mgr = Manager::new(EventLoop::inline());
    /// mgr.close();
    /// assert_eq!(mgr.idle().timeout_on(&timer, Duration::from_secs(1)).blocking(), Ok(()));
    /// ```
    pub fn timeout_on(self, event_loop: impl Into<EventLoop>, limit: Duration) -> Self {
        let timer = event_loop.into().runtime().clone();
        self.limited(Ok(timer), limit)
    }

    fn limited(mut self, timer: Result<Arc<Runtime>, TimerError>, limit: Duration) -> Self {
        self.cancel_limit();
        #[cfg(feature = "std")]
        {
            self.deadline = std::time::Instant::now().checked_add(limit);
        }
        let ticket = self.ticket();
        // What has become of the limit before this one does not matter any more, nor what still will: it may be on its way
        // here.
        let ticket = self.owner.idle_waiters().seats.with(|seats| {
            if let Some(seat) = seats.seat(ticket) {
                seat.note = None;
            }
            seats.renew(ticket).unwrap_or(ticket)
        });
        self.ticket = Some(ticket);
        let action = IdleLimit {
            owner: self.owner.clone(),
            ticket,
        };
        let timer = match timer {
            Ok(timer) => timer,
            Err(error) => {
                action.end(Err(error));
                return self;
            }
        };
        let key = Delays::add(&timer, limit, Action::LimitIdle(action, IdleLimit::end));
        self.limit = key.map(|key| (Arc::downgrade(&timer), key));
        // Perhaps the last one.
        let _ = contain_drop(timer);
        self
    }

    /// Blocks the calling thread until the manager is idle. A limit is kept by the operating system's clock.
    ///
    /// # Errors
    ///
    /// As for the future itself, and [`WaitError::WouldDeadlock`] where it can be noticed that the calling thread is
    /// running a loop of the manager, as with [`Wait::blocking`](crate::Wait::blocking), or if it has resolved before: ask for
    /// a new one.
    #[cfg(feature = "std")]
    pub fn blocking(mut self) -> Result<(), WaitError> {
        if self.over || self.owner.runs_here() {
            return Err(WaitError::WouldDeadlock);
        }
        self.cancel_limit();
        if let Some(ticket) = self.ticket.take() {
            self.leave(ticket);
        }
        let deadline = self.deadline;
        crate::blocking::block_on(&mut self, deadline).unwrap_or(Err(WaitError::TimedOut))
    }

    fn ticket(&mut self) -> Ticket {
        let waiters = self.owner.idle_waiters();
        *self.ticket.get_or_insert_with(|| {
            waiters.count.fetch_add(1, Ordering::AcqRel);
            waiters.seats.with(Seats::take_seat)
        })
    }

    fn leave(&self, ticket: Ticket) {
        let waiters = self.owner.idle_waiters();
        let seat = waiters.seats.with(|seats| seats.leave(ticket));
        waiters.count.fetch_sub(1, Ordering::AcqRel);
        let _ = contain(move || drop(seat));
    }

    fn cancel_limit(&mut self) {
        let Some((runtime, key)) = self.limit.take() else {
            return;
        };
        if let Some(runtime) = runtime.upgrade() {
            let _ = contain_drop(runtime.delays.cancel(key));
            // Perhaps the last one.
            let _ = contain_drop(runtime);
        }
    }
}

impl Future for Idle {
    type Output = Result<(), WaitError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = &mut *self;
        if this.over {
            return Poll::Pending;
        }
        // First the waker, then the look: whoever makes the manager idle after the look finds the waker.
        let ticket = this.ticket();
        let waker = cx.waker().clone();
        let (note, old) = this
            .owner
            .idle_waiters()
            .seats
            .with(|seats| match seats.seat(ticket) {
                Some(seat) => (seat.note, seat.replace(waker)),
                None => (None, Some(waker)),
            });
        let _ = contain(move || drop(old));
        let outcome = if Inner::is_idle(&this.owner) {
            Ok(())
        } else if let Some(error) = note {
            Err(error)
        } else {
            return Poll::Pending;
        };
        this.over = true;
        Poll::Ready(outcome)
    }
}

impl FusedFuture for Idle {
    fn is_terminated(&self) -> bool {
        self.over
    }
}

impl Drop for Idle {
    fn drop(&mut self) {
        self.cancel_limit();
        if let Some(ticket) = self.ticket.take() {
            self.leave(ticket);
        }
    }
}

impl fmt::Debug for Idle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Idle")
            .field("over", &self.over)
            .finish_non_exhaustive()
    }
}
