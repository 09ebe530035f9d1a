//! The names: which topic belongs to which name. An entry lives while it has a registration, an armed wait or a `Topic`
//! handle; whoever ends the last one removes it.

use alloc::string::String;
use alloc::vec::Vec;
use core::array;

use crate::manager::Inner;
use crate::maps::{NameHasher, SHARDS, Topics, shard_of};
use crate::sync::atomic::{AtomicBool, Ordering};
use crate::sync::{Apart, Arc, Mutex};
use crate::topic::TopicShared;

type Shard = Apart<Mutex<Topics>>;

pub(crate) struct Names {
    shards: [Shard; SHARDS],
    hasher: NameHasher,
    closed: AtomicBool,
}

impl Names {
    pub(crate) fn new() -> Self {
        Self {
            shards: array::from_fn(|_| Apart(Mutex::new(Topics::default()))),
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
    fn shard(&self, hash: u64) -> &Mutex<Topics> {
        &self.shards[shard_of(hash)]
    }

    /// The topic of a name that has one.
    pub(crate) fn find(&self, name: &str) -> Option<Arc<TopicShared>> {
        self.look_up(name, |topic| topic.cloned())
    }

    /// Runs `f` on the topic of the name, if it has one, under the shard's lock.
    #[inline]
    pub(crate) fn look_up<R>(
        &self,
        name: &str,
        f: impl FnOnce(Option<&Arc<TopicShared>>) -> R,
    ) -> R {
        let hash = self.hash(name);
        self.shard(hash).with(|entries| f(entries.find(hash, name)))
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
        // Made before the lock, on the guess that a name that is not there stays so.
        let mut spare = match self.find(name) {
            Some(_) => None,
            None => Some(TopicShared::new(owner, name, hash)),
        };
        self.shard(hash).with(|entries| {
            if self.is_closed() {
                return None;
            }
            let topic = entries.find_or_make(hash, name, || {
                spare
                    .take()
                    .unwrap_or_else(|| TopicShared::new(owner, name, hash))
            });
            Some(f(topic))
        })
    }

    /// Removes the entry of a topic that nothing needs. What comes back is dropped with no lock held.
    pub(crate) fn sweep(&self, topic: &Arc<TopicShared>) -> Option<Arc<TopicShared>> {
        self.shard(topic.hash)
            .with(|entries| entries.take_if(topic, || topic.retire()))
    }

    /// Hands all topics to `f`, with no lock held, and takes them out afterwards, so that a name is never found missing
    /// before `f` has seen it. Once closed, no further ones are made.
    pub(crate) fn drain(&self, mut f: impl FnMut(&Arc<TopicShared>)) {
        for shard in &self.shards {
            let topics: Vec<_> = shard.0.with(|entries| entries.iter().cloned().collect());
            topics.iter().for_each(&mut f);
            drop(shard.0.with(core::mem::take));
        }
    }

    /// Adds up something about all topics, one shard at a time.
    pub(crate) fn for_each(&self, mut f: impl FnMut(&TopicShared)) {
        for shard in &self.shards {
            shard
                .0
                .with(|entries| entries.iter().for_each(|topic| f(topic)));
        }
    }

    pub(crate) fn list(&self) -> Vec<String> {
        let mut names = Vec::new();
        self.for_each(|topic| names.push(String::from(&**topic.name())));
        names.sort_unstable();
        names
    }
}
