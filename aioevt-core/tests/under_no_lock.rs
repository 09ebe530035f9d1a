//! Foreign code that looks back at what is calling it: wakers, notifies and payloads that use the very name (and lane)
//! they belong to. Under a lock, each of these tests would hang.

#![allow(clippy::unwrap_used, reason = "a test says so by failing")]

#[path = "support/kept.rs"]
mod kept;

use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

use aioevt_core::{Emitted, EventLoop, Manager, PollLoop, Wait};

use self::kept::Kept;

/// A waker, and the last thing that its being woken, or dropped, does.
struct Acts {
    on_wake: Box<dyn Fn() + Send + Sync>,
    on_drop: Box<dyn Fn() + Send + Sync>,
}

impl Wake for Acts {
    fn wake(self: Arc<Self>) {
        (self.on_wake)();
    }
}

impl Drop for Acts {
    fn drop(&mut self) {
        (self.on_drop)();
    }
}

fn waker(
    on_wake: impl Fn() + Send + Sync + 'static,
    on_drop: impl Fn() + Send + Sync + 'static,
) -> Waker {
    Waker::from(Arc::new(Acts {
        on_wake: Box::new(on_wake),
        on_drop: Box::new(on_drop),
    }))
}

fn poll(wait: &mut Wait, waker: &Waker) -> Poll<()> {
    Pin::new(wait)
        .poll(&mut Context::from_waker(waker))
        .map(drop)
}

/// Everything that takes the locks of the name.
fn use_everything(mgr: &Manager) {
    let mut wait = mgr.wait("name");
    let _ = poll(&mut wait, Waker::noop());
    drop(wait);
    mgr.register("name", || ()).unregister();
    let _ = (mgr.callback_count("name"), mgr.stats(), mgr.names());
}

#[test]
fn a_waker_of_a_wait_may_poll_and_drop_another_of_the_same_event() {
    for end in [
        (|mgr| _ = mgr.emit("name", ())) as fn(&Manager),
        |mgr| _ = mgr.unregister("name"),
        |mgr| mgr.close(),
    ] {
        let mgr = Manager::new(EventLoop::inline());
        let other = Arc::new(Mutex::new(Some(mgr.wait("name"))));
        let woken = Arc::new(AtomicUsize::new(0));
        let mut wait = mgr.wait("name");
        let (sibling, count, manager) = (other.clone(), woken.clone(), mgr.downgrade());
        let acting = waker(
            move || {
                count.fetch_add(1, SeqCst);
                let mut sibling = sibling.lock().unwrap().take().unwrap();
                assert!(poll(&mut sibling, Waker::noop()).is_ready());
                drop(sibling);
                manager.upgrade().iter().for_each(use_everything);
            },
            || (),
        );
        assert!(poll(&mut wait, &acting).is_pending());
        assert!(poll(other.lock().unwrap().as_mut().unwrap(), Waker::noop()).is_pending());
        end(&mgr);
        assert_eq!(woken.load(SeqCst), 1);
        assert!(poll(&mut wait, Waker::noop()).is_ready());
    }
}

#[test]
fn a_waker_that_is_replaced_may_use_the_same_event_when_it_is_dropped() {
    let mgr = Manager::new(EventLoop::inline());
    let dropped = Arc::new(AtomicUsize::new(0));
    let (count, manager) = (dropped.clone(), mgr.clone());
    let mut wait = mgr.wait("name");
    let first = waker(
        || (),
        move || {
            count.fetch_add(1, SeqCst);
            use_everything(&manager);
        },
    );
    assert!(poll(&mut wait, &first).is_pending());
    drop(first);
    assert_eq!(dropped.load(SeqCst), 0, "the wait holds it");
    assert!(poll(&mut wait, Waker::noop()).is_pending());
    assert_eq!(dropped.load(SeqCst), 1);
}

#[test]
fn a_notify_may_use_the_name_and_the_lanes_that_it_is_called_for() {
    let manager: Arc<Mutex<Option<Manager>>> = Arc::default();
    let notified = Arc::new(AtomicUsize::new(0));
    let (held, count) = (manager.clone(), notified.clone());
    let mut poll_loop = PollLoop::new(move || {
        count.fetch_add(1, SeqCst);
        let mgr = held.lock().unwrap().clone();
        mgr.iter().for_each(use_everything);
    });
    let mgr = Manager::new(&poll_loop);
    *manager.lock().unwrap() = Some(mgr.clone());
    let second = poll_loop.event_loop().new_lane();
    let mut expected = 0;
    let mut step = |act: &dyn Fn()| {
        while poll_loop
            .poll(Duration::ZERO)
            .is_some_and(|next| next.is_zero())
        {}
        act();
        expected += 1;
        assert_eq!(notified.load(SeqCst), expected);
    };
    step(&|| drop(mgr.register("name", || ())));
    step(&|| assert_eq!(mgr.emit("name", ()).callbacks, 1));
    step(&|| drop(mgr.on("name").once().call(|| ())));
    step(&|| assert_eq!(mgr.emit("name", ()).callbacks, 2));
    step(&|| drop(mgr.on("name").event_loop(&second).call(|| ())));
    step(&|| assert_eq!(mgr.emit("name", ()).callbacks, 2));
    step(&|| drop(mgr.emit_after(Duration::from_secs(1), "name", ())));
    step(&|| assert_eq!(mgr.unregister("name"), 2));
    manager.lock().unwrap().take();
}

/// Uses the manager when the last of it is dropped.
struct UsesInDrop(Manager);

impl Drop for UsesInDrop {
    fn drop(&mut self) {
        use_everything(&self.0);
    }
}

#[test]
fn an_emit_that_meets_a_dying_lane_is_rejected_and_its_payload_dropped_under_no_lock() {
    let kept = Kept::default();
    let mgr = Manager::new(EventLoop::inline());
    let dying = kept.event_loop();
    mgr.on_error(|_| ());
    mgr.on("name").event_loop(&dying).call(|| ());
    mgr.on("name").event_loop(&dying).once().call(|| ());
    mgr.on("beside").event_loop(&dying).call(|| ());
    let healthy = mgr.register("beside", || ());
    let seen = Arc::new(Mutex::new(Vec::new()));
    let (log, emitter) = (seen.clone(), mgr.clone());
    // The lane drops its driver's waker when it is closed already, and still in its topics.
    let last = waker(
        || (),
        move || {
            let both = emitter.emit("name", (UsesInDrop(emitter.clone()),));
            let beside = emitter.emit("beside", (UsesInDrop(emitter.clone()),));
            log.lock().unwrap().extend([both, beside]);
        },
    );
    let mut driver = kept.take();
    assert!(
        driver
            .as_mut()
            .poll(&mut Context::from_waker(&last))
            .is_pending()
    );
    drop(last);
    drop(driver);
    let rejected = |callbacks, rejected| Emitted {
        callbacks,
        rejected,
        ..Emitted::default()
    };
    assert_eq!(*seen.lock().unwrap(), [rejected(0, 2), rejected(1, 1)]);
    assert!(healthy.is_active());
    assert_eq!(mgr.callback_count("name"), 0);
    let stats = mgr.stats();
    assert_eq!(
        (stats.accepted, stats.ran + stats.failed, stats.pending),
        (1, 1, 0)
    );
}
