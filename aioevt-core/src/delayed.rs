//! `Delayed`: the handle of an `emit_after`. The queue it is in is in `delay.rs`.

use core::fmt;

use crate::contain::contain_drop;
use crate::delay::{Action, DelayKey};
use crate::event_loop::Runtime;
use crate::sync::Weak;

/// A pending [`emit_after`](crate::Manager::emit_after). Dropping it does not cancel anything.
///
/// # Examples
///
/// ```
/// # use aioevt_core as aioevt;
/// use aioevt::{Manager, PollLoop};
/// use std::time::Duration;
///
/// let mut poll_loop = PollLoop::new(|| ());
/// let mgr = Manager::new(&poll_loop);
/// let delayed = mgr.emit_after(Duration::from_secs(1), "Late", ());
/// assert!(delayed.cancel());
/// assert!(!delayed.cancel(), "there is nothing left to cancel");
/// ```
#[derive(Clone)]
pub struct Delayed(Option<(Weak<Runtime>, DelayKey)>);

impl Delayed {
    pub(crate) fn new(runtime: Weak<Runtime>, key: DelayKey) -> Self {
        Self(Some((runtime, key)))
    }

    /// One that was never pending: the manager was closed, or the timer broken.
    pub(crate) fn never() -> Self {
        Self(None)
    }

    /// Cancels the emit and drops its payload at once. `true` if that kept the event from being emitted: either this
    /// returns `true`, or the event was (or is being) emitted, or reported as lost, or cancelled before, as all are when
    /// the manager is closed.
    pub fn cancel(&self) -> bool {
        let Some((runtime, key)) = &self.0 else {
            return false;
        };
        let Some(runtime) = runtime.upgrade() else {
            return false;
        };
        let action = runtime.delays.cancel(*key);
        // Perhaps the last one.
        let _ = contain_drop(runtime);
        match action {
            Some(Action::Emit(emit)) => {
                emit.owner.delay_ended();
                let _ = contain_drop(emit);
                true
            }
            Some(_) | None => false,
        }
    }
}

impl fmt::Debug for Delayed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Delayed").finish_non_exhaustive()
    }
}
