//! What the checks have found once, in the shortest program that shows it.
#![cfg(not(loom))]
#![allow(clippy::std_instead_of_core, reason = "a test")]

use std::sync::{Arc, Mutex};
use std::time::Duration;

use aioevt_core::{Manager, PollLoop};

fn run(poll_loop: &mut PollLoop) {
    while poll_loop.poll(Duration::ZERO).is_some() {}
}

/// Its last call was accepted, so it is not registered any more: unregistering the name ends the others, and either all
/// or none of its calls. It used to be the last one only that ran.
#[test]
fn a_counted_callback_that_is_used_up_outlives_its_name_with_all_its_calls() {
    let mut poll_loop = PollLoop::new(|| ());
    let mgr = Manager::new(&poll_loop);
    let seen = Arc::new(Mutex::new(Vec::new()));
    let (twice, always) = (seen.clone(), seen.clone());
    let push = |seen: &Mutex<Vec<u32>>, n| seen.lock().expect("no callback panics").push(n);
    mgr.on("x").times(2).call(move |n: u32| push(&twice, n));
    mgr.register("x", move |n: u32| push(&always, n + 100));
    mgr.emit("x", (1u32,));
    mgr.emit("x", (2u32,));
    assert_eq!(mgr.unregister("x"), 1);
    run(&mut poll_loop);
    assert_eq!(*seen.lock().expect("no callback panics"), [1, 2]);
    let stats = mgr.stats();
    assert_eq!((stats.accepted, stats.ran, stats.discarded), (4, 2, 2));
}

/// Its only event was accepted, so the name is free already: the callback is taken back by itself and by both all the
/// same. By both it used not to be found.
#[test]
fn a_claimed_once_is_taken_back_by_callback_and_name() {
    fn callback() {}
    let mut poll_loop = PollLoop::new(|| ());
    let mgr = Manager::new(&poll_loop);
    for named in [true, false] {
        mgr.on("x").once().call(callback);
        assert_eq!(mgr.emit("x", ()).callbacks, 1);
        assert!(mgr.names().is_empty());
        assert_eq!(mgr.unregister_from("y", &callback), 0);
        let taken_back = if named {
            mgr.unregister_from("x", &callback)
        } else {
            mgr.unregister_callback(&callback)
        };
        assert_eq!(taken_back, 1);
    }
    run(&mut poll_loop);
    assert_eq!((mgr.stats().ran, mgr.stats().discarded), (0, 2));
}

/// The manager owns its hook, and a hook may hold a registration to unregister the culprit: neither may keep the other.
#[test]
fn a_hook_that_holds_a_registration_goes_with_its_manager() {
    let captured = Arc::new(());
    let mgr = Manager::new(aioevt_core::EventLoop::inline());
    let (culprit, held) = (mgr.register("x", || Err::<(), _>("no")), captured.clone());
    let hooked = culprit.clone();
    mgr.on_error(move |_| {
        let _kept = &held;
        hooked.unregister();
    });
    mgr.emit("x", ());
    assert!(!culprit.is_active());
    drop(mgr);
    assert!(!culprit.unregister());
    assert_eq!(Arc::strong_count(&captured), 1);
}
