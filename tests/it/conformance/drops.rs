//! What is dropped: how often, and what if that goes wrong.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use aioevt::{EvtData, Manager, Shared, WeakManager};

use crate::support::{Errors, Log, LoopUnderTest, Token, panic};

/// Counts its drops; not `Clone`.
struct Counted(Arc<AtomicUsize>);

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

pub(crate) fn a_payload_is_dropped_once_however_many_hear_it<L: LoopUnderTest>() {
    let mut l = L::start();
    let mgr = Manager::new(l.event_loop());
    let _keep = mgr.topic("x");
    // Nobody; one; several on one lane; another lane; a wait as well. Small and large.
    for hearers in 0..5 {
        let (small, large) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let wait = (hearers == 4).then(|| mgr.wait("x"));
        mgr.emit("x", (Counted(small.clone()),));
        mgr.emit("x", (Counted(large.clone()), [0_u64; 64]));
        l.settle(&mgr);
        if let Some(wait) = wait {
            assert_eq!(small.load(Ordering::SeqCst), 0, "the wait has it");
            drop(l.run(wait));
        }
        assert_eq!(
            (small.load(Ordering::SeqCst), large.load(Ordering::SeqCst)),
            (1, 1)
        );
        match hearers {
            0 => drop(mgr.register("x", |_: EvtData| ())),
            1 => drop(mgr.register("x", |all: EvtData| {
                assert!(all.arg_ref::<Counted>(0).is_ok());
            })),
            _ => drop(
                mgr.on("x")
                    .event_loop(l.event_loop().new_lane())
                    .call(|all: EvtData| async move { drop(all) }),
            ),
        }
    }
}

/// Panics when it is dropped for the last time.
#[derive(Clone)]
struct Bomb(Arc<Fuse>);

struct Fuse;

impl Drop for Fuse {
    fn drop(&mut self) {
        panic("dropped")
    }
}

impl Bomb {
    fn new() -> Self {
        Self(Arc::new(Fuse))
    }
}

pub(crate) fn a_payload_whose_drop_panics_harms_no_other<L: LoopUnderTest>() {
    let mut l = L::start();
    let mgr = Manager::new(l.event_loop());
    let (log, errors) = (Log::new(), Errors::of(&mgr));
    for label in ["first", "second"] {
        let log = log.clone();
        mgr.on("x").named(label).call(move |bomb: Shared<Bomb>| {
            let _still_there = &bomb.0;
            log.push(());
        });
    }
    for _ in 0..3 {
        mgr.emit("x", (Bomb::new(),));
        mgr.emit("nobody", (Bomb::new(),));
        let wait = mgr.wait("x");
        mgr.emit("x", (Bomb::new(),));
        drop(mgr.wait("unheard"));
        let data = l.run(wait).unwrap();
        l.settle(&mgr);
        // The last one is ours to drop.
        assert!(std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| drop(data))).is_err());
    }
    l.settle(&mgr);
    assert_eq!(log.len(), 12);
    let stats = mgr.stats();
    assert_eq!(
        (stats.ran + stats.panicked, stats.pending, stats.callbacks),
        (12, 0, 2)
    );
    // Those that its lane has dropped: each time that nobody waited, and perhaps others.
    let told = errors.take();
    assert!(told.len() >= 3, "{told:?}");
    for told in told {
        assert_eq!(
            told,
            "x/first: panicked: the event's data, when it was dropped: dropped"
        );
    }
}

pub(crate) fn a_payload_whose_clone_panics_is_that_call_s_panic<L: LoopUnderTest>() {
    struct NoCopy;

    impl Clone for NoCopy {
        fn clone(&self) -> Self {
            panic("cloned")
        }
    }

    let mut l = L::start();
    let mgr = Manager::new(l.event_loop());
    let (log, errors) = (Log::new(), Errors::of(&mgr));
    let other = log.clone();
    mgr.on("x").named("clones").call(|_: NoCopy| ());
    mgr.register("x", move |_: Shared<NoCopy>| other.push(()));
    mgr.emit("x", (NoCopy,));
    l.settle(&mgr);
    assert_eq!(errors.take(), ["x/clones: panicked: cloned"]);
    assert_eq!(log.len(), 1);
    assert_eq!(mgr.stats().panicked, 1);
}

pub(crate) fn a_captured_value_whose_drop_panics_harms_no_other<L: LoopUnderTest>() {
    let mut l = L::start();
    let mgr = Manager::new(l.event_loop());
    let (log, errors, token) = (Log::new(), Errors::of(&mgr), Token::default());
    let bombs = (Bomb::new(), Bomb::new(), Bomb::new());
    let registration = mgr.on("x").named("first").call(move || {
        let _captured = &bombs.0;
    });
    let _ = mgr.on("x").once().named("once").call(move || {
        let _captured = &bombs.1;
    });
    mgr.on("y").named("closed").call(move || {
        let _captured = &bombs.2;
    });
    let (captured, other) = (token.clone(), log.clone());
    mgr.register("x", move || {
        let _captured = &captured;
        other.push(());
    });
    registration.unregister();
    mgr.emit("x", ());
    l.settle(&mgr);
    assert_eq!(log.len(), 1);
    mgr.close();
    l.settle(&mgr);
    assert_eq!(token.others(), 0);
    let mut told = errors.take();
    told.sort();
    assert_eq!(
        told,
        [
            "x/first: panicked: dropped",
            "x/once: panicked: dropped",
            "y/closed: panicked: dropped"
        ]
    );
    assert_eq!((mgr.stats().ran, mgr.stats().panicked), (2, 0));
}

pub(crate) fn a_captured_value_whose_drop_emits<L: LoopUnderTest>() {
    struct LastWords(WeakManager);

    impl Drop for LastWords {
        fn drop(&mut self) {
            if let Some(mgr) = self.0.upgrade() {
                mgr.emit("last words", ());
                mgr.unregister("y");
            }
        }
    }

    let mut l = L::start();
    let mgr = Manager::new(l.event_loop());
    let log = Log::new();
    let (heard, words) = (log.clone(), LastWords(mgr.downgrade()));
    mgr.register("last words", move || heard.push("heard"));
    mgr.register("y", || ());
    let registration = mgr.register("x", move || {
        let _captured = &words;
    });
    registration.unregister();
    l.settle(&mgr);
    assert_eq!(log.take(), ["heard"]);
    assert_eq!(mgr.names(), ["last words"]);
}

pub(crate) fn an_event_is_passed_on_without_copying_it<L: LoopUnderTest>() {
    let mut l = L::start();
    let mgr = Manager::new(l.event_loop());
    let log = Log::new();
    let drops = Arc::new(AtomicUsize::new(0));
    mgr.register("first", |event: EvtData, mgr: Manager| {
        mgr.emit("again", &event);
        mgr.emit("again", event)
    });
    let seen = log.clone();
    mgr.register("again", move |event: EvtData| {
        let counted: &Counted = event.arg_ref(0).unwrap();
        seen.push(std::ptr::from_ref(counted) as usize);
        assert_eq!(event.kwarg::<u8>("k"), Ok(1));
    });
    mgr.emit("first", aioevt::args![Counted(drops.clone()); k = 1]);
    l.settle(&mgr);
    let seen = log.take();
    assert_eq!(seen.len(), 2);
    assert_eq!(seen[0], seen[1]);
    assert_eq!(drops.load(Ordering::SeqCst), 1);
}
