//! Arming and disarming waits. All waits armed between two events of a name share one round.

use super::{TopicShared, TopicState, sweep};
use crate::round::Round;
use crate::sync::Arc;

/// Arms a wait, unless the manager is closed. Under the shard's lock, or with a `Topic` in hand.
pub(crate) fn arm(topic: &Arc<TopicShared>) -> Option<Arc<Round>> {
    topic.announce(|state| {
        if state.closed {
            return None;
        }
        debug_assert!(
            !state.removed,
            "the caller holds the shard's lock, or a `Topic`"
        );
        state.waiting += 1;
        let round = state.round.get_or_insert_with(|| Arc::new(Round::new()));
        Some(round.clone())
    })
}

/// Takes a wait back, unless an event (or `unregister`, or `close`) has claimed its round. `still_armed` is asked under
/// the same lock: a wait may be taken back from two sides, by its owner and by its limit, and counts once.
pub(crate) fn disarm(
    topic: &Arc<TopicShared>,
    round: &Arc<Round>,
    still_armed: impl FnOnce() -> bool,
) -> bool {
    let (disarmed, unneeded) = topic.change(|state| {
        let disarmed = state.is_current(round) && still_armed();
        if disarmed {
            state.waiting -= 1;
        }
        // Also after somebody else, who may not have come to it yet: nothing is left when this returns.
        (disarmed, state.is_unneeded())
    });
    if unneeded {
        sweep(topic);
    }
    disarmed
}

impl TopicState {
    fn is_current(&self, round: &Arc<Round>) -> bool {
        self.round
            .as_ref()
            .is_some_and(|current| Arc::ptr_eq(current, round))
    }
}
