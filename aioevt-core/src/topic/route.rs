//! The way around the topic's lock: the usual event goes straight to the one lane that hears it, and takes only that one's
//! lock.
//!
//! An event is usual while a topic has one lane, only recurring callbacks there, and no waiter. The emit that finds this
//! under both locks leaves behind what the next ones need to know: the route is open. Whoever changes the topic closes
//! it first. An emit that has the lane's lock and still finds it open is earlier than the change: what the change does to
//! that lane comes after it, under the same lock, and so does every event that knows of the change. So all events of the
//! name still have one order, that in which the lane's lock was taken.

pub(super) use self::imp::{Route, Target, leads_to};

#[cfg(any(feature = "std", loom, shuttle))]
mod imp {
    use crate::data::IntoEvtData;
    use crate::lane::{Lane, LaneState, State};
    use crate::published::Setter;
    use crate::sync::Arc;
    use crate::sync::atomic::{AtomicU32, AtomicUsize, Ordering};
    use crate::topic::Group;
    use crate::wakeup::Wakeup;

    /// Open or closed.
    pub(in crate::topic) struct Route {
        /// Of the group, and guarded by the lane's lock.
        slot: AtomicU32,
        member: AtomicUsize,
        /// How many callbacks the group has. With none the route is closed: that is written under the topic's lock, the
        /// number also under the lane's.
        callbacks: AtomicUsize,
    }

    /// The lane of the first usual event. It is never another one: what a thread may be reading without a lock cannot be
    /// exchanged. On a later lane the events of the name go through the topic's lock.
    pub(in crate::topic) struct Target {
        state: State,
        /// An inline lane is run by whoever emits. Other ones are not kept: a runtime may live as long as its lanes.
        inline: Option<Arc<Lane>>,
    }

    impl Target {
        /// The lane, if it is an inline one.
        #[inline]
        pub(in crate::topic) fn inline(&self) -> Option<&Arc<Lane>> {
            self.inline.as_ref()
        }
    }

    impl Route {
        pub(in crate::topic) fn new() -> Self {
            Self {
                slot: AtomicU32::new(0),
                member: AtomicUsize::new(0),
                callbacks: AtomicUsize::new(0),
            }
        }

        /// Commits a usual event. If it is another one, the data stays and this is `None`. It also stays for an inline lane
        /// that the wakeup runs.
        #[inline]
        pub(in crate::topic) fn commit<D: IntoEvtData>(
            &self,
            target: Option<&Target>,
            data: &mut Option<D>,
            wakeup: &mut Option<Wakeup>,
        ) -> Option<usize> {
            // A guess, which saves a lock where the route is not open.
            if self.callbacks() == 0 {
                return None;
            }
            let target = target?;
            target.state.with(|state| {
                let callbacks = self.callbacks();
                if callbacks == 0 {
                    return None;
                }
                let slot = self.slot.load(Ordering::Relaxed);
                let member = self.member.load(Ordering::Relaxed);
                // Whoever emits to an inline lane that is at rest runs it, and need not queue the event for that.
                let rests = |lane: &Arc<Lane>| state.take_driver_for(lane, slot, member, callbacks);
                if let Some(driver) = target.inline().and_then(rests) {
                    *wakeup = Some(Wakeup::Inline(driver, None));
                    return Some(callbacks);
                }
                state.push_plain(slot, member, callbacks, data)?;
                if state.is_asleep() {
                    state.wakeup_by_runtime(wakeup);
                }
                Some(callbacks)
            })
        }

        #[inline]
        fn callbacks(&self) -> usize {
            self.callbacks.load(Ordering::Relaxed)
        }

        /// Leaves behind what a usual event needs, if it leads to the group's lane. Under the topic's lock and that one's.
        #[inline]
        pub(in crate::topic) fn open(&self, group: &Group, _lane: &LaneState) {
            self.slot.store(group.slot, Ordering::Relaxed);
            self.member.store(group.member, Ordering::Relaxed);
            self.callbacks.store(group.recurring, Ordering::Relaxed);
        }

        /// Events that know of it go through the topic's lock from here on. Under that one.
        #[inline]
        pub(in crate::topic) fn close(&self) {
            if self.callbacks() > 0 {
                self.callbacks.store(0, Ordering::Relaxed);
            }
        }
    }

    /// Whether the route can lead to `lane`. Under the topic's lock.
    #[inline]
    pub(in crate::topic) fn leads_to(
        lane: &Arc<Lane>,
        known: Option<&Target>,
        setter: Setter<'_, Target>,
    ) -> bool {
        match known {
            Some(target) => Arc::ptr_eq(&target.state, &lane.state),
            None => setter.set(|| Target {
                state: lane.state.clone(),
                inline: lane.runtime.is_inline().then(|| lane.clone()),
            }),
        }
    }
}

/// Without std the topic's lock is a critical section, which costs next to nothing.
#[cfg(not(any(feature = "std", loom, shuttle)))]
mod imp {
    use crate::lane::{Lane, LaneState};
    use crate::published::Setter;
    use crate::sync::Arc;
    use crate::topic::Group;
    use crate::wakeup::Wakeup;

    pub(in crate::topic) struct Route;

    /// None.
    pub(in crate::topic) enum Target {}

    impl Target {
        pub(in crate::topic) fn inline(&self) -> Option<&Arc<Lane>> {
            match *self {}
        }
    }

    impl Route {
        pub(in crate::topic) fn new() -> Self {
            Self
        }

        pub(in crate::topic) fn commit<D>(
            &self,
            _: Option<&Target>,
            _: &mut Option<D>,
            _: &mut Option<Wakeup>,
        ) -> Option<usize> {
            None
        }

        pub(in crate::topic) fn open(&self, _: &Group, _: &LaneState) {}

        pub(in crate::topic) fn close(&self) {}
    }

    pub(in crate::topic) fn leads_to(
        _: &Arc<Lane>,
        _: Option<&Target>,
        _: Setter<'_, Target>,
    ) -> bool {
        false
    }
}
