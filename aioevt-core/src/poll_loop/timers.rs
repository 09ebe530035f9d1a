//! The timers of a `PollLoop`: plain data under the core's lock.

use core::task::Waker;
use core::time::Duration;

use crate::maps::Tree;

/// The same kind of key as in a delay queue, for its comparison to be one piece of code.
pub(super) use crate::delay::DelayKey as TimerKey;

#[derive(Default)]
pub(super) struct Timers {
    armed: Tree<TimerKey, Waker>,
    numbers: u64,
}

impl Timers {
    pub(super) fn key(&mut self, deadline: Duration) -> TimerKey {
        self.numbers += 1;
        TimerKey {
            deadline,
            number: self.numbers,
        }
    }

    /// Arms a timer; the caller drops the replaced waker after unlocking.
    pub(super) fn arm(&mut self, key: TimerKey, waker: Waker) -> Option<Waker> {
        self.armed.insert(key, waker)
    }

    pub(super) fn disarm(&mut self, key: TimerKey) -> Option<Waker> {
        self.armed.remove(&key)
    }

    pub(super) fn next(&self) -> Option<Duration> {
        self.armed.first_key_value().map(|(key, _)| key.deadline)
    }

    /// Takes out the first that is due. One at a time, for this may be a critical section.
    pub(super) fn pop_due(&mut self, now: Duration) -> Option<Waker> {
        self.next().filter(|deadline| *deadline <= now)?;
        self.armed.pop_first().map(|(_, waker)| waker)
    }

    /// Takes out everything.
    pub(super) fn drain(&mut self) -> impl Iterator<Item = Waker> + use<> {
        core::mem::take(&mut self.armed).into_values()
    }
}
