//! A manager whose account is kept a second time, by those who emit and by those who are called.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::SeqCst};
use std::time::Duration;

use aioevt::{CallbackErrorKind, DiscardReason, Emitted, EventLoop, Manager};

/// Far longer than anything takes: it ends a run that hangs.
pub(crate) const LIMIT: Duration = Duration::from_secs(120);

/// What was counted outside of the manager.
#[derive(Default)]
pub(crate) struct Tally {
    /// By those who emit.
    pub(crate) accepted: AtomicU64,
    /// By the callbacks, as they end.
    pub(crate) ran: AtomicU64,
    pub(crate) failed: AtomicU64,
    pub(crate) panicked: AtomicU64,
    /// By the error hook: arguments that did not fit, and deliveries lost with their loop.
    misfits: AtomicU64,
    lost: AtomicU64,
    /// Events that one emitter emitted later and a callback saw earlier.
    pub(crate) out_of_order: AtomicU64,
    /// By those who ask for delays.
    pub(crate) delays: AtomicU64,
    pub(crate) cancelled: AtomicU64,
    pub(crate) fired: AtomicU64,
}

impl Tally {
    pub(crate) fn add(counter: &AtomicU64, count: usize) {
        counter.fetch_add(count as u64, SeqCst);
    }
}

#[derive(Clone)]
pub(crate) struct Account {
    pub(crate) mgr: Manager,
    pub(crate) tally: Arc<Tally>,
}

impl Account {
    pub(crate) fn new(event_loop: &EventLoop) -> Self {
        let account = Self {
            mgr: Manager::new(event_loop),
            tally: Arc::default(),
        };
        let tally = account.tally.clone();
        account.mgr.on_error(move |error| match error.kind() {
            CallbackErrorKind::Arguments(_) => Tally::add(&tally.misfits, 1),
            CallbackErrorKind::Discarded(DiscardReason::LoopClosed { deliveries }) => {
                tally.lost.fetch_add(*deliveries, SeqCst);
            }
            CallbackErrorKind::Discarded(DiscardReason::Dropped | DiscardReason::Refused(_)) => {
                Tally::add(&tally.lost, 1);
            }
            _ => {}
        });
        account
    }

    pub(crate) fn note(&self, emitted: Emitted) {
        Tally::add(&self.tally.accepted, emitted.callbacks);
    }

    /// Whether its loops should first work off what they have.
    pub(crate) fn is_behind(&self) -> bool {
        self.mgr.stats().pending > 5_000
    }

    /// Waits until nothing is outstanding, and compares. Returns how many deliveries there were, and how many of them
    /// failed, panicked or were lost with their loop.
    pub(crate) fn settle(&self, name: &str) -> (u64, u64) {
        let idle = self.mgr.idle().timeout(LIMIT).blocking();
        let stats = self.mgr.stats();
        assert_eq!(idle, Ok(()), "{name} is not idle: {stats:?}");
        let count = |counter: &AtomicU64| counter.load(SeqCst);
        let tally = &self.tally;
        assert_eq!(stats.pending, 0, "{name}: {stats:?}");
        assert_eq!(stats.accepted, count(&tally.accepted), "{name}: {stats:?}");
        assert_eq!(stats.ran, count(&tally.ran), "{name}: {stats:?}");
        let failed = count(&tally.failed) + count(&tally.misfits);
        assert_eq!(stats.failed, failed, "{name}: {stats:?}");
        assert_eq!(stats.panicked, count(&tally.panicked), "{name}: {stats:?}");
        // What was unregistered before its call is discarded without a report.
        assert!(stats.discarded >= count(&tally.lost), "{name}: {stats:?}");
        assert_eq!(count(&tally.out_of_order), 0, "{name}");
        assert_eq!(stats.hook_panics, 0, "{name}");
        let faults = stats.failed + stats.panicked + stats.discarded;
        (stats.accepted, faults)
    }

    /// Closes it, waits until its closures are dropped, and compares the delays.
    pub(crate) fn end(self, name: &str) {
        self.mgr.close();
        let idle = self.mgr.idle().timeout(LIMIT).blocking();
        let stats = self.mgr.stats();
        assert_eq!(idle, Ok(()), "{name} does not close: {stats:?}");
        let held = [stats.names, stats.callbacks, stats.waiters, stats.delayed];
        assert_eq!(held, [0; 4], "{name} still holds names: {stats:?}");
    }

    /// Whether all that it was told to do later was done, cancelled, or reported as lost.
    pub(crate) fn has_settled_delays(&self) -> bool {
        let count = |counter: &AtomicU64| counter.load(SeqCst);
        let lost = self.mgr.stats().delays_lost;
        let known = count(&self.tally.fired) + count(&self.tally.cancelled) + lost;
        known == count(&self.tally.delays)
    }
}
