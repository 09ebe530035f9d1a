//! `Wakeups`: what a commit leaves to be done once its locks are released.

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::task::Waker;

use crate::data::Data;
use crate::lane::{Driver, Lane, LaneState, inline};
use crate::sync::Arc;
use crate::wakers::wake;

/// One lane to set going.
pub(crate) enum Wakeup {
    /// Its driver sleeps under this waker.
    Waker(Waker),
    /// It has no runtime, and its driver was free: whoever holds it runs it. No lane is that of the route by which the event
    /// came: whoever has the topic need not count a reference to it.
    Inline(Box<Driver>, Option<Arc<Lane>>),
}

impl Wakeup {
    /// Sets going what there is. With no lock held. Taken apart where it lies: moved as a whole, it would be read in larger
    /// pieces than it was just written.
    #[inline(always)]
    pub(crate) fn run<'a>(this: Option<Self>, route: impl FnOnce() -> Option<&'a Arc<Lane>>) {
        Self::run_by(this, route, inline::run);
    }

    /// The same where an inline lane has yet to get the event: it is not in its queue.
    #[inline(always)]
    pub(crate) fn run_with<'a>(
        this: Option<Self>,
        route: impl FnOnce() -> Option<&'a Arc<Lane>>,
        data: &mut Data,
    ) {
        Self::run_by(this, route, |lane, driver| {
            inline::run_with(lane, driver, data);
        });
    }

    #[inline(always)]
    fn run_by<'a>(
        this: Option<Self>,
        route: impl FnOnce() -> Option<&'a Arc<Lane>>,
        run: impl FnOnce(&Arc<Lane>, Box<Driver>),
    ) {
        match this {
            None => {}
            Some(Self::Waker(waker)) => wake(waker),
            Some(Self::Inline(driver, Some(lane))) => run(&lane, driver),
            Some(Self::Inline(driver, None)) => match route() {
                Some(lane) => run(lane, driver),
                None => debug_assert!(false, "it came by a route, or its lane was kept"),
            },
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
        self.add_with(&mut Vec::new(), state, lane);
    }

    /// The same, and takes `room` for more than one.
    #[inline]
    pub(crate) fn add_with(
        &mut self,
        room: &mut Vec<Waker>,
        state: &mut LaneState,
        lane: &Arc<Lane>,
    ) {
        if self.first.is_none() {
            return state.wakeup(lane, &mut self.first);
        }
        let mut further = None;
        state.wakeup(lane, &mut further);
        match further {
            None => {}
            Some(Wakeup::Waker(waker)) => {
                if self.wakers.capacity() == 0 {
                    self.lend(room);
                }
                self.wakers.push(waker);
            }
            Some(Wakeup::Inline(driver, kept)) => {
                let lane = kept.unwrap_or_else(|| lane.clone());
                self.inline.push((lane, driver));
            }
        }
    }

    /// Sets them going. With no lock held. Inline lanes last: their callbacks may wait for what the others do.
    #[inline]
    pub(crate) fn run(&mut self) {
        let first = self.first.take();
        if matches!(first, Some(Wakeup::Inline(..))) {
            self.wakers.drain(..).for_each(wake);
            Wakeup::run(first, || None);
        } else {
            Wakeup::run(first, || None);
            self.wakers.drain(..).for_each(wake);
        }
        for (lane, driver) in self.inline.drain(..) {
            inline::run(&lane, driver);
        }
    }

    /// Takes the room for more than one.
    #[inline]
    pub(crate) fn lend(&mut self, room: &mut Vec<Waker>) {
        core::mem::swap(&mut self.wakers, room);
    }

    /// The room that more than one took, once they are set going.
    pub(crate) fn take_room(&mut self) -> Vec<Waker> {
        core::mem::take(&mut self.wakers)
    }
}
