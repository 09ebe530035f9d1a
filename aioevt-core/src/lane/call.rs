//! `CallGuard`: the account of one suspended call. It is settled exactly once, however the call's task ends.

use super::Lane;
use crate::contain::Panic;
use crate::error::{BoxError, CallbackErrorKind, DiscardReason};
use crate::ledger::Ending;
use crate::manager::{Inner, Manager};
use crate::record::Record;
use crate::runtime::SpawnError;
use crate::sync::Arc;
use crate::sync::atomic::Ordering;
use crate::topic::TopicShared;

/// Where a call happens: all that it needs to know besides its payload.
#[derive(Clone, Copy)]
pub(crate) struct Site<'a> {
    pub(crate) lane: &'a Arc<Lane>,
    pub(crate) member: usize,
    pub(crate) owner: &'a Arc<Inner>,
    pub(crate) topic: &'a Arc<TopicShared>,
    /// The callback; `None` between two calls.
    pub(crate) record: Option<&'a Arc<Record>>,
}

impl Site<'_> {
    pub(crate) fn manager(&self) -> Manager {
        Manager::from_inner(self.owner)
    }

    /// The guard of a call that was pending at its first poll, or `None` where there is no task to suspend to. The
    /// driver spawns the call next, and then asks `Lane::handed_over` how that went.
    pub(crate) fn suspend(&self) -> Option<CallGuard> {
        let record = self.record?.clone();
        if self.lane.runtime.is_inline() {
            return None;
        }
        // The lowest bit will say that the call was dropped before `handed_over`.
        let ticket = self.lane.ticket();
        self.lane.handover.store(ticket, Ordering::Release);
        Some(CallGuard {
            lane: self.lane.clone(),
            member: self.member,
            owner: self.owner.clone(),
            topic: self.topic.clone(),
            record,
            ticket,
            settled: false,
        })
    }
}

/// How a suspended call ended.
pub(crate) enum CallEnd {
    Done,
    Failed(BoxError),
    Panicked(Panic),
}

/// Settles the account of a suspended call; dropping it unsettled counts the call as discarded.
pub(crate) struct CallGuard {
    lane: Arc<Lane>,
    member: usize,
    owner: Arc<Inner>,
    topic: Arc<TopicShared>,
    record: Arc<Record>,
    ticket: usize,
    settled: bool,
}

impl CallGuard {
    /// The call has ended and its future is dropped.
    pub(crate) fn finish(mut self, end: CallEnd) {
        self.settled = true;
        let ending = match end {
            CallEnd::Done => Ending::Ran,
            CallEnd::Failed(error) => {
                self.report(CallbackErrorKind::Failed(error));
                Ending::Failed
            }
            CallEnd::Panicked(panic) => {
                self.report(CallbackErrorKind::Panicked(panic.into_message()));
                Ending::Panicked
            }
        };
        Lane::settle(&self.lane, self.member, ending);
    }

    #[cold]
    fn report(&self, kind: CallbackErrorKind) {
        self.owner
            .report(self.record.error(self.topic.name(), kind));
    }
}

impl Drop for CallGuard {
    fn drop(&mut self) {
        if self.settled {
            return;
        }
        // Dropped by the spawner inside its `spawn`, the driver reports and counts: only it knows the spawner's reason.
        let by_driver = self
            .lane
            .handover
            .compare_exchange(
                self.ticket,
                self.ticket | 1,
                Ordering::AcqRel,
                Ordering::Acquire,
            )
            .is_ok();
        if by_driver {
            return;
        }
        self.report(CallbackErrorKind::Discarded(DiscardReason::Dropped));
        Lane::settle(&self.lane, self.member, Ending::Discarded);
    }
}

impl Lane {
    /// A ticket for the call that is about to be handed to the spawner: even, never 0. One call is handed over at a
    /// time, so it only has to differ from the tickets of calls that are still suspended.
    fn ticket(&self) -> usize {
        self.tickets
            .fetch_add(2, Ordering::Relaxed)
            .wrapping_add(2)
            .max(2)
    }

    /// Ends the handing over of a call. `Some` if the spawner dropped it, with the reason: it is for the
    /// caller to report and to count.
    pub(super) fn handed_over(&self, result: Result<(), SpawnError>) -> Option<DiscardReason> {
        let dropped = self.handover.swap(0, Ordering::AcqRel) & 1 == 1;
        dropped.then(|| result.map_or_else(DiscardReason::Refused, |()| DiscardReason::Dropped))
    }
}
