//! Errors: whom they reach, what they say, and that they harm nobody else.

use std::sync::{Arc, OnceLock};

use aioevt::{
    ArgError, CallbackErrorKind, Emitted, EvtData, Manager, Registration, args, callback,
};

use crate::support::{Errors, Log, LoopUnderTest, panic};

/// Three callbacks of "x"; `culprit` registers the first.
fn the_first_of_three<L: LoopUnderTest>(culprit: impl FnOnce(&Manager)) {
    let mut l = L::start();
    let mgr = Manager::new(l.event_loop());
    let (log, errors) = (Log::new(), Errors::of(&mgr));
    culprit(&mgr);
    for number in [2, 3] {
        let log = log.clone();
        mgr.register("x", move || log.push(number));
    }
    for round in 1..=2 {
        mgr.emit("x", ());
        l.settle(&mgr);
        assert_eq!(log.take(), [2, 3]);
        assert_eq!(errors.take(), ["x/culprit: panicked: boom"]);
        let stats = mgr.stats();
        assert_eq!(
            (stats.ran, stats.panicked, stats.callbacks),
            (2 * round, round, 3)
        );
    }
}

pub(crate) fn a_panic_in_a_sync_callback_harms_no_other<L: LoopUnderTest>() {
    the_first_of_three::<L>(|mgr| {
        mgr.on("x").named("culprit").call(|| panic("boom"));
    });
}

pub(crate) fn a_panic_before_the_first_await_harms_no_other<L: LoopUnderTest>() {
    the_first_of_three::<L>(|mgr| {
        mgr.on("x")
            .named("culprit")
            .call(|| async { panic("boom") });
    });
}

pub(crate) fn an_error_is_reported_with_its_source<L: LoopUnderTest>() {
    let mut l = L::start();
    let mgr = Manager::new(l.event_loop());
    let log = Log::new();
    let seen = log.clone();
    mgr.on_error(move |error| {
        let CallbackErrorKind::Failed(cause) = error.kind() else {
            return seen.push(error.to_string());
        };
        assert!(cause.is::<std::num::ParseIntError>());
        assert!(std::error::Error::source(error).is_some());
        seen.push(format!("{} {}", error.event(), error.location().file()));
    });
    mgr.register("parse", |text: String| text.parse::<i32>());
    mgr.register("parse", |text: String| async move { text.parse::<i32>() });
    mgr.emit("parse", ("1",));
    mgr.emit("parse", ("one",));
    l.settle(&mgr);
    assert_eq!(
        log.take(),
        [format!("parse {}", file!()), format!("parse {}", file!())]
    );
    let stats = mgr.stats();
    assert_eq!((stats.ran, stats.failed), (2, 2));
}

/// Emits what does not fit, and then what does. The report is returned.
fn explained<L: LoopUnderTest>(
    register: impl FnOnce(&Manager) -> Registration,
    wrong: impl FnOnce(&Manager) -> Emitted,
    right: impl FnOnce(&Manager) -> Emitted,
) -> String {
    let mut l = L::start();
    let mgr = Manager::new(l.event_loop());
    let errors = Errors::of(&mgr);
    let registration = register(&mgr);
    wrong(&mgr);
    l.settle(&mgr);
    let mut told = errors.take();
    assert_eq!(told.len(), 1);
    assert!(registration.is_active());
    right(&mgr);
    l.settle(&mgr);
    assert_eq!(errors.take(), [""; 0]);
    let stats = mgr.stats();
    assert_eq!((stats.ran, stats.failed, stats.panicked), (1, 1, 0));
    told.remove(0)
}

pub(crate) fn wrong_arity_is_explained_and_the_registration_stays<L: LoopUnderTest>() {
    let two = |mgr: &Manager| mgr.on("x").named("two").call(|_: i32, _: i32| ());
    let told = explained::<L>(two, |mgr| mgr.emit("x", (1,)), |mgr| mgr.emit("x", (1, 2)));
    assert_eq!(
        told,
        "x/two: not called: argument 2: expected i32, found nothing (the event carries 1 argument); emit it, or ask \
         for less"
    );
    let told = explained::<L>(
        two,
        |mgr| mgr.emit("x", (1, 2, 3)),
        |mgr| mgr.emit("x", (1, 2)),
    );
    assert_eq!(
        told,
        "x/two: not called: argument 3: expected no more than 2, found 3 arguments; emit fewer, or take as many (or \
         one `EvtData`)"
    );
}

pub(crate) fn a_wrong_type_is_explained_and_the_registration_stays<L: LoopUnderTest>() {
    let told = explained::<L>(
        |mgr| mgr.on("x").named("sum").call(|_: f64| ()),
        |mgr| mgr.emit("x", (1,)),
        |mgr| mgr.emit("x", (1_f32,)),
    );
    assert_eq!(
        told,
        "x/sum: not called: argument 1: expected f64, found i32; emit an f64 here or take an i32"
    );
}

pub(crate) fn a_value_out_of_range_is_explained_and_the_registration_stays<L: LoopUnderTest>() {
    let told = explained::<L>(
        |mgr| mgr.on("x").named("byte").call(|_: u8| ()),
        |mgr| mgr.emit("x", (256_u64,)),
        |mgr| mgr.emit("x", (255_u64,)),
    );
    assert_eq!(
        told,
        "x/byte: not called: argument 1: expected a u8, found the u64 256, which is out of its range; emit a value \
         that fits or take a wider type"
    );
}

pub(crate) fn keywords_are_explained_and_the_registration_stays<L: LoopUnderTest>() {
    let named = |mgr: &Manager| {
        mgr.on("x")
            .named("kw")
            .call(callback!(|num1: i64, num4: Option<i64>| assert!(
                num1 < num4.unwrap_or(9)
            )))
    };
    let right = |mgr: &Manager| mgr.emit("x", args![1; num4 = 4]);
    let told = explained::<L>(named, |mgr| mgr.emit("x", args![1; num5 = 5]), right);
    assert!(told.starts_with("x/kw: not called: keyword `num5`: expected one of `num1`, `num4`"));
    let told = explained::<L>(named, |mgr| mgr.emit("x", args![; num4 = 4]), right);
    assert!(told.starts_with("x/kw: not called: argument 1 `num1`: expected i64, found nothing"));
    let told = explained::<L>(named, |mgr| mgr.emit("x", args![1; num1 = 1]), right);
    assert!(told.starts_with("x/kw: not called: argument 1 `num1`: expected one value, found two"));
    // A closure's parameters have no names.
    let told = explained::<L>(
        |mgr| mgr.on("x").named("plain").call(|_: i64| ()),
        |mgr| mgr.emit("x", args![1; num4 = 4]),
        |mgr| mgr.emit("x", args![1]),
    );
    assert!(told.contains("parameters have no names here: write the callback with `callback!`"));
    assert!(matches!(
        EvtData::new(args![1]).kwarg::<i64>("num4"),
        Err(ArgError::Missing { .. })
    ));
}

pub(crate) fn a_hook_that_panics_is_counted<L: LoopUnderTest>() {
    let mut l = L::start();
    let mgr = Manager::new(l.event_loop());
    let log = Log::new();
    let other = log.clone();
    mgr.on_error(|_| panic("the hook as well"));
    mgr.register("x", || Err::<(), _>("no"));
    mgr.register("x", move || other.push(()));
    for _ in 0..3 {
        mgr.emit("x", ());
    }
    l.settle(&mgr);
    assert_eq!(log.len(), 3);
    let stats = mgr.stats();
    assert_eq!((stats.ran, stats.failed, stats.hook_panics), (3, 3, 3));
}

pub(crate) fn a_hook_may_emit<L: LoopUnderTest>() {
    let mut l = L::start();
    let mgr = Manager::new(l.event_loop());
    let log = Log::new();
    let (weak, heard) = (mgr.downgrade(), log.clone());
    mgr.on_error(move |error| {
        if let Some(mgr) = weak.upgrade() {
            mgr.emit("failed", (error.event().to_owned(),));
        }
    });
    mgr.register("failed", move |event: String| heard.push(event));
    mgr.register("x", || panic("boom"));
    mgr.emit("x", ());
    l.settle(&mgr);
    assert_eq!(log.take(), ["x"]);
}

pub(crate) fn a_hook_may_unregister_the_culprit<L: LoopUnderTest>() {
    let mut l = L::start();
    let mgr = Manager::new(l.event_loop());
    let culprit = Arc::new(OnceLock::<Registration>::new());
    let found = culprit.clone();
    mgr.on_error(move |_| {
        assert!(found.get().unwrap().unregister());
    });
    let held = l.hold();
    let registration = mgr.register("x", || panic("boom"));
    culprit.set(registration).unwrap();
    mgr.emit("x", ());
    mgr.emit("x", ());
    drop(held);
    l.settle(&mgr);
    let stats = mgr.stats();
    assert_eq!(
        (stats.panicked, stats.discarded, stats.hook_panics),
        (1, 1, 0)
    );
    assert_eq!(mgr.names(), [""; 0]);
}

pub(crate) fn the_last_hook_set_is_the_one<L: LoopUnderTest>() {
    let mut l = L::start();
    let mgr = Manager::new(l.event_loop());
    let (first, second) = (Errors::of(&mgr), Errors::of(&mgr));
    mgr.register("x", || panic("boom"));
    mgr.emit("x", ());
    l.settle(&mgr);
    assert_eq!((first.len(), second.len()), (0, 1));
}
