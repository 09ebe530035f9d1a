//! Sorted arrays.

use alloc::vec::Vec;

pub(crate) use super::sorted::{Sorted as Index, Sorted as Tree};
use crate::sync::Arc;
use crate::topic::TopicShared;

/// There are no threads to spread.
pub(crate) const SHARDS: usize = 1;

/// The value of `key`, made if need be.
pub(crate) fn at<K: Ord, V: Default>(index: &mut Index<K, V>, key: K) -> &mut V {
    index.at(key)
}

/// Removes `key`. A burst of entries leaves no memory behind.
pub(crate) fn take<K: Ord, V>(index: &mut Index<K, V>, key: &K) {
    index.remove(key);
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
