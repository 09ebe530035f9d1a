//! `Record` and `GroupFlag`: what a registration's handle, its topic and its lane share. They hold no foreign values,
//! so they may be dropped anywhere.

use alloc::borrow::Cow;
use core::panic::Location;

use crate::callback::Identity;
use crate::error::{CallbackError, CallbackErrorKind};
use crate::sync::Arc;
use crate::sync::atomic::{AtomicU8, AtomicU32, AtomicUsize, Ordering};

/// Registered: events reach it.
const ACTIVE: u8 = 0;
/// Counted, and its last claim is taken: no event reaches it any more, its last call has not started.
const CLAIMED: u8 = 1;
/// Unregistered: no call of it starts any more.
const REVOKED: u8 = 2;
/// Its last call has started, or its loop is gone.
const ENDED: u8 = 3;

/// One registration.
pub(crate) struct Record {
    /// Grows with every registration of the topic. Set under the topic's lock, before anybody else sees the record.
    pub(crate) id: u64,
    /// Which group of the topic it belongs to; set together with `id`.
    pub(crate) group: Arc<GroupFlag>,
    state: AtomicU8,
    /// Deliveries discarded because the lane was closed. Half a word beside the state, where there is room for it: 2³²
    /// of them would have been queued in terabytes of memory.
    lost: AtomicU32,
    pub(crate) label: Cow<'static, str>,
    pub(crate) location: &'static Location<'static>,
    pub(crate) identity: Option<Identity>,
}

impl Record {
    pub(crate) fn new(
        label: Cow<'static, str>,
        location: &'static Location<'static>,
        identity: Option<Identity>,
        group: Arc<GroupFlag>,
    ) -> Self {
        Self {
            id: 0,
            group,
            state: AtomicU8::new(ACTIVE),
            lost: AtomicU32::new(0),
            label,
            location,
            identity,
        }
    }

    /// Whether events still reach it.
    pub(crate) fn is_active(&self) -> bool {
        self.state.load(Ordering::Acquire) == ACTIVE && self.group.is_live()
    }

    /// Whether a call that is not the last of a counted registration may start. One whose last claim is taken has left
    /// its group, whose end is none of its business.
    #[inline]
    pub(crate) fn may_start(&self) -> bool {
        match self.state.load(Ordering::Acquire) {
            ACTIVE => !self.group.is_dead(),
            state => state == CLAIMED,
        }
    }

    /// Starts the last call of a counted registration, unless it was revoked: the two meet here.
    pub(crate) fn start_last(&self) -> bool {
        self.state
            .compare_exchange(CLAIMED, ENDED, Ordering::AcqRel, Ordering::Acquire)
            .is_ok()
    }

    /// The commit took the last claim. Under the topic's lock.
    pub(crate) fn claim_last(&self) {
        let taken =
            self.state
                .compare_exchange(ACTIVE, CLAIMED, Ordering::AcqRel, Ordering::Acquire);
        debug_assert!(taken.is_ok(), "only an active registration is in its topic");
    }

    /// Takes back an active registration. Under the topic's lock.
    pub(crate) fn revoke_active(&self) -> bool {
        let revoked =
            self.state
                .compare_exchange(ACTIVE, REVOKED, Ordering::AcqRel, Ordering::Acquire);
        if revoked.is_ok() {
            self.group.take_back();
        }
        revoked.is_ok()
    }

    /// Takes back the last call of a counted registration, if it has not started.
    pub(crate) fn revoke_claimed(&self) -> bool {
        self.state
            .compare_exchange(CLAIMED, REVOKED, Ordering::AcqRel, Ordering::Acquire)
            .is_ok()
    }

    /// Whether it was unregistered by itself or with its whole name.
    pub(crate) fn is_revoked(&self) -> bool {
        self.state.load(Ordering::Acquire) == REVOKED
            || (self.group.is_dead() && self.state.load(Ordering::Acquire) == ACTIVE)
    }

    /// The lane that is being closed discards a delivery. Nobody else counts, so nothing can come in between.
    pub(crate) fn lose(&self) {
        let lost = self.lost.load(Ordering::Relaxed);
        self.lost.store(lost.saturating_add(1), Ordering::Relaxed);
    }

    pub(crate) fn lost(&self) -> u64 {
        self.lost.load(Ordering::Relaxed).into()
    }

    /// The lane gave it up, or never took it.
    pub(crate) fn end(&self) {
        self.state.store(ENDED, Ordering::Release);
    }

    pub(crate) fn error(&self, event: &Arc<str>, kind: CallbackErrorKind) -> CallbackError {
        CallbackError::new(event.clone(), self.label.clone(), self.location, kind)
    }
}

/// The manager was closed: nothing new reaches the callbacks, what was accepted still runs.
const CLOSING: usize = 1;
/// The name was unregistered: no call starts any more.
const DEAD: usize = 2;
/// What is added for each callback that was taken back and that the lane still has.
const TAKEN_BACK: usize = 4;

/// Shared by all callbacks of one topic on one lane, so that ending them all is one step, and so that the lane need
/// not look at each of them while none is taken back. A counted registration whose last claim is taken has left its
/// group and no longer looks here.
pub(crate) struct GroupFlag(AtomicUsize);

impl GroupFlag {
    pub(crate) fn new() -> Self {
        Self(AtomicUsize::new(0))
    }

    pub(crate) fn is_live(&self) -> bool {
        self.0.load(Ordering::Acquire) & (CLOSING | DEAD) == 0
    }

    #[inline]
    pub(crate) fn is_dead(&self) -> bool {
        self.0.load(Ordering::Acquire) & DEAD != 0
    }

    /// Whether every recurring callback that the lane has may start.
    #[inline]
    pub(crate) fn is_calm(&self) -> bool {
        self.0.load(Ordering::Acquire) <= CLOSING
    }

    /// A callback is taken back. Before its `unregister` returns.
    fn take_back(&self) {
        self.0.fetch_add(TAKEN_BACK, Ordering::AcqRel);
    }

    /// The lane has removed a callback that was taken back.
    pub(crate) fn removed(&self) {
        self.0.fetch_sub(TAKEN_BACK, Ordering::AcqRel);
    }

    /// The manager closed. Under the topic's lock.
    pub(crate) fn close(&self) {
        self.0.fetch_or(CLOSING, Ordering::AcqRel);
    }

    /// The name was unregistered. Under the topic's lock.
    pub(crate) fn kill(&self) {
        self.0.fetch_or(DEAD, Ordering::AcqRel);
    }
}

#[cfg(all(test, not(loom), not(shuttle)))]
mod tests {
    use super::*;

    #[test]
    fn a_group_is_calm_again_when_the_lane_has_removed_what_was_taken_back() {
        let group = GroupFlag::new();
        for _ in 0..2 {
            assert!(group.is_calm());
            group.take_back();
            group.take_back();
            group.removed();
            assert!(!group.is_calm() && group.is_live());
            group.removed();
        }
        // Closing takes nothing back; what is dead starts no call.
        group.close();
        assert!(group.is_calm() && !group.is_live() && !group.is_dead());
        group.kill();
        assert!(!group.is_calm() && !group.is_live() && group.is_dead());
    }
}
