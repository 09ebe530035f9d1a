//! `Wait`: a future for the next event of a name, with an optional limit. Arming is in `topic/waiters.rs`.

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::fmt;
use core::future::Future;
use core::pin::Pin;
use core::task::{Context, Poll, Waker};
use core::time::Duration;

use futures_core::FusedFuture;

use crate::contain::{contain, contain_drop};
use crate::data::EvtData;
use crate::delay::{Action, DelayKey, Delays};
use crate::error::WaitError;
use crate::event_loop::{EventLoop, Runtime};
use crate::manager::Inner;
use crate::runtime::TimerError;
use crate::sync::atomic::{AtomicBool, Ordering};
use crate::sync::{Arc, Mutex, Once, Weak};
use crate::topic::{self, TopicShared};
use crate::wakers::{Seats, Ticket, wake};

type Outcome = Result<EvtData, WaitError>;

/// The waits armed between two events of a name. One emit resolves them all.
pub(crate) struct Round {
    /// Here and not in each wait, whose making and ending would count references. The topic refers to its round as well,
    /// until an event claims that or the name goes.
    topic: Arc<TopicShared>,
    seats: Mutex<Seats<Option<WaitError>>>,
    /// What has come of all waits that were not taken back before. Set under the lock.
    outcome: Once<Outcome>,
    /// Something has become of one of the waits alone: it has a note on its seat. Set under the lock. A wait that is
    /// taken back is so before the outcome.
    stirred: AtomicBool,
}

impl Round {
    pub(crate) fn new(topic: Arc<TopicShared>) -> Self {
        Self {
            topic,
            seats: Mutex::new(Seats::new()),
            outcome: Once::new(),
            stirred: AtomicBool::new(false),
        }
    }

    /// What has come of the wait in a seat, or of one without. Under the lock.
    fn outcome(
        &self,
        seats: &mut Seats<Option<WaitError>>,
        ticket: Option<Ticket>,
        own_clock: bool,
    ) -> Option<Outcome> {
        let note = ticket
            .and_then(|ticket| seats.seat(ticket))
            .and_then(|seat| seat.note);
        match (note, self.outcome.read(Outcome::clone)) {
            (Some(WaitError::TimedOut), _) => Some(Err(WaitError::TimedOut)),
            (_, Some(outcome)) => Some(outcome),
            (Some(WaitError::Timer(_)), None) if own_clock => None,
            (note, None) => note.map(Err),
        }
    }

    /// The event has come that all waits of the round are for.
    pub(crate) fn resolve(&self, data: EvtData) {
        self.end(|| Ok(data));
    }

    /// It never will.
    pub(crate) fn fail(&self, error: WaitError) {
        self.end(|| Err(error));
    }

    /// Ends all waits of the round. Exactly once, by whoever took it out of its topic, with no lock held.
    fn end(&self, outcome: impl FnOnce() -> Outcome) {
        let left = self.seats.with(|seats| {
            self.outcome.set(outcome);
            self.leave_all(seats)
        });
        wake_left(left);
    }

    /// Under the lock: the seats of all who wait, and the wakers of those whose notes are still to be read.
    fn leave_all(&self, seats: &mut Seats<Option<WaitError>>) -> Left {
        if seats.is_empty() {
            return None;
        }
        Some(if self.is_stirred() {
            (Seats::new(), seats.take_wakers())
        } else {
            (core::mem::replace(seats, Seats::new()), Vec::new())
        })
    }

    fn is_stirred(&self) -> bool {
        self.stirred.load(Ordering::Acquire)
    }

    /// A seat for a limit: that of the wait, if it has one, under a new ticket.
    fn take_seat(&self, ticket: Option<Ticket>) -> Ticket {
        self.seats.with(|seats| {
            let renewed = ticket.and_then(|ticket| seats.renew(ticket));
            renewed.unwrap_or_else(|| seats.take_seat())
        })
    }

    /// Notes that a wait is taken back; `false` if it was before. One without a seat has nobody else to take it back.
    /// Under the topic's lock. The waker is to be woken, or dropped, after it.
    fn take_back(&self, ticket: Option<Ticket>, waker: &mut Option<Waker>) -> bool {
        ticket.is_none_or(|ticket| self.note(ticket, WaitError::TimedOut, waker))
    }

    fn leave(&self, ticket: Ticket) {
        let seat = self.seats.with(|seats| seats.leave(ticket));
        let _ = contain(move || drop(seat));
    }

    /// Marks one wait as ended and wakes it. The caller has made sure of its right to do so.
    fn mark(&self, ticket: Ticket, error: WaitError) {
        let mut waker = None;
        self.note(ticket, error, &mut waker);
        if let Some(waker) = waker {
            wake(waker);
        }
    }

    /// Leaves a note for a wait, unless it was taken back: that is the end, for it is counted no more.
    fn note(&self, ticket: Ticket, error: WaitError, waker: &mut Option<Waker>) -> bool {
        self.seats.with(|seats| {
            let seat = seats
                .seat(ticket)
                .filter(|seat| seat.note != Some(WaitError::TimedOut));
            let Some(seat) = seat else { return false };
            self.stirred.store(true, Ordering::Release);
            seat.note = Some(error);
            *waker = seat.take();
            true
        })
    }
}

/// Those who are to be woken, with no lock held.
type Left = Option<(Seats<Option<WaitError>>, Vec<Waker>)>;

fn wake_left(left: Left) {
    if let Some((seats, wakers)) = left {
        seats.wake_all();
        wakers.into_iter().for_each(wake);
    }
}

/// The limit of a wait, on its way through a delay queue.
pub(crate) struct WaitLimit {
    round: Arc<Round>,
    ticket: Ticket,
}

impl WaitLimit {
    fn end(self, came: Result<(), TimerError>) {
        match came {
            Ok(()) => self.expire(),
            // The wait stays armed until it looks: a blocking one has a clock of its own.
            Err(error) => self.round.mark(self.ticket, WaitError::Timer(error)),
        }
    }

    /// What was committed first wins.
    fn expire(self) {
        let mut waker = None;
        topic::disarm(&self.round.topic, &self.round, || {
            self.round.take_back(Some(self.ticket), &mut waker)
        });
        if let Some(waker) = waker {
            wake(waker);
        }
    }
}

/// The next event of a name: a future that resolves to its data. Made by [`Manager::wait`](crate::Manager::wait).
///
/// It is armed already when it is made: an event emitted before the first poll counts, one emitted before the wait was
/// made does not. All waits armed before an event get the same data.
///
/// # Errors
///
/// * [`WaitError::TimedOut`] if the limit passed first. An event that was committed before that wins, always.
/// * [`WaitError::Unregistered`] if [`unregister`](crate::Manager::unregister) was called for the name.
/// * [`WaitError::Closed`] if the manager was closed, before or while waiting.
/// * [`WaitError::Timer`] if the limit's timer does not work.
///
/// # Cancel safety
///
/// Dropping it leaves nothing behind. It may be moved, polled by another task, joined and selected like any future
/// (`any of`, `all of`). Polled again after it has resolved, it stays pending.
///
/// # Examples
///
/// ```
/// # use aioevt_core as aioevt;
/// use aioevt::{EventLoop, Manager};
///
/// let mgr = Manager::new(EventLoop::inline());
/// let wait = mgr.wait("Done");
/// mgr.emit("Done", (7, 3));
/// let data = wait.blocking()?;
/// assert_eq!(data.args::<(i32, i32)>()?, (7, 3));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use = "a wait is armed by the call, and its data comes by awaiting it (or by `blocking()`); dropping it cancels it"]
pub struct Wait(Stage);

enum Stage {
    Armed(Armed),
    Settled(Outcome),
    Over,
}

/// An armed wait. Dropping it disarms it.
struct Armed {
    round: Arc<Round>,
    ticket: Option<Ticket>,
    /// Apart, since most waits have none and are the smaller for it.
    limit: Option<Box<Limit>>,
    /// The topic still counts it among its waits, as far as it knows.
    counted: bool,
    /// The limit is kept by the operating system's clock: a broken timer is no reason to give up.
    own_clock: bool,
}

/// When a wait is to end.
struct Limit {
    /// Its entry in the delay queue, unless the timer is broken.
    delay: Option<(Weak<Runtime>, DelayKey)>,
    #[cfg(feature = "std")]
    deadline: Option<std::time::Instant>,
}

impl Wait {
    pub(crate) fn armed(round: Arc<Round>) -> Self {
        Self(Stage::Armed(Armed {
            round,
            ticket: None,
            limit: None,
            counted: true,
            own_clock: false,
        }))
    }

    pub(crate) fn failed(error: WaitError) -> Self {
        Self(Stage::Settled(Err(error)))
    }

    /// Limits the wait to `limit` from now, by the timer of the manager's default loop. A limit set before is replaced.
    pub fn timeout(self, limit: Duration) -> Self {
        let event_loop = match &self.0 {
            Stage::Armed(armed) => armed.owner().and_then(|owner| owner.default_loop()),
            Stage::Settled(_) | Stage::Over => None,
        };
        match event_loop {
            Some(event_loop) => self.timeout_on(&event_loop, limit),
            None => self,
        }
    }

    /// Limits the wait to `limit` from now, by the timer of `event_loop`. A limit set before is replaced.
    pub fn timeout_on(mut self, event_loop: impl Into<EventLoop>, limit: Duration) -> Self {
        if let Stage::Armed(armed) = &mut self.0 {
            armed.limit(event_loop.into().runtime(), limit);
        }
        self
    }

    /// Blocks the calling thread until the event has come. A limit given with [`timeout`](Self::timeout) is kept by the
    /// operating system's clock, so it works whatever becomes of the event loop.
    ///
    /// For plain threads. On a thread that runs an event loop it would stop that loop.
    ///
    /// # Errors
    ///
    /// As for the wait itself, and [`WaitError::WouldDeadlock`] where it can be noticed that the calling thread is
    /// running a loop of the manager: in a callback before its first suspension, anywhere on the thread of a `ThreadLoop`,
    /// and inside [`PollLoop::poll`](crate::PollLoop::poll).
    #[cfg(feature = "std")]
    pub fn blocking(mut self) -> Result<EvtData, WaitError> {
        let mut deadline = None;
        if let Stage::Armed(armed) = &mut self.0 {
            if armed.owner().is_some_and(|owner| owner.runs_here()) {
                return Err(WaitError::WouldDeadlock);
            }
            armed.own_clock = true;
            deadline = armed.cancel_limit().and_then(|limit| limit.deadline);
        }
        match crate::blocking::block_on(&mut self, deadline) {
            Some(outcome) => outcome,
            None if self.give_up() => Err(WaitError::TimedOut),
            // An event was committed first: its data is on the way.
            None => crate::blocking::block_on(&mut self, None).unwrap_or(Err(WaitError::TimedOut)),
        }
    }

    /// Ends the wait unless its round was claimed.
    #[cfg(feature = "std")]
    fn give_up(&mut self) -> bool {
        match &mut self.0 {
            Stage::Armed(armed) => {
                armed.withdraw() && {
                    self.retire();
                    true
                }
            }
            Stage::Settled(_) | Stage::Over => true,
        }
    }

    /// Forgets an armed wait that is no longer counted in its topic.
    fn retire(&mut self) {
        if let Stage::Armed(armed) = &mut self.0 {
            armed.counted = false;
        }
        self.end();
    }

    /// Ends it where it is: it is not small, and most waits are over soon.
    fn end(&mut self) {
        // It may hold the last reference to a payload, which is foreign.
        let _ = contain(|| self.0 = Stage::Over);
    }
}

impl Armed {
    /// The manager, if there is anything left of it. Without, an end has come of the wait.
    fn owner(&self) -> Option<Arc<Inner>> {
        self.round.topic.owner()
    }

    fn limit(&mut self, runtime: &Arc<Runtime>, limit: Duration) {
        self.cancel_limit();
        // That the limit before this one could not be kept does not matter any more.
        self.forget_timer_error();
        // Nor does the limit itself, which may be on its way here: it has been taken out of its queue then.
        let ticket = self.round.take_seat(self.ticket);
        self.ticket = Some(ticket);
        #[cfg(feature = "std")]
        let deadline = std::time::Instant::now().checked_add(limit);
        let action = WaitLimit {
            round: self.round.clone(),
            ticket,
        };
        let key = Delays::add(runtime, limit, Action::LimitWait(action, WaitLimit::end));
        self.limit = Some(Box::new(Limit {
            delay: key.map(|key| (Arc::downgrade(runtime), key)),
            #[cfg(feature = "std")]
            deadline,
        }));
    }

    /// Takes the wait back; `false` if it was claimed, or its limit was faster.
    fn withdraw(&mut self) -> bool {
        let mut waker = None;
        let disarmed = topic::disarm(&self.round.topic, &self.round, || {
            self.round.take_back(self.ticket, &mut waker)
        });
        let _ = contain(move || drop(waker));
        disarmed
    }

    /// Cancels the limit, if there is one, and hands it over.
    fn cancel_limit(&mut self) -> Option<Box<Limit>> {
        let mut limit = self.limit.take()?;
        if let Some((runtime, key)) = limit.delay.take() {
            if let Some(runtime) = runtime.upgrade() {
                let _ = contain_drop(runtime.delays.cancel(key));
                // Perhaps the last one.
                let _ = contain_drop(runtime);
            }
        }
        Some(limit)
    }

    /// A limit that can never fire is no reason to give up what is already claimed, or timed by another clock.
    fn forget_timer_error(&mut self) {
        let Some(ticket) = self.ticket else { return };
        self.round.seats.with(|seats| {
            if let Some(seat) = seats.seat(ticket) {
                if matches!(seat.note, Some(WaitError::Timer(_))) {
                    seat.note = None;
                }
            }
        });
    }

    /// The data, if an event has come and nothing else. It travels in two registers.
    #[inline]
    fn data(&mut self) -> Option<EvtData> {
        let round = &self.round;
        let data = round.outcome.read(|outcome| match outcome {
            Ok(data) if !round.is_stirred() => Some(data.clone()),
            _ => None,
        });
        // The seat has left together with all others.
        data.flatten().inspect(|_| self.ticket = None)
    }

    /// What has come of it so far. Mostly something when it was woken; then nothing is locked and no waker cloned.
    fn look(&mut self) -> Option<Outcome> {
        // In this order: whoever sees the outcome also sees the notes that were made before it.
        let outcome = self.round.outcome.read(Outcome::clone);
        if !self.round.is_stirred() {
            if outcome.is_some() {
                // The seat has left together with all others.
                self.ticket = None;
            }
            return outcome;
        }
        let round = &self.round;
        let (outcome, seat) = round.seats.with(|seats| {
            let outcome = round.outcome(seats, self.ticket, self.own_clock)?;
            // If the timer failed the wait is still armed.
            let over = !matches!(outcome, Err(WaitError::Timer(_)));
            let ticket = self.ticket.take_if(|_| over);
            Some((outcome, ticket.and_then(|ticket| seats.leave(ticket))))
        })?;
        let _ = contain_drop(seat);
        Some(outcome)
    }

    /// What has come of it so far; else leaves a waker.
    fn poll(&mut self, cx: &Context<'_>) -> Poll<Outcome> {
        if let Some(outcome) = self.look() {
            return Poll::Ready(outcome);
        }
        let waker = cx.waker().clone();
        let (round, place) = (&self.round, &mut self.ticket);
        let (poll, old) = round.seats.with(|seats| {
            if let Some(outcome) = round.outcome(seats, *place, self.own_clock) {
                return (Poll::Ready(outcome), Some(waker));
            }
            let ticket = *place.get_or_insert_with(|| seats.take_seat());
            let old = match seats.seat(ticket) {
                Some(seat) => seat.replace(waker),
                None => Some(waker),
            };
            (Poll::Pending, old)
        });
        let _ = contain(move || drop(old));
        poll
    }
}

impl Drop for Armed {
    fn drop(&mut self) {
        self.cancel_limit();
        if self.counted {
            self.withdraw();
        }
        if let Some(ticket) = self.ticket.take() {
            self.round.leave(ticket);
        }
    }
}

impl Drop for Wait {
    fn drop(&mut self) {
        self.end();
    }
}

impl Future for Wait {
    type Output = Result<EvtData, WaitError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = &mut *self;
        if let Stage::Armed(armed) = &mut this.0 {
            if let Some(data) = armed.data() {
                this.retire();
                return Poll::Ready(Ok(data));
            }
        }
        let outcome = match &mut this.0 {
            Stage::Armed(armed) => match armed.poll(cx) {
                Poll::Pending => return Poll::Pending,
                // A broken timer has not disarmed the wait: an event may still have been first.
                Poll::Ready(Err(error @ WaitError::Timer(_))) => {
                    if armed.withdraw() {
                        Err(error)
                    } else {
                        armed.forget_timer_error();
                        match armed.poll(cx) {
                            Poll::Pending => return Poll::Pending,
                            Poll::Ready(outcome) => outcome,
                        }
                    }
                }
                Poll::Ready(outcome) => {
                    if matches!(outcome, Err(WaitError::TimedOut)) {
                        // Its limit has taken it back, and may not have come to the name yet.
                        topic::sweep(&armed.round.topic);
                    }
                    outcome
                }
            },
            Stage::Settled(_) => match core::mem::replace(&mut this.0, Stage::Over) {
                Stage::Settled(outcome) => return Poll::Ready(outcome),
                Stage::Armed(_) | Stage::Over => return Poll::Pending,
            },
            Stage::Over => return Poll::Pending,
        };
        this.retire();
        Poll::Ready(outcome)
    }
}

impl FusedFuture for Wait {
    fn is_terminated(&self) -> bool {
        matches!(self.0, Stage::Over)
    }
}

impl fmt::Debug for Wait {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let stage = match &self.0 {
            Stage::Armed(armed) => {
                return f
                    .debug_struct("Wait")
                    .field("event", &armed.round.topic.name())
                    .finish();
            }
            Stage::Settled(Ok(_)) => "settled",
            Stage::Settled(Err(_)) => "failed",
            Stage::Over => "over",
        };
        f.debug_tuple("Wait").field(&stage).finish()
    }
}
