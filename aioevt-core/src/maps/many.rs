//! Trees and hash tables.

pub(crate) use alloc::collections::BTreeMap as Tree;
use core::hash::{BuildHasher, Hash};

pub(crate) use hashbrown::HashMap as Index;
use hashbrown::{DefaultHashBuilder, HashTable};

use crate::sync::Arc;
use crate::topic::TopicShared;

/// Locks over which the names are spread. Emitters on different names rarely meet.
pub(crate) const SHARDS: usize = 16;

/// The value of `key`, made if need be.
pub(crate) fn at<K: Eq + Hash, V: Default>(index: &mut Index<K, V>, key: K) -> &mut V {
    index.entry(key).or_default()
}

/// Removes `key`. A burst of entries leaves no memory behind.
pub(crate) fn take<K: Eq + Hash, V>(index: &mut Index<K, V>, key: &K) {
    index.remove(key);
    if index.capacity() > 64 && index.len() < index.capacity() / 8 {
        index.shrink_to(index.len() * 2);
    }
}

/// Seeded for each manager.
pub(crate) struct NameHasher(DefaultHashBuilder);

impl NameHasher {
    pub(crate) fn new() -> Self {
        Self(DefaultHashBuilder::default())
    }

    pub(crate) fn hash(&self, name: &str) -> u64 {
        self.0.hash_one(name)
    }
}

/// Topics by name, which comes with its hash.
#[derive(Default)]
pub(crate) struct Topics(HashTable<Arc<TopicShared>>);

impl Topics {
    #[inline]
    pub(crate) fn find(&self, hash: u64, name: &str) -> Option<&Arc<TopicShared>> {
        self.0.find(hash, |topic| **topic.name() == *name)
    }

    pub(crate) fn find_or_make(
        &mut self,
        hash: u64,
        name: &str,
        make: impl FnOnce() -> Arc<TopicShared>,
    ) -> &Arc<TopicShared> {
        self.0
            .entry(hash, |topic| **topic.name() == *name, |topic| topic.hash)
            .or_insert_with(make)
            .into_mut()
    }

    /// Takes the topic out, if it is in here and `retire` says so.
    pub(crate) fn take_if(
        &mut self,
        topic: &Arc<TopicShared>,
        retire: impl FnOnce() -> bool,
    ) -> Option<Arc<TopicShared>> {
        let entry = self
            .0
            .find_entry(topic.hash, |other| Arc::ptr_eq(other, topic))
            .ok()?;
        if !retire() {
            return None;
        }
        let (topic, _) = entry.remove();
        // A burst of names leaves no memory behind.
        if self.0.capacity() > 64 && self.0.len() < self.0.capacity() / 8 {
            self.0.shrink_to(self.0.len() * 2, |topic| topic.hash);
        }
        Some(topic)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Arc<TopicShared>> {
        self.0.iter()
    }
}
