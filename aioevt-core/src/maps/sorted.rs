//! A map in a sorted array, with as much of `BTreeMap`'s interface as core uses.

use alloc::vec::Vec;

pub(crate) struct Sorted<K, V>(Vec<(K, V)>);

impl<K, V> Default for Sorted<K, V> {
    fn default() -> Self {
        Self::new()
    }
}

impl<K, V> Sorted<K, V> {
    pub(crate) const fn new() -> Self {
        Self(Vec::new())
    }

    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn first_key_value(&self) -> Option<(&K, &V)> {
        self.0.first().map(|(key, value)| (key, value))
    }

    pub(crate) fn pop_first(&mut self) -> Option<(K, V)> {
        let first = (!self.0.is_empty()).then(|| self.0.remove(0));
        self.fit();
        first
    }

    /// What made room for many leaves none of it behind.
    fn fit(&mut self) {
        if self.0.capacity() / 4 > self.0.len() {
            self.0.shrink_to(self.0.len() * 2);
        }
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (&K, &V)> {
        self.0.iter().map(|(key, value)| (key, value))
    }

    pub(crate) fn into_values(self) -> impl Iterator<Item = V> {
        self.0.into_iter().map(|(_, value)| value)
    }

    pub(crate) fn retain(&mut self, mut keep: impl FnMut(&K, &mut V) -> bool) {
        self.0.retain_mut(|(key, value)| keep(key, value));
    }
}

impl<K: Ord, V> Sorted<K, V> {
    fn search(&self, key: &K) -> Result<usize, usize> {
        self.0.binary_search_by(|(other, _)| other.cmp(key))
    }

    pub(crate) fn insert(&mut self, key: K, value: V) -> Option<V> {
        match self.search(&key) {
            Ok(place) => Some(core::mem::replace(&mut self.0[place].1, value)),
            Err(place) => {
                self.0.insert(place, (key, value));
                None
            }
        }
    }

    pub(crate) fn get_mut(&mut self, key: &K) -> Option<&mut V> {
        let place = self.search(key).ok()?;
        Some(&mut self.0[place].1)
    }

    pub(crate) fn remove(&mut self, key: &K) -> Option<V> {
        let (_, value) = self.0.remove(self.search(key).ok()?);
        self.fit();
        Some(value)
    }
}

#[cfg(test)]
mod tests {
    use alloc::collections::BTreeMap;

    use super::*;

    #[test]
    fn a_burst_leaves_no_room_behind() {
        let mut array: Sorted<_, _> = Sorted::new();
        (0..1000).for_each(|n| assert_eq!(array.insert(n, n), None));
        (0..500).for_each(|n| assert_eq!(array.remove(&n), Some(n)));
        (500..999).for_each(|n| assert_eq!(array.pop_first(), Some((n, n))));
        assert!(array.0.capacity() < 10);
    }

    /// Whatever is done to it, it is as a tree would be.
    #[test]
    fn a_sorted_array_is_as_a_tree() {
        let (mut array, mut tree) = (Sorted::new(), BTreeMap::new());
        let mut random = 1_u32;
        for round in 0..20_000 {
            random = random.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let (key, what) = (random >> 16 & 63, random >> 8 & 15);
            match what {
                0..=5 => assert_eq!(array.insert(key, round), tree.insert(key, round)),
                6..=10 => assert_eq!(array.remove(&key), tree.remove(&key)),
                11 => assert_eq!(array.pop_first(), tree.pop_first()),
                12 => assert_eq!(array.get_mut(&key), tree.get_mut(&key)),
                13 if round % 50 == 0 => {
                    array.retain(|k, v| (*k + *v) % 3 > 0);
                    tree.retain(|k, v| (*k + *v) % 3 > 0);
                }
                _ => assert_eq!(array.remove(&round), tree.remove(&round)),
            }
            assert_eq!(array.first_key_value(), tree.first_key_value());
            assert_eq!(
                (array.len(), array.is_empty()),
                (tree.len(), tree.is_empty())
            );
            assert!(array.iter().eq(tree.iter()));
        }
        assert!(array.into_values().eq(tree.into_values()));
    }
}
