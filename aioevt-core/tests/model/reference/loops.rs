//! The loops: which task has its turn, and what a shutdown does to them.

use std::mem;

use super::{BUDGET, DISCARDED, Model, Task};
use crate::program::{Behaviour, Seen};

impl Model {
    pub(super) fn spawn(&mut self, on: usize, task: Task) {
        self.loops[on].tasks.push(task);
        self.wake(on, task);
    }

    pub(super) fn wake(&mut self, on: usize, task: Task) {
        let on = &mut self.loops[on];
        if on.dead || !on.tasks.contains(&task) {
            return;
        }
        if on.running == Some(task) {
            on.again = true;
        } else if !on.ready.contains(&task) {
            on.ready.push_back(task);
            on.notified += usize::from(mem::take(&mut on.asleep));
        }
    }

    /// Turns until nothing is ready.
    pub(super) fn run(&mut self, on: usize, now: u64) {
        loop {
            self.poll(on, now);
            if self.loops[on].ready.is_empty() {
                return;
            }
        }
    }

    pub(super) fn poll(&mut self, on: usize, now: u64) {
        if self.loops[on].dead {
            return;
        }
        self.loops[on].now = now;
        self.loops[on].asleep = false;
        let mut turns = self.loops[on].ready.len();
        if self.loops[on].timer.armed.is_some_and(|armed| armed <= now) {
            self.loops[on].timer.armed = None;
            turns += 1;
            self.wake(on, Task::Timer);
        }
        for _ in 0..turns {
            let Some(task) = self.loops[on].ready.pop_front() else {
                break;
            };
            self.loops[on].running = Some(task);
            let done = match task {
                Task::Driver(lane) => {
                    if !self.drive(lane, BUDGET) {
                        self.loops[on].again = true;
                    }
                    false
                }
                Task::Timer => {
                    self.fire(on, now);
                    false
                }
                Task::Call(call) => {
                    let behaviour = self.regs[self.calls[call].reg].behaviour;
                    match behaviour {
                        Behaviour::Suspends(end) if self.calls[call].open => {
                            self.resume(call, end);
                            true
                        }
                        _ => {
                            self.calls[call].waker = Some(task);
                            false
                        }
                    }
                }
            };
            let this = &mut self.loops[on];
            this.running = None;
            let again = mem::take(&mut this.again);
            if done {
                this.tasks.retain(|other| *other != task);
            } else if again {
                self.wake(on, task);
            }
        }
        let this = &mut self.loops[on];
        let next = if this.ready.is_empty() {
            this.asleep = true;
            this.timer.armed
        } else {
            Some(now)
        };
        self.seen.push(Seen::Polled(next));
    }

    pub(super) fn kill(&mut self, on: usize) {
        if mem::replace(&mut self.loops[on].dead, true) {
            return;
        }
        self.loops[on].ready.clear();
        // In the order in which they were spawned.
        for task in mem::take(&mut self.loops[on].tasks) {
            match task {
                Task::Driver(lane) => self.shut(lane),
                Task::Timer => self.lose(on, "Timer Closed"),
                Task::Call(call) => {
                    self.ledger[DISCARDED] += 1;
                    self.report(self.calls[call].reg, "Dropped");
                }
            }
        }
    }
}
