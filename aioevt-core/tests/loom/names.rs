//! Names: an entry is removed by whoever ends its last use, and nobody is ever left on a removed one.

use aioevt_core::{EventLoop, Manager};
use loom::thread;

use crate::support::{Log, model};

/// The last callback goes while another one comes: it is reachable by name afterwards.
#[test]
fn register_against_the_last_unregister() {
    model(3, || {
        let mgr = Manager::new(EventLoop::inline());
        let log = Log::default();
        let old = mgr.register("x", |_: u32| ());
        let (other, callback) = (mgr.clone(), log.callback());
        let registrar = thread::spawn(move || other.register("x", callback));
        assert!(old.unregister());
        let new = registrar.join().unwrap();
        assert_eq!(mgr.names(), ["x"]);
        assert_eq!(mgr.emit("x", (1u32,)).callbacks, 1);
        assert_eq!(log.len(), 1);
        assert!(new.unregister());
        assert!(mgr.names().is_empty());
    });
}

/// A `Topic` handle goes while a wait is armed by name: the wait is found by the next event.
#[test]
fn wait_against_the_last_handle() {
    model(3, || {
        let mgr = Manager::new(EventLoop::inline());
        let topic = mgr.topic("x");
        let other = mgr.clone();
        let waiter = thread::spawn(move || other.wait("x"));
        drop(topic);
        let wait = waiter.join().unwrap();
        assert_eq!(mgr.emit("x", ()).waiters, 1);
        assert!(loom::future::block_on(wait).is_ok());
        assert!(mgr.names().is_empty());
    });
}

/// A `once` used up by an emit while a `Topic` is made: the handle and the name stay together.
#[test]
fn topic_against_the_last_claim() {
    model(3, || {
        let mgr = Manager::new(EventLoop::inline());
        mgr.on("x").once().call(|_: u32| ());
        let other = mgr.clone();
        let maker = thread::spawn(move || other.topic("x"));
        assert_eq!(mgr.emit("x", (1u32,)).callbacks, 1);
        let topic = maker.join().unwrap();
        let log = Log::default();
        mgr.register("x", log.callback());
        assert_eq!(topic.emit((2u32,)).callbacks, 1);
        assert_eq!(log.all(), [2]);
    });
}

/// The last `Manager` handle goes while a weak one is upgraded: either it is closed, or the upgrade keeps it open.
#[test]
fn upgrade_against_the_last_manager() {
    model(3, || {
        let mgr = Manager::new(EventLoop::inline());
        let weak = mgr.downgrade();
        // What is left without a manager, so that the count of handles decides.
        let topic = mgr.topic("y");
        let upgrader = thread::spawn(move || {
            weak.upgrade().map(|mgr| {
                let reg = mgr.register("x", || ());
                (mgr.emit("x", ()).callbacks, reg.is_active(), mgr)
            })
        });
        drop(mgr);
        if let Some((callbacks, active, mgr)) = upgrader.join().unwrap() {
            assert_eq!((callbacks, active), (1, true));
            drop(mgr);
        }
        drop(topic);
    });
}
