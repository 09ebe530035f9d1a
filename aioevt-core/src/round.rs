//! `Round`: what all waits share that were armed between two events of a name. One emit resolves them all. The waits
//! themselves are in `wait.rs`, arming them in `topic/waiters.rs`.

mod kept;

use alloc::vec::Vec;
use core::task::{Context, Poll, Waker};

use self::kept::Kept;
use crate::contain::{contain, contain_drop};
use crate::data::{EvtData, IntoEvtData};
use crate::error::WaitError;
use crate::published::Published;
use crate::runtime::TimerError;
use crate::sync::Arc;
use crate::sync::atomic::{AtomicBool, Ordering};
use crate::topic::{self, TopicShared};
use crate::wakers::{Seats, Ticket, wake};

/// What has come of a wait. The data is taken from the round afterwards.
pub(crate) type Came = Result<(), WaitError>;

/// Each wait that has to be found again has a seat. A note on it is what has become of that wait alone.
type Crowd = Seats<Option<WaitError>>;

/// The waits armed between two events of a name, which is none of its business: it may live as long as the data does.
pub(crate) struct Round {
    /// The seats, under the lock, and what has come of all waits that were not taken back before.
    shared: Published<Crowd, Result<Kept, WaitError>>,
    /// There are notes. Set under the lock. A wait that is taken back is so before the outcome.
    stirred: AtomicBool,
}

impl Round {
    pub(crate) fn new() -> Self {
        Self {
            shared: Published::new(Seats::new()),
            stirred: AtomicBool::new(false),
        }
    }

    // What has come of the waits.

    /// Whether an event has come and nothing else.
    #[inline]
    pub(crate) fn has_data(&self) -> bool {
        matches!(self.shared.read(), Some(Ok(_))) && !self.is_stirred()
    }

    /// The data of the event that has come, for a wait that has left the round.
    #[inline]
    pub(crate) fn into_data(this: Arc<Self>) -> Option<EvtData> {
        kept::data_of(this)
    }

    /// What has come of all waits without a note.
    fn came(&self) -> Option<Came> {
        self.shared.read().map(|came| match came {
            Ok(_) => Ok(()),
            Err(error) => Err(*error),
        })
    }

    /// What has come of the wait in a seat, or of one without. Under the lock.
    fn came_at(&self, seats: &mut Crowd, ticket: Option<Ticket>, own_clock: bool) -> Option<Came> {
        let note = ticket
            .and_then(|ticket| seats.seat(ticket))
            .and_then(|seat| seat.note);
        match (note, self.came()) {
            (Some(WaitError::TimedOut), _) => Some(Err(WaitError::TimedOut)),
            (_, Some(came)) => Some(came),
            (Some(WaitError::Timer(_)), None) if own_clock => None,
            (note, None) => note.map(Err),
        }
    }

    /// What has come of a wait so far. If that is the end, it has no seat any more.
    fn look(&self, seat: &mut Option<Ticket>, own_clock: bool) -> Option<Came> {
        // In this order: whoever sees the outcome also sees the notes that were made before it.
        let came = self.came();
        if !self.is_stirred() {
            if came.is_some() {
                // The seat has left together with all others.
                *seat = None;
            }
            return came;
        }
        let (came, left) = self.shared.with(|seats| {
            let came = self.came_at(seats, *seat, own_clock)?;
            // If the timer failed the wait is still armed.
            let over = !matches!(came, Err(WaitError::Timer(_)));
            let ticket = seat.take_if(|_| over);
            Some((came, ticket.map(|ticket| self.leave_at(seats, ticket))))
        })?;
        let _ = contain_drop(left);
        Some(came)
    }

    /// What has come of a wait so far; else leaves a waker on its seat, which it gets if it has none.
    pub(crate) fn poll(
        &self,
        seat: &mut Option<Ticket>,
        own_clock: bool,
        cx: &Context<'_>,
    ) -> Poll<Came> {
        if let Some(came) = self.look(seat, own_clock) {
            return Poll::Ready(came);
        }
        let waker = cx.waker().clone();
        let (poll, old) = self.shared.with(|seats| {
            if let Some(came) = self.came_at(seats, *seat, own_clock) {
                return (Poll::Ready(came), Some(waker));
            }
            let ticket = *seat.get_or_insert_with(|| seats.take_seat());
            let old = match seats.seat(ticket) {
                Some(seat) => seat.replace(waker),
                None => Some(waker),
            };
            (Poll::Pending, old)
        });
        let _ = contain_drop(old);
        poll
    }

    fn is_stirred(&self) -> bool {
        self.stirred.load(Ordering::Acquire)
    }

    // The end of all.

    /// The event has come that all waits of the round are for.
    #[inline]
    pub(crate) fn resolve<D: IntoEvtData>(&self, data: D) {
        let keep = kept::keeping(data);
        self.end(|| Ok(keep()));
    }

    /// It never will.
    pub(crate) fn fail(&self, error: WaitError) {
        self.end(|| Err(error));
    }

    /// Ends all waits of the round. Exactly once, by whoever took it out of its topic, with no lock held.
    #[inline]
    fn end(&self, outcome: impl FnOnce() -> Result<Kept, WaitError>) {
        let left = self.shared.with_setter(|seats, setter| {
            let ended = setter.set(outcome);
            debug_assert!(ended, "a round is taken out of its topic once");
            self.leave_all(seats)
        });
        wake_left(left);
    }

    /// Under the lock: the seats of all who wait, and the wakers of those whose notes are still to be read.
    fn leave_all(&self, seats: &mut Crowd) -> Left {
        if !seats.have_room() {
            return None;
        }
        Some(if self.is_stirred() && !seats.is_empty() {
            (Seats::new(), seats.take_wakers())
        } else {
            (core::mem::replace(seats, Seats::new()), Vec::new())
        })
    }

    // The seats.

    /// A seat for a limit: that of the wait, if it has one, under a new ticket. `None` if the wait is over.
    pub(crate) fn take_seat(&self, ticket: Option<Ticket>) -> Option<Ticket> {
        self.shared.with(|seats| {
            if self.came_at(seats, ticket, false).is_some() {
                return None;
            }
            let renewed = ticket.and_then(|ticket| seats.renew(ticket));
            Some(renewed.unwrap_or_else(|| seats.take_seat()))
        })
    }

    /// Notes that a wait is taken back; `false` if it was before. One without a seat has nobody else to take it back.
    /// Under the topic's lock. The waker is to be woken, or dropped, after it.
    pub(crate) fn take_back(&self, ticket: Option<Ticket>, waker: &mut Option<Waker>) -> bool {
        ticket.is_none_or(|ticket| self.note(ticket, WaitError::TimedOut, waker))
    }

    pub(crate) fn leave(&self, ticket: Ticket) {
        let seat = self.shared.with(|seats| self.leave_at(seats, ticket));
        let _ = contain(move || drop(seat));
    }

    /// Under the lock. Once all is over the last who leaves takes the room for seats along: the data may be kept for long.
    fn leave_at(&self, seats: &mut Crowd, ticket: Ticket) -> impl Sized + use<> {
        let seat = seats.leave(ticket);
        let over = self.came().is_some() && seats.is_empty();
        (seat, over.then(|| core::mem::replace(seats, Seats::new())))
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
        self.shared.with(|seats| {
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

    /// A limit that can never fire is no reason to give up what is already claimed, or timed by another clock.
    pub(crate) fn forget_timer_error(&self, ticket: Option<Ticket>) {
        let Some(ticket) = ticket else { return };
        self.shared.with(|seats| {
            if let Some(seat) = seats.seat(ticket) {
                if matches!(seat.note, Some(WaitError::Timer(_))) {
                    seat.note = None;
                }
            }
        });
    }
}

/// Those who are to be woken, with no lock held.
type Left = Option<(Crowd, Vec<Waker>)>;

fn wake_left(left: Left) {
    if let Some((seats, wakers)) = left {
        seats.wake_all();
        wakers.into_iter().for_each(wake);
    }
}

/// The limit of a wait, on its way through a delay queue.
pub(crate) struct WaitLimit {
    pub(crate) topic: Arc<TopicShared>,
    pub(crate) round: Arc<Round>,
    pub(crate) ticket: Ticket,
}

impl WaitLimit {
    pub(crate) fn end(self, came: Result<(), TimerError>) {
        match came {
            Ok(()) => self.expire(),
            // The wait stays armed until it looks: a blocking one has a clock of its own.
            Err(error) => self.round.mark(self.ticket, WaitError::Timer(error)),
        }
    }

    /// What was committed first wins.
    fn expire(self) {
        let mut waker = None;
        topic::disarm(&self.topic, &self.round, || {
            self.round.take_back(Some(self.ticket), &mut waker)
        });
        if let Some(waker) = waker {
            wake(waker);
        }
    }
}
