//! Order and re-entrancy.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use aioevt::{Manager, Registration};

use crate::support::{Log, LoopUnderTest};

pub(crate) fn the_callbacks_of_an_event_run_in_the_order_of_registration<L: LoopUnderTest>() {
    let mut l = L::start();
    let mgr = Manager::new(l.event_loop());
    let log = Log::new();
    for number in 0..500 {
        let log = log.clone();
        match number % 3 {
            0 => drop(mgr.register("x", move || log.push(number))),
            1 => drop(mgr.on("x").once().call(move || log.push(number))),
            _ => drop(mgr.register("x", move || {
                let log = log.clone();
                async move { log.push(number) }
            })),
        }
    }
    mgr.emit("x", ());
    l.settle(&mgr);
    assert_eq!(log.take(), (0..500).collect::<Vec<_>>());
    mgr.emit("x", ());
    l.settle(&mgr);
    assert_eq!(
        log.take(),
        (0..500).filter(|n| n % 3 != 1).collect::<Vec<_>>()
    );
}

pub(crate) fn events_of_all_names_run_in_the_order_of_the_emits<L: LoopUnderTest>() {
    let mut l = L::start();
    let mgr = Manager::new(l.event_loop());
    let log = Log::new();
    let names: Vec<String> = (0..20).map(|number| format!("name {number}")).collect();
    for name in &names {
        let (log, name) = (log.clone(), name.clone());
        mgr.register(name.clone(), move |number: usize| {
            log.push((name.clone(), number))
        });
    }
    let held = l.hold();
    let expected: Vec<(String, usize)> = (0..400)
        .map(|number| (names[number * 7 % 20].clone(), number))
        .collect();
    for (name, number) in &expected {
        mgr.emit(name, (*number,));
    }
    drop(held);
    l.settle(&mgr);
    assert_eq!(log.take(), expected);
}

pub(crate) fn an_emit_in_a_callback_is_queued_behind_it<L: LoopUnderTest>() {
    let mut l = L::start();
    let mgr = Manager::new(l.event_loop());
    let log = Log::new();
    let (outer, inner, last) = (log.clone(), log.clone(), log.clone());
    mgr.register("outer", move |mgr: Manager| {
        outer.push("outer begins");
        assert_eq!(mgr.emit("inner", ()).callbacks, 1);
        outer.push("outer ends");
    });
    mgr.register("outer", move || last.push("outer, second"));
    mgr.register("inner", move || inner.push("inner"));
    mgr.emit("outer", ());
    l.settle(&mgr);
    assert_eq!(
        log.take(),
        ["outer begins", "outer ends", "outer, second", "inner"]
    );
}

pub(crate) fn a_chain_of_events_is_heard_breadth_first<L: LoopUnderTest>() {
    let mut l = L::start();
    let mgr = Manager::new(l.event_loop());
    let log = Log::new();
    for (name, next) in [("a", Some("b")), ("b", Some("c")), ("c", None)] {
        for number in [1, 2] {
            let log = log.clone();
            mgr.register(name, move |mgr: Manager| {
                log.push(format!("{name}{number}"));
                next.map_or_else(Default::default, |next| mgr.emit(next, ()))
            });
        }
    }
    mgr.emit("a", ());
    l.settle(&mgr);
    assert_eq!(
        log.take(),
        [
            "a1", "a2", "b1", "b2", "b1", "b2", "c1", "c2", "c1", "c2", "c1", "c2", "c1", "c2"
        ]
    );
}

pub(crate) fn sync_and_async_callbacks_start_in_the_order_of_the_emits<L: LoopUnderTest>() {
    let mut l = L::start();
    let mgr = Manager::new(l.event_loop());
    let log = Log::new();
    let (sync, not) = (log.clone(), log.clone());
    mgr.register("sync", move |number: i32| sync.push(number));
    mgr.register("async", move |number: i32| {
        let log = not.clone();
        // An async block does not begin before it is polled.
        async move { log.push(number) }
    });
    let held = l.hold();
    for number in 0..300 {
        mgr.emit(if number % 3 == 0 { "sync" } else { "async" }, (number,));
    }
    drop(held);
    l.settle(&mgr);
    assert_eq!(log.take(), (0..300).collect::<Vec<_>>());
}

pub(crate) fn two_threads_emit_and_two_lanes_record_the_same<L: LoopUnderTest>() {
    let mut l = L::start();
    let mgr = Manager::new(l.event_loop());
    let logs: [Log<(i32, i32)>; 2] = [Log::new(), Log::new()];
    for (log, event_loop) in logs.iter().zip([l.event_loop(), l.event_loop().new_lane()]) {
        let log = log.clone();
        mgr.on("x")
            .event_loop(event_loop)
            .call(move |thread: i32, number: i32| log.push((thread, number)));
    }
    emit_from_two_threads(&mgr);
    l.settle(&mgr);
    let recorded = logs[0].take();
    assert_eq!(recorded.len(), 2000);
    assert_eq!(recorded, logs[1].take());
}

pub(crate) fn each_thread_s_own_events_stay_in_order<L: LoopUnderTest>() {
    let mut l = L::start();
    let mgr = Manager::new(l.event_loop());
    let log = Log::new();
    let recording = log.clone();
    mgr.register("x", move |thread: i32, number: i32| {
        recording.push((thread, number))
    });
    emit_from_two_threads(&mgr);
    l.settle(&mgr);
    let recorded = log.take();
    for emitter in 0..2 {
        let numbers = recorded
            .iter()
            .filter(|(thread, _)| *thread == emitter)
            .map(|(_, n)| *n);
        assert_eq!(numbers.collect::<Vec<_>>(), (0..1000).collect::<Vec<_>>());
    }
}

fn emit_from_two_threads(mgr: &Manager) {
    thread::scope(|scope| {
        for emitter in 0..2 {
            scope.spawn(move || {
                for number in 0..1000 {
                    mgr.emit("x", (emitter, number));
                }
            });
        }
    });
}

pub(crate) fn an_event_that_emits_itself_a_million_times_needs_no_stack<L: LoopUnderTest>() {
    let mut l = L::start();
    let mgr = Manager::new(l.event_loop());
    let calls = Arc::new(AtomicUsize::new(0));
    let counted = calls.clone();
    let _: Registration = mgr.register("x", move |left: u32, mgr: Manager| {
        counted.fetch_add(1, Ordering::Relaxed);
        if left > 0 {
            mgr.emit("x", (left - 1,));
        }
    });
    mgr.emit("x", (999_999_u32,));
    l.settle(&mgr);
    assert_eq!(calls.load(Ordering::Relaxed), 1_000_000);
    assert_eq!(mgr.stats().ran, 1_000_000);
}
