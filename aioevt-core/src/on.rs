//! `On`: a registration with choices, made by `Manager::on` and `Topic::on`.

use alloc::borrow::Cow;
use alloc::string::String;
use core::fmt;
use core::panic::Location;

use crate::callback::{CallbackParts, IntoCallback};
use crate::contain::contain_drop;
use crate::error::DiscardReason;
use crate::event_loop::EventLoop;
use crate::lane::Lane;
use crate::manager::Inner;
use crate::record::{GroupFlag, Record};
use crate::registration::Registration;
use crate::sync::Arc;
use crate::topic::{self, NewCallback, TopicShared};
use crate::topic_handle::Topic;
use crate::wakeup::Wakeups;

/// A registration in the making: say where, how often and under which label, then [`call`](Self::call).
#[must_use = "nothing is registered until `.call(callback)`"]
pub struct On {
    owner: Arc<Inner>,
    target: Target,
    event_loop: Option<EventLoop>,
    times: Option<usize>,
    label: Option<Cow<'static, str>>,
}

/// Where to register.
enum Target {
    Name(String),
    /// With the handle, so that the name stays in use meanwhile.
    Topic(Topic),
}

impl Target {
    fn name(&self) -> Arc<str> {
        match self {
            Self::Name(name) => Arc::from(&**name),
            Self::Topic(topic) => topic.shared().name().clone(),
        }
    }
}

impl On {
    pub(crate) fn by_name(owner: Arc<Inner>, name: &str) -> Self {
        Self::to(owner, Target::Name(name.into()))
    }

    pub(crate) fn by_topic(owner: Arc<Inner>, topic: Topic) -> Self {
        Self::to(owner, Target::Topic(topic))
    }

    fn to(owner: Arc<Inner>, target: Target) -> Self {
        Self {
            owner,
            target,
            event_loop: None,
            times: None,
            label: None,
        }
    }

    /// The loop that runs the callback, instead of the manager's default one.
    pub fn event_loop(mut self, event_loop: impl Into<EventLoop>) -> Self {
        self.event_loop = Some(event_loop.into());
        self
    }

    /// For one event only: then it is unregistered. It runs at most once under any number of concurrent emits, and
    /// exactly once unless its event is used up by an error (arguments that do not fit, a panic, a closed loop).
    pub fn once(self) -> Self {
        self.times(1)
    }

    /// For `n` events; the same rules as for [`once`](Self::once). With 0 the registration is inert from the start,
    /// with `usize::MAX` it is for every event.
    pub fn times(mut self, n: usize) -> Self {
        self.times = (n < usize::MAX).then_some(n);
        self
    }

    /// `true`: for every event, which is the default. `false`: the same as [`once`](Self::once).
    pub fn recurring(mut self, recurring: bool) -> Self {
        self.times = if recurring { None } else { Some(1) };
        self
    }

    /// The label by which the error hook knows the callback. Default: the name of its type.
    pub fn named(mut self, label: impl Into<Cow<'static, str>>) -> Self {
        self.label = Some(label.into());
        self
    }

    /// Registers the callback.
    #[track_caller]
    pub fn call<M>(self, callback: impl IntoCallback<M>) -> Registration {
        self.attach(callback.into_parts(), Location::caller())
    }

    /// What does not depend on the type of the callback: one piece of code for all of them.
    fn attach(self, parts: CallbackParts, location: &'static Location<'static>) -> Registration {
        let label = self.label.unwrap_or(Cow::Borrowed(parts.name));
        let record = Record::new(label, location, parts.identity, Arc::new(GroupFlag::new()));
        let mut new = NewCallback {
            record: Arc::new(record),
            invoke: Some(parts.invoke),
            times: self.times,
        };
        let owner = &self.owner;
        if new.times == Some(0) {
            refuse(&mut new);
            return Registration::new(owner, None, new.record);
        }
        let attached = match self.event_loop.or_else(|| owner.default_loop()) {
            Some(event_loop) => attach(owner, &self.target, &event_loop, &mut new),
            None => Err(DiscardReason::ManagerClosed),
        };
        let topic = attached.map_err(|reason| {
            refuse(&mut new);
            owner.report_inert(&self.target.name(), &new.record, reason);
        });
        Registration::new(owner, topic.ok(), new.record)
    }
}

fn attach(
    owner: &Arc<Inner>,
    target: &Target,
    event_loop: &EventLoop,
    new: &mut NewCallback,
) -> Result<Arc<TopicShared>, DiscardReason> {
    let lane = event_loop.lane();
    Lane::ensure_driver(lane);
    let mut wakeups = Wakeups::default();
    let mut attach = |topic: &Arc<TopicShared>| {
        let attached = topic::attach(owner, topic, lane, new, &mut wakeups);
        (topic.clone(), attached)
    };
    let entered = match target {
        Target::Topic(topic) => Some(attach(topic.shared())),
        Target::Name(name) => owner.names.enter(owner, name, attach),
    };
    let (topic, attached) = entered.ok_or(DiscardReason::ManagerClosed)?;
    match attached {
        Ok(()) => wakeups.run(),
        Err(_) => owner.sweep(&topic),
    }
    attached.map(|()| topic)
}

/// Drops the callback of a registration that never takes effect.
fn refuse(new: &mut NewCallback) {
    new.record.end();
    let _ = contain_drop(new.invoke.take());
}

impl fmt::Debug for On {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("On")
            .field("times", &self.times)
            .field("label", &self.label)
            .finish_non_exhaustive()
    }
}
