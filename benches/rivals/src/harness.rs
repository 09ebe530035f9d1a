//! What every workload shares: rounds and medians, checked sinks, counters of heap and processor. No workload lives here.

pub mod book;
pub mod crowd;
pub mod heap;
pub mod machine;
pub mod plan;
pub mod race;
pub mod stats;
pub mod wrong;
