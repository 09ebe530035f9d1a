//! `On`: a registration with choices, made by `Manager::on` and `Topic::on`.

use alloc::borrow::Cow;
use alloc::string::String;
use core::fmt;
use core::panic::Location;

use crate::callback::IntoCallback;
use crate::contain::contain_drop;
use crate::error::DiscardReason;
use crate::event_loop::EventLoop;
use crate::lane::Lane;
use crate::manager::Inner;
use crate::record::{GroupFlag, Record};
use crate::registration::Registration;
use crate::sync::Arc;
use crate::topic::{self, NewCallback, Refused};
use crate::topic_handle::Topic;

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

    /// For `n` events; the same rules as for [`once`](Self::once). With 0 the registration is inert from the start.
    pub fn times(mut self, n: usize) -> Self {
        self.times = Some(n);
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
        let location = Location::caller();
        let parts = callback.into_parts();
        let label = self.label.unwrap_or(Cow::Borrowed(parts.name));
        let record = Record::new(label, location, parts.identity, Arc::new(GroupFlag::new()));
        let new = NewCallback {
            record: Arc::new(record),
            invoke: parts.invoke,
            times: self.times,
        };
        register(&self.owner, self.target, self.event_loop, new)
    }
}

fn register(
    owner: &Arc<Inner>,
    target: Target,
    event_loop: Option<EventLoop>,
    new: NewCallback,
) -> Registration {
    if new.times == Some(0) {
        return Registration::new(owner, None, refuse(new));
    }
    let attached = match event_loop.or_else(|| owner.default_loop()) {
        Some(event_loop) => attach(owner, &target, &event_loop, new),
        None => Err((Refused::ManagerClosed, new)),
    };
    let (refused, new) = match attached {
        Ok(registration) => return registration,
        Err(refused) => refused,
    };
    let name = match &target {
        Target::Name(name) => Arc::from(&**name),
        Target::Topic(topic) => topic.shared().name().clone(),
    };
    let reason = match refused {
        Refused::LoopClosed => DiscardReason::LoopClosed { deliveries: 0 },
        Refused::ManagerClosed => DiscardReason::ManagerClosed,
    };
    let record = refuse(new);
    owner.report_inert(&name, &record, reason);
    Registration::new(owner, None, record)
}

fn attach(
    owner: &Arc<Inner>,
    target: &Target,
    event_loop: &EventLoop,
    new: NewCallback,
) -> Result<Registration, (Refused, NewCallback)> {
    let lane = event_loop.lane();
    Lane::ensure_driver(lane);
    // Taken out under the lock, so that a callback that is not taken is dropped outside.
    let mut new = Some(new);
    let attached = match target {
        Target::Topic(topic) => {
            let topic = topic.shared();
            new.take()
                .map(|new| (topic::attach(owner, topic, lane, new), topic.clone()))
        }
        Target::Name(name) => owner
            .names
            .enter(name, |topic| {
                new.take()
                    .map(|new| (topic::attach(owner, topic, lane, new), topic.clone()))
            })
            .flatten(),
    };
    match (attached, new) {
        (Some((Ok((record, mut wakeups)), topic)), _) => {
            wakeups.run();
            Ok(Registration::new(owner, Some(topic), record))
        }
        (Some((Err(refused), topic)), _) => {
            owner.sweep(&topic);
            Err(refused)
        }
        (None, Some(new)) => Err((Refused::ManagerClosed, new)),
        (None, None) => unreachable!("a callback is taken only to be attached"),
    }
}

/// Drops the callback of a registration that never takes effect.
fn refuse(new: NewCallback) -> Arc<Record> {
    new.record.end();
    let _ = contain_drop(new.invoke);
    new.record
}

impl fmt::Debug for On {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("On")
            .field("times", &self.times)
            .field("label", &self.label)
            .finish_non_exhaustive()
    }
}
