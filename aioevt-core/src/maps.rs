//! What core keeps its entries in, and the only file that chooses. With std: trees and hash tables, whose cost hardly
//! grows with the number of entries. Without: sorted arrays, for where memory is counted in kilobytes there are few
//! entries, and the code of the tables would be larger than all of them.

#[cfg(not(feature = "std"))]
mod few;
#[cfg(feature = "std")]
mod many;
#[cfg(any(test, not(feature = "std")))]
mod sorted;

#[cfg(not(feature = "std"))]
pub(crate) use self::few::{
    Accounts, Emits, HOT, NameHasher, Registrations, SHARDS, Topics, Tree, places_of, shard_of,
};
#[cfg(feature = "std")]
pub(crate) use self::many::{
    Accounts, Emits, HOT, NameHasher, Registrations, SHARDS, Topics, Tree, places_of, shard_of,
};
use crate::delay::DelayKey;
use crate::record::Record;
use crate::sync::Arc;
use crate::topic::TopicShared;

/// A registration that its callback's identity leads to.
pub(crate) type Known = (Arc<TopicShared>, Arc<Record>);
