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
pub(crate) use self::few::{Index, NameHasher, SHARDS, Topics, Tree, at, take};
#[cfg(feature = "std")]
pub(crate) use self::many::{Index, NameHasher, SHARDS, Topics, Tree, at, take};
