//! Which registrations a callback has, for unregistering by callback. A leaf lock: it is entered under a topic's.

use alloc::vec::Vec;

use crate::callback::Identity;
use crate::maps::{self, Index, Tree};
use crate::record::Record;
use crate::sync::{Arc, Mutex};
use crate::topic::TopicShared;

/// By hash of the name and address of the topic, then number of the registration in it. Nobody else has that address
/// while it is in here. A name may have several topics: one that is used up, but has calls left, and its successor.
type Registrations = Tree<(u64, usize, u64), (Arc<TopicShared>, Arc<Record>)>;

/// A registration is entered when it commits, and leaves when its lane drops the closure: the ones found may be over.
pub(crate) struct Identities(Mutex<Index<Identity, Registrations>>);

impl Identities {
    pub(crate) fn new() -> Self {
        Self(Mutex::new(Index::new()))
    }

    pub(crate) fn insert(&self, topic: &Arc<TopicShared>, record: &Arc<Record>) {
        let Some(identity) = &record.identity else {
            return;
        };
        self.0.with(|map| {
            maps::at(map, identity.clone())
                .insert(key(topic, record.id), (topic.clone(), record.clone()));
        });
    }

    pub(crate) fn remove(
        &self,
        identity: &Identity,
        topic: &Arc<TopicShared>,
        record: &Arc<Record>,
    ) {
        // Both may be the last references: they are dropped after the lock.
        let _gone = self.0.with(|map| {
            let registrations = map.get_mut(identity)?;
            let gone = registrations.remove(&key(topic, record.id));
            if registrations.is_empty() {
                maps::take(map, identity);
            }
            gone
        });
    }

    /// All registrations of a callback, or those under one name, which comes with its hash.
    pub(crate) fn find(
        &self,
        identity: &Identity,
        name: Option<(u64, &str)>,
    ) -> Vec<(Arc<TopicShared>, Arc<Record>)> {
        self.0.with(|map| {
            let Some(found) = map.get(identity) else {
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
        })
    }
}

fn key(topic: &Arc<TopicShared>, registration: u64) -> (u64, usize, u64) {
    (topic.hash, Arc::as_ptr(topic) as usize, registration)
}
