//! Makes a function with a borrowed parameter a compile error. `|s: &str|` would otherwise register as a function of a
//! `&'static str`, and never receive a `String`. What is a callback is in `shape.rs`.
//!
//! A function that takes a reference of *every* lifetime fits a second impl below. Which of both is meant is then
//! ambiguous, and the compiler's message names [`ParametersMustBeOwned`].

use core::marker::PhantomData;

use super::named::Named;
use super::{CallbackParts, Factory, Identity, IntoCallback, IntoSharedCallback};
use crate::sync::Arc;

/// Take `String` instead of `&str`, `EvtData` instead of `&EvtData`, `Shared<T>` instead of a reference to something
/// large: a call may outlive the emit, so it owns its arguments.
#[derive(Debug)]
pub struct ParametersMustBeOwned<P>(PhantomData<fn(P)>);

const NEVER_CHOSEN: &str =
    "a function that fits this impl fits another one too, so it cannot be chosen";

impl<F: Borrows<P>, P> IntoCallback<ParametersMustBeOwned<P>> for F {
    const HAS_IDENTITY: bool = false;

    fn identity(&self) -> Option<Identity> {
        None
    }

    fn into_parts(self) -> CallbackParts {
        unreachable!("{NEVER_CHOSEN}")
    }
}

impl<F: Borrows<P>, P> IntoSharedCallback<ParametersMustBeOwned<P>> for F {
    fn into_factory(self) -> Arc<dyn Factory> {
        unreachable!("{NEVER_CHOSEN}")
    }
}

/// A function with a borrowed parameter; `P` says which one and is inferred.
pub trait Borrows<P> {}

/// The parameter at a position, counting from 0, is borrowed.
#[derive(Debug)]
pub struct Parameter<const INDEX: usize, P>(PhantomData<fn(P)>);

/// Stands for a reference in the list of parameters.
#[derive(Debug)]
pub struct Reference<T: ?Sized>(PhantomData<fn(&T)>);

/// The same of a function whose parameters have names.
#[derive(Debug)]
pub struct WithNames<P>(PhantomData<fn(P)>);

impl<B, F: Borrows<P>, P> Borrows<WithNames<P>> for Named<B, F> {}

/// A function of the parameters `P`, whatever it returns. A bound by `FnMut` would have to name the result, which
/// depends on the lifetimes of the parameters if it is the future of an `async fn`.
pub trait Takes<P> {
    /// What it returns.
    type Result;
}

macro_rules! functions {
    ($($T:ident $i:tt),*) => {
        impl<Fun, R, $($T),*> Takes<($($T,)*)> for Fun
        where
            Fun: FnMut($($T),*) -> R,
        {
            type Result = R;
        }

        borrowed_at!([] $($T $i)*);
    };
}

/// One impl for each position: those before it, the borrowed one, those behind it.
macro_rules! borrowed_at {
    ([$($Before:ident)*]) => {};
    ([$($Before:ident)*] $T:ident $i:tt $($After:ident $j:tt)*) => {
        impl<Fun, $($Before,)* $T: ?Sized, $($After),*>
            Borrows<Parameter<$i, ($($Before,)* Reference<$T>, $($After,)*)>> for Fun
        where
            Fun: for<'a> Takes<($($Before,)* &'a $T, $($After,)*)>,
        {
        }

        borrowed_at!([$($Before)* $T] $($After $j)*);
    };
}

crate::macros::for_each_tuple!(functions);
