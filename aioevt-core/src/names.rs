//! The names: which topic belongs to which name. An entry lives while it has a registration, an armed wait or a `Topic`
//! handle; whoever ends the last one removes it.

mod warmth;

use alloc::string::String;
use alloc::vec::Vec;
use core::array;

use self::warmth::Warmth;
use crate::manager::Inner;
use crate::maps::{HOT, NameHasher, SHARDS, Topics, places_of, shard_of};
use crate::published::Published;
use crate::sync::atomic::{AtomicBool, Ordering};
use crate::sync::{Apart, Arc};
use crate::topic::TopicShared;

/// The names under one lock, and the topics of hot ones: an emit finds these without it. A name that has become hot has no
/// other topic any more, also when its entry is removed and made again.
type Shard = Published<Entries, Arc<TopicShared>, HOT>;

/// What the lock guards.
#[derive(Default)]
struct Entries {
    topics: Topics,
    warmth: Warmth,
}

pub(crate) struct Names {
    shards: [Apart<Shard>; SHARDS],
    hasher: NameHasher,
    closed: AtomicBool,
}

impl Names {
    pub(crate) fn new() -> Self {
        Self {
            shards: array::from_fn(|_| Apart(Published::new(Entries::default()))),
            hasher: NameHasher::new(),
            closed: AtomicBool::new(false),
        }
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.closed.load(Ordering::SeqCst)
    }

    /// No name is made any more. To be followed by `drain`.
    pub(crate) fn close(&self) {
        self.closed.store(true, Ordering::SeqCst);
    }

    pub(crate) fn hash(&self, name: &str) -> u64 {
        self.hasher.hash(name)
    }

    #[inline]
    fn shard(&self, hash: u64) -> &Shard {
        &self.shards[shard_of(hash)]
    }

    /// The topic of a hot name, whether or not it has an entry.
    #[inline]
    pub(crate) fn hot(&self, hash: u64, name: &str) -> Option<&Arc<TopicShared>> {
        let shard = self.shard(hash);
        let places = places_of(hash).into_iter();
        places
            .map_while(|place| shard.read_at(place))
            .find(|topic| topic.hash == hash && **topic.name() == *name)
    }

    /// The topic of a name that has one.
    pub(crate) fn find(&self, name: &str) -> Option<Arc<TopicShared>> {
        let hash = self.hash(name);
        self.shard(hash)
            .with(|entries| entries.topics.find(hash, name).cloned())
    }

    /// Runs `f` on the topic of the name, if it has one, under the shard's lock, for an emit. After some of them the name
    /// is hot, if there is room.
    #[inline]
    pub(crate) fn look_up<R>(
        &self,
        hash: u64,
        name: &str,
        f: impl FnOnce(Option<&Arc<TopicShared>>) -> R,
    ) -> R {
        self.shard(hash).with_setter(|entries, mut setter| {
            let topic = entries.topics.find(hash, name);
            if let Some(topic) = topic.filter(|topic| warmth::looked_up(topic)) {
                let _has_room = places_of(hash)
                    .into_iter()
                    .any(|place| setter.set_at(place, || topic.clone()));
            }
            f(topic)
        })
    }

    /// Runs `f` on the topic of the name, made if need be, under the shard's lock: what `f` arms or registers is never
    /// on a removed entry. `None` once the names are closed.
    pub(crate) fn enter<R>(
        &self,
        owner: &Arc<Inner>,
        name: &str,
        f: impl FnOnce(&Arc<TopicShared>) -> R,
    ) -> Option<R> {
        let hash = self.hash(name);
        let shard = self.shard(hash);
        let is_there = self.hot(hash, name).is_some() || self.find(name).is_some();
        // Made before the lock, on the guess that a name that is not there stays so.
        let mut spare = (!is_there).then(|| TopicShared::new(owner, name, hash));
        shard.with(|entries| {
            if self.is_closed() {
                return None;
            }
            let Entries { topics, warmth } = entries;
            let topic = topics.find_or_make(hash, name, || {
                if let Some(topic) = self.hot(hash, name) {
                    topic.revive();
                    return topic.clone();
                }
                let new = spare.take();
                warmth.recall(new.unwrap_or_else(|| TopicShared::new(owner, name, hash)))
            });
            Some(f(topic))
        })
    }

    /// Removes the entry of a topic that nothing needs. What comes back is dropped with no lock held.
    pub(crate) fn sweep(&self, topic: &Arc<TopicShared>) -> Option<Arc<TopicShared>> {
        self.shard(topic.hash).with(|entries| {
            let removed = entries.topics.take_if(topic, || topic.retire())?;
            entries.warmth.remember(&removed);
            Some(removed)
        })
    }

    /// Hands all topics to `f`, with no lock held, and takes them out afterwards, so that a name is never found missing
    /// before `f` has seen it. Once closed, no further ones are made.
    pub(crate) fn drain(&self, mut f: impl FnMut(&Arc<TopicShared>)) {
        for shard in &self.shards {
            let topics: Vec<_> = shard.with(|entries| entries.topics.iter().cloned().collect());
            topics.iter().for_each(&mut f);
            drop(shard.with(|entries| core::mem::take(&mut entries.topics)));
        }
    }

    /// Adds up something about all topics, one shard at a time.
    pub(crate) fn for_each(&self, mut f: impl FnMut(&TopicShared)) {
        for shard in &self.shards {
            shard.with(|entries| entries.topics.iter().for_each(|topic| f(topic)));
        }
    }

    pub(crate) fn list(&self) -> Vec<String> {
        let mut names = Vec::new();
        self.for_each(|topic| names.push(String::from(&**topic.name())));
        names.sort_unstable();
        names
    }
}
