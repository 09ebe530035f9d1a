//! Changing the registry while it works.

use std::sync::{Arc, OnceLock};

use aioevt::{Callback, Manager, Registration, WaitError};

use crate::support::{Errors, Log, LoopUnderTest};

pub(crate) fn a_callback_that_a_callback_registers_hears_the_next_event_only<L: LoopUnderTest>() {
    let mut l = L::start();
    let mgr = Manager::new(l.event_loop());
    let log = Log::new();
    let (first, second) = (log.clone(), log.clone());
    let mut second = Some(move || second.push("second"));
    mgr.register("x", move |mgr: Manager| {
        first.push("first");
        if let Some(second) = second.take() {
            mgr.register("x", second);
        }
    });
    mgr.emit("x", ());
    l.settle(&mgr);
    assert_eq!(log.take(), ["first"]);
    mgr.emit("x", ());
    l.settle(&mgr);
    assert_eq!(log.take(), ["first", "second"]);
}

/// Callbacks 1, 2 and 3 of "x"; number `by` unregisters number `of` when it is first called.
fn three<L: LoopUnderTest>(by: usize, of: usize) -> (L, Manager, Log<usize>) {
    let l = L::start();
    let mgr = Manager::new(l.event_loop());
    let log = Log::new();
    let culprit = Arc::new(OnceLock::<Registration>::new());
    for number in 1..=3 {
        let (log, victim) = (log.clone(), culprit.clone());
        let registration = mgr.register("x", move || {
            log.push(number);
            if number == by {
                if let Some(victim) = victim.get() {
                    victim.unregister();
                }
            }
        });
        if number == of {
            culprit.set(registration).unwrap();
        }
    }
    (l, mgr, log)
}

pub(crate) fn a_callback_unregisters_a_later_one_of_the_same_event<L: LoopUnderTest>() {
    let (mut l, mgr, log) = three::<L>(1, 2);
    let errors = Errors::of(&mgr);
    assert_eq!(mgr.emit("x", ()).callbacks, 3);
    l.settle(&mgr);
    assert_eq!(log.take(), [1, 3]);
    let stats = mgr.stats();
    assert_eq!((stats.ran, stats.discarded), (2, 1));
    assert_eq!(errors.len(), 0);
    mgr.emit("x", ());
    l.settle(&mgr);
    assert_eq!(log.take(), [1, 3]);
}

pub(crate) fn a_callback_unregisters_an_earlier_one_and_nobody_is_skipped<L: LoopUnderTest>() {
    let (mut l, mgr, log) = three::<L>(2, 1);
    mgr.emit("x", ());
    l.settle(&mgr);
    assert_eq!(log.take(), [1, 2, 3]);
    mgr.emit("x", ());
    l.settle(&mgr);
    assert_eq!(log.take(), [2, 3]);
}

pub(crate) fn a_callback_unregisters_itself_and_its_call_goes_on<L: LoopUnderTest>() {
    let (mut l, mgr, log) = three::<L>(2, 2);
    let held = l.hold();
    mgr.emit("x", ());
    mgr.emit("x", ());
    drop(held);
    l.settle(&mgr);
    assert_eq!(log.take(), [1, 2, 3, 1, 3]);
    let stats = mgr.stats();
    assert_eq!((stats.ran, stats.discarded, stats.callbacks), (5, 1, 2));
}

pub(crate) fn a_callback_is_unregistered_and_registered_again_for_the_next_event_only<
    L: LoopUnderTest,
>() {
    let mut l = L::start();
    let mgr = Manager::new(l.event_loop());
    let log = Log::new();
    let again = Callback::new({
        let log = log.clone();
        move || log.push("again")
    });
    mgr.register("x", {
        let (log, again, mut renewed) = (log.clone(), again.clone(), false);
        move |mgr: Manager| {
            log.push("first");
            if !std::mem::replace(&mut renewed, true) {
                mgr.unregister_from("x", &again);
                mgr.register("x", &again);
            }
        }
    });
    mgr.register("x", &again);
    mgr.emit("x", ());
    l.settle(&mgr);
    // Its old registration was gone, and its new one too young.
    assert_eq!(log.take(), ["first"]);
    assert_eq!(mgr.callback_count("x"), 2);
    mgr.emit("x", ());
    l.settle(&mgr);
    assert_eq!(log.take(), ["first", "again"]);

    // The same while events are queued: the old one hears none of them any more, the new one only what comes.
    let held = l.hold();
    mgr.emit("x", ());
    mgr.unregister_callback(&again);
    mgr.register("x", &again);
    mgr.emit("x", ());
    drop(held);
    l.settle(&mgr);
    assert_eq!(log.take(), ["first", "first", "again"]);
}

pub(crate) fn a_callback_unregisters_everything_of_its_event<L: LoopUnderTest>() {
    let mut l = L::start();
    let mgr = Manager::new(l.event_loop());
    let log = Log::new();
    for number in 0..3 {
        let log = log.clone();
        mgr.register("x", move |mgr: Manager| {
            log.push((number, mgr.unregister("x")))
        });
    }
    let held = l.hold();
    mgr.emit("x", ());
    mgr.emit("x", ());
    let wait = mgr.wait("x");
    drop(held);
    assert_eq!(l.run(wait).unwrap_err(), WaitError::Unregistered);
    l.settle(&mgr);
    assert_eq!(log.take(), [(0, 3)]);
    let stats = mgr.stats();
    assert_eq!((stats.ran, stats.discarded, stats.names), (1, 5, 0));
}

pub(crate) fn what_is_unregistered_while_it_is_queued_is_discarded_and_not_reported<
    L: LoopUnderTest,
>() {
    let mut l = L::start();
    let mgr = Manager::new(l.event_loop());
    let (log, errors) = (Log::new(), Errors::of(&mgr));
    let (once, recurring, stays) = (log.clone(), log.clone(), log.clone());
    let once = mgr.on("x").once().call(move || once.push("once"));
    let recurring = mgr.register("x", move || recurring.push("recurring"));
    mgr.register("x", move || stays.push("stays"));
    let held = l.hold();
    for _ in 0..3 {
        mgr.emit("x", ());
    }
    assert!(recurring.unregister());
    assert!(once.unregister());
    drop(held);
    l.settle(&mgr);
    assert_eq!(log.take(), ["stays"; 3]);
    let stats = mgr.stats();
    assert_eq!((stats.accepted, stats.ran, stats.discarded), (7, 3, 4));
    assert_eq!(errors.take(), [""; 0]);
}

pub(crate) fn what_is_registered_while_events_are_queued_hears_none_of_them<L: LoopUnderTest>() {
    let mut l = L::start();
    let mgr = Manager::new(l.event_loop());
    let log = Log::new();
    let held = l.hold();
    for number in 0..10 {
        mgr.emit("x", (number,));
        let log = log.clone();
        mgr.register("x", move |event: i32| log.push((event, number)));
    }
    drop(held);
    l.settle(&mgr);
    let expected: Vec<(i32, i32)> = (0..10)
        .flat_map(|event| (0..event).map(move |number| (event, number)))
        .collect();
    assert_eq!(log.take(), expected);
}

pub(crate) fn many_come_and_go_and_the_rest_stays_in_order<L: LoopUnderTest>() {
    let mut l = L::start();
    let mgr = Manager::new(l.event_loop());
    let log = Log::new();
    let mut registrations: Vec<Registration> = Vec::new();
    let mut expected = Vec::new();
    for number in 0..300 {
        let log = log.clone();
        registrations.push(mgr.register("x", move || log.push(number)));
    }
    // Most go, in an order of no pattern; while events are queued, and between them.
    for step in 0..300 {
        let victim = (step * 7) % 300;
        if victim % 10 != 0 {
            assert!(registrations[victim].unregister());
        }
        if step % 50 == 0 {
            mgr.emit("nobody", ());
            l.settle(&mgr);
        }
    }
    expected.extend((0..300).filter(|number| number % 10 == 0));
    mgr.emit("x", ());
    l.settle(&mgr);
    assert_eq!(log.take(), expected);
    assert_eq!(mgr.callback_count("x"), expected.len());
}
