//! `once` and `times`.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Barrier};
use std::thread;

use aioevt::Manager;

use crate::support::{Errors, LoopUnderTest, Token, panic};

/// How often a callback of `times` runs when 8 threads emit at the same moment, `rounds` times over.
fn under_eight_threads<L: LoopUnderTest>(times: usize, rounds: usize) {
    let mut l = L::start();
    let mgr = Manager::new(l.event_loop());
    for _ in 0..rounds {
        let runs = Arc::new(AtomicUsize::new(0));
        let counted = runs.clone();
        mgr.on("x").times(times).call(move || {
            counted.fetch_add(1, Ordering::SeqCst);
        });
        let barrier = Barrier::new(8);
        let accepted: usize = thread::scope(|scope| {
            let emitters: Vec<_> = (0..8)
                .map(|_| {
                    scope.spawn(|| {
                        barrier.wait();
                        (0..5).map(|_| mgr.emit("x", ()).callbacks).sum::<usize>()
                    })
                })
                .collect();
            emitters
                .into_iter()
                .map(|emitter| emitter.join().unwrap())
                .sum()
        });
        assert_eq!(mgr.callback_count("x"), 0);
        l.settle(&mgr);
        assert_eq!((runs.load(Ordering::SeqCst), accepted), (times, times));
    }
    let stats = mgr.stats();
    assert_eq!(stats.ran, (times * rounds) as u64);
    assert_eq!((stats.names, stats.callbacks, stats.pending), (0, 0, 0));
}

pub(crate) fn a_once_runs_once_under_eight_threads<L: LoopUnderTest>() {
    under_eight_threads::<L>(1, 50);
}

pub(crate) fn a_times_3_runs_three_times_under_eight_threads<L: LoopUnderTest>() {
    under_eight_threads::<L>(3, 50);
}

pub(crate) fn a_once_that_emits_its_own_event_runs_once<L: LoopUnderTest>() {
    let mut l = L::start();
    let mgr = Manager::new(l.event_loop());
    let (token, runs) = (Token::default(), Arc::new(AtomicUsize::new(0)));
    let (captured, counted) = (token.clone(), runs.clone());
    let once = mgr.on("x").once().call(move |mgr: Manager| {
        let _captured = &captured;
        counted.fetch_add(1, Ordering::SeqCst);
        mgr.emit("x", ())
    });
    assert_eq!(mgr.emit("x", ()).callbacks, 1);
    assert_eq!(mgr.callback_count("x"), 0);
    l.settle(&mgr);
    assert_eq!(runs.load(Ordering::SeqCst), 1);
    assert_eq!(token.others(), 0);
    assert!(!once.is_active() && !once.unregister());
}

pub(crate) fn arguments_that_do_not_fit_use_up_a_claim<L: LoopUnderTest>() {
    let mut l = L::start();
    let mgr = Manager::new(l.event_loop());
    let errors = Errors::of(&mgr);
    mgr.on("x").once().call(|_: i32| ());
    mgr.emit("x", ("not a number",));
    assert_eq!(mgr.emit("x", (1,)).callbacks, 0);
    l.settle(&mgr);
    let stats = mgr.stats();
    assert_eq!((stats.accepted, stats.ran, stats.failed), (1, 0, 1));
    assert_eq!(errors.len(), 1);
}

pub(crate) fn a_panic_uses_up_a_claim<L: LoopUnderTest>() {
    let mut l = L::start();
    let mgr = Manager::new(l.event_loop());
    let errors = Errors::of(&mgr);
    mgr.on("x").times(2).call(|fails: bool| {
        if fails {
            panic("as told")
        }
    });
    for fails in [true, false, false] {
        mgr.emit("x", (fails,));
    }
    l.settle(&mgr);
    let stats = mgr.stats();
    assert_eq!((stats.accepted, stats.ran, stats.panicked), (2, 1, 1));
    assert_eq!(errors.len(), 1);
}

pub(crate) fn times_0_is_inert_from_the_start<L: LoopUnderTest>() {
    let mut l = L::start();
    let mgr = Manager::new(l.event_loop());
    let token = Token::default();
    let captured = token.clone();
    let registration = mgr.on("x").times(0).call(move || drop(captured.clone()));
    assert!(!registration.is_active() && !registration.unregister());
    assert_eq!(mgr.emit("x", ()).callbacks, 0);
    l.settle(&mgr);
    assert_eq!((mgr.stats().names, token.others()), (0, 0));
}

pub(crate) fn times_of_the_largest_number_is_for_every_event<L: LoopUnderTest>() {
    let mut l = L::start();
    let mgr = Manager::new(l.event_loop());
    let registration = mgr.on("x").times(usize::MAX).call(|| ());
    let nearly = mgr.on("x").times(usize::MAX - 1).call(|| ());
    for _ in 0..3 {
        assert_eq!(mgr.emit("x", ()).callbacks, 2);
    }
    l.settle(&mgr);
    assert_eq!(mgr.stats().ran, 6);
    assert!(registration.unregister() && nearly.unregister());
    l.settle(&mgr);
    assert_eq!((mgr.stats().names, mgr.stats().pending), (0, 0));
}

pub(crate) fn recurring_false_is_once<L: LoopUnderTest>() {
    let mut l = L::start();
    let mgr = Manager::new(l.event_loop());
    mgr.on("x").recurring(false).call(|| ());
    mgr.on("x").once().recurring(true).call(|| ());
    assert_eq!(mgr.emit("x", ()).callbacks, 2);
    assert_eq!(mgr.emit("x", ()).callbacks, 1);
    l.settle(&mgr);
    assert_eq!(mgr.stats().ran, 3);
}

pub(crate) fn a_spent_registration_leaves_nothing<L: LoopUnderTest>() {
    let mut l = L::start();
    let mgr = Manager::new(l.event_loop());
    let token = Token::default();
    for times in [1, 2, 5] {
        let captured = token.clone();
        mgr.on("x")
            .times(times)
            .call(move || drop(captured.clone()));
    }
    for expected in [3, 2, 1, 1, 1, 0] {
        assert_eq!(mgr.callback_count("x"), expected);
        assert_eq!(mgr.emit("x", ()).callbacks, expected);
    }
    l.settle(&mgr);
    assert_eq!(token.others(), 0);
    assert_eq!(mgr.names(), [""; 0]);
}
