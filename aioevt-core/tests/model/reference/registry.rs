//! The names: registering, unregistering, emitting.

use std::collections::VecDeque;
use std::mem;

use super::{ACCEPTED, Group, Message, Model, Reg, Stage, Task, Topic};
use crate::program::{Behaviour, Seen};

impl Model {
    pub(super) fn register(
        &mut self,
        name: u8,
        lane: usize,
        times: Option<usize>,
        shared: Option<usize>,
        behaviour: Behaviour,
        script: usize,
    ) {
        self.ensure_driver(lane);
        let reg = self.regs.len();
        self.regs.push(Reg {
            name,
            lane,
            shared,
            behaviour,
            script,
            left: times,
            stage: Stage::Active,
            registered: false,
            closed: false,
            dropped: false,
            lost: 0,
        });
        if self.closed || self.lanes[lane].closed {
            self.regs[reg].stage = Stage::Ended;
            self.drop_closure(reg);
            let what = if self.closed {
                "ManagerClosed"
            } else {
                "LoopClosed 0"
            };
            self.report(reg, what);
            return;
        }
        self.regs[reg].registered = true;
        let groups = &mut self.topics.entry(name).or_default().groups;
        match groups.iter_mut().find(|group| group.lane == lane) {
            Some(group) => group.regs.push(reg),
            None => groups.push(Group {
                lane,
                regs: vec![reg],
            }),
        }
        let wake = self.push(lane, Message::Add);
        self.wake_lanes(wake.into_iter().collect());
    }

    pub(super) fn ensure_driver(&mut self, lane: usize) {
        let Some(on) = self.lanes[lane].on else {
            return;
        };
        if mem::replace(&mut self.lanes[lane].spawned, true) {
            return;
        }
        if self.loops[on].dead {
            self.lanes[lane].closed = true;
        } else {
            self.spawn(on, Task::Driver(lane));
        }
    }

    pub(super) fn registered<'a>(&'a self, topic: &'a Topic) -> impl Iterator<Item = usize> + 'a {
        let regs = topic
            .groups
            .iter()
            .flat_map(|group| group.regs.iter().copied());
        regs.filter(|reg| self.regs[*reg].registered)
    }

    /// Puts a message into a lane's queue. Returns the lane if it has to be set going.
    pub(super) fn push(&mut self, lane: usize, message: Message) -> Option<usize> {
        if !matches!(message, Message::Event { .. }) {
            self.controls += 1;
        }
        self.lanes[lane].queue.push_back(message);
        mem::take(&mut self.lanes[lane].free).then_some(lane)
    }

    pub(super) fn unregister(&mut self, reg: usize) -> bool {
        let Reg {
            name,
            lane,
            registered,
            stage,
            ..
        } = self.regs[reg];
        if !registered {
            if matches!(stage, Stage::Claimed | Stage::Active) {
                self.regs[reg].stage = Stage::Revoked;
            }
            return stage == Stage::Claimed;
        }
        self.regs[reg].registered = false;
        self.regs[reg].stage = Stage::Revoked;
        let topic = self.topics.entry(name).or_default();
        let position = topic.groups.iter().position(|group| group.lane == lane);
        let position = position.expect("a registration is in a group");
        let others = topic.groups[position]
            .regs
            .iter()
            .any(|reg| self.regs[*reg].registered);
        let message = if others {
            Message::Remove(reg)
        } else {
            Message::Release(topic.groups.swap_remove(position).regs)
        };
        let wake = self.push(lane, message);
        self.wake_lanes(wake.into_iter().collect());
        self.sweep(name);
        true
    }

    pub(super) fn unregister_shared(&mut self, shared: usize, name: Option<u8>) {
        let mut removed = 0;
        for reg in 0..self.regs.len() {
            let found = &self.regs[reg];
            let fits = found.shared == Some(shared) && name.is_none_or(|name| found.name == name);
            if fits && !found.dropped && self.unregister(reg) {
                removed += 1;
            }
        }
        self.seen.push(Seen::Removed(removed));
    }

    /// Takes everything out of a topic. What was accepted is discarded if it is unregistered, and runs if the manager is
    /// closed. Returns the lanes to set going.
    pub(super) fn clear(&mut self, name: u8, why: &str) -> Vec<usize> {
        let mut wakes = Vec::new();
        let Some(topic) = self.topics.get_mut(&name) else {
            return wakes;
        };
        let waits = mem::take(&mut topic.waits);
        while let Some(group) = self
            .topics
            .get_mut(&name)
            .and_then(|topic| topic.groups.pop())
        {
            for reg in &group.regs {
                let reg = &mut self.regs[*reg];
                if mem::take(&mut reg.registered) {
                    match why {
                        "Closed" => reg.closed = true,
                        _ => reg.stage = Stage::Revoked,
                    }
                }
            }
            wakes.extend(self.push(group.lane, Message::Release(group.regs)));
        }
        for wait in waits {
            self.resolve(wait, Err(why.into()));
        }
        wakes
    }

    /// A name that nobody holds is forgotten.
    pub(super) fn sweep(&mut self, name: u8) {
        let unneeded =
            |topic: &Topic| topic.groups.is_empty() && topic.waits.is_empty() && topic.handles == 0;
        if self.topics.get(&name).is_some_and(unneeded) {
            self.topics.remove(&name);
        }
    }

    pub(super) fn close(&mut self) {
        if mem::replace(&mut self.closed, true) {
            return;
        }
        for name in self.order {
            let wakes = self.clear(name, "Closed");
            self.wake_lanes(wakes);
        }
        self.topics.clear();
        self.cancel_all();
    }

    pub(super) fn emit_new(&mut self, name: u8) {
        self.events += 1;
        let seen = self.emit(name, self.events);
        self.seen.push(seen);
    }

    pub(super) fn emit(&mut self, name: u8, event: u64) -> Seen {
        let (mut callbacks, mut wakes) = (0, Vec::new());
        let rejected = usize::from(self.closed);
        let mut topic = self.topics.remove(&name).unwrap_or_default();
        for group in &topic.groups {
            let mut to = VecDeque::new();
            for &id in &group.regs {
                let reg = &mut self.regs[id];
                if !reg.registered {
                    continue;
                }
                if let Some(left) = &mut reg.left {
                    *left -= 1;
                    if *left == 0 {
                        reg.registered = false;
                        reg.stage = Stage::Claimed;
                    }
                }
                to.push_back((id, !reg.registered));
            }
            let spent = group.regs.iter().all(|reg| !self.regs[*reg].registered);
            callbacks += to.len();
            self.ledger[ACCEPTED] += to.len() as u64;
            let wake = self.push(group.lane, Message::Event { event, to });
            if spent {
                // Set going once, for both messages.
                self.push(group.lane, Message::Release(group.regs.clone()));
            }
            wakes.extend(wake);
        }
        let spent = |group: &Group| group.regs.iter().all(|reg| !self.regs[*reg].registered);
        while let Some(position) = topic.groups.iter().position(spent) {
            topic.groups.swap_remove(position);
        }
        let waits = mem::take(&mut topic.waits);
        self.topics.insert(name, topic);
        self.sweep(name);
        for wait in &waits {
            self.resolve(*wait, Ok(event));
        }
        self.wake_lanes(wakes);
        Seen::Emitted {
            callbacks,
            waiters: waits.len(),
            rejected,
        }
    }

    /// Loops first: they do not wait for the callbacks of inline lanes.
    pub(super) fn wake_lanes(&mut self, lanes: Vec<usize>) {
        for &lane in &lanes {
            if let Some(on) = self.lanes[lane].on {
                self.wake(on, Task::Driver(lane));
            }
        }
        for lane in lanes {
            if self.lanes[lane].on.is_none() {
                self.drive(lane, usize::MAX);
            }
        }
    }
}
