//! The facade: everything public of the core is reachable through it, and the macros work under any name of it.

use std::collections::BTreeSet;

use aioevt as renamed;

/// The core's `pub use` lists, read from its source: a list kept here would forget what is added there.
fn core_s_exports() -> BTreeSet<String> {
    names(include_str!("../../aioevt-core/src/lib.rs"))
}

/// What the `pub use` statements of a `lib.rs` name.
fn names(source: &str) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    // What is below is for the macros.
    let source = source.split("#[doc(hidden)]").next().unwrap_or_default();
    for statement in source.split("pub use ").skip(1) {
        let statement = statement.split(';').next().unwrap_or_default();
        let list = statement.rsplit("::{").next().unwrap_or_default();
        let list = list.rsplit("::").next().unwrap_or_default();
        for name in list.trim_end_matches('}').split(',').map(str::trim) {
            if !name.is_empty() {
                names.insert(name.to_owned());
            }
        }
    }
    names
}

#[test]
fn the_facade_exports_all_that_the_core_exports() {
    let facade = names(include_str!("../../src/lib.rs"));
    let core = core_s_exports();
    assert!(core.len() > 30 && core.contains("Manager") && core.contains("ThreadLoop"));
    let missing: Vec<_> = core.difference(&facade).collect();
    assert!(missing.is_empty(), "not in the facade: {missing:?}");
    for name in ["args", "callback", "current_loop"] {
        assert!(facade.contains(name));
    }
}

#[test]
fn the_types_are_the_core_s_own() {
    fn same<T: 'static, U: 'static>() {
        assert_eq!(std::any::TypeId::of::<T>(), std::any::TypeId::of::<U>());
    }

    same::<renamed::Manager, aioevt::Manager>();
    assert!(std::any::type_name::<aioevt::Manager>().starts_with("aioevt_core::"));
}

#[test]
fn the_macros_work_under_another_name() {
    // Nothing of these is in scope where the macros expand.
    #[allow(dead_code, reason = "they only have to be in the way")]
    mod shadows {
        pub(super) struct Some;
        pub(super) struct Ok;
        pub(super) trait Clone {}
        pub(super) mod aioevt {}
        pub(super) mod aioevt_core {}
        pub(super) mod core {}
        pub(super) mod std {}
    }
    #[allow(unused_imports, reason = "they only have to be in the way")]
    use shadows::*;

    let mgr = renamed::Manager::new(renamed::EventLoop::inline());
    let sum = ::std::sync::Arc::new(::std::sync::atomic::AtomicI64::new(0));
    mgr.register(
        "x",
        renamed::callback!([sum] |a: i64, mut b: i64, r#type: Option<i64>,| {
            b += r#type.unwrap_or(0);
            sum.fetch_add(a + b, ::std::sync::atomic::Ordering::Relaxed);
        }),
    );
    mgr.emit("x", renamed::args![1, 2]);
    mgr.emit("x", renamed::args![1; b = 2, type = 3,]);
    assert_eq!(sum.load(::std::sync::atomic::Ordering::Relaxed), 9);
    assert_eq!(mgr.stats().ran, 2);
}
