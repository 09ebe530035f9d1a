//! Figures: how long interrupts were off in each part of the application, in instructions.

use crate::{Board, masked, say};

/// Turns the processor's counter into instructions: the counter may be a timer that runs at another clock, and the
/// metering itself takes some.
pub(crate) struct Meter {
    board: &'static Board,
    /// Of the counter, for [`SPAN`] instructions.
    span: u32,
    /// Of the counter, for a critical section that does nothing.
    nothing: u32,
}

const SPAN: u32 = 4000;

impl Meter {
    pub(crate) fn new(board: &'static Board) -> Self {
        masked::take();
        critical_section::with(|_| ());
        let (nothing, _) = masked::take();
        critical_section::with(|_| (board.spin)(SPAN / 2));
        let (span, _) = masked::take();
        Self {
            board,
            span: (span - nothing).max(1),
            nothing,
        }
    }

    fn instructions(&self, counted: u32) -> u32 {
        let counted = u64::from(counted.saturating_sub(self.nothing));
        (counted * u64::from(SPAN)).div_ceil(self.span.into()) as u32
    }

    /// Says how long interrupts were off at most since the last part ended.
    pub(crate) fn part(&self, part: &str) {
        let (longest, of_heap) = masked::take();
        let (longest, of_heap) = (self.instructions(longest), self.instructions(of_heap));
        say!(
            self.board,
            "interrupts off: {longest} instructions at most, {of_heap} in the heap: {part}"
        );
    }
}
