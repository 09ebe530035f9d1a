//! `Patience`: whether a driver that has worked off everything looks again before it sleeps. Waking a sleeping loop costs
//! the emitter more than a hundred emits, and when each event finds the loop asleep, none ever finds it awake.

use crate::runner::Runner;
use crate::sync::MODELLED;

/// Looks before it sleeps, and in one turn, at most: about as long as it takes to wake a thread. Without threads there is
/// nobody to look for.
const MOST: u32 = match (cfg!(feature = "std"), MODELLED) {
    (false, _) => 0,
    (true, true) => 1,
    (true, false) => 32,
};

/// What a stream is worth before anything is known.
const ONE: u32 = match MOST {
    0 => 0,
    _ => 1,
};

/// After so many sleeps it tries again whether looking pays.
const PROBE: u32 = 64;

/// What the last events were like.
#[derive(Default)]
pub(super) struct Patience {
    /// They came faster than one by one: it pays to let some more of them gather before each look, as long as they do.
    stream: bool,
    /// Looks in vain since the last event.
    looks: u32,
    /// How many of them are worth it. All, after one that was not in vain; half as many, after all were.
    limit: u32,
    /// Looks that are left in this turn: the other tasks of the loop wait meanwhile.
    left: u32,
    /// Sleeps since the last probe.
    sleeps: u32,
    /// Others wanted the processor, and standing in line with them would stop the whole loop: no looks until the next
    /// probe.
    crowded: bool,
}

impl Patience {
    /// The driver is polled.
    #[inline]
    pub(super) fn begin_turn(&mut self) {
        self.left = MOST;
    }

    /// Before a look into the queue.
    #[inline]
    pub(super) fn gather(&mut self) {
        if self.looks > 1 {
            if Runner::let_others() {
                self.crowded = true;
                self.limit = 0;
            }
        } else if self.stream || self.looks > 0 {
            Runner::linger();
        }
    }

    /// There were messages.
    #[inline]
    pub(super) fn found(&mut self, messages: usize) {
        if self.looks > 0 && !self.crowded {
            self.limit = MOST;
        }
        self.stream = messages > 1;
        if self.stream && !self.crowded && self.limit == 0 {
            self.limit = ONE;
        }
        self.looks = 0;
    }

    /// There was nothing: whether to look again instead of going to sleep.
    pub(super) fn looks_again(&mut self) -> bool {
        self.stream = false;
        let in_vain = self.looks >= self.limit;
        if !in_vain && self.left > 0 {
            self.looks += 1;
            self.left -= 1;
            return true;
        }
        if in_vain && self.looks > 0 {
            self.limit /= 2;
        }
        self.looks = 0;
        self.sleeps += 1;
        if self.sleeps == PROBE {
            self.sleeps = 0;
            self.crowded = false;
            self.limit = MOST;
        }
        false
    }
}
