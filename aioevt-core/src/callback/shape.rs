//! How the parameters and the result of a function are told apart: one impl for each number of parameters, and one
//! marker for sync and async each. What the traits mean to users is in `callback.rs`.

use alloc::boxed::Box;
use core::any::type_name;
use core::marker::PhantomData;

use super::named::Named;
use super::{CallbackParts, Factory, Identity, IntoCallback, IntoSharedCallback, Shares};
use crate::arg_error::ArgError;
use crate::bind::named::Binder;
use crate::bind::{Bind, ByName, ByPosition, FromArg};
use crate::delayed::Delayed;
use crate::emitted::Emitted;
use crate::error::BoxError;
use crate::invoke::{Invoke, invoke_async, invoke_sync};
use crate::sync::{Arc, shared_dyn};

/// Marks a function of the parameters `P` that returns `R`, which is sync or async by `M`.
#[derive(Debug)]
pub struct Shape<M, R, P>(PhantomData<fn(M, R, P)>);

/// Marks the same for a function whose parameters have names.
#[derive(Debug)]
pub struct NamedShape<M, R, P>(PhantomData<fn(M, R, P)>);

/// Marks a function that returns its outcome.
#[derive(Debug)]
pub struct IsSync;

/// Marks a function that returns a future of its outcome.
#[derive(Debug)]
pub struct IsAsync;

/// What a callback may return, or its future resolve with: `()`, [`Emitted`], [`Delayed`], `!`, and `Result<T, E>` of any
/// `T` and of every `E` that becomes a boxed error.
///
/// An `Err` is reported to the error hook with the event and the callback. This trait cannot be implemented elsewhere.
#[diagnostic::on_unimplemented(
    message = "a callback cannot return `{Self}`",
    label = "not an outcome",
    note = "a callback returns `()`, what an emit returned, `!`, or a `Result<_, E>` with \
            `E: Into<Box<dyn Error + Send + Sync>>`, or a future of one of these",
    note = "nobody would receive another value: end the body with `;`, or emit it as an event"
)]
pub trait Outcome: outcome::Sealed {
    /// What there is to report.
    #[doc(hidden)]
    fn into_result(self) -> Result<(), BoxError>;
}

mod outcome {
    pub trait Sealed {}
}

macro_rules! nothing_to_report {
    ($($T:ty),*) => {$(
        impl outcome::Sealed for $T {}

        impl Outcome for $T {
            #[inline]
            fn into_result(self) -> Result<(), BoxError> {
                Ok(())
            }
        }
    )*};
}

nothing_to_report!((), Emitted, Delayed);

impl<T, E: Into<BoxError>> outcome::Sealed for Result<T, E> {}

impl<T, E: Into<BoxError>> Outcome for Result<T, E> {
    #[inline]
    fn into_result(self) -> Result<(), BoxError> {
        match self {
            Ok(_) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }
}

/// Names `!`, which has no name in types on stable yet. `|| panic!()` returns it in edition 2024.
pub trait ReturnType {
    /// The type.
    type Out;
}

impl<R> ReturnType for fn() -> R {
    type Out = R;
}

type Never = <fn() -> ! as ReturnType>::Out;

impl outcome::Sealed for Never {}

impl Outcome for Never {
    fn into_result(self) -> Result<(), BoxError> {
        self
    }
}

/// What a callback may return: an [`Outcome`] if it is sync, or a future of one, which is `Send + 'static`.
///
/// `M` says which of both, and is inferred. This trait cannot be implemented elsewhere.
#[diagnostic::on_unimplemented(
    message = "a callback cannot return `{Self}`",
    label = "neither an outcome nor a future of one",
    note = "a callback returns `()`, what an emit returned, `!`, or a `Result<_, E>` with \
            `E: Into<Box<dyn Error + Send + Sync>>`, or a future of one of these that is `Send + 'static`",
    note = "nobody would receive another value: end the body with `;`, or emit it as an event"
)]
pub trait Returns<M>: Sized {
    /// Makes what a lane calls.
    #[doc(hidden)]
    fn invoke<B: Bind>(
        bind: B,
        call: impl FnMut(B::Params) -> Self + Send + 'static,
    ) -> Box<dyn Invoke>;
}

impl<R: Outcome> Returns<IsSync> for R {
    fn invoke<B: Bind>(
        bind: B,
        call: impl FnMut(B::Params) -> Self + Send + 'static,
    ) -> Box<dyn Invoke> {
        invoke_sync(bind, call)
    }
}

impl<F> Returns<IsAsync> for F
where
    F: Future + Send + 'static,
    F::Output: Outcome,
{
    fn invoke<B: Bind>(
        bind: B,
        call: impl FnMut(B::Params) -> Self + Send + 'static,
    ) -> Box<dyn Invoke> {
        invoke_async(bind, call)
    }
}

macro_rules! functions {
    ($($T:ident $i:tt),*) => {
        impl<Fun, M, R, $($T),*> IntoCallback<Shape<M, R, ($($T,)*)>> for Fun
        where
            Fun: FnMut($($T),*) -> R + Send + 'static,
            R: Returns<M>,
            $($T: FromArg),*
        {
            const HAS_IDENTITY: bool = Identity::is_type::<Fun>();

            fn identity(&self) -> Option<Identity> {
                Identity::of_type::<Fun>()
            }

            fn into_parts(mut self) -> CallbackParts {
                CallbackParts {
                    invoke: R::invoke(ByPosition::of(), move |params: ($($T,)*)| {
                        let _ = &params;
                        self($(params.$i),*)
                    }),
                    identity: Identity::of_type::<Fun>(),
                    name: type_name::<Fun>(),
                }
            }
        }

        impl<Fun, M, R, $($T),*> IntoSharedCallback<Shape<M, R, ($($T,)*)>> for Fun
        where
            Fun: Fn($($T),*) -> R + Send + Sync + 'static,
            R: Returns<M>,
            $($T: FromArg),*
        {
            fn into_factory(self) -> Arc<dyn Factory> {
                shared_dyn!(Shares {
                    function: Arc::new(self),
                    invoke: |function: Arc<Fun>| R::invoke(ByPosition::of(), move |params: ($($T,)*)| {
                        let _ = &params;
                        (*function)($(params.$i),*)
                    }),
                } => dyn Factory)
            }
        }

        #[diagnostic::do_not_recommend]
        impl<Fun, Bind, M, R, $($T),*> IntoCallback<NamedShape<M, R, ($($T,)*)>> for Named<Bind, Fun>
        where
            Fun: FnMut($($T),*) -> R + Send + 'static,
            Bind: Fn(&mut Binder<'_>) -> Result<($($T,)*), ArgError> + Send + 'static,
            R: Returns<M>,
        {
            const HAS_IDENTITY: bool = Identity::is_type::<Fun>();

            fn identity(&self) -> Option<Identity> {
                Identity::of_type::<Fun>()
            }

            fn into_parts(self) -> CallbackParts {
                let Self { bind, mut function } = self;
                CallbackParts {
                    invoke: R::invoke(ByName(bind), move |params: ($($T,)*)| {
                        let _ = &params;
                        function($(params.$i),*)
                    }),
                    identity: Identity::of_type::<Fun>(),
                    name: type_name::<Fun>(),
                }
            }
        }

        #[diagnostic::do_not_recommend]
        impl<Fun, Bind, M, R, $($T),*> IntoSharedCallback<NamedShape<M, R, ($($T,)*)>> for Named<Bind, Fun>
        where
            Fun: Fn($($T),*) -> R + Send + Sync + 'static,
            Bind: Fn(&mut Binder<'_>) -> Result<($($T,)*), ArgError> + Send + Sync + 'static,
            R: Returns<M>,
        {
            fn into_factory(self) -> Arc<dyn Factory> {
                shared_dyn!(Shares {
                    function: Arc::new(self),
                    invoke: |this: Arc<Self>| {
                        let named = this.clone();
                        let bind = move |binder: &mut Binder<'_>| (named.bind)(binder);
                        R::invoke(ByName(bind), move |params: ($($T,)*)| {
                            let _ = &params;
                            (this.function)($(params.$i),*)
                        })
                    },
                } => dyn Factory)
            }
        }
    };
}

crate::macros::for_each_tuple!(functions);
