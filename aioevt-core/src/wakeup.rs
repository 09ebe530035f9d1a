//! `Wakeups`: what a commit leaves to be done once its locks are released.

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::task::Waker;

use crate::lane::{Driver, Lane, inline};
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
    more: Vec<Wakeup>,
}

impl Wakeups {
    #[inline]
    pub(crate) fn push(&mut self, wakeup: Option<Wakeup>) {
        let Some(wakeup) = wakeup else { return };
        if self.first.is_none() {
            self.first = Some(wakeup);
        } else {
            self.more.push(wakeup);
        }
    }

    /// Sets them going. With no lock held. Inline lanes last: their callbacks may wait for what the others do.
    #[inline]
    pub(crate) fn run(self) {
        let Some(first) = self.first else { return };
        if self.more.is_empty() {
            first.run();
            return;
        }
        let mut inline = Vec::new();
        for wakeup in core::iter::once(first).chain(self.more) {
            match wakeup {
                Wakeup::Waker(waker) => wake(waker),
                Wakeup::Inline(..) => inline.push(wakeup),
            }
        }
        inline.into_iter().for_each(Wakeup::run);
    }
}
