//! What is accepted as a callback, and what it is recognised by. What a call does is tested with a manager.

#![allow(
    unused_imports,
    dropping_copy_types,
    reason = "inside this crate what `callback!` imports is linted, and its bodies use up their arguments"
)]

use alloc::boxed::Box;
use alloc::string::String;
use alloc::sync::Arc as Captured;
#[cfg(feature = "std")]
use core::hash::BuildHasher;

use super::*;
use crate::{BoxError, Emitted, EvtData, Manager, Shared, callback};

fn parts<M>(callback: impl IntoCallback<M>) -> CallbackParts {
    callback.into_parts()
}

fn identity<M>(callback: impl IntoCallback<M>) -> Option<Identity> {
    let identity = callback.identity();
    assert_eq!(callback.into_parts().identity, identity);
    identity
}

fn recognised<M, C: IntoCallback<M>>(_: &C) -> bool {
    C::HAS_IDENTITY
}

fn sync(_: i64) {}
async fn later(_: i64) -> Result<u8, fmt::Error> {
    Ok(1)
}
fn never(_: i64) -> ! {
    panic!("never called")
}
fn of_any_lifetime(_: alloc::borrow::Cow<'_, str>) {}
fn of_a_literal(_: &'static str) {}

#[test]
fn every_shape_is_inferred() {
    struct NotClone;
    let count = Captured::new(());
    parts(sync);
    parts(later);
    parts(never);
    parts(of_any_lifetime);
    parts(of_a_literal);
    parts(sync as fn(i64));
    parts(|_: &'static str| ());
    parts(|| ());
    parts(|| async {});
    parts(|| panic!("never called"));
    parts(|| Err::<(), _>("text"));
    parts(|| Ok::<Emitted, BoxError>(Emitted::default()));
    parts(|a: i64, mgr: Manager| mgr.emit("x", (a,)));
    parts(|event: EvtData, mgr: Manager| async move { mgr.emit("x", event) });
    parts(|_: Shared<NotClone>, _: String| async move {});
    parts(Box::new(|_: i64| ()) as Box<dyn FnMut(i64) + Send>);
    parts(async || {});
    parts(async |_: i64| {});
    let mut calls = alloc::vec::Vec::new();
    parts(move |a: i64| calls.push(a));
    parts(move |_: i64| {
        let count = count.clone();
        async move { drop(count) }
    });
    let f = |_: u8, _: u8, _: u8, _: u8, _: u8, _: u8, _: u8, _: u8, _: u8, _: u8, _: u8, _: u8| ();
    parts(f);
    Callback::new(f);
    Callback::new(later);
}

#[test]
fn every_way_to_write_names() {
    let captured = Captured::new(1);
    parts(callback!(|| {}));
    parts(callback!(|| {}));
    parts(callback!(move || async move {}));
    parts(callback!(|a: i64| drop(a)));
    parts(callback!(|mut a: i64, b: Option<i64>| {
        a += b.unwrap_or(0);
        drop(a);
    }));
    parts(callback!(move |a: i64| -> Result<(), String> {
        if a == 0 { Err("zero".into()) } else { Ok(()) }
    }));
    parts(callback!([captured] || drop(captured)));
    parts(callback!([captured] |a: i64| async move { drop((a, captured)) }));
    parts(
        callback!([captured,] move |mut a: i64| -> Result<(), BoxError> {
            a += *captured;
            drop(a);
            Ok(())
        }),
    );
    Callback::new(callback!([captured] |a: i64| async move { drop((a, captured)) }));
    Callback::new(callback!(|a: Option<i64>| drop(a)));
    assert_eq!(Captured::strong_count(&captured), 1);
}

#[test]
fn a_function_is_recognised_by_its_type() {
    let other = |_: i64| ();
    assert_eq!(identity(sync), identity(sync));
    assert_ne!(identity(sync), identity(later));
    assert_ne!(identity(sync), identity(other));
    assert_eq!(identity(other), identity(other));
    assert!(recognised(&sync) && recognised(&other));
    let named = callback!(|a: i64| drop(a));
    assert!(recognised(&named));
    assert_eq!(identity(named), identity(named));
}

#[test]
fn what_captures_is_not_recognised() {
    let n = 1;
    let captures = move |_: i64| drop(n);
    assert!(!recognised(&captures) && identity(captures).is_none());
    let pointer: fn(i64) = sync;
    assert!(!recognised(&pointer) && identity(pointer).is_none());
    let named = callback!([n] |a: i64| drop(a + n));
    assert!(!recognised(&named) && identity(named).is_none());
}

#[test]
fn a_callback_is_recognised_by_itself() {
    let one = Callback::new(sync);
    let two = Callback::new(sync);
    assert!(recognised(&one) && recognised(&&one));
    assert_eq!(identity(&one), identity(one.clone()));
    assert_ne!(identity(&one), identity(&two));
    assert_ne!(identity(&one), identity(sync));
    // An identity that is kept keeps its address from being given to another.
    let kept = identity(&one);
    drop(one);
    assert!((0..100).all(|_| identity(Callback::new(sync)) != kept));
}

#[cfg(feature = "std")]
#[test]
fn equal_identities_hash_alike() {
    let hasher = hashbrown::DefaultHashBuilder::default();
    let one = Callback::new(sync);
    assert_eq!(
        hasher.hash_one(identity(&one)),
        hasher.hash_one(identity(&one))
    );
    assert_eq!(
        hasher.hash_one(identity(sync)),
        hasher.hash_one(identity(sync))
    );
}

#[test]
fn a_callback_is_named_after_its_function() {
    assert!(parts(sync).name.ends_with("sync"));
    assert!(parts(Callback::new(sync)).name.ends_with("sync"));
    assert!(
        parts(callback!(|a: i64| drop(a)))
            .name
            .contains("a_callback_is_named_after_its_function")
    );
    assert!(alloc::format!("{:?}", Callback::new(later)).ends_with("later)"));
}

#[test]
fn a_function_lives_as_long_as_somebody_may_call_it() {
    let captured = Captured::new(());
    let callback = Callback::new({
        let captured = captured.clone();
        move || drop(captured.clone())
    });
    let registered = (parts(&callback), parts(&callback));
    assert_eq!(Captured::strong_count(&captured), 2);
    drop(callback);
    assert_eq!(Captured::strong_count(&captured), 2);
    drop(registered);
    assert_eq!(Captured::strong_count(&captured), 1);
}
