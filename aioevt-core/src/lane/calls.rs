//! The callbacks of one event, called one after the other. Which event is next is the driver's business.

use core::task::Context;

use super::Lane;
use super::call::Site;
use super::table::{Entry, Slot};
use crate::contain::contain;
use crate::data::Data;
use crate::error::CallbackErrorKind;
use crate::invoke::{Event, Trouble};
use crate::ledger::Tally;
use crate::record::{GroupFlag, Record};
use crate::sync::{Arc, ROUTED};

/// How far one event has come. It outlives a panic of a callback, which leaves everything else half done.
#[derive(Default)]
pub(super) struct Calls {
    /// The next callback.
    pub(super) position: usize,
    /// From here up to the position all callbacks were called, and are in no tally yet.
    unsettled: usize,
    /// How the last call ended, unless it simply ran.
    trouble: Option<Trouble>,
}

impl Calls {
    /// For the next event.
    #[inline]
    pub(super) fn reset(&mut self) {
        self.position = 0;
        self.unsettled = 0;
    }

    /// How many calls are not in a tally yet; the caller puts them there. They are taken off the budget.
    #[inline]
    pub(super) fn settle(&mut self, budget: &mut usize) -> usize {
        let calls = self.position - self.unsettled;
        self.unsettled = self.position;
        *budget = budget.saturating_sub(calls);
        calls
    }

    /// Calls the callbacks from the position on. `false` if the budget ran out in between, or the loop is being shut
    /// down.
    #[inline]
    pub(super) fn deliver(
        &mut self,
        lane: &Arc<Lane>,
        slot: &mut Slot,
        data: &mut Data,
        tally: &mut Tally,
        cx: &mut Context<'_>,
        budget: &mut usize,
    ) -> bool {
        loop {
            // One that did not simply run may have been called before, by `deliver_simply`.
            let simply = if ROUTED && self.trouble.is_some() {
                false
            } else if slot.may_have_counted() {
                self.call_plain::<true, true>(lane, slot, data, cx, *budget)
            } else {
                self.call_plain::<false, true>(lane, slot, data, cx, *budget)
            };
            let calls = self.settle(budget);
            tally.ran += calls as u64;
            if !simply {
                tally.ran -= 1;
                self.look_after(lane, slot, tally);
            }
            // Mostly that was all.
            let Some(entry) = slot.entries.get(self.position) else {
                return true;
            };
            if entry.invoke.is_none() {
                // A tombstone. It is no call, so a turn does not end for it.
                self.position += 1;
                self.unsettled = self.position;
            } else if *budget == 0 || lane.runtime.is_stopping() {
                return false;
            } else if calls == 0 {
                self.call_special(lane, slot, data, tally, cx, budget);
            }
        }
    }

    /// Calls all callbacks of a usual event before which everything was worked off, so that none is counted. `false` if one is
    /// taken back or did not simply run: the event goes on with `deliver`.
    #[inline]
    pub(super) fn deliver_simply(
        &mut self,
        lane: &Arc<Lane>,
        slot: &mut Slot,
        data: &mut Data,
        cx: &mut Context<'_>,
    ) -> bool {
        debug_assert!(!slot.has_counted(), "the way of a usual event is open");
        self.call_plain::<false, false>(lane, slot, data, cx, usize::MAX)
            && self.position == slot.entries.len()
    }

    /// The hot loop: calls callbacks up to the first that has to be asked whether it starts. `false` if the last one
    /// called did not simply run. The calls of some may be `COUNTED`, and a loop with a thread of its own `STOPS` when it is
    /// shut down.
    #[inline(never)]
    fn call_plain<const COUNTED: bool, const STOPS: bool>(
        &mut self,
        lane: &Arc<Lane>,
        slot: &mut Slot,
        data: &mut Data,
        cx: &mut Context<'_>,
        budget: usize,
    ) -> bool {
        let runtime = &*lane.runtime;
        let (mut event, group, entries) = take_apart(lane, slot, data, &mut self.trouble);
        let left = entries.get_mut(self.position..).unwrap_or_default();
        let until = budget.min(left.len());
        for entry in &mut left[..until] {
            let stops = STOPS && runtime.is_stopping();
            if (COUNTED && entry.calls.are_counted()) || !group.is_calm() || stops {
                return true;
            }
            let Some(invoke) = &mut entry.invoke else {
                return true;
            };
            self.position += 1;
            event.set_record(&entry.record);
            if !invoke.invoke(&mut event, cx) {
                return false;
            }
        }
        true
    }

    /// Calls one callback that is counted, or in whose group one was taken back.
    fn call_special(
        &mut self,
        lane: &Arc<Lane>,
        slot: &mut Slot,
        data: &mut Data,
        tally: &mut Tally,
        cx: &mut Context<'_>,
        budget: &mut usize,
    ) {
        let called = self.position;
        let (mut event, _, entries) = take_apart(lane, slot, data, &mut self.trouble);
        let entry = &mut entries[called];
        let Some(invoke) = &mut entry.invoke else {
            return;
        };
        self.position += 1;
        let last = entry.calls.take();
        if !may_start(&entry.record, last) {
            self.settle(budget);
            tally.discarded += 1;
        } else {
            event.set_record(&entry.record);
            let simply = invoke.invoke(&mut event, cx);
            self.settle(budget);
            if simply {
                tally.ran += 1;
            } else {
                self.look_after(lane, slot, tally);
            }
        }
        if last {
            slot.dismiss(called);
        }
    }

    /// Counts the last call, which did not simply run, and reports it.
    #[cold]
    fn look_after(&mut self, lane: &Arc<Lane>, slot: &Slot, tally: &mut Tally) {
        let (counter, kind) = match self.trouble.take() {
            None => return,
            Some(Trouble::Suspended(future)) => {
                // The call settles its own account, unless it comes back at once.
                let result = contain(|| lane.runtime.spawn(future)).unwrap_or(Ok(()));
                let Some(reason) = lane.handed_over(result) else {
                    return;
                };
                (&mut tally.discarded, CallbackErrorKind::Discarded(reason))
            }
            Some(Trouble::Failed(error)) => (&mut tally.failed, CallbackErrorKind::Failed(error)),
            Some(Trouble::Rejected(error)) => {
                (&mut tally.failed, CallbackErrorKind::Arguments(error))
            }
            Some(Trouble::Panicked(panic)) => {
                let kind = CallbackErrorKind::Panicked(panic.into_message());
                (&mut tally.panicked, kind)
            }
        };
        *counter += 1;
        slot.report(&slot.entries[self.position - 1].record, kind);
    }
}

/// The event as callbacks get it, beside those that get it.
#[inline]
fn take_apart<'a>(
    lane: &'a Arc<Lane>,
    slot: &'a mut Slot,
    data: &'a mut Data,
    trouble: &'a mut Option<Trouble>,
) -> (Event<'a>, &'a GroupFlag, &'a mut [Entry]) {
    let site = Site {
        lane,
        member: slot.member,
        owner: &slot.owner,
        topic: &slot.topic,
        record: None,
    };
    let event = Event::new(data, site, trouble);
    (event, &slot.group, &mut slot.entries)
}

fn may_start(record: &Record, last: bool) -> bool {
    if last {
        record.start_last()
    } else {
        record.may_start()
    }
}
