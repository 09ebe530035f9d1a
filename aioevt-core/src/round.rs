//! `Round`: what all waits share that were armed between two events of a name. One emit resolves them all. The waits
//! themselves are in `wait.rs`, arming them in `topic/waiters.rs`.

use alloc::vec::Vec;
use core::task::{Context, Poll, Waker};

use crate::contain::{contain, contain_drop};
use crate::data::{Data, EvtData, IntoEvtData, Payload, payload_inside};
use crate::error::WaitError;
use crate::published::Published;
use crate::runtime::TimerError;
use crate::sync::Arc;
use crate::sync::atomic::{AtomicBool, Ordering};
use crate::topic::{self, TopicShared};
use crate::wakers::{Seats, Ticket, wake};

/// What comes of a wait.
pub(crate) type Outcome = Result<EvtData, WaitError>;

/// Each wait that has to be found again has a seat. A note on it is what has become of that wait alone.
type Crowd = Seats<Option<WaitError>>;

pub(crate) struct Round {
    /// Here and not in each wait, whose making and ending would count references. The topic refers to its round as well,
    /// until an event claims that or the name goes.
    topic: Arc<TopicShared>,
    /// The seats, and what has come of all waits that were not taken back before. Small data stays in here, and whoever
    /// gets it keeps the round: it is there already, and nothing more has to be allocated or counted.
    seats: Published<Crowd, Result<Data, WaitError>>,
    /// There are notes. Set under the lock. A wait that is taken back is so before the outcome.
    stirred: AtomicBool,
}

impl Round {
    pub(crate) fn new(topic: Arc<TopicShared>) -> Self {
        Self {
            topic,
            seats: Published::new(Seats::new()),
            stirred: AtomicBool::new(false),
        }
    }

    pub(crate) fn topic(&self) -> &Arc<TopicShared> {
        &self.topic
    }

    // What has come of the waits.

    /// Whether an event has come and nothing else.
    #[inline]
    pub(crate) fn has_data(&self) -> bool {
        matches!(self.seats.read(), Some(Ok(_))) && !self.is_stirred()
    }

    /// What has come of all waits without a note.
    pub(crate) fn outcome(this: &Arc<Self>) -> Option<Outcome> {
        this.seats.read().map(|outcome| match outcome {
            Ok(Data::Inline(_)) => Ok(Self::keep(this.clone())),
            Ok(Data::Shared(data)) => Ok(EvtData::shared(data.clone())),
            Err(error) => Err(*error),
        })
    }

    /// The same for the last that a wait has to do with it.
    #[inline]
    pub(crate) fn into_outcome(this: Arc<Self>) -> Option<Outcome> {
        if let Some(Ok(Data::Inline(_))) = this.seats.read() {
            return Some(Ok(Self::keep(this)));
        }
        let outcome = Self::outcome(&this);
        // Perhaps the last reference to what is in it, which may be foreign.
        let _ = contain_drop(this);
        outcome
    }

    /// What has come of the wait in a seat, or of one without. Under the lock.
    fn outcome_at(
        this: &Arc<Self>,
        seats: &mut Crowd,
        ticket: Option<Ticket>,
        own_clock: bool,
    ) -> Option<Outcome> {
        let note = ticket
            .and_then(|ticket| seats.seat(ticket))
            .and_then(|seat| seat.note);
        match (note, Self::outcome(this)) {
            (Some(WaitError::TimedOut), _) => Some(Err(WaitError::TimedOut)),
            (_, Some(outcome)) => Some(outcome),
            (Some(WaitError::Timer(_)), None) if own_clock => None,
            (note, None) => note.map(Err),
        }
    }

    /// What has come of a wait so far. If that is the end, it has no seat any more.
    pub(crate) fn look(
        this: &Arc<Self>,
        place: &mut Option<Ticket>,
        own_clock: bool,
    ) -> Option<Outcome> {
        // In this order: whoever sees the outcome also sees the notes that were made before it.
        let outcome = Self::outcome(this);
        if !this.is_stirred() {
            if outcome.is_some() {
                // The seat has left together with all others.
                *place = None;
            }
            return outcome;
        }
        let (outcome, seat) = this.seats.with(|seats| {
            let outcome = Self::outcome_at(this, seats, *place, own_clock)?;
            // If the timer failed the wait is still armed.
            let over = !matches!(outcome, Err(WaitError::Timer(_)));
            let ticket = place.take_if(|_| over);
            Some((outcome, ticket.and_then(|ticket| seats.leave(ticket))))
        })?;
        let _ = contain_drop(seat);
        Some(outcome)
    }

    /// What has come of a wait so far; else leaves a waker on its seat, which it gets if it has none.
    pub(crate) fn poll(
        this: &Arc<Self>,
        place: &mut Option<Ticket>,
        own_clock: bool,
        cx: &Context<'_>,
    ) -> Poll<Outcome> {
        if let Some(outcome) = Self::look(this, place, own_clock) {
            return Poll::Ready(outcome);
        }
        let waker = cx.waker().clone();
        let (poll, old) = this.seats.with(|seats| {
            if let Some(outcome) = Self::outcome_at(this, seats, *place, own_clock) {
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

    fn is_stirred(&self) -> bool {
        self.stirred.load(Ordering::Acquire)
    }

    // The end of all.

    /// The event has come that all waits of the round are for. The data is built where it is to be; that may neither
    /// allocate nor run foreign code.
    #[inline]
    pub(crate) fn resolve<D: IntoEvtData>(&self, data: D) {
        debug_assert!(!D::ALLOCATES, "this would allocate under the lock");
        self.end(|| Ok(data.into_data(false)));
    }

    /// It never will.
    pub(crate) fn fail(&self, error: WaitError) {
        self.end(|| Err(error));
    }

    /// Ends all waits of the round. Exactly once, by whoever took it out of its topic, with no lock held.
    #[inline]
    fn end(&self, outcome: impl FnOnce() -> Result<Data, WaitError>) {
        let left = self.seats.with_place(|seats, place| {
            let ended = place.set(outcome);
            debug_assert!(ended, "a round is taken out of its topic once");
            self.leave_all(seats)
        });
        wake_left(left);
    }

    /// Under the lock: the seats of all who wait, and the wakers of those whose notes are still to be read.
    fn leave_all(&self, seats: &mut Crowd) -> Left {
        if seats.is_empty() {
            return None;
        }
        Some(if self.is_stirred() {
            (Seats::new(), seats.take_wakers())
        } else {
            (core::mem::replace(seats, Seats::new()), Vec::new())
        })
    }

    // The seats.

    /// A seat for a limit: that of the wait, if it has one, under a new ticket.
    pub(crate) fn take_seat(&self, ticket: Option<Ticket>) -> Ticket {
        self.seats.with(|seats| {
            let renewed = ticket.and_then(|ticket| seats.renew(ticket));
            renewed.unwrap_or_else(|| seats.take_seat())
        })
    }

    /// Notes that a wait is taken back; `false` if it was before. One without a seat has nobody else to take it back.
    /// Under the topic's lock. The waker is to be woken, or dropped, after it.
    pub(crate) fn take_back(&self, ticket: Option<Ticket>, waker: &mut Option<Waker>) -> bool {
        ticket.is_none_or(|ticket| self.note(ticket, WaitError::TimedOut, waker))
    }

    pub(crate) fn leave(&self, ticket: Ticket) {
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

    /// A limit that can never fire is no reason to give up what is already claimed, or timed by another clock.
    pub(crate) fn forget_timer_error(&self, ticket: Option<Ticket>) {
        let Some(ticket) = ticket else { return };
        self.seats.with(|seats| {
            if let Some(seat) = seats.seat(ticket) {
                if matches!(seat.note, Some(WaitError::Timer(_))) {
                    seat.note = None;
                }
            }
        });
    }

    /// For whoever gets the data that stays in here.
    #[cfg(not(all(feature = "portable-atomic", not(feature = "std"))))]
    fn keep(this: Arc<Self>) -> EvtData {
        EvtData::shared(this)
    }

    /// The portable `Arc` cannot be coerced on stable.
    #[cfg(all(feature = "portable-atomic", not(feature = "std")))]
    fn keep(this: Arc<Self>) -> EvtData {
        struct Keep(Arc<Round>);
        impl Keep {
            fn inside(&self) -> &dyn Payload {
                self.0.inside()
            }
        }
        payload_inside!(Keep);
        EvtData::shared(crate::sync::shared_dyn!(Keep(this) => dyn Payload))
    }

    /// The data that stays in here.
    fn inside(&self) -> &dyn Payload {
        match self.seats.read() {
            Some(Ok(data)) => data.payload(),
            _ => &(),
        }
    }
}

payload_inside!(Round);

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
        topic::disarm(&self.round.topic, &self.round, || {
            self.round.take_back(Some(self.ticket), &mut waker)
        });
        if let Some(waker) = waker {
            wake(waker);
        }
    }
}
