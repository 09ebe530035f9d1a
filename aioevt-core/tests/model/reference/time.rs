//! Delays, waits and their limits.

use std::mem;

use super::{Action, LOST, Model, Task, Wait};
use crate::program::{Clock, DELAYS, LOOPS, Seen};

impl Model {
    pub(super) fn emit_after(&mut self, name: u8, clock: Clock, delay: u64) {
        self.events += 1;
        if self.delays.len() >= DELAYS {
            return;
        }
        let action = Action::Emit {
            name,
            event: self.events,
        };
        let place = self.delays.len();
        self.delays.push((clock, 0));
        if !self.closed {
            self.delays[place].1 = self.add(clock, delay, action);
        }
    }

    pub(super) fn add(&mut self, clock: Clock, delay: u64, action: Action) -> usize {
        let Some(on) = self.loops.get_mut(clock).filter(|on| !on.dead) else {
            let why = if clock < LOOPS {
                "Timer Closed"
            } else {
                "Timer Unsupported"
            };
            self.lose_one(action, why);
            return 0;
        };
        let timer = &mut on.timer;
        timer.numbers += 1;
        let (number, key) = (timer.numbers, (on.now + delay, timer.numbers));
        timer.entries.insert(key, action);
        let earliest = timer.entries.keys().next() == Some(&key);
        if earliest && mem::take(&mut timer.sleeps) {
            self.wake(clock, Task::Timer);
        } else if !mem::replace(&mut timer.spawned, true) {
            self.spawn(clock, Task::Timer);
        }
        number
    }

    /// If it was the first, the sleep is for nothing now.
    pub(super) fn cancel(&mut self, clock: Clock, number: usize) -> bool {
        let Some(on) = self.loops.get_mut(clock) else {
            return false;
        };
        let timer = &mut on.timer;
        let mut keys = timer.entries.keys().copied();
        let Some(key) = keys.find(|(_, other)| *other == number) else {
            return false;
        };
        let first = timer.entries.keys().next() == Some(&key);
        timer.entries.remove(&key);
        if first && mem::take(&mut timer.sleeps) {
            self.wake(clock, Task::Timer);
        }
        true
    }

    /// The manager's delays, not the limits of its waits.
    pub(super) fn cancel_all(&mut self) {
        for clock in 0..self.loops.len() {
            let timer = &mut self.loops[clock].timer;
            let before = timer.entries.len();
            timer
                .entries
                .retain(|_, action| !matches!(action, Action::Emit { .. }));
            if timer.entries.len() < before && mem::take(&mut timer.sleeps) {
                self.wake(clock, Task::Timer);
            }
        }
    }

    pub(super) fn fire(&mut self, on: usize, now: u64) {
        while let Some(entry) = self.loops[on].timer.entries.first_entry() {
            if entry.key().0 > now {
                break;
            }
            match entry.remove() {
                Action::Emit { name, event } => {
                    self.emit(name, event);
                }
                Action::Limit { wait } if self.waits[wait].armed => {
                    self.disarm(wait);
                    self.waits[wait].outcome = Some(Err("TimedOut".into()));
                }
                Action::Limit { .. } => {}
            }
        }
        let timer = &mut self.loops[on].timer;
        timer.armed = timer.entries.keys().next().map(|(deadline, _)| *deadline);
        timer.sleeps = true;
    }

    /// The clock stopped for good.
    pub(super) fn lose(&mut self, on: usize, why: &'static str) {
        let entries = mem::take(&mut self.loops[on].timer.entries);
        entries
            .into_values()
            .for_each(|action| self.lose_one(action, why));
    }

    pub(super) fn lose_one(&mut self, action: Action, why: &'static str) {
        match action {
            Action::Emit { name, .. } => {
                self.ledger[LOST] += 1;
                self.seen.push(Seen::Reported {
                    event: name,
                    label: "emit_after".into(),
                    what: why.into(),
                });
            }
            Action::Limit { wait } => self.waits[wait].broken = Some(why),
        }
    }

    pub(super) fn wait(&mut self, name: u8, limit: Option<(Clock, u64)>) {
        let wait = self.waits.len();
        self.waits.push(Wait {
            name,
            settled: self.closed,
            armed: !self.closed,
            outcome: self.closed.then(|| Err("Closed".into())),
            broken: None,
            limit: None,
            over: false,
            polled: false,
        });
        if self.closed {
            return;
        }
        self.topics.entry(name).or_default().waits.push(wait);
        if let Some((clock, limit)) = limit {
            self.limit(wait, clock, limit);
        }
    }

    /// In the place of the limit before it, and of what had become of that.
    pub(super) fn limit(&mut self, wait: usize, clock: Clock, limit: u64) {
        if self.waits[wait].over || self.delays.len() >= DELAYS {
            return;
        }
        self.delays.push((LOOPS, 0));
        if self.waits[wait].settled {
            return;
        }
        self.forget_limit(wait);
        self.waits[wait].broken = None;
        if self.waits[wait].outcome.is_some() {
            return;
        }
        let number = self.add(clock, limit, Action::Limit { wait });
        self.waits[wait].limit = Some((clock, number));
    }

    fn forget_limit(&mut self, wait: usize) {
        if let Some((clock, number)) = self.waits[wait].limit.take() {
            self.cancel(clock, number);
        }
    }

    pub(super) fn disarm(&mut self, wait: usize) {
        if mem::take(&mut self.waits[wait].armed) {
            let name = self.waits[wait].name;
            self.topics
                .entry(name)
                .or_default()
                .waits
                .retain(|other| *other != wait);
            self.sweep(name);
        }
    }

    pub(super) fn resolve(&mut self, wait: usize, outcome: Result<u64, String>) {
        self.waits[wait].armed = false;
        self.waits[wait].outcome = Some(outcome);
    }

    pub(super) fn poll_wait(&mut self, wait: usize) -> Option<Result<u64, String>> {
        if self.waits[wait].over {
            return None;
        }
        let outcome = self.waits[wait].outcome.clone();
        let broken = self.waits[wait].broken.map(|why| Err(why.into()));
        let outcome = outcome.or(broken);
        match outcome {
            Some(_) => self.end_wait(wait),
            None => self.waits[wait].polled = true,
        }
        outcome
    }

    pub(super) fn end_wait(&mut self, wait: usize) {
        self.disarm(wait);
        self.waits[wait].over = true;
        self.forget_limit(wait);
    }
}
