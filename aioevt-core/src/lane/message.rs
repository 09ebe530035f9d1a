//! What travels in a lane's queue.

use alloc::boxed::Box;

use super::table::{Entry, SlotId};
use crate::data::Data;
use crate::manager::Inner;
use crate::record::GroupFlag;
use crate::sync::Arc;
use crate::topic::TopicShared;

/// One message. Events and changes of the callback table share the queue, so their order is exact by construction.
pub(crate) enum Message {
    /// An event for all callbacks that the slot holds when the message is reached.
    Event { slot: SlotId, data: Data },
    /// A new callback, the first of its slot or a further one.
    Add(Box<Addition>),
    /// One callback leaves its slot.
    Remove { slot: SlotId, id: u64 },
    /// All callbacks leave, and the slot is free behind this message.
    Release { slot: SlotId },
    /// Already worked off.
    Spent,
}

/// A callback on its way to the lane that will own it.
pub(crate) struct Addition {
    pub(crate) slot: SlotId,
    pub(crate) member: usize,
    pub(crate) owner: Arc<Inner>,
    pub(crate) topic: Arc<TopicShared>,
    pub(crate) group: Arc<GroupFlag>,
    pub(crate) entry: Entry,
}
