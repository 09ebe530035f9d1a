//! Unregistering: what it returns, and what happens no more.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;

use aioevt::{Callback, Manager};

use crate::support::{LoopUnderTest, Token};

pub(crate) fn unregistering_twice_is_false<L: LoopUnderTest>() {
    let mut l = L::start();
    let mgr = Manager::new(l.event_loop());
    let registration = mgr.register("x", || ());
    let same = registration.clone();
    assert!(registration.is_active() && same.is_active());
    assert!(registration.unregister());
    assert!(!same.is_active());
    assert!(!same.unregister());
    l.settle(&mgr);
    assert!(!registration.unregister());
    assert_eq!(mgr.unregister("x"), 0);
}

pub(crate) fn something_unknown_is_nothing_to_unregister<L: LoopUnderTest>() {
    fn stranger(_: String) {}

    let l = L::start();
    let mgr = Manager::new(l.event_loop());
    mgr.register("x", || ());
    assert_eq!(mgr.unregister("X"), 0);
    assert_eq!(mgr.unregister_callback(&stranger), 0);
    assert_eq!(mgr.unregister_callback(&Callback::new(|| ())), 0);
    assert_eq!(mgr.unregister_from("x", &stranger), 0);
    assert_eq!(mgr.callback_count("x"), 1);
}

pub(crate) fn unregister_from_removes_what_matches_both<L: LoopUnderTest>() {
    fn named() {}

    let mut l = L::start();
    let mgr = Manager::new(l.event_loop());
    let callback = Callback::new(|| ());
    for name in ["x", "y"] {
        mgr.register(name, &callback);
        mgr.register(name, named);
        mgr.register(name, named);
    }
    assert_eq!(mgr.unregister_from("x", &named), 2);
    assert_eq!(mgr.callback_count("x"), 1);
    assert_eq!(mgr.unregister_from("y", &callback), 1);
    assert_eq!(mgr.callback_count("y"), 2);
    assert_eq!(mgr.unregister_from("z", &callback), 0);
    l.settle(&mgr);
    assert_eq!(mgr.unregister_from("x", &named), 0);
    assert_eq!(mgr.stats().callbacks, 3);
}

pub(crate) fn unregister_callback_finds_all_names<L: LoopUnderTest>() {
    let mut l = L::start();
    let mgr = Manager::new(l.event_loop());
    let (mine, other) = (Callback::new(|| ()), Callback::new(|| ()));
    for name in ["a", "b", "c"] {
        mgr.register(name, &mine);
        mgr.register(name, mine.clone());
        mgr.register(name, &other);
    }
    mgr.unregister("c");
    assert_eq!(mgr.unregister_callback(&mine), 4);
    assert_eq!(mgr.unregister_callback(&mine), 0);
    l.settle(&mgr);
    assert_eq!(mgr.stats().callbacks, 2);
    assert_eq!(mgr.names(), ["a", "b"]);
}

pub(crate) fn the_closure_is_dropped_by_its_lane<L: LoopUnderTest>() {
    let mut l = L::start();
    let mgr = Manager::new(l.event_loop());
    let token = Token::default();
    let register = || {
        let token = token.clone();
        mgr.register("x", move || drop(token.clone()))
    };
    let kept = register();
    let _two = (register(), register());
    assert_eq!(token.others(), 3);
    let held = l.hold();
    kept.unregister();
    assert_eq!(token.others(), 3, "not here, by whoever unregisters");
    drop(held);
    l.settle(&mgr);
    assert_eq!(token.others(), 2);
    mgr.unregister("x");
    l.settle(&mgr);
    assert_eq!(token.others(), 0);
}

pub(crate) fn a_shared_callback_is_dropped_with_its_last_registration<L: LoopUnderTest>() {
    let mut l = L::start();
    let mgr = Manager::new(l.event_loop());
    let token = Token::default();
    let captured = token.clone();
    let callback = Callback::new(move || drop(captured.clone()));
    let first = mgr.register("x", &callback);
    let second = mgr.register("y", callback);
    assert!(first.unregister());
    l.settle(&mgr);
    assert_eq!(token.others(), 1);
    assert!(second.unregister());
    l.settle(&mgr);
    // The handles of registrations that are over hold nothing of it.
    assert_eq!(token.others(), 0);
    drop((first, second));
}

pub(crate) fn a_guard_unregisters_when_it_is_dropped<L: LoopUnderTest>() {
    let l = L::start();
    let mgr = Manager::new(l.event_loop());
    let registration = mgr.register("x", || ());
    {
        let guard = registration.guard();
        assert!(guard.registration().is_active());
    }
    assert!(!registration.is_active());
    assert_eq!(mgr.names(), [""; 0]);
}

/// What was emitted when `unregister` had returned.
const LATER: usize = usize::MAX;

pub(crate) fn after_unregister_on_another_thread_at_most_one_call_ends<L: LoopUnderTest>() {
    let mut l = L::start();
    let mgr = Manager::new(l.event_loop());
    for _ in 0..50 {
        let (started, gone) = (
            Arc::new(AtomicUsize::new(0)),
            Arc::new(AtomicBool::new(false)),
        );
        let late = Arc::new(AtomicUsize::new(0));
        let registration = mgr.register("x", {
            let (started, gone, late) = (started.clone(), gone.clone(), late.clone());
            move |event: usize| {
                started.fetch_add(1, Ordering::SeqCst);
                if gone.load(Ordering::SeqCst) {
                    // Never for a later event.
                    late.fetch_add(if event == LATER { 2 } else { 1 }, Ordering::SeqCst);
                }
            }
        });
        // Somebody else keeps the name.
        let _other = mgr.register("x", |_: usize| ()).guard();
        thread::scope(|scope| {
            let emitter = scope.spawn(|| {
                for event in 0..500 {
                    let later = gone.load(Ordering::SeqCst);
                    mgr.emit("x", (if later { LATER } else { event },));
                }
            });
            let (registration, started, gone) = (&registration, &started, &gone);
            scope.spawn(move || {
                // The lane calls back to back by now, where it runs by itself.
                while started.load(Ordering::SeqCst) == 0 && !emitter.is_finished() {
                    thread::yield_now();
                }
                assert!(registration.unregister());
                gone.store(true, Ordering::SeqCst);
            });
        });
        l.settle(&mgr);
        assert!(late.load(Ordering::SeqCst) <= 1);
    }
    let stats = mgr.stats();
    assert_eq!(stats.accepted, stats.ran + stats.discarded);
}

pub(crate) fn either_a_once_runs_or_unregister_is_true<L: LoopUnderTest>() {
    let mut l = L::start();
    let mgr = Manager::new(l.event_loop());
    for _ in 0..300 {
        let runs = Arc::new(AtomicUsize::new(0));
        let counted = runs.clone();
        let once = mgr.on("x").once().call(move || {
            counted.fetch_add(1, Ordering::SeqCst);
        });
        let revoked = thread::scope(|scope| {
            let revoked = scope.spawn(|| once.unregister());
            scope.spawn(|| mgr.emit("x", ()));
            scope.spawn(|| mgr.emit("x", ()));
            revoked.join().unwrap()
        });
        l.settle(&mgr);
        // Nobody emitted for it after it was revoked, or it was revoked too late.
        assert_eq!(runs.load(Ordering::SeqCst), usize::from(!revoked));
        assert!(!once.is_active() && !once.unregister());
    }
    let stats = mgr.stats();
    assert_eq!((stats.pending, stats.names, stats.callbacks), (0, 0, 0));
}
