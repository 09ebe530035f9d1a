//! `Wakeups`: what a commit leaves to be done once its locks are released.

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::task::Waker;

use crate::lane::{Driver, Lane, LaneState, inline};
use crate::sync::Arc;
use crate::wakers::wake;

/// One lane to set going.
pub(crate) enum Wakeup {
    /// Its driver sleeps under this waker.
    Waker(Waker),
    /// It has no runtime, and its driver was free: whoever holds it runs it.
    Inline(Arc<Lane>, Box<Driver>),
}

impl Wakeup {
    #[inline(always)]
    pub(crate) fn run(self) {
        match self {
            Self::Waker(waker) => wake(waker),
            Self::Inline(lane, driver) => inline::run(&lane, driver),
        }
    }
}

/// The lanes that one commit has to set going. The usual one needs no allocation.
#[derive(Default)]
pub(crate) struct Wakeups {
    first: Option<Wakeup>,
    wakers: Vec<Waker>,
    inline: Vec<(Arc<Lane>, Box<Driver>)>,
}

impl Wakeups {
    /// Adds what sets `lane` going after a push. Under its lock.
    #[inline]
    pub(crate) fn add(&mut self, state: &mut LaneState, lane: &Arc<Lane>) {
        if self.first.is_none() {
            return state.wakeup(lane, &mut self.first);
        }
        let mut further = None;
        state.wakeup(lane, &mut further);
        match further {
            None => {}
            Some(Wakeup::Waker(waker)) => self.wakers.push(waker),
            Some(Wakeup::Inline(lane, driver)) => self.inline.push((lane, driver)),
        }
    }

    /// Sets them going. With no lock held. Inline lanes last: their callbacks may wait for what the others do.
    #[inline]
    pub(crate) fn run(&mut self) {
        let Some(first) = self.first.take() else {
            return;
        };
        if matches!(first, Wakeup::Inline(..)) {
            self.wakers.drain(..).for_each(wake);
            first.run();
        } else {
            first.run();
            self.wakers.drain(..).for_each(wake);
        }
        for (lane, driver) in self.inline.drain(..) {
            inline::run(&lane, driver);
        }
    }

    /// Whether more than one was set going.
    pub(crate) fn has_room(&self) -> bool {
        self.wakers.capacity() > 0
    }

    /// Whether it has room that is worth keeping for the next commit to at most so many lanes.
    pub(crate) fn is_fit_for(&self, lanes: usize) -> bool {
        self.inline.capacity() == 0 && self.wakers.capacity() <= (lanes * 2).max(4)
    }
}
