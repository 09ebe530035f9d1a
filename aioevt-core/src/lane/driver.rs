//! The driver: works off a lane's messages in order and owns the lane's callbacks. It is run by `lane/task.rs` on a
//! runtime, or by `lane/inline.rs` on the emitter's own stack.

use alloc::vec::Vec;
use core::mem;
use core::task::Context;

use super::buffer::Buffer;
use super::calls::Calls;
use super::message::Message;
use super::table::{Slot, SlotId, Table};
use super::{After, Lane, LaneState};
use crate::contain::{Panic, contain, contain_drop};
use crate::data::Data;
use crate::error::CallbackErrorKind;
use crate::ledger::Tally;
use crate::sync::Arc;

/// A buffer larger than this, and larger than the reserved size, is given back when most of it was not needed.
const KEPT_MESSAGES: usize = 64;

/// So often has most of a buffer to be idle before it is given back. Both of them are looked at in turn.
const PATIENCE: usize = 16;

/// So many messages take 3 MB.
const LARGE: usize = 1 << 16;

/// The callbacks of a lane and the batch of messages being worked off.
#[derive(Default)]
pub(crate) struct Driver {
    pub(super) table: Table,
    pub(super) batch: Buffer,
    /// The next message of the batch.
    pub(super) at: usize,
    /// How far that message has come.
    pub(super) calls: Calls,
    /// The slot of the event whose payload is being dropped.
    dropping: Option<SlotId>,
    /// The slot and the account of the event that is not queued; see `lane/inline.rs`.
    pub(super) direct: (SlotId, usize),
    /// Outcomes not yet in the ledger, by member.
    tallies: Vec<(usize, Tally)>,
    /// The largest batch since the buffers were last looked at.
    peak: usize,
    /// How often one of them was found much too large since one was needed as it is.
    quiet: usize,
}

impl Driver {
    /// Works off the batch. `false` if the budget ran out, or the loop is being shut down.
    pub(super) fn work(
        &mut self,
        lane: &Arc<Lane>,
        cx: &mut Context<'_>,
        budget: &mut usize,
    ) -> bool {
        loop {
            // One guard for many calls: where a panic came from is known by how far the work had come.
            match contain(|| self.run(lane, cx, budget)) {
                Ok(done) => return done,
                Err(panic) => self.panicked(panic, budget),
            }
        }
    }

    /// Delivers the event that is not queued, which has no budget: how many calls that were. `None` if something was not as
    /// usual, and there is more to do: it goes on as an event of the batch.
    #[inline]
    pub(super) fn work_directly(
        &mut self,
        lane: &Arc<Lane>,
        data: &mut Data,
        cx: &mut Context<'_>,
    ) -> Option<usize> {
        let id = self.direct.0;
        let (table, calls) = (&mut self.table, &mut self.calls);
        let ended = contain(|| {
            let slot = table.slot(id);
            slot.is_none_or(|slot| calls.deliver_simply(lane, slot, data, cx))
        });
        if !matches!(ended, Ok(true)) {
            self.go_on(data.take(), ended.map(drop));
            return None;
        }
        let calls = self.calls.position;
        self.calls.reset();
        if data.needs_drop() {
            // Whether it was kept is not noted: the first event for these callbacks was queued, and mostly says so.
            if let Err(panic) = contain_drop(data.take()) {
                self.payload_panicked(id, &panic.into_message());
            }
        }
        Some(calls)
    }

    /// The event that was not queued goes on as one of the batch.
    #[cold]
    fn go_on(&mut self, data: Data, ended: Result<(), Panic>) {
        let slot = self.direct.0;
        self.batch.push(Message::Event { slot, data });
        if let Err(panic) = ended {
            let mut budget = usize::MAX;
            self.panicked(panic, &mut budget);
        }
    }

    fn run(&mut self, lane: &Arc<Lane>, cx: &mut Context<'_>, budget: &mut usize) -> bool {
        while let Some(message) = self.batch.get_mut(self.at) {
            if *budget == 0 || lane.runtime.is_stopping() {
                return false;
            }
            match message {
                Message::Event { slot, data } => {
                    let id = *slot;
                    if let Some(slot) = self.table.slot(id) {
                        let tally = tally_of(&mut self.tallies, slot.member);
                        if !self.calls.deliver(lane, slot, data, tally, cx, budget) {
                            return false;
                        }
                        if !data.needs_drop() {
                            slot.compact();
                        }
                    }
                    let needs_drop = data.needs_drop();
                    self.calls.reset();
                    self.at += 1;
                    if needs_drop {
                        self.drop_payload(id);
                    }
                }
                Message::Release { slot } => {
                    let slot = *slot;
                    let callbacks = self.table.slot(slot);
                    if !callbacks.is_none_or(|slot| dismiss(slot, &mut self.calls.position, budget))
                    {
                        return false;
                    }
                    self.calls.reset();
                    self.at += 1;
                    self.release(slot);
                }
                control => {
                    *budget -= 1;
                    let control = mem::replace(control, Message::Spent);
                    self.at += 1;
                    self.change(control);
                }
            }
        }
        self.batch.forget_all();
        self.at = 0;
        true
    }

    /// Drops the payload of the event that was worked off. One that is only forgotten leaves with the batch.
    fn drop_payload(&mut self, id: SlotId) {
        if cfg!(feature = "std") {
            self.note_kept(id);
        }
        self.dropping = Some(id);
        if let Some(message) = self.batch.get_mut(self.at - 1) {
            *message = Message::Spent;
        }
        self.dropping = None;
        // Not before: what is reported of the payload names one of these callbacks.
        if let Some(slot) = self.table.slot(id) {
            slot.compact();
        }
    }

    /// Tells the topic whether the data of its event was kept. Not without std: there it is better to allocate here than in
    /// the interrupt that emits.
    fn note_kept(&mut self, id: SlotId) {
        let message = self.batch.get_mut(self.at - 1);
        if let (Some(Message::Event { data, .. }), Some(slot)) = (message, self.table.slot(id)) {
            if data.was_kept() {
                slot.topic.note_kept();
            }
        }
    }

    /// A callback panicked, or a payload while it was dropped. The work goes on behind it.
    #[cold]
    fn panicked(&mut self, panic: Panic, budget: &mut usize) {
        let panic = panic.into_message();
        if let Some(slot) = self.dropping.take() {
            return self.payload_panicked(slot, &panic);
        }
        let kind = CallbackErrorKind::Panicked(panic);
        let Some(Message::Event { slot, .. }) = self.batch.get_mut(self.at) else {
            return;
        };
        let (Some(slot), Some(called)) =
            (self.table.slot(*slot), self.calls.position.checked_sub(1))
        else {
            return;
        };
        let tally = tally_of(&mut self.tallies, slot.member);
        tally.ran += (self.calls.settle(budget) as u64).saturating_sub(1);
        tally.panicked += 1;
        let Some(entry) = slot.entries.get(called) else {
            return;
        };
        let (record, last) = (entry.record.clone(), entry.calls.are_used_up());
        slot.report(&record, kind);
        if last {
            slot.dismiss(called);
        }
    }

    /// A payload panicked when it was dropped.
    #[cold]
    fn payload_panicked(&mut self, slot: SlotId, panic: &str) {
        if let Some((slot, entry)) = self
            .table
            .slot(slot)
            .and_then(|slot| slot.entries.first().map(|e| (&*slot, e)))
        {
            // Not the fault of this callback, but it says where the event was.
            let panic = alloc::format!("the event's data, when it was dropped: {panic}");
            slot.report(&entry.record, CallbackErrorKind::Panicked(panic));
        }
    }

    /// Carries out a change of the table. Closures that leave are dropped here, one by one.
    pub(super) fn change(&mut self, control: Message) {
        let member = match control {
            Message::Add(addition) => {
                let member = addition.member;
                self.table.add(*addition);
                member
            }
            Message::Remove { slot, id } => {
                let Some(slot) = self.table.slot(slot) else {
                    return;
                };
                if let Some(position) = slot.position(id) {
                    slot.dismiss(position);
                }
                slot.group.removed();
                slot.compact();
                slot.member
            }
            Message::Event { .. } | Message::Release { .. } | Message::Spent => return,
        };
        tally_of(&mut self.tallies, member).controls += 1;
    }

    /// Frees a slot whose callbacks are dropped.
    fn release(&mut self, slot: SlotId) {
        if let Some(slot) = self.table.release(slot) {
            tally_of(&mut self.tallies, slot.member).controls += 1;
        }
    }

    /// Under the lane's lock: outcomes into the ledger, and the pending messages in exchange for the empty batch.
    /// `true` if there are any.
    pub(super) fn exchange(&mut self, state: &mut LaneState, after: &mut Vec<After>) -> bool {
        self.flush(state, after);
        if state.queue.is_empty() {
            return false;
        }
        self.take_over(state);
        true
    }

    /// Under the lane's lock: a free driver takes the messages along.
    #[inline]
    pub(super) fn take_over(&mut self, state: &mut LaneState) {
        mem::swap(&mut self.batch, &mut state.queue);
        self.peak = self.peak.max(self.batch.len());
    }

    /// Under the lane's lock: outcomes into the ledger.
    pub(super) fn flush(&mut self, state: &mut LaneState, after: &mut Vec<After>) {
        while let Some((member, tally)) = self.tallies.pop() {
            if let Some(member) = state.members.get_mut(member) {
                member.ended.add(&tally);
                after.extend(After::of(member));
            }
        }
    }

    pub(super) fn count_discarded(&mut self, member: usize, deliveries: u64) {
        tally_of(&mut self.tallies, member).discarded += deliveries;
    }

    /// Calls of the event that was not queued.
    pub(super) fn count_ran(&mut self, calls: usize) {
        tally_of(&mut self.tallies, self.direct.1).ran += calls as u64;
    }

    pub(super) fn count_control(&mut self, member: usize) {
        tally_of(&mut self.tallies, member).controls += 1;
    }

    /// With no lock held, before every swap: the second buffer is made as large as was reserved.
    #[inline]
    pub(super) fn keep_room(&mut self, reserved: usize) {
        if self.batch.capacity() < reserved {
            // A failure shows at the push that finds no room.
            self.batch.try_reserve(reserved);
        }
    }

    /// Whether its buffer and the queue are neither too small nor too large, so that there is nothing to be done about them.
    pub(super) fn buffers_fit(&self, queue: &Buffer, reserved: usize) -> bool {
        let most = reserved.max(KEPT_MESSAGES);
        let fits = |buffer: &Buffer| buffer.capacity() / 4 <= most;
        self.batch.capacity() >= reserved && fits(&self.batch) && fits(queue)
    }

    /// Under the lane's lock, and between two batches: takes `buffer` if that is larger than its own, which comes back.
    pub(super) fn replace_buffer(&mut self, buffer: &mut Buffer) {
        if self.batch.is_empty() && self.batch.capacity() < buffer.capacity() {
            mem::swap(&mut self.batch, buffer);
        }
    }

    /// With no lock held, whenever the queue has run dry: a buffer that a burst has grown is given back, once it was not
    /// needed for some time. Traffic that comes in bursts would grow it again and again. A very large one is given back at
    /// once: there may be no further event for long.
    pub(super) fn fit_buffer(&mut self, reserved: usize) {
        let peak = mem::take(&mut self.peak);
        let is_large = cfg!(feature = "std") && self.batch.capacity() > LARGE;
        let needed = if is_large { 0 } else { peak };
        let wanted = needed.max(reserved).max(KEPT_MESSAGES);
        if self.batch.capacity() / 4 > wanted {
            self.quiet += 1;
            if is_large || self.quiet >= PATIENCE {
                self.batch.shrink_to(wanted);
            }
        } else if peak > KEPT_MESSAGES {
            self.quiet = 0;
        }
    }
}

/// The account of `member` in `tallies`. There are as many as managers on the lane: mostly one.
#[inline]
fn tally_of(tallies: &mut Vec<(usize, Tally)>, member: usize) -> &mut Tally {
    let found = tallies.iter().position(|(key, _)| *key == member);
    let index = found.unwrap_or_else(|| {
        tallies.push((member, Tally::default()));
        tallies.len() - 1
    });
    &mut tallies[index].1
}

/// Drops the callbacks of a slot from `position` on. `false` if the budget ran out in between.
fn dismiss(slot: &mut Slot, position: &mut usize, budget: &mut usize) -> bool {
    while let Some(entry) = slot.entries.get(*position) {
        if entry.invoke.is_some() {
            if *budget == 0 {
                return false;
            }
            *budget -= 1;
            slot.dismiss(*position);
        }
        *position += 1;
    }
    true
}
