//! `Topic`: a resolved name.

use core::fmt;
use core::panic::Location;
use core::time::Duration;

use crate::callback::IntoCallback;
use crate::data::IntoEvtData;
use crate::delayed::Delayed;
use crate::emitted::Emitted;
use crate::event_loop::EventLoop;
use crate::manager::{self, Inner};
use crate::on::On;
use crate::registration::Registration;
use crate::sync::Arc;
use crate::topic::{self, TopicShared};
use crate::wait::Wait;

/// A handle of one name: the verbs of [`Manager`](crate::Manager) without the look-up. It keeps the name in the
/// manager's [`names`](crate::Manager::names), and does not keep the manager open.
///
/// # Examples
///
/// ```
/// # use aioevt_core as aioevt;
/// use aioevt::{EventLoop, Manager};
///
/// let mgr = Manager::new(EventLoop::inline());
/// let add = mgr.topic("Add");
/// add.register(|_: i64, _: i64| ());
/// assert_eq!(add.emit((1, 2)).callbacks, 1);
/// assert_eq!(add.name(), "Add");
/// ```
pub struct Topic {
    owner: Arc<Inner>,
    shared: Arc<TopicShared>,
}

impl Topic {
    pub(crate) fn by_name(owner: Arc<Inner>, name: &str) -> Self {
        let found = owner.names.enter(&owner, name, |topic| {
            topic.add_handle();
            topic.clone()
        });
        let shared = found.unwrap_or_else(|| {
            let topic = TopicShared::new(&owner, name, 0);
            topic.add_handle();
            // Nothing is registered on it, so closing it leaves nothing to be done.
            drop(topic::close(&topic));
            topic
        });
        Self { owner, shared }
    }

    pub(crate) fn shared(&self) -> &Arc<TopicShared> {
        &self.shared
    }

    /// See [`Manager::emit`](crate::Manager::emit).
    #[inline(always)]
    pub fn emit(&self, data: impl IntoEvtData) -> Emitted {
        // Inlined: the caller writes the data where it stays until there is a place for it in the queue.
        Inner::emit_on(&self.owner, &self.shared, &mut Some(data))
    }

    /// See [`Manager::emit_after`](crate::Manager::emit_after).
    #[track_caller]
    pub fn emit_after(&self, delay: Duration, data: impl IntoEvtData) -> Delayed {
        let event_loop = self.owner.default_loop();
        manager::emit_after(
            &self.owner,
            event_loop,
            delay,
            self.name(),
            data,
            Location::caller(),
        )
    }

    /// See [`Manager::emit_after_on`](crate::Manager::emit_after_on).
    #[track_caller]
    pub fn emit_after_on(
        &self,
        event_loop: impl Into<EventLoop>,
        delay: Duration,
        data: impl IntoEvtData,
    ) -> Delayed {
        manager::emit_after(
            &self.owner,
            Some(event_loop.into()),
            delay,
            self.name(),
            data,
            Location::caller(),
        )
    }

    /// See [`Manager::wait`](crate::Manager::wait).
    pub fn wait(&self) -> Wait {
        Wait::new(&self.shared)
    }

    /// See [`Manager::on`](crate::Manager::on).
    pub fn on(&self) -> On {
        On::by_topic(self.owner.clone(), self.clone())
    }

    /// See [`Manager::register`](crate::Manager::register).
    #[track_caller]
    pub fn register<M>(&self, callback: impl IntoCallback<M>) -> Registration {
        self.on().call(callback)
    }

    /// See [`Manager::unregister`](crate::Manager::unregister).
    pub fn unregister(&self) -> usize {
        Inner::unregister_topic(&self.owner, &self.shared)
    }

    /// How many callbacks are registered.
    #[must_use]
    pub fn callback_count(&self) -> usize {
        self.shared.callbacks()
    }

    /// The name.
    #[must_use]
    pub fn name(&self) -> &str {
        self.shared.name()
    }
}

impl Clone for Topic {
    fn clone(&self) -> Self {
        self.shared.add_handle();
        Self {
            owner: self.owner.clone(),
            shared: self.shared.clone(),
        }
    }
}

impl Drop for Topic {
    fn drop(&mut self) {
        if self.shared.drop_handle() {
            self.owner.sweep(&self.shared);
        }
    }
}

impl fmt::Debug for Topic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Topic")
            .field("name", &self.name())
            .finish_non_exhaustive()
    }
}
