//! Sorted arrays.

use alloc::vec::Vec;

pub(crate) use super::sorted::Sorted as Tree;
use super::{DelayKey, Known};
use crate::callback::Identity;
use crate::delay::Action;
use crate::lane::Lane;
use crate::record::Record;
use crate::sync::{Arc, ROUTED};
use crate::topic::TopicShared;

/// There are no threads to spread.
pub(crate) const SHARDS: usize = 1;

pub(crate) fn shard_of(_hash: u64) -> usize {
    0
}

/// And no names that are found otherwise, but in models, where all names share one place.
pub(crate) const HOT: usize = if ROUTED { 1 } else { 0 };

pub(crate) fn places_of(_hash: u64) -> [usize; HOT] {
    [0; HOT]
}

/// Names are compared, not hashed.
pub(crate) struct NameHasher;

impl NameHasher {
    pub(crate) fn new() -> Self {
        Self
    }

    #[inline]
    pub(crate) fn hash(&self, _name: &str) -> u64 {
        0
    }
}

/// Topics, sorted by name.
#[derive(Default)]
pub(crate) struct Topics(Vec<Arc<TopicShared>>);

impl Topics {
    fn search(&self, name: &str) -> Result<usize, usize> {
        self.0.binary_search_by(|topic| (**topic.name()).cmp(name))
    }

    pub(crate) fn find(&self, _hash: u64, name: &str) -> Option<&Arc<TopicShared>> {
        self.search(name).ok().map(|place| &self.0[place])
    }

    pub(crate) fn find_or_make(
        &mut self,
        _hash: u64,
        name: &str,
        make: impl FnOnce() -> Arc<TopicShared>,
    ) -> &Arc<TopicShared> {
        let place = self.search(name).unwrap_or_else(|place| {
            self.0.insert(place, make());
            place
        });
        &self.0[place]
    }

    /// Takes the topic out, if it is in here and `retire` says so.
    pub(crate) fn take_if(
        &mut self,
        topic: &Arc<TopicShared>,
        retire: impl FnOnce() -> bool,
    ) -> Option<Arc<TopicShared>> {
        let place = self.search(topic.name()).ok()?;
        if !Arc::ptr_eq(&self.0[place], topic) || !retire() {
            return None;
        }
        let topic = self.0.remove(place);
        if self.0.capacity() / 4 > self.0.len() {
            self.0.shrink_to(self.0.len() * 2);
        }
        Some(topic)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Arc<TopicShared>> {
        self.0.iter()
    }
}

/// The lanes on which a manager has an account, and the account's place there.
#[derive(Default)]
pub(crate) struct Accounts(Vec<(Arc<Lane>, usize)>);

impl Accounts {
    pub(crate) fn of(&self, lane: &Arc<Lane>) -> Option<usize> {
        let (_, place) = self.iter().find(|(other, _)| Arc::ptr_eq(other, lane))?;
        Some(*place)
    }

    pub(crate) fn insert(&mut self, lane: &Arc<Lane>, place: usize) {
        self.0.push((lane.clone(), place));
    }

    pub(crate) fn remove(&mut self, lane: &Arc<Lane>) -> Option<Arc<Lane>> {
        let found = self
            .iter()
            .position(|(other, _)| Arc::ptr_eq(other, lane))?;
        Some(self.0.swap_remove(found).0)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &(Arc<Lane>, usize)> {
        self.0.iter()
    }
}

/// Registrations that have an identity, in the order of the calls. Their records say which.
#[derive(Default)]
pub(crate) struct Registrations(Vec<Known>);

impl Registrations {
    pub(crate) fn insert(&mut self, topic: &Arc<TopicShared>, record: &Arc<Record>) {
        self.0.push((topic.clone(), record.clone()));
    }

    /// Takes one out. A burst of them leaves no memory behind.
    pub(crate) fn remove(
        &mut self,
        _topic: &Arc<TopicShared>,
        record: &Arc<Record>,
    ) -> Option<Known> {
        let place = self
            .0
            .iter()
            .position(|(_, other)| Arc::ptr_eq(other, record))?;
        let gone = self.0.remove(place);
        if self.0.capacity() / 4 > self.0.len() {
            self.0.shrink_to(self.0.len() * 2);
        }
        Some(gone)
    }

    pub(crate) fn find(&self, identity: &Identity, name: Option<(u64, &str)>) -> Vec<Known> {
        let mut found = self.0.clone();
        found.retain(|(topic, record)| {
            record.identity.as_ref() == Some(identity)
                && name.is_none_or(|(_, name)| **topic.name() == *name)
        });
        found
    }
}

/// Whose delayed emits are where: there are so few that all are looked at.
#[derive(Default)]
pub(crate) struct Emits;

impl Emits {
    pub(crate) fn insert(&mut self, _owner: usize, _key: DelayKey) {}

    pub(crate) fn remove(&mut self, _owner: usize, _key: DelayKey) {}

    pub(crate) fn of(&self, owner: usize, entries: &Tree<DelayKey, Action>) -> Vec<DelayKey> {
        let mut keys = Vec::new();
        for (key, action) in entries.iter() {
            if action.emitter() == Some(owner) {
                keys.push(*key);
            }
        }
        keys
    }
}
