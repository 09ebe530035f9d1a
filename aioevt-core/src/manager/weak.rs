//! `WeakManager`: a handle that does not keep a manager open.

use core::fmt;

use super::{Inner, Manager};
use crate::sync::Weak;
use crate::sync::atomic::Ordering;

/// A handle that does not keep its manager open, for callbacks that need one. Made by [`Manager::downgrade`].
///
/// # Examples
///
/// ```
/// # use aioevt_core as aioevt;
/// use aioevt::{EventLoop, Manager};
///
/// let mgr = Manager::new(EventLoop::inline());
/// let weak = mgr.downgrade();
/// assert!(weak.upgrade().is_some());
/// drop(mgr);
/// assert!(weak.upgrade().is_none());
/// ```
#[derive(Clone)]
pub struct WeakManager {
    inner: Weak<Inner>,
}

impl WeakManager {
    pub(super) fn new(inner: Weak<Inner>) -> Self {
        Self { inner }
    }

    /// A handle, unless the manager is closed or its last handle is gone.
    #[must_use]
    pub fn upgrade(&self) -> Option<Manager> {
        let inner = self
            .inner
            .upgrade()
            .filter(|inner| !inner.names.is_closed())?;
        inner
            .handles
            .fetch_update(Ordering::AcqRel, Ordering::Acquire, |handles| {
                (handles > 0).then_some(handles + 1)
            })
            .ok()?;
        Some(Manager { inner })
    }
}

impl fmt::Debug for WeakManager {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WeakManager")
            .field(
                "closed",
                &self
                    .inner
                    .upgrade()
                    .is_none_or(|inner| inner.names.is_closed()),
            )
            .finish_non_exhaustive()
    }
}
