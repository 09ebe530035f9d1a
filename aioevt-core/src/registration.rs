//! `Registration`: the handle of one registered callback.

use core::fmt;

use crate::manager::Inner;
use crate::record::Record;
use crate::sync::{Arc, Weak};
use crate::topic::{self, TopicShared};

/// One registered callback. Dropping it does nothing: the callback stays registered.
///
/// # Examples
///
/// ```
/// # use aioevt_core as aioevt;
/// use aioevt::{EventLoop, Manager};
///
/// let mgr = Manager::new(EventLoop::inline());
/// let reg = mgr.register("Add", |_: i64| ());
/// assert!(reg.is_active());
/// assert!(reg.unregister());
/// assert!(!reg.unregister());
/// ```
#[derive(Clone)]
pub struct Registration {
    /// Weak: a hook, which the manager owns, may hold registrations.
    owner: Weak<Inner>,
    /// `None` for one that was inert from the start, because the manager was closed.
    topic: Option<Arc<TopicShared>>,
    record: Arc<Record>,
}

impl Registration {
    pub(crate) fn new(
        owner: &Arc<Inner>,
        topic: Option<Arc<TopicShared>>,
        record: Arc<Record>,
    ) -> Self {
        Self {
            owner: Arc::downgrade(owner),
            topic,
            record,
        }
    }

    /// Unregisters the callback. `true` if that ended the registration, `false` if it had ended before.
    ///
    /// When it returns, no call of it starts any more, except one that its lane, on another thread, had already
    /// checked: at most one, never for a later event. From a sync callback of the same lane there is no exception.
    /// Deliveries still queued are discarded (counted, not reported). A suspended async call is not cancelled. The
    /// closure, and what it captured, are dropped by its lane.
    ///
    /// A `once` callback either runs, or this returns `true`.
    pub fn unregister(&self) -> bool {
        match (&self.topic, self.owner.upgrade()) {
            (Some(topic), Some(owner)) => topic::revoke(&owner, topic, &self.record),
            // Never registered, or everything has ended.
            _ => false,
        }
    }

    /// Whether events still reach the callback.
    #[must_use]
    pub fn is_active(&self) -> bool {
        self.record.is_active()
    }

    /// A guard that unregisters the callback when it is dropped.
    ///
    /// # Examples
    ///
    /// ```
    /// # use aioevt_core as aioevt;
    /// # use aioevt::{EventLoop, Manager};
    /// let mgr = Manager::new(EventLoop::inline());
    /// {
    ///     let _guard = mgr.register("Add", |_: i64| ()).guard();
    ///     assert_eq!(mgr.callback_count("Add"), 1);
    /// }
    /// assert_eq!(mgr.callback_count("Add"), 0);
    /// ```
    pub fn guard(&self) -> RegistrationGuard {
        RegistrationGuard(self.clone())
    }
}

impl fmt::Debug for Registration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Registration")
            .field("event", &self.topic.as_ref().map(|topic| topic.name()))
            .field("callback", &self.record.label)
            .field("active", &self.is_active())
            .finish()
    }
}

/// Unregisters a callback when dropped. Made by [`Registration::guard`].
#[derive(Debug)]
#[must_use = "the callback is unregistered as soon as the guard is dropped: bind it to a name such as `_guard`"]
pub struct RegistrationGuard(Registration);

impl RegistrationGuard {
    /// The registration.
    #[must_use]
    pub fn registration(&self) -> &Registration {
        &self.0
    }
}

impl Drop for RegistrationGuard {
    fn drop(&mut self) {
        self.0.unregister();
    }
}
