//! `Emitted`: what an emit returns.

/// What became of one emit, at the moment it was committed.
///
/// # Examples
///
/// ```
/// # use aioevt_core as aioevt;
/// use aioevt::{Emitted, EventLoop, Manager};
///
/// let mgr = Manager::new(EventLoop::inline());
/// assert_eq!(mgr.emit("nobody", ()), Emitted::default());
/// mgr.register("Add", |_: i64, _: i64| ());
/// assert_eq!(mgr.emit("Add", (1, 2)).callbacks, 1);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Emitted {
    /// Deliveries accepted: callbacks whose event loop now has the event in its queue.
    pub callbacks: usize,
    /// Waits that this event resolves.
    pub waiters: usize,
    /// Deliveries refused: the callback's event loop was found closed, or its queue could not grow. `1` when the
    /// manager itself is closed.
    pub rejected: usize,
}
