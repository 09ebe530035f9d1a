//! Which registrations a callback has, for unregistering by callback. A leaf lock: it is entered under a topic's.

use alloc::vec::Vec;

use crate::callback::Identity;
use crate::maps::{Known, Registrations};
use crate::record::Record;
use crate::sync::{Arc, Mutex};
use crate::topic::TopicShared;

/// A registration is entered when it commits, and leaves when it is taken back, or when its lane drops the closure: the ones
/// found may be over.
pub(crate) struct Identities(Mutex<Registrations>);

impl Identities {
    pub(crate) fn new() -> Self {
        Self(Mutex::new(Registrations::default()))
    }

    pub(crate) fn insert(&self, topic: &Arc<TopicShared>, record: &Arc<Record>) {
        if record.identity.is_some() {
            self.0.with(|known| known.insert(topic, record));
        }
    }

    pub(crate) fn remove(&self, topic: &Arc<TopicShared>, record: &Arc<Record>) {
        if record.identity.is_some() {
            // Both may be the last references: they are dropped after the lock.
            let _gone = self.0.with(|known| known.remove(topic, record));
        }
    }

    /// All registrations of a callback, or those under one name, which comes with its hash.
    pub(crate) fn find(&self, identity: &Identity, name: Option<(u64, &str)>) -> Vec<Known> {
        self.0.with(|known| known.find(identity, name))
    }
}
