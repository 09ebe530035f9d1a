//! The delay queue of a runtime: what `emit_after` and the limits of waits are kept in. The task that watches it is in
//! `delay/task.rs`, the users' handle in `delayed.rs`.

mod task;

use alloc::vec::Vec;
use core::panic::Location;
use core::task::Waker;
use core::time::Duration;

use crate::contain::{contain, contain_drop};
use crate::data::Data;
use crate::error::{CallbackError, CallbackErrorKind};
use crate::event_loop::Runtime;
use crate::idle::IdleLimit;
use crate::manager::Inner;
use crate::maps::{Emits, Tree};
use crate::round::WaitLimit;
use crate::runtime::TimerError;
use crate::sync::{Arc, Mutex, ROUTED};
use crate::wakers::wake;

/// What happens at a deadline.
pub(crate) enum Action {
    Emit(DelayedEmit),
    LimitWait(WaitLimit, End<WaitLimit>),
    LimitIdle(IdleLimit, End<IdleLimit>),
}

/// What a limit does when its time has come (`Ok`), or never will. It comes along as a pointer, so that a program which
/// limits nothing does not contain it.
pub(crate) type End<L> = fn(L, Result<(), TimerError>);

/// An event that is to be emitted later, by name.
pub(crate) struct DelayedEmit {
    pub(crate) owner: Arc<Inner>,
    pub(crate) name: Arc<str>,
    pub(crate) data: Data,
    pub(crate) location: &'static Location<'static>,
}

impl Action {
    /// The manager that a delayed emit is of.
    pub(crate) fn emitter(&self) -> Option<usize> {
        match self {
            Self::Emit(emit) => Some(address(&emit.owner)),
            Self::LimitWait(..) | Self::LimitIdle(..) => None,
        }
    }

    /// The time has come. With no lock held.
    fn fire(self) {
        match self {
            Self::Emit(emit) => {
                emit.owner.delay_fires();
                if ROUTED {
                    Inner::emit_delayed(&emit.owner, &emit.name, &mut Some(emit.data));
                } else {
                    Inner::emit(&emit.owner, &emit.name, &mut Some(emit.data));
                }
            }
            Self::LimitWait(limit, end) => end(limit, Ok(())),
            Self::LimitIdle(limit, end) => end(limit, Ok(())),
        }
    }

    /// The time will never come. With no lock held.
    fn lose(self, error: TimerError) {
        match self {
            Self::Emit(DelayedEmit {
                owner,
                name,
                data,
                location,
            }) => {
                // In this order: at no moment is it neither pending nor lost.
                owner.delay_lost();
                owner.delay_ended();
                let _ = contain_drop(data);
                owner.report(CallbackError::new(
                    name,
                    "emit_after".into(),
                    location,
                    CallbackErrorKind::Timer(error),
                ));
            }
            Self::LimitWait(limit, end) => end(limit, Err(error)),
            Self::LimitIdle(limit, end) => end(limit, Err(error)),
        }
    }
}

/// Names one entry of a delay queue, and nothing once that has ended. By deadline, then by number of the call, so that
/// equal deadlines keep the order of the calls.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct DelayKey {
    pub(crate) deadline: Duration,
    pub(crate) number: u64,
}

/// The pending delays of one runtime.
pub(crate) struct Delays(Mutex<DelayState>);

#[derive(Default)]
struct DelayState {
    entries: Tree<DelayKey, Action>,
    /// Which of them are the delayed emits of which manager.
    emits: Emits,
    /// `Some` while there are entries, and only then: the last handle of their runtime may go before they have fired.
    keeper: Option<Arc<Runtime>>,
    numbers: u64,
    /// A task watches the queue.
    watched: bool,
    /// `Some` while that task sleeps.
    waker: Option<Waker>,
}

impl Delays {
    pub(crate) fn new() -> Self {
        Self(Mutex::new(DelayState::default()))
    }

    /// Does `action` once `delay` has passed by the runtime's clock. `None` if the clock is broken: the action is lost
    /// then. With no lock held.
    pub(crate) fn add(runtime: &Arc<Runtime>, delay: Duration, action: Action) -> Option<DelayKey> {
        let Ok(now) = contain(|| runtime.now()) else {
            action.lose(TimerError::Closed);
            return None;
        };
        let deadline = now.saturating_add(delay);
        let (key, waker, first) = runtime.delays.0.with(|state| {
            state.numbers += 1;
            let key = DelayKey {
                deadline,
                number: state.numbers,
            };
            if let Some(owner) = action.emitter() {
                state.emits.insert(owner, key);
            }
            state.entries.insert(key, action);
            state.keeper.get_or_insert_with(|| runtime.clone());
            let earliest = state.is_first(key);
            let waker = if earliest { state.waker.take() } else { None };
            (key, waker, !core::mem::replace(&mut state.watched, true))
        });
        if let Some(waker) = waker {
            wake(waker);
        }
        if first {
            task::spawn(runtime);
        }
        Some(key)
    }

    /// Takes an entry out before its time. The caller drops it with no lock held.
    pub(crate) fn cancel(&self, key: DelayKey) -> Option<Action> {
        let (action, waker, _keeper) = self.0.with(|state| {
            let first = state.is_first(key);
            let action = state.take(key);
            // The sleep is armed for it: let it be armed for the next one, or not at all.
            let waker = if first { state.waker.take() } else { None };
            (action, waker, state.unneeded())
        });
        waker.into_iter().for_each(wake);
        action
    }

    /// Takes out all delayed emits of a manager. The caller drops them with no lock held.
    pub(crate) fn cancel_all(&self, owner: &Arc<Inner>) -> Vec<Action> {
        let owner = address(owner);
        let (actions, waker, _keeper) = self.0.with(|state| {
            let keys = state.emits.of(owner, &state.entries);
            let actions: Vec<Action> = keys.iter().filter_map(|key| state.take(*key)).collect();
            let waker = if actions.is_empty() {
                None
            } else {
                state.waker.take()
            };
            (actions, waker, state.unneeded())
        });
        waker.into_iter().for_each(wake);
        actions
    }

    /// Wakes the watching task, so that it notices that the runtime is gone.
    pub(crate) fn rouse(&self) {
        if let Some(waker) = self.0.with(|state| state.waker.take()) {
            wake(waker);
        }
    }

    /// Takes the first entry that is due at `now`.
    fn pop_due(&self, now: Duration) -> Option<Action> {
        let (action, _keeper) = self.0.with(|state| {
            let key = state.first().filter(|key| key.deadline <= now)?;
            Some((state.take(key), state.unneeded()))
        })?;
        action
    }

    /// The task goes to sleep until `deadline` (`None`: until there is an entry), unless the first deadline is another
    /// one by now. Returns the first deadline then, and whatever waker is to be dropped.
    fn sleep_until(
        &self,
        deadline: Option<Duration>,
        waker: Waker,
    ) -> (Option<Option<Duration>>, Option<Waker>) {
        self.0.with(|state| {
            let next = state.first().map(|key| key.deadline);
            if next != deadline {
                return (Some(next), Some(waker));
            }
            (None, state.waker.replace(waker))
        })
    }

    /// No task watches any more: every entry ends, in the order of the deadlines.
    fn fail(&self, error: TimerError) {
        let (entries, waker, _keeper, _emits) = self.0.with(|state| {
            state.watched = false;
            (
                core::mem::take(&mut state.entries),
                state.waker.take(),
                state.keeper.take(),
                core::mem::take(&mut state.emits),
            )
        });
        let _ = contain_drop(waker);
        for action in entries.into_values() {
            // One by one: what it drops may be the last of others, and harms none of the next.
            let _ = contain(move || action.lose(error));
        }
    }
}

impl DelayState {
    fn first(&self) -> Option<DelayKey> {
        self.entries.first_key_value().map(|(key, _)| *key)
    }

    /// Numbers are given once, so they say all about equality.
    fn is_first(&self, key: DelayKey) -> bool {
        self.first().is_some_and(|first| first.number == key.number)
    }

    fn take(&mut self, key: DelayKey) -> Option<Action> {
        let action = self.entries.remove(&key)?;
        if let Some(owner) = action.emitter() {
            self.emits.remove(owner, key);
        }
        Some(action)
    }

    /// What keeps the runtime, if there is nothing to keep it for any more. The caller drops it after unlocking, and has
    /// another reference: the one that it came here by.
    fn unneeded(&mut self) -> Option<Arc<Runtime>> {
        if self.entries.is_empty() {
            self.keeper.take()
        } else {
            None
        }
    }
}

/// Tells managers apart, for as long as something refers to them: a delayed emit does.
fn address(owner: &Arc<Inner>) -> usize {
    Arc::as_ptr(owner) as usize
}
