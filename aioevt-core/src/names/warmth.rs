//! `Warmth`: how often an emit had to look a name up. Its topic knows it, but a name that is only waited for has a new one
//! each time.

use crate::maps::{HOT, places_of};
use crate::sync::{Arc, MODELLED};
use crate::topic::TopicShared;

/// With so many look-ups a name becomes hot: one that is used once or twice does not take a place.
const WARM: u8 = if MODELLED { 1 } else { 4 };

/// So long may it be, in bytes: what was hot once stays in memory.
const LONGEST: usize = 64;

/// Notes it: whether that was just often enough. Under the shard's lock, as all of this.
#[inline]
pub(super) fn looked_up(topic: &TopicShared) -> bool {
    let times = topic.look_ups();
    if times == WARM || topic.name().len() > LONGEST {
        return false;
    }
    topic.set_look_ups(times + 1);
    times + 1 == WARM
}

/// What is remembered of the topic that was removed last, for each place: a part of its hash, and how often it was looked up.
#[derive(Default)]
pub(super) struct Warmth([(u32, u8); HOT]);

impl Warmth {
    /// A topic is removed.
    pub(super) fn remember(&mut self, topic: &TopicShared) {
        if let Some(removed) = self.of(topic.hash) {
            *removed = (part(topic.hash), topic.look_ups());
        }
    }

    /// A topic is made.
    pub(super) fn recall(&mut self, topic: Arc<TopicShared>) -> Arc<TopicShared> {
        if let Some((_, times)) = self.of(topic.hash).filter(|it| it.0 == part(topic.hash)) {
            topic.set_look_ups(*times);
        }
        topic
    }

    fn of(&mut self, hash: u64) -> Option<&mut (u32, u8)> {
        let place = places_of(hash).into_iter().next()?;
        self.0.get_mut(place)
    }
}

fn part(hash: u64) -> u32 {
    (hash >> 32) as u32
}

#[cfg(all(test, feature = "std", not(loom), not(shuttle)))]
mod tests {
    use alloc::string::ToString;

    use super::*;
    use crate::manager::Inner;
    use crate::{EventLoop, Manager};

    /// A manager, and what it has inside. Asked for once: the name that leads there has a place, too, perhaps the same.
    fn manager() -> (Manager, Arc<Inner>) {
        let mgr = Manager::new(EventLoop::inline());
        let owner = mgr.topic("another").shared().owner().expect("it lives");
        (mgr, owner)
    }

    fn is_hot(owner: &Inner, name: &str) -> bool {
        owner.names.hot(owner.names.hash(name), name).is_some()
    }

    #[test]
    fn a_name_is_hot_once_it_was_looked_up_often_unless_it_is_long() {
        let (longest, longer) = ("x".repeat(LONGEST), "x".repeat(LONGEST + 1));
        for (name, hot) in [("", true), (&longest, true), (&longer, false)] {
            // One each, so that there is room.
            let (mgr, owner) = manager();
            mgr.register(name, || ());
            for _ in 0..WARM {
                assert!(!is_hot(&owner, name));
                mgr.emit(name, ());
            }
            assert_eq!(is_hot(&owner, name), hot);
        }
    }

    #[test]
    fn so_is_one_that_is_only_waited_for_again_and_again() {
        let (mgr, owner) = manager();
        for times in 0..=WARM {
            assert_eq!(is_hot(&owner, "x"), times == WARM);
            let _wait = mgr.wait("x");
            assert_eq!(mgr.emit("x", ()).waiters, 1);
            assert!(mgr.names().is_empty());
        }
    }

    #[test]
    fn names_that_are_waited_for_once_are_not() {
        let (mgr, owner) = manager();
        for number in 0..10_000 {
            let name = number.to_string();
            let _wait = mgr.wait(&name);
            (1..WARM).for_each(|_| _ = mgr.emit(&name, ()));
            assert!(!is_hot(&owner, &name), "{number}");
        }
    }
}
