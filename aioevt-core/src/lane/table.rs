//! The callback table that a lane's driver owns: slots, one for each topic, with their callbacks in order.

use alloc::boxed::Box;
use alloc::vec::Vec;

use super::message::Addition;
use crate::error::CallbackErrorKind;
use crate::invoke::{Invoke, drop_invoke};
use crate::manager::Inner;
use crate::record::{GroupFlag, Record};
use crate::sync::Arc;
use crate::topic::TopicShared;

/// One callback.
pub(crate) struct Entry {
    pub(crate) record: Arc<Record>,
    /// `None` is a tombstone.
    pub(crate) invoke: Option<Box<dyn Invoke>>,
    pub(crate) calls: CallsLeft,
}

/// How many calls a registration has left on its lane. One word, so that an entry has four: a crowd of callbacks is read
/// from one end to the other for each event.
#[derive(Clone, Copy)]
pub(crate) struct CallsLeft(usize);

impl CallsLeft {
    /// So many, or as many as there are events. The largest number is not one of those counted.
    pub(crate) fn of(times: Option<usize>) -> Self {
        Self(times.unwrap_or(usize::MAX))
    }

    #[inline]
    pub(crate) fn are_counted(self) -> bool {
        self.0 != usize::MAX
    }

    pub(crate) fn are_used_up(self) -> bool {
        self.0 == 0
    }

    /// Takes one, of which there is one: whether it is the last.
    pub(crate) fn take(&mut self) -> bool {
        self.0 -= usize::from(self.are_counted());
        self.are_used_up()
    }
}

/// Among so many callbacks a gap is closed at once: an inline loop is slower as long as there is one.
const FEW: usize = 16;

/// Which slot. Half a word, so that it takes one together with the kind of the message; a lane with 2³² of them would need
/// terabytes of memory for their callbacks.
pub(crate) type SlotId = u32;

/// The callbacks of one topic, sorted by registration.
pub(crate) struct Slot {
    pub(crate) member: usize,
    pub(crate) owner: Arc<Inner>,
    pub(crate) topic: Arc<TopicShared>,
    pub(crate) group: Arc<GroupFlag>,
    pub(crate) entries: Vec<Entry>,
    tombstones: usize,
    /// Callbacks whose calls are counted. Known with std only.
    counted: usize,
}

impl Slot {
    /// Whether the calls of a callback may be counted. Where it is known, the others are not asked.
    #[inline]
    pub(crate) fn may_have_counted(&self) -> bool {
        !cfg!(feature = "std") || self.has_counted()
    }

    /// Whether the calls of a callback are counted, with std.
    pub(crate) fn has_counted(&self) -> bool {
        self.counted > 0
    }

    /// The callback comes. As the last one: they come in the order of their numbers.
    fn add(&mut self, entry: Entry) {
        if cfg!(feature = "std") {
            self.counted += usize::from(entry.calls.are_counted());
        }
        self.entries.push(entry);
    }

    /// The callback leaves; its closure is handed to the caller, who drops it.
    pub(crate) fn bury(&mut self, position: usize) -> Option<Box<dyn Invoke>> {
        let entry = &mut self.entries[position];
        let invoke = entry.invoke.take();
        self.tombstones += usize::from(invoke.is_some());
        if cfg!(feature = "std") && invoke.is_some() {
            self.counted -= usize::from(entry.calls.are_counted());
        }
        invoke
    }

    /// Position of a callback, unless it has left.
    pub(crate) fn position(&self, id: u64) -> Option<usize> {
        // Searched from the end in growing steps: whoever leaves has mostly come a short time ago, and looking far back
        // among many is what takes long.
        let len = self.entries.len();
        let mut step = 1;
        while step < len && self.entries[len - step].record.id > id {
            step *= 2;
        }
        let from = len.saturating_sub(step);
        self.entries[from..]
            .binary_search_by_key(&id, |entry| entry.record.id)
            .ok()
            .map(|position| from + position)
    }

    /// Closes the gaps when half of the places are dead; among few with the first. Not while an event is being delivered.
    #[inline]
    pub(crate) fn compact(&mut self) {
        let few = cfg!(feature = "std") && self.entries.len() <= FEW;
        if self.tombstones > 0 && (few || self.tombstones * 2 > self.entries.len()) {
            self.close_gaps();
        }
    }

    #[cold]
    fn close_gaps(&mut self) {
        self.entries.retain(|entry| entry.invoke.is_some());
        self.tombstones = 0;
        if self.entries.capacity() / 4 > self.entries.len() {
            self.entries.shrink_to(self.entries.len() * 2);
        }
    }

    /// The callback can no longer be found by its identity.
    pub(crate) fn forget(&self, record: &Arc<Record>) {
        self.owner.forget(&self.topic, record);
    }

    /// Drops one callback that leaves. With no lock held.
    pub(crate) fn dismiss(&mut self, position: usize) {
        let record = self.entries[position].record.clone();
        let Some(invoke) = self.bury(position) else {
            return;
        };
        self.forget(&record);
        if let Err(panic) = drop_invoke(Some(invoke)) {
            self.report(&record, CallbackErrorKind::Panicked(panic.into_message()));
        }
    }

    /// Drops all callbacks, one by one. With no lock held.
    pub(crate) fn clear(&mut self) {
        (0..self.entries.len()).for_each(|position| self.dismiss(position));
    }

    /// Tells the error hook. With no lock held.
    #[cold]
    pub(crate) fn report(&self, record: &Record, kind: CallbackErrorKind) {
        self.owner.report(record.error(self.topic.name(), kind));
    }
}

/// All slots of a lane, in boxes: a place that is free in between is one word.
#[derive(Default)]
pub(crate) struct Table(Vec<Option<Box<Slot>>>);

impl Table {
    #[inline]
    pub(crate) fn slot(&mut self, slot: SlotId) -> Option<&mut Slot> {
        self.0.get_mut(slot as usize)?.as_deref_mut()
    }

    /// Takes in a callback; the first one makes the slot.
    pub(crate) fn add(&mut self, addition: Addition) {
        let Addition {
            slot,
            member,
            owner,
            topic,
            group,
            entry,
        } = addition;
        let slot = slot as usize;
        if self.0.len() <= slot {
            self.0.resize_with(slot + 1, || None);
        }
        self.0[slot]
            .get_or_insert_with(|| {
                Box::new(Slot {
                    member,
                    owner,
                    topic,
                    group,
                    entries: Vec::new(),
                    tombstones: 0,
                    counted: 0,
                })
            })
            .add(entry);
    }

    /// Takes a slot out. What made room for many leaves none of it behind, but for a word for each below the last in use.
    pub(crate) fn release(&mut self, slot: SlotId) -> Option<Box<Slot>> {
        let released = self.0.get_mut(slot as usize).and_then(Option::take);
        while self.0.last().is_some_and(Option::is_none) {
            self.0.pop();
        }
        if self.0.capacity() > 64 && self.0.len() < self.0.capacity() / 4 {
            self.0.shrink_to(self.0.len() * 2);
        }
        released
    }

    /// Empties the table.
    pub(crate) fn drain(&mut self) -> Vec<Option<Box<Slot>>> {
        core::mem::take(&mut self.0)
    }
}
