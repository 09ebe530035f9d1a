//! `close`, and the last handles.

use std::sync::Arc;
use std::sync::Mutex;
use std::time::Duration;

use aioevt::{Emitted, Manager, WaitError};

use crate::support::{Errors, Log, LoopUnderTest, Token, block_on};

pub(crate) fn close_lets_accepted_deliveries_run_and_accepts_no_more<L: LoopUnderTest>() {
    let mut l = L::start();
    let mgr = Manager::new(l.event_loop());
    let (log, errors, token) = (Log::new(), Errors::of(&mgr), Token::default());
    let (recording, captured) = (log.clone(), token.clone());
    let registration = mgr.register("x", move |number: i32| {
        let _captured = &captured;
        recording.push(number);
    });
    let topic = mgr.topic("x");
    let held = l.hold();
    for number in 0..10 {
        mgr.emit("x", (number,));
    }
    mgr.close();
    let rejected = Emitted {
        rejected: 1,
        ..Emitted::default()
    };
    for name in ["x", "never heard of"] {
        assert_eq!(mgr.emit(name, (10,)), rejected);
    }
    assert_eq!(topic.emit((10,)), rejected);
    assert_eq!(mgr.topic("x").emit((10,)), rejected);
    assert!(!registration.is_active() && !mgr.emit_after(Duration::ZERO, "x", ()).cancel());
    drop(held);
    l.settle(&mgr);
    assert_eq!(log.take(), (0..10).collect::<Vec<_>>());
    assert_eq!(token.others(), 0);
    let stats = mgr.stats();
    assert_eq!(
        (stats.ran, stats.pending, stats.callbacks, stats.delayed),
        (10, 0, 0, 0)
    );
    assert_eq!(errors.take(), [""; 0]);
}

pub(crate) fn close_breaks_the_cycle_of_a_callback_that_owns_its_manager<L: LoopUnderTest>() {
    let mut l = L::start();
    let mgr = Manager::new(l.event_loop());
    let token = Token::default();
    let (captured, owned, hooked) = (token.clone(), mgr.clone(), token.clone());
    mgr.on_error(move |_| drop(hooked.clone()));
    mgr.register("x", move || {
        let _captured = &captured;
        owned.emit("y", ())
    });
    mgr.emit("x", ());
    l.settle(&mgr);
    mgr.close();
    l.settle(&mgr);
    assert_eq!(token.others(), 1, "the hook is left");
    drop(mgr);
    // Its lane forgets it, if it had not by now.
    let last = Manager::new(l.event_loop());
    last.register("x", || ());
    l.settle(&last);
    assert_eq!(token.others(), 0);
}

pub(crate) fn the_last_handle_is_dropped_in_a_callback<L: LoopUnderTest>() {
    let mut l = L::start();
    let mgr = Manager::new(l.event_loop());
    let weak = mgr.downgrade();
    let log = Log::new();
    let owned = Arc::new(Mutex::new(None));
    let (handle, first, second) = (owned.clone(), log.clone(), log.clone());
    mgr.register("x", move || {
        drop(handle.lock().unwrap().take());
        first.push("dropped");
    });
    mgr.register("x", move |mgr: Manager| {
        second.push("runs all the same");
        assert_eq!(mgr.emit("x", ()).rejected, 1);
    });
    let held = l.hold();
    let (wait, topic) = (mgr.wait("y"), mgr.topic("x"));
    mgr.emit("x", ());
    let idle = mgr.idle();
    *owned.lock().unwrap() = Some(mgr);
    drop(held);
    assert_eq!(l.run(idle), Ok(()));
    assert_eq!(log.take(), ["dropped", "runs all the same"]);
    assert!(weak.upgrade().is_none());
    assert_eq!(topic.callback_count(), 0);
    assert_eq!(l.run(wait).unwrap_err(), WaitError::Closed);
}

pub(crate) fn a_registration_on_a_closed_manager_is_inert_and_reported<L: LoopUnderTest>() {
    let l = L::start();
    let mgr = Manager::new(l.event_loop());
    let (errors, token) = (Errors::of(&mgr), Token::default());
    let topic = mgr.topic("x");
    mgr.close();
    let captured = token.clone();
    let by_name = mgr
        .on("x")
        .named("late")
        .call(move || drop(captured.clone()));
    let by_topic = topic
        .on()
        .event_loop(l.event_loop())
        .named("late")
        .call(|| ());
    for registration in [by_name, by_topic] {
        assert!(!registration.is_active() && !registration.unregister());
    }
    let told = errors.take();
    assert_eq!(told.len(), 2);
    assert!(
        told.iter()
            .all(|told| told.starts_with("x/late: registered on a closed manager"))
    );
    assert_eq!(token.others(), 0);
}

pub(crate) fn topics_registrations_and_waits_do_not_keep_a_manager_open<L: LoopUnderTest>() {
    let l = L::start();
    let mgr = Manager::new(l.event_loop());
    let (topic, wait) = (mgr.topic("x"), mgr.wait("x"));
    let registration = mgr.register("x", || ());
    drop(mgr);
    assert_eq!(topic.emit(()).rejected, 1);
    assert!(!registration.is_active());
    assert_eq!(block_on(wait).unwrap_err(), WaitError::Closed);
}

pub(crate) fn a_weak_manager_upgrades_while_there_is_a_handle<L: LoopUnderTest>() {
    let l = L::start();
    let mgr = Manager::new(l.event_loop());
    let weak = mgr.downgrade();
    let second = weak.upgrade().unwrap();
    drop(mgr);
    let third = weak.upgrade().unwrap();
    drop(second);
    third.close();
    assert!(weak.upgrade().is_none());
}

pub(crate) fn closing_twice_does_nothing<L: LoopUnderTest>() {
    let mut l = L::start();
    let mgr = Manager::new(l.event_loop());
    let token = Token::default();
    let captured = token.clone();
    mgr.register("x", move || drop(captured.clone()));
    mgr.close();
    mgr.close();
    drop(mgr.clone());
    l.settle(&mgr);
    assert_eq!(token.others(), 0);
}
