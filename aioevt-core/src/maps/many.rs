//! Trees and hash tables.

pub(crate) use alloc::collections::BTreeMap as Tree;
use alloc::vec::Vec;
use core::hash::BuildHasher;
use core::time::Duration;

use hashbrown::{DefaultHashBuilder, HashMap, HashTable};

use super::{DelayKey, Known};
use crate::callback::Identity;
use crate::delay::Action;
use crate::lane::Lane;
use crate::record::Record;
use crate::sync::Arc;
use crate::topic::TopicShared;

/// Locks over which the names are spread. Emitters on different names rarely meet.
pub(crate) const SHARDS: usize = 16;

/// Which of them a name is in. A hash table uses the lowest and the highest bits.
#[inline]
pub(crate) fn shard_of(hash: u64) -> usize {
    (hash >> 24) as usize % SHARDS
}

/// Names that emits find without the lock, in each shard: a word and a flag each.
pub(crate) const HOT: usize = 8;

/// Where one of them may be: in the second place only if another one has the first.
#[inline]
pub(crate) fn places_of(hash: u64) -> [usize; 2] {
    [32, 35].map(|bit| (hash >> bit) as usize % HOT)
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

/// Registrations by identity, and for each by hash of the name and address of the topic, then by number of the
/// registration in it. Nobody else has that address while it is in here. A name may have several topics: one that is
/// used up, but has calls left, and its successor.
#[derive(Default)]
pub(crate) struct Registrations(HashMap<Identity, Tree<(u64, usize, u64), Known>>);

impl Registrations {
    pub(crate) fn insert(&mut self, topic: &Arc<TopicShared>, record: &Arc<Record>) {
        if let Some(identity) = &record.identity {
            let registrations = self.0.entry(identity.clone()).or_default();
            registrations.insert(key(topic, record), (topic.clone(), record.clone()));
        }
    }

    /// Takes one out. A burst of them leaves no memory behind.
    pub(crate) fn remove(
        &mut self,
        topic: &Arc<TopicShared>,
        record: &Arc<Record>,
    ) -> Option<Known> {
        let identity = record.identity.as_ref()?;
        let registrations = self.0.get_mut(identity)?;
        let gone = registrations.remove(&key(topic, record));
        if registrations.is_empty() {
            self.0.remove(identity);
            if self.0.capacity() > 64 && self.0.len() < self.0.capacity() / 8 {
                self.0.shrink_to(self.0.len() * 2);
            }
        }
        gone
    }

    /// All registrations of a callback, or those under one name, which comes with its hash.
    pub(crate) fn find(&self, identity: &Identity, name: Option<(u64, &str)>) -> Vec<Known> {
        let Some(found) = self.0.get(identity) else {
            return Vec::new();
        };
        match name {
            None => found.values().cloned().collect(),
            Some((hash, name)) => found
                .range((hash, 0, 0)..=(hash, usize::MAX, u64::MAX))
                .map(|(_, found)| found)
                .filter(|(topic, _)| **topic.name() == *name)
                .cloned()
                .collect(),
        }
    }
}

fn key(topic: &Arc<TopicShared>, record: &Arc<Record>) -> (u64, usize, u64) {
    (topic.hash, Arc::as_ptr(topic) as usize, record.id)
}

/// The lanes on which a manager has an account, by address, and the account's place there. Nobody else has that address while
/// it is in here.
#[derive(Default)]
pub(crate) struct Accounts(Tree<usize, (Arc<Lane>, usize)>);

impl Accounts {
    pub(crate) fn of(&self, lane: &Arc<Lane>) -> Option<usize> {
        let (_, place) = self.0.get(&address(lane))?;
        Some(*place)
    }

    pub(crate) fn insert(&mut self, lane: &Arc<Lane>, place: usize) {
        self.0.insert(address(lane), (lane.clone(), place));
    }

    pub(crate) fn remove(&mut self, lane: &Arc<Lane>) -> Option<Arc<Lane>> {
        let (lane, _) = self.0.remove(&address(lane))?;
        Some(lane)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &(Arc<Lane>, usize)> {
        self.0.values()
    }
}

fn address(lane: &Arc<Lane>) -> usize {
    Arc::as_ptr(lane) as usize
}

/// Which delayed emits are of which manager, by its address: closing one does not look at all others'.
#[derive(Default)]
pub(crate) struct Emits(Tree<(usize, DelayKey), ()>);

impl Emits {
    pub(crate) fn insert(&mut self, owner: usize, key: DelayKey) {
        self.0.insert((owner, key), ());
    }

    pub(crate) fn remove(&mut self, owner: usize, key: DelayKey) {
        self.0.remove(&(owner, key));
    }

    pub(crate) fn of(&self, owner: usize, _entries: &Tree<DelayKey, Action>) -> Vec<DelayKey> {
        let key = |deadline, number| (owner, DelayKey { deadline, number });
        let all = key(Duration::ZERO, 0)..=key(Duration::MAX, u64::MAX);
        self.0.range(all).map(|((_, key), ())| *key).collect()
    }
}
