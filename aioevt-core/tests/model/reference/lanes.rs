//! The lanes: calls in the order of the messages, and what becomes of them.

use std::mem;

use super::{Call, DISCARDED, FAILED, Message, Model, PANICKED, RAN, Reg, Stage, Task};
use crate::program::{Behaviour, End, Seen};

impl Model {
    /// Works off a lane's queue. `false` if the budget ran out.
    pub(super) fn drive(&mut self, lane: usize, mut budget: usize) -> bool {
        while let Some(message) = self.lanes[lane].queue.pop_front() {
            if budget == 0 {
                self.lanes[lane].queue.push_front(message);
                return false;
            }
            match message {
                Message::Event { event, mut to } => {
                    while let Some((reg, last)) = to.pop_front() {
                        if budget == 0 {
                            to.push_front((reg, last));
                            self.lanes[lane]
                                .queue
                                .push_front(Message::Event { event, to });
                            return false;
                        }
                        budget -= 1;
                        let unwound = self.deliver(reg, last, event);
                        if unwound && budget == 0 && to.is_empty() {
                            // The driver starts anew with the same message.
                            self.lanes[lane]
                                .queue
                                .push_front(Message::Event { event, to });
                            return false;
                        }
                    }
                    continue;
                }
                Message::Add => budget -= 1,
                Message::Remove(reg) => {
                    self.drop_closure(reg);
                    budget -= 1;
                }
                Message::Release(mut regs) => {
                    regs.retain(|reg| !self.regs[*reg].dropped);
                    let now = regs.len().min(budget);
                    budget -= now;
                    let rest = regs.split_off(now);
                    regs.into_iter().for_each(|reg| self.drop_closure(reg));
                    if !rest.is_empty() {
                        self.lanes[lane].queue.push_front(Message::Release(rest));
                        return false;
                    }
                }
            }
            self.controls -= 1;
        }
        self.lanes[lane].free = true;
        true
    }

    /// Whether the call unwound into the driver.
    pub(super) fn deliver(&mut self, reg: usize, last: bool, event: u64) -> bool {
        let panics = self.regs[reg].behaviour == Behaviour::Returns(End::Panics);
        let starts = self.regs[reg].stage != Stage::Revoked;
        if starts {
            if last {
                self.regs[reg].stage = Stage::Ended;
            }
            self.call(reg, event);
        } else {
            self.ledger[DISCARDED] += 1;
        }
        if last {
            self.drop_closure(reg);
        }
        starts && panics
    }

    pub(super) fn call(&mut self, reg: usize, event: u64) {
        let Reg {
            shared,
            behaviour,
            lane,
            ..
        } = self.regs[reg];
        if let Some(shared) = shared {
            self.seen.push(Seen::SharedCalled { shared, event });
            return self.end(reg, End::Fine);
        }
        if behaviour == Behaviour::Misfits {
            self.ledger[FAILED] += 1;
            return self.report(reg, "Arguments");
        }
        self.seen.push(Seen::Called { reg, event });
        if let Behaviour::Suspends(end) = behaviour {
            let call = self.calls.len();
            self.calls.push(Call {
                reg,
                open: false,
                waker: None,
            });
            self.script(reg);
            if self.calls[call].open {
                self.resume(call, end);
            } else if let Some(on) = self.lanes[lane].on {
                self.calls[call].waker = Some(Task::Driver(lane));
                self.spawn(on, Task::Call(call));
            } else {
                self.end(reg, End::Fails);
            }
            return;
        }
        self.script(reg);
        if let Behaviour::Returns(end) | Behaviour::Ready(end) = behaviour {
            self.end(reg, end);
        }
    }

    pub(super) fn resume(&mut self, call: usize, end: End) {
        self.seen.push(Seen::Resumed { call });
        self.script(self.calls[call].reg);
        self.end(self.calls[call].reg, end);
    }

    pub(super) fn end(&mut self, reg: usize, end: End) {
        match end {
            End::Fine => self.ledger[RAN] += 1,
            End::Fails => {
                self.ledger[FAILED] += 1;
                self.report(reg, "Failed");
            }
            End::Panics => {
                self.ledger[PANICKED] += 1;
                self.report(reg, "Panicked boom");
            }
        }
    }

    pub(super) fn script(&mut self, reg: usize) {
        for op in self.program.scripts[self.regs[reg].script].clone() {
            if self.fuel == 0 {
                return;
            }
            self.fuel -= 1;
            self.apply(op);
        }
    }

    pub(super) fn drop_closure(&mut self, reg: usize) {
        if !mem::replace(&mut self.regs[reg].dropped, true) && self.regs[reg].shared.is_none() {
            self.seen.push(Seen::Dropped { reg });
        }
    }

    pub(super) fn report(&mut self, reg: usize, what: &str) {
        self.seen.push(Seen::Reported {
            event: self.regs[reg].name,
            label: reg.to_string(),
            what: what.into(),
        });
    }

    /// The loop of a lane dropped its driver: what is queued is discarded, what is registered is removed and reported.
    pub(super) fn shut(&mut self, lane: usize) {
        self.lanes[lane].closed = true;
        self.lanes[lane].free = false;
        let mut reports = Vec::new();
        for message in mem::take(&mut self.lanes[lane].queue) {
            match message {
                Message::Event { to, .. } => {
                    self.ledger[DISCARDED] += to.len() as u64;
                    to.into_iter().for_each(|(reg, _)| self.regs[reg].lost += 1);
                    continue;
                }
                Message::Add => {}
                Message::Remove(reg) => self.drop_closure(reg),
                Message::Release(regs) => {
                    for reg in regs {
                        if self.regs[reg].lost > 0 {
                            reports.extend(self.leave(reg));
                        }
                        self.drop_closure(reg);
                    }
                }
            }
            self.controls -= 1;
        }
        let mut left = Vec::new();
        for name in self.topics.keys().copied().collect::<Vec<_>>() {
            let groups = &mut self.topics.entry(name).or_default().groups;
            if let Some(position) = groups.iter().position(|group| group.lane == lane) {
                left.push(groups.swap_remove(position).regs);
                self.sweep(name);
            }
        }
        for reg in left.concat() {
            reports.extend(self.leave(reg));
            self.drop_closure(reg);
        }
        for (reg, lost) in reports {
            self.report(reg, &format!("LoopClosed {lost}"));
        }
    }

    /// A registration goes down with its lane; says what to report.
    pub(super) fn leave(&mut self, id: usize) -> Option<(usize, u64)> {
        let reg = &mut self.regs[id];
        if reg.dropped || reg.stage == Stage::Revoked {
            return None;
        }
        reg.registered = false;
        reg.stage = Stage::Ended;
        (reg.lost > 0 || !reg.closed).then_some((id, reg.lost))
    }
}
