//! How much a run does: counts and rounds.

/// The size of a run.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    quick: bool,
}

impl Plan {
    pub fn new(quick: bool) -> Self {
        Self { quick }
    }

    pub fn is_quick(self) -> bool {
        self.quick
    }

    /// Rounds whose medians are compared; one more before them warms up.
    pub fn rounds(self) -> usize {
        if self.quick { 7 } else { 11 }
    }

    /// `full`, or `quick` in a quick run.
    pub fn count(self, full: u64, quick: u64) -> u64 {
        if self.quick { quick } else { full }
    }
}
