//! The delay queue of a runtime: what `emit_after` and the limits of waits are kept in. The task that watches it is in
//! `delay/task.rs`, the users' handle in `delayed.rs`.

mod task;

use alloc::collections::BinaryHeap;
use alloc::vec::Vec;
use core::cmp::Reverse;
use core::panic::Location;
use core::task::Waker;
use core::time::Duration;

use slab::Slab;

use crate::contain::contain_drop;
use crate::data::Data;
use crate::error::{CallbackError, CallbackErrorKind};
use crate::event_loop::Runtime;
use crate::idle::IdleLimit;
use crate::manager::Inner;
use crate::runtime::TimerError;
use crate::sync::{Arc, Mutex};
use crate::wait::WaitLimit;
use crate::wakers::wake;

/// What happens at a deadline.
pub(crate) enum Action {
    Emit(DelayedEmit),
    LimitWait(WaitLimit),
    LimitIdle(IdleLimit),
}

/// An event that is to be emitted later, by name.
pub(crate) struct DelayedEmit {
    pub(crate) owner: Arc<Inner>,
    pub(crate) name: Arc<str>,
    pub(crate) data: Data,
    pub(crate) location: &'static Location<'static>,
}

impl Action {
    /// The time has come. With no lock held.
    fn fire(self) {
        match self {
            Self::Emit(emit) => {
                emit.owner.delay_ended();
                Inner::emit_later(&emit.owner, &emit.name, emit.data);
            }
            Self::LimitWait(limit) => limit.expire(),
            Self::LimitIdle(limit) => limit.expire(),
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
                owner.delay_ended();
                owner.delay_lost();
                let _ = contain_drop(data);
                owner.report(CallbackError::new(
                    name,
                    "emit_after".into(),
                    location,
                    CallbackErrorKind::Timer(error),
                ));
            }
            Self::LimitWait(limit) => limit.fail(error),
            Self::LimitIdle(limit) => limit.fail(error),
        }
    }
}

/// Names one entry of a delay queue, and nothing once that has ended.
#[derive(Clone, Copy)]
pub(crate) struct DelayKey {
    index: usize,
    number: u64,
}

/// Deadline, then call number, so that equal deadlines keep the order of the calls.
type Due = Reverse<(Duration, u64, usize)>;

/// The pending delays of one runtime.
pub(crate) struct Delays(Mutex<DelayState>);

struct DelayState {
    /// May hold entries that were cancelled: their slab entry is gone or has another number.
    heap: BinaryHeap<Due>,
    entries: Slab<(u64, Action)>,
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
        Self(Mutex::new(DelayState {
            heap: BinaryHeap::new(),
            entries: Slab::new(),
            keeper: None,
            numbers: 0,
            watched: false,
            waker: None,
        }))
    }

    /// Does `action` once `delay` has passed by the runtime's clock. With no lock held.
    pub(crate) fn add(runtime: &Arc<Runtime>, delay: Duration, action: Action) -> DelayKey {
        let deadline = runtime.now().saturating_add(delay);
        let (key, waker, first) = runtime.delays.0.with(|state| {
            state.numbers += 1;
            let number = state.numbers;
            let index = state.entries.insert((number, action));
            state.keeper.get_or_insert_with(|| runtime.clone());
            state.heap.push(Reverse((deadline, number, index)));
            let earliest = state
                .heap
                .peek()
                .is_some_and(|Reverse((_, first, _))| *first == number);
            let waker = if earliest { state.waker.take() } else { None };
            (
                DelayKey { index, number },
                waker,
                !core::mem::replace(&mut state.watched, true),
            )
        });
        if let Some(waker) = waker {
            wake(waker);
        }
        if first {
            task::spawn(runtime);
        }
        key
    }

    /// Takes an entry out before its time. The caller drops it with no lock held.
    pub(crate) fn cancel(&self, key: DelayKey) -> Option<Action> {
        let (action, waker, _keeper) = self.0.with(|state| {
            let first = state
                .heap
                .peek()
                .is_some_and(|Reverse((_, first, _))| *first == key.number);
            let action = state.take(key.index, key.number);
            state.tidy();
            // The sleep is armed for it: let it be armed for the next one, or not at all.
            let waker = if first { state.waker.take() } else { None };
            (action, waker, state.unneeded())
        });
        waker.into_iter().for_each(wake);
        action
    }

    /// Takes out all delayed emits of a manager. The caller drops them with no lock held.
    pub(crate) fn cancel_all(&self, owner: &Arc<Inner>) -> Vec<Action> {
        let (actions, waker, _keeper) = self.0.with(|state| {
            let mine: Vec<(usize, u64)> = state
                .entries
                .iter()
                .filter(|(_, (_, action))| matches!(action, Action::Emit(emit) if Arc::ptr_eq(&emit.owner, owner)))
                .map(|(index, (number, _))| (index, *number))
                .collect();
            let any = !mine.is_empty();
            let actions = mine.into_iter().filter_map(|(index, number)| state.take(index, number)).collect();
            state.tidy();
            let waker = if any { state.waker.take() } else { None };
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
            let Reverse((_, number, index)) = state
                .next()
                .filter(|Reverse((deadline, ..))| *deadline <= now)?;
            state.heap.pop();
            Some((state.take(index, number), state.unneeded()))
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
            let next = state.next().map(|Reverse((deadline, ..))| deadline);
            if next != deadline {
                return (Some(next), Some(waker));
            }
            (None, state.waker.replace(waker))
        })
    }

    /// No task watches any more: every entry ends.
    fn fail(&self, error: TimerError) {
        let (mut entries, waker, _keeper) = self.0.with(|state| {
            state.watched = false;
            state.heap.clear();
            (
                core::mem::take(&mut state.entries),
                state.waker.take(),
                state.keeper.take(),
            )
        });
        let _ = contain_drop(waker);
        // In the order of the calls. The heap's code is there anyway, that of a sort would not be.
        let mut order: BinaryHeap<Due> = entries
            .iter()
            .map(|(index, (number, _))| Reverse((Duration::ZERO, *number, index)))
            .collect();
        while let Some(Reverse((_, _, index))) = order.pop() {
            entries.remove(index).1.lose(error);
        }
    }
}

impl DelayState {
    fn take(&mut self, index: usize, number: u64) -> Option<Action> {
        if self.entries.get(index)?.0 != number {
            return None;
        }
        self.entries.try_remove(index).map(|(_, action)| action)
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

    /// The first entry that has not been cancelled.
    fn next(&mut self) -> Option<Due> {
        while let Some(due) = self.heap.peek() {
            let Reverse((_, number, index)) = *due;
            if self
                .entries
                .get(index)
                .is_some_and(|entry| entry.0 == number)
            {
                return Some(*due);
            }
            self.heap.pop();
        }
        None
    }

    /// Drops the keys of cancelled entries once they are the majority.
    fn tidy(&mut self) {
        if self.heap.len() > 64 && self.heap.len() / 2 > self.entries.len() {
            let entries = &self.entries;
            self.heap.retain(|Reverse((_, number, index))| {
                entries.get(*index).is_some_and(|e| e.0 == *number)
            });
            self.heap.shrink_to(self.entries.len() * 2);
        }
        if self.entries.is_empty() && self.entries.capacity() > 64 {
            self.entries.shrink_to_fit();
        }
    }
}
