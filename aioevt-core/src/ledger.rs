//! The ledger: what a lane accepted for a manager and how it ended. Plain integers under the lane's lock.

use crate::manager::Inner;
use crate::sync::Arc;

/// How deliveries and control messages ended.
#[derive(Clone, Copy, Default)]
pub(crate) struct Tally {
    pub(crate) ran: u64,
    pub(crate) failed: u64,
    pub(crate) panicked: u64,
    pub(crate) discarded: u64,
    /// Registrations and removals that the lane carried out.
    pub(crate) controls: u64,
}

impl Tally {
    pub(crate) fn add(&mut self, other: &Self) {
        self.ran += other.ran;
        self.failed += other.failed;
        self.panicked += other.panicked;
        self.discarded += other.discarded;
        self.controls += other.controls;
    }

    /// Deliveries that have ended.
    pub(crate) fn deliveries(&self) -> u64 {
        self.ran + self.failed + self.panicked + self.discarded
    }
}

/// How one delivery ended.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ending {
    Ran,
    Failed,
    Panicked,
    Discarded,
}

impl Tally {
    #[inline]
    pub(crate) fn count(&mut self, ending: Ending) {
        match ending {
            Ending::Ran => self.ran += 1,
            Ending::Failed => self.failed += 1,
            Ending::Panicked => self.panicked += 1,
            Ending::Discarded => self.discarded += 1,
        }
    }
}

/// The account of one manager on one lane. Every emit writes it: alone on its cache lines, where there are caches, it
/// does not slow down whoever reads what would be its neighbours.
#[cfg_attr(feature = "std", repr(align(128)))]
pub(crate) struct Member {
    pub(crate) owner: Arc<Inner>,
    /// Deliveries accepted.
    pub(crate) accepted: u64,
    /// Registrations and removals accepted.
    pub(crate) posted: u64,
    pub(crate) ended: Tally,
    /// Topics of the manager that have callbacks on the lane.
    pub(crate) groups: usize,
}

impl Member {
    pub(crate) fn new(owner: Arc<Inner>) -> Self {
        Self {
            owner,
            accepted: 0,
            posted: 0,
            ended: Tally::default(),
            groups: 0,
        }
    }

    /// Everything accepted has ended.
    pub(crate) fn is_quiet(&self) -> bool {
        self.accepted == self.ended.deliveries() && self.posted == self.ended.controls
    }

    /// Nothing of the manager is left on the lane.
    pub(crate) fn is_over(&self) -> bool {
        self.groups == 0 && self.is_quiet()
    }
}
