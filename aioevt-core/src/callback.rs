//! What can be registered: `IntoCallback`, and `Callback`, which can be registered many times. How the parameters and
//! the result of a function are told apart is in `callback/shape.rs`; how arguments reach them is in `bind.rs`.

use alloc::boxed::Box;
use core::any::type_name;
use core::fmt;

use crate::invoke::Invoke;
use crate::sync::Arc;

mod borrowed;
pub(crate) mod identity;
pub(crate) mod named;
mod shape;
#[cfg(test)]
mod tests;

pub(crate) use identity::Identity;
use identity::Token;
pub use shape::{Outcome, Returns};

/// What can be registered as a callback: a function or closure of 0 to 12 parameters, sync or async, what
/// [`callback!`](crate::callback!) makes, a [`Callback`] or a reference to one.
///
/// * Parameters are taken by value and each is a [`FromArg`](crate::FromArg): `Clone + 'static`, or
///   [`Shared<T>`](crate::Shared).
/// * The result, or the output of the future, is an [`Outcome`]: `()`, `Result<_, E>` and a few more.
/// * The closure and its future are `Send + 'static`, since a callback runs on the event loop that it was registered
///   for. The closure may be `FnMut`: calls of one registration never overlap. Async ones overlap once they wait.
///
/// What does not fit the parameters is not called, and reported. A callback that takes no argument (it has no parameter, or
/// one of type `Manager`) accepts every event, as does one with a single `EvtData`.
///
/// `M` is how it is told what is what; it is always inferred. This trait cannot be implemented elsewhere.
///
/// # Examples
///
/// ```
/// # use aioevt_core as aioevt;
/// use aioevt::{EventLoop, Manager};
///
/// fn plain(a: i64, b: String) -> Result<(), std::num::ParseIntError> {
///     b.parse::<i64>().map(|b| println!("{}", a + b))
/// }
/// async fn later(a: i64) {
///     println!("{a}");
/// }
///
/// let mgr = Manager::new(EventLoop::inline());
/// let mut sum = 0;
/// mgr.register("Text", plain);
/// mgr.register("Number", later);
/// mgr.register("Number", move |a: i64| sum += a);
/// mgr.register("Number", move |a: i64| async move { println!("{a}") });
/// mgr.register("Number", |a: i64, mgr: Manager| mgr.emit("Text", (a, "1")));
/// mgr.emit("Number", (1,));
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be registered as a callback",
    label = "not a callback",
    note = "a callback is a function or closure, sync or async, for which all of this holds:\n\
            - it has 0 to 12 parameters, each with a type that is `Clone + 'static`, or `Shared<T>`;\n\
            - it returns `()`, what an emit returned, `!`, or a `Result<_, E>` with `E: Into<BoxError>` (a \
            `Box<dyn Error + Send + Sync>`, which `Box<dyn Error>` is not); or a future of that. Nobody would receive \
            another value: end the body with `;`, or emit it as an event;\n\
            - it is `FnMut + Send + 'static`, and so is its future `Send + 'static`: nothing it captures, or holds \
            across an await, is an `Rc` or a lock's guard"
)]
pub trait IntoCallback<M>: Sized {
    /// Can the callback be recognised when it is named again?
    #[doc(hidden)]
    const HAS_IDENTITY: bool;

    /// What it is recognised by.
    #[doc(hidden)]
    fn identity(&self) -> Option<Identity>;

    /// What a registration is made of. Sealed by its type, which cannot be named elsewhere.
    #[doc(hidden)]
    fn into_parts(self) -> CallbackParts;
}

/// What a registration is made of.
pub struct CallbackParts {
    /// Binds and calls.
    pub invoke: Box<dyn Invoke>,
    /// What it is recognised by.
    pub identity: Option<Identity>,
    /// The type of the function: what reports call it unless it was given a name.
    pub name: &'static str,
}

impl fmt::Debug for CallbackParts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("CallbackParts").field(&self.name).finish()
    }
}

/// Refuses to compile if a `C` cannot be recognised when it is named again.
pub(crate) const fn assert_identity<M, C: IntoCallback<M>>() {
    const {
        assert!(
            C::HAS_IDENTITY,
            "this callback cannot be recognised: a closure that captures something, a function pointer and a boxed \
             function have no identity. Keep the `Registration` and call `unregister` on it, or make a `Callback` \
             once and name that"
        );
    }
}

/// A callback with an identity, for registering it several times and unregistering it by itself.
///
/// Clones share the function and the identity. It is registered by value or by reference, for as many events and on as
/// many event loops as one likes; those may call it at the same time, so the function is `Fn + Send + Sync`. No lock
/// is held while it runs. It is dropped with the last clone and the last registration.
///
/// # Examples
///
/// ```
/// # use aioevt_core as aioevt;
/// use std::sync::atomic::{AtomicI64, Ordering::Relaxed};
/// use std::sync::Arc;
///
/// use aioevt::{Callback, EventLoop, Manager};
///
/// let mgr = Manager::new(EventLoop::inline());
/// let sum = Arc::new(AtomicI64::new(0));
/// let add = Callback::new({
///     let sum = sum.clone();
///     move |a: i64| {
///         sum.fetch_add(a, Relaxed);
///     }
/// });
/// mgr.register("Add", &add);
/// mgr.register("AddAgain", &add);
/// mgr.emit("Add", (1,));
/// mgr.emit("AddAgain", (2,));
/// assert_eq!(sum.load(Relaxed), 3);
/// assert_eq!(mgr.unregister_callback(&add), 2);
/// ```
#[derive(Clone)]
pub struct Callback {
    factory: Arc<dyn Factory>,
    token: Arc<Token>,
}

impl Callback {
    /// Makes a callback of a function, or of what [`callback!`](crate::callback!) makes.
    pub fn new<M>(function: impl IntoSharedCallback<M>) -> Self {
        Self {
            factory: function.into_factory(),
            token: Arc::new(Token),
        }
    }

    fn recognised_by(&self) -> Option<Identity> {
        Some(Identity::of_instance(self.token.clone()))
    }

    fn parts(&self) -> CallbackParts {
        CallbackParts {
            invoke: self.factory.invoke(),
            identity: self.recognised_by(),
            name: self.factory.name(),
        }
    }
}

impl fmt::Debug for Callback {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Callback")
            .field(&format_args!("{}", self.factory.name()))
            .finish()
    }
}

/// Marks a [`Callback`] in [`IntoCallback`].
#[derive(Debug)]
pub struct Instance;

impl IntoCallback<Instance> for Callback {
    const HAS_IDENTITY: bool = true;

    fn identity(&self) -> Option<Identity> {
        self.recognised_by()
    }

    fn into_parts(self) -> CallbackParts {
        self.parts()
    }
}

impl IntoCallback<Instance> for &Callback {
    const HAS_IDENTITY: bool = true;

    fn identity(&self) -> Option<Identity> {
        self.recognised_by()
    }

    fn into_parts(self) -> CallbackParts {
        self.parts()
    }
}

/// What [`Callback::new`] takes: as [`IntoCallback`], but `Fn + Send + Sync`, since several event loops may call it at
/// the same time.
///
/// This trait cannot be implemented elsewhere.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be made a `Callback`",
    label = "not `Fn(..) + Send + Sync + 'static`",
    note = "a `Callback` may be called by several event loops at the same time: it is \
            `Fn(..) + Send + Sync + 'static` of 0 to 12 parameters (each `Clone + 'static`, or `Shared<T>`), sync or \
            async, and returns `()`, what an emit returned, `!`, or a `Result<_, E>` with `E: Into<BoxError>`, \
            which is `Box<dyn Error + Send + Sync>`",
    note = "what it changes goes into an atomic or a `Mutex`; or register the closure itself, which may be `FnMut`"
)]
pub trait IntoSharedCallback<M>: Sized {
    /// Sealed by its type, which cannot be named elsewhere.
    #[doc(hidden)]
    fn into_factory(self) -> Arc<dyn Factory>;
}

/// Makes what a lane calls, once for each registration: each has its own and nothing needs a lock.
pub trait Factory: Send + Sync {
    /// A new one.
    fn invoke(&self) -> Box<dyn Invoke>;

    /// The type of the function.
    fn name(&self) -> &'static str;
}

/// A factory of a function, shared by all that it makes.
struct Shares<F, I> {
    function: Arc<F>,
    invoke: I,
}

impl<F, I> Factory for Shares<F, I>
where
    F: Send + Sync,
    I: Fn(Arc<F>) -> Box<dyn Invoke> + Send + Sync,
{
    fn invoke(&self) -> Box<dyn Invoke> {
        (self.invoke)(self.function.clone())
    }

    fn name(&self) -> &'static str {
        type_name::<F>()
    }
}
