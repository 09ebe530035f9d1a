//! `Wait`: a future for the next event of a name, with an optional limit. What it shares with the others that were armed
//! since the last event is in `round.rs`, arming it in `topic/waiters.rs`.

use alloc::boxed::Box;
use core::fmt;
use core::future::Future;
use core::mem;
use core::pin::Pin;
use core::task::{Context, Poll};
use core::time::Duration;

use futures_core::FusedFuture;

use crate::contain::{contain, contain_drop};
use crate::data::EvtData;
use crate::delay::{Action, DelayKey, Delays};
use crate::error::WaitError;
use crate::event_loop::{EventLoop, Runtime};
use crate::manager::Inner;
use crate::round::{Came, Round, WaitLimit};
use crate::sync::{Arc, Weak};
use crate::topic::{self, TopicShared};
use crate::wakers::Ticket;

/// The next event of a name: a future that resolves to its data. Made by [`Manager::wait`](crate::Manager::wait).
///
/// It is armed already when it is made: an event emitted before the first poll counts, one emitted before the wait was
/// made does not. All waits armed before an event get the same data. An emit that returns has handed it over to them,
/// unless another thread's emit was first: that one is about to.
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
pub struct Wait {
    stage: Stage,
    standing: Standing,
}

enum Stage {
    Armed(Armed),
    /// The manager was closed before.
    Closed,
    Over,
}

/// What a wait was armed in.
struct Armed {
    topic: Arc<TopicShared>,
    round: Arc<Round>,
}

/// What one wait is in its round. Beside that and not in it: a whole that has just been written in pieces is slow to move.
struct Standing {
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
    /// Arms a wait. Under the shard's lock, or with a `Topic` in hand.
    pub(crate) fn new(topic: &Arc<TopicShared>) -> Self {
        match topic::arm(topic) {
            Some(round) => Self::at(Stage::Armed(Armed {
                topic: topic.clone(),
                round,
            })),
            None => Self::closed(),
        }
    }

    pub(crate) fn closed() -> Self {
        Self::at(Stage::Closed)
    }

    fn at(stage: Stage) -> Self {
        Self {
            standing: Standing {
                ticket: None,
                limit: None,
                counted: matches!(stage, Stage::Armed(_)),
                own_clock: false,
            },
            stage,
        }
    }

    /// Limits the wait to `limit` from now, by the timer of the manager's default loop. A limit set before is replaced.
    /// On a wait that is over, also if that was not looked at yet, it changes nothing.
    pub fn timeout(self, limit: Duration) -> Self {
        let event_loop = self.owner().and_then(|owner| owner.default_loop());
        match event_loop {
            Some(event_loop) => self.timeout_on(&event_loop, limit),
            None => self,
        }
    }

    /// Limits the wait to `limit` from now, by the timer of `event_loop`. A limit set before is replaced.
    /// On a wait that is over, also if that was not looked at yet, it changes nothing.
    pub fn timeout_on(mut self, event_loop: impl Into<EventLoop>, limit: Duration) -> Self {
        if let Stage::Armed(armed) = &self.stage {
            let event_loop = event_loop.into();
            self.standing.limit(armed, event_loop.runtime(), limit);
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
    /// and inside [`PollLoop::poll`](crate::PollLoop::poll). Also if the wait has resolved before: nothing more comes of it.
    #[cfg(feature = "std")]
    pub fn blocking(mut self) -> Result<EvtData, WaitError> {
        let is_over = matches!(self.stage, Stage::Over);
        if is_over || self.owner().is_some_and(|owner| owner.runs_here()) {
            return Err(WaitError::WouldDeadlock);
        }
        self.standing.own_clock = true;
        let limit = self.standing.cancel_limit();
        let deadline = limit.and_then(|limit| limit.deadline);
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
        let over = match &self.stage {
            Stage::Armed(armed) => self.standing.withdraw(armed),
            Stage::Closed | Stage::Over => true,
        };
        if over {
            let _ = contain_drop(self.retire());
        }
        over
    }

    /// The manager, if there is anything left of it. Without, an end has come of the wait.
    fn owner(&self) -> Option<Arc<Inner>> {
        match &self.stage {
            Stage::Armed(armed) => armed.topic.owner(),
            Stage::Closed | Stage::Over => None,
        }
    }

    /// Forgets a wait that is no longer counted in its topic, and hands over the round that it was armed in.
    fn retire(&mut self) -> Option<Arc<Round>> {
        self.standing.counted = false;
        self.leave()
    }

    /// Ends it. If it is still counted in its topic, it is taken back there.
    fn leave(&mut self) -> Option<Arc<Round>> {
        self.standing.cancel_limit();
        let Stage::Armed(armed) = mem::replace(&mut self.stage, Stage::Over) else {
            return None;
        };
        if self.standing.counted {
            self.standing.withdraw(&armed);
        }
        if let Some(ticket) = self.standing.ticket.take() {
            armed.round.leave(ticket);
        }
        Some(armed.round)
    }
}

impl Standing {
    fn limit(&mut self, armed: &Armed, runtime: &Arc<Runtime>, limit: Duration) {
        let Armed { topic, round } = armed;
        self.cancel_limit();
        // That the limit before this one could not be kept does not matter any more.
        round.forget_timer_error(self.ticket);
        // Nor does the limit itself, which may be on its way here: it has been taken out of its queue then.
        let Some(ticket) = round.take_seat(self.ticket) else {
            // It only has to look at what has come of it.
            return;
        };
        self.ticket = Some(ticket);
        #[cfg(feature = "std")]
        let deadline = std::time::Instant::now().checked_add(limit);
        let action = WaitLimit {
            topic: topic.clone(),
            round: round.clone(),
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
    fn withdraw(&self, armed: &Armed) -> bool {
        let mut waker = None;
        let disarmed = topic::disarm(&armed.topic, &armed.round, || {
            armed.round.take_back(self.ticket, &mut waker)
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

    /// What has come of it so far; else leaves a waker.
    fn poll(&mut self, round: &Round, cx: &Context<'_>) -> Poll<Came> {
        round.poll(&mut self.ticket, self.own_clock, cx)
    }
}

impl Drop for Wait {
    fn drop(&mut self) {
        // The round may hold the last reference to data, which is foreign.
        let _ = contain(|| drop(self.leave()));
    }
}

impl Future for Wait {
    type Output = Result<EvtData, WaitError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = &mut *self;
        let standing = &mut this.standing;
        let came = match &this.stage {
            // Mostly, when it was woken: nothing is locked, and no waker cloned.
            Stage::Armed(armed) if armed.round.has_data() => {
                // The seat has left together with all others.
                standing.ticket = None;
                Ok(())
            }
            Stage::Armed(armed) => match standing.poll(&armed.round, cx) {
                Poll::Pending => return Poll::Pending,
                // A broken timer has not disarmed the wait: an event may still have been first.
                Poll::Ready(Err(error @ WaitError::Timer(_))) => {
                    if standing.withdraw(armed) {
                        Err(error)
                    } else {
                        armed.round.forget_timer_error(standing.ticket);
                        match standing.poll(&armed.round, cx) {
                            Poll::Pending => return Poll::Pending,
                            Poll::Ready(came) => came,
                        }
                    }
                }
                Poll::Ready(came) => {
                    if matches!(came, Err(WaitError::TimedOut)) {
                        // Its limit has taken it back, and may not have come to the name yet.
                        topic::sweep(&armed.topic);
                    }
                    came
                }
            },
            Stage::Closed => Err(WaitError::Closed),
            Stage::Over => return Poll::Pending,
        };
        let round = this.retire();
        Poll::Ready(match came {
            // Data is there, for an event has come.
            Ok(()) => round.and_then(Round::into_data).ok_or(WaitError::Closed),
            Err(error) => {
                // It may hold the last reference to data, which is foreign.
                let _ = contain_drop(round);
                Err(error)
            }
        })
    }
}

impl FusedFuture for Wait {
    fn is_terminated(&self) -> bool {
        matches!(self.stage, Stage::Over)
    }
}

impl fmt::Debug for Wait {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let stage = match &self.stage {
            Stage::Armed(armed) => {
                return f
                    .debug_struct("Wait")
                    .field("event", &armed.topic.name())
                    .finish();
            }
            Stage::Closed => "failed",
            Stage::Over => "over",
        };
        f.debug_tuple("Wait").field(&stage).finish()
    }
}
