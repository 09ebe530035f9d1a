//! `Stats`: the ledger of a manager, added up.

use super::Inner;
use crate::sync::Arc;

/// What became of all deliveries of a manager so far, and what there is at the moment. Made by
/// [`Manager::stats`](crate::Manager::stats).
///
/// `accepted == ran + failed + panicked + discarded + pending`, at every instant. Outcomes may lag the calls by the
/// batch that a lane is running; when the manager is idle they are exact.
///
/// # Examples
///
/// ```
/// # use aioevt_core as aioevt;
/// use aioevt::{EventLoop, Manager};
///
/// let mgr = Manager::new(EventLoop::inline());
/// mgr.register("Add", |a: i32| if a < 0 { Err("negative") } else { Ok(()) });
/// mgr.on_error(|_| ());
/// mgr.emit("Add", (1,));
/// mgr.emit("Add", (-1,));
/// let stats = mgr.stats();
/// assert_eq!((stats.accepted, stats.ran, stats.failed), (2, 1, 1));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Stats {
    /// Deliveries accepted: one for each callback that an event was addressed to.
    pub accepted: u64,
    /// Calls that ran to their end.
    pub ran: u64,
    /// Calls that returned an error, and deliveries whose arguments did not fit.
    pub failed: u64,
    /// Calls that panicked.
    pub panicked: u64,
    /// Deliveries that ended without their call having run to its end: unregistered before, or their loop was closed,
    /// or dropped or refused the suspended call.
    pub discarded: u64,
    /// Deliveries that have not ended: queued, or suspended.
    pub pending: u64,
    /// Delayed emits that could never fire.
    pub delays_lost: u64,
    /// Panics of the error hook.
    pub hook_panics: u64,
    /// Names in use.
    pub names: usize,
    /// Callbacks registered.
    pub callbacks: usize,
    /// Waits armed.
    pub waiters: usize,
    /// Delayed emits pending. One that fires leaves this number a moment before its event is `accepted`, for which
    /// [`idle`](crate::Manager::idle) waits: once this is 0, it resolves behind all that they cause.
    pub delayed: usize,
}

pub(super) fn collect(inner: &Arc<Inner>) -> Stats {
    let mut stats = Stats::default();
    let mut accepted = 0;
    let ended = inner.lanes.with(|lanes| {
        let mut ended = lanes.over;
        accepted = ended.deliveries();
        for (lane, account) in lanes.open.iter() {
            lane.state.with(|state| {
                if let Some(member) = state.account(*account) {
                    accepted += member.accepted;
                    ended.add(&member.ended);
                }
            });
        }
        ended
    });
    stats.accepted = accepted;
    stats.ran = ended.ran;
    stats.failed = ended.failed;
    stats.panicked = ended.panicked;
    stats.discarded = ended.discarded;
    stats.pending = accepted - ended.deliveries();
    inner.names.for_each(|topic| {
        stats.names += 1;
        stats.callbacks += topic.callbacks();
        stats.waiters += topic.waiting();
    });
    (stats.delayed, stats.delays_lost) = inner.delays();
    stats.hook_panics = inner.hook_panics();
    stats
}
