//! Fitting the arguments of an event to parameters, by position. Parameters with names are in `bind/named.rs`,
//! conversions in `coerce.rs`, the result and the call in `callback/shape.rs`.

use alloc::string::ToString;
use core::any::type_name;
use core::marker::PhantomData;
use core::mem::needs_drop;

use self::named::Binder;
use crate::arg_error::{ArgError, Argument};
use crate::coerce::{Integer, coerce, coerce_small, is, same};
use crate::data::{Data, EvtData, Payload, Place};
use crate::invoke::Event;
use crate::manager::Manager;

pub(crate) mod named;
#[cfg(test)]
mod tests;

/// The type of a callback's parameter: everything that is `Clone + 'static`, and [`Shared<T>`](crate::Shared) for what
/// is not, or is large.
///
/// An argument fits a parameter of its own type exactly. Beyond that,
/// * an integer fits every integer type if its value does, else it is
///   [`OutOfRange`](crate::ArgError::OutOfRange);
/// * an `f32` fits an `f64`;
/// * a `&'static str` fits a `String`, a `Cow<'static, str>` and an `Arc<str>`;
///
/// and nothing else. Two types are special: a parameter of type [`Manager`](crate::Manager) receives the manager that
/// delivers the event and takes no argument (one that was emitted is received as a `Shared<Manager>`), and a single
/// parameter of type [`EvtData`](crate::EvtData) takes the whole event. Parameters are taken by value: a reference does not
/// fit, since a call may outlive the emit. This trait cannot be implemented elsewhere.
///
/// # Examples
///
/// ```
/// # use aioevt_core as aioevt;
/// use aioevt::EvtData;
///
/// let data = EvtData::new((7_u8, "name"));
/// assert_eq!(data.args::<(i64, String)>()?, (7, "name".to_string()));
/// # Ok::<(), aioevt::ArgError>(())
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be a parameter of a callback",
    label = "not `Clone + 'static`",
    note = "parameters are taken by value and are `Clone + 'static`; take `Shared<T>` for a `T` that is not `Clone`, \
            or large"
)]
pub trait FromArg: Sized + 'static {
    /// What the parameter asks for.
    #[doc(hidden)]
    fn role() -> Role;

    /// The type that must be emitted, for errors.
    #[doc(hidden)]
    fn expected() -> &'static str;

    /// The argument itself for the fast path, where the emitted tuple has exactly the types of the parameters.
    #[doc(hidden)]
    fn copied(&self) -> Option<Self>;

    /// The value, if it is of the type asked for: the manager, or the whole event.
    #[doc(hidden)]
    fn special<V: 'static>(value: V) -> Option<Self>;

    /// The argument at a place.
    #[doc(hidden)]
    fn from_arg(source: Source<'_>, place: Place) -> Result<Self, Misfit>;
}

impl<T: Clone + 'static> FromArg for T {
    #[inline]
    fn role() -> Role {
        if is::<T, Manager>() {
            Role::Manager
        } else if is::<T, EvtData>() {
            Role::Whole
        } else {
            Role::Value
        }
    }

    fn expected() -> &'static str {
        type_name::<T>()
    }

    #[inline]
    fn copied(&self) -> Option<Self> {
        Some(self.clone())
    }

    #[inline]
    fn special<V: 'static>(value: V) -> Option<Self> {
        same(value)
    }

    #[inline]
    fn from_arg(source: Source<'_>, place: Place) -> Result<Self, Misfit> {
        let payload = source.payload();
        if Integer::is_one::<T>() {
            if let Place::Positional(index) = place {
                if let Some(small) = payload.integer(index) {
                    return coerce_small(small);
                }
            }
        }
        coerce(payload.value(place).ok_or(Misfit::Absent)?)
    }
}

/// What a parameter asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// An argument.
    Value,
    /// The whole event if it is alone, else an argument.
    Whole,
    /// The manager that delivers the event.
    Manager,
}

/// The parameters of a callback together: what matters before the first is bound. The compiler computes it.
#[derive(Debug, Clone, Copy, Default)]
pub struct Roles {
    /// Parameters that take an argument.
    takes: usize,
    /// Is one of them an `EvtData`?
    whole: bool,
    /// Is there a parameter that takes none?
    manager: bool,
}

impl Roles {
    #[inline]
    pub(crate) fn add(&mut self, role: Role) {
        match role {
            Role::Manager => self.manager = true,
            Role::Whole => (self.takes, self.whole) = (self.takes + 1, true),
            Role::Value => self.takes += 1,
        }
    }

    /// A single `EvtData`: it is given the whole event.
    #[inline]
    pub(crate) fn take_all(self) -> bool {
        self.whole && self.takes == 1
    }

    /// Each is given an argument, in order.
    #[inline]
    pub(crate) fn are_values(self) -> bool {
        !self.manager && !self.take_all()
    }

    /// Every event fits.
    #[inline]
    pub(crate) fn accept_all(self) -> bool {
        self.takes == 0 || self.take_all()
    }

    pub(crate) fn takes(self) -> usize {
        self.takes
    }
}

/// Where an argument is read from.
#[derive(Debug)]
pub enum Source<'a> {
    /// An event on its way, whose data may travel inside the message.
    Event(&'a mut Data),
    /// Data that is kept already.
    Kept(&'a EvtData),
}

impl Source<'_> {
    #[inline]
    pub(crate) fn payload(&self) -> &dyn Payload {
        match self {
            Self::Event(data) => data.payload(),
            Self::Kept(data) => data.payload(),
        }
    }

    pub(crate) fn share(self) -> EvtData {
        match self {
            Self::Event(data) => data.share(),
            Self::Kept(data) => data.clone(),
        }
    }
}

/// Why an argument does not fit. What is said about it is read from the payload again: binding an argument that fits
/// then moves no more than the argument.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Misfit {
    /// There is none.
    Absent,
    /// It is of another type.
    WrongType,
    /// It is an integer that the type does not have.
    OutOfRange,
}

impl Misfit {
    /// The error of `argument`, which was looked for at `place` and should have been an `expected`.
    #[cold]
    pub(crate) fn explain(
        self,
        payload: &dyn Payload,
        place: Place,
        argument: Argument,
        expected: &'static str,
    ) -> ArgError {
        let Some(value) = payload.value(place) else {
            return ArgError::Missing {
                argument,
                expected,
                given: payload.len(),
            };
        };
        let found = value.type_name();
        match (self, value.integer()) {
            (Self::OutOfRange, Some(integer)) => ArgError::OutOfRange {
                argument,
                expected,
                found,
                value: integer.digits(),
            },
            _ => ArgError::WrongType {
                argument,
                expected,
                found,
            },
        }
    }
}

/// An event that is being delivered. A trait, so that binding is tested without a loop.
pub trait Delivery {
    /// The payload as it travels.
    fn data(&mut self) -> &mut Data;

    /// A handle of the manager that delivers it.
    fn manager(&self) -> Manager;
}

impl Delivery for Event<'_> {
    #[inline]
    fn data(&mut self) -> &mut Data {
        Event::data(self)
    }

    fn manager(&self) -> Manager {
        Event::manager(self)
    }
}

/// The types of all parameters, as a tuple of 0 to 12: what [`EvtData::args`](crate::EvtData::args) reads.
///
/// This trait cannot be implemented elsewhere.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a tuple of arguments",
    note = "write a tuple of 0 to 12 types, each `Clone + 'static` or a `Shared<T>`; one type is `(T,)`"
)]
pub trait FromArgs: Sized + 'static {
    /// What the parameters ask for.
    #[doc(hidden)]
    fn roles() -> Roles;

    /// The type that the parameter which takes the argument `index` expects.
    #[doc(hidden)]
    fn expected(index: usize) -> &'static str;

    /// All members, when the emitted tuple is exactly this one.
    #[doc(hidden)]
    fn copied(&self) -> Option<Self>;

    /// Each parameter by itself. The number was checked.
    #[doc(hidden)]
    fn each<D: Delivery>(cursor: &mut Cursor<'_, D>) -> Result<Self, ArgError>;

    /// All arguments of kept data.
    #[doc(hidden)]
    fn read(data: &EvtData) -> Result<Self, ArgError>;
}

macro_rules! tuple_params {
    ($($T:ident $i:tt),*) => {
        impl<$($T: FromArg),*> FromArgs for ($($T,)*) {
            #[inline]
            #[allow(unused_mut, reason = "the macro also makes the empty tuple")]
            fn roles() -> Roles {
                let mut roles = Roles::default();
                $(roles.add($T::role());)*
                roles
            }

            fn expected(index: usize) -> &'static str {
                let all: &[(Role, fn() -> &'static str)] = &[$(($T::role(), $T::expected)),*];
                let mut takers = all.iter().filter(|(role, _)| *role != Role::Manager);
                takers.nth(index).map_or("", |(_, expected)| expected())
            }

            #[inline]
            fn copied(&self) -> Option<Self> {
                Some(($($T::copied(&self.$i)?,)*))
            }

            #[allow(unused_variables, reason = "the macro also makes the empty tuple")]
            fn each<Event: Delivery>(cursor: &mut Cursor<'_, Event>) -> Result<Self, ArgError> {
                Ok(($(cursor.next::<$T>()?,)*))
            }

            fn read(data: &EvtData) -> Result<Self, ArgError> {
                let exact = data.payload().as_any().downcast_ref::<Self>();
                if let Some(copy) = exact.and_then(FromArgs::copied) {
                    return Ok(copy);
                }
                check_len(data.payload(), &[$($T::expected),*])?;
                Ok(($(data.arg::<$T>($i)?,)*))
            }
        }
    };
}

crate::macros::for_each_tuple!(tuple_params);

/// How a callback's parameters come out of an event.
#[doc(hidden)]
pub trait Bind: Send + 'static {
    /// A tuple of them.
    type Params;

    /// At once, if the message carries exactly them: then there is no call but that of the callback. Only a short cut.
    #[inline]
    fn at_once(&self, _event: &mut Event<'_>) -> Option<Self::Params> {
        None
    }

    /// In any case.
    fn bind(&self, event: &mut Event<'_>) -> Result<Self::Params, ArgError>;
}

/// For parameters that have no names.
pub(crate) struct ByPosition<P>(PhantomData<fn() -> P>);

impl<P: FromArgs> ByPosition<P> {
    pub(crate) fn of() -> Self {
        Self(PhantomData)
    }
}

impl<P: FromArgs> Bind for ByPosition<P> {
    type Params = P;

    #[inline]
    fn at_once(&self, event: &mut Event<'_>) -> Option<P> {
        // The callback is there twice for it: not where memory is short, nor where copying is more than a few moves.
        if !cfg!(feature = "std") || needs_drop::<P>() || !P::roles().are_values() {
            return None;
        }
        event.data().exact_inside::<P>().and_then(P::copied)
    }

    #[inline]
    fn bind(&self, event: &mut Event<'_>) -> Result<P, ArgError> {
        bind(event)
    }
}

/// For parameters that have names: by what `callback!` has written.
pub(crate) struct ByName<B>(pub(crate) B);

impl<B, P> Bind for ByName<B>
where
    B: Fn(&mut Binder<'_>) -> Result<P, ArgError> + Send + 'static,
{
    type Params = P;

    #[inline]
    fn bind(&self, event: &mut Event<'_>) -> Result<P, ArgError> {
        (self.0)(&mut Binder::new(event))
    }
}

/// The arguments for a callback whose parameters have no names.
#[inline]
pub(crate) fn bind<P: FromArgs, D: Delivery>(delivery: &mut D) -> Result<P, ArgError> {
    match bind_exact(delivery) {
        Some(params) => Ok(params),
        None => bind_each(delivery),
    }
}

/// The fast path: the emitted tuple has exactly the types of the parameters, and none of them is special.
#[inline]
pub(crate) fn bind_exact<P: FromArgs, D: Delivery + ?Sized>(delivery: &mut D) -> Option<P> {
    if !P::roles().are_values() {
        return None;
    }
    delivery.data().exact::<P>().and_then(P::copied)
}

#[inline(never)]
fn bind_each<P: FromArgs, D: Delivery>(delivery: &mut D) -> Result<P, ArgError> {
    let roles = P::roles();
    check_each(delivery.data().payload(), roles, P::expected)?;
    P::each(&mut Cursor {
        delivery,
        next: 0,
        take_all: roles.take_all(),
    })
}

/// Checks what does not depend on the types of the arguments: one piece of code for all callbacks.
fn check_each(
    payload: &dyn Payload,
    roles: Roles,
    expected: fn(usize) -> &'static str,
) -> Result<(), ArgError> {
    if roles.accept_all() {
        return Ok(());
    }
    if let Some((name, _)) = payload.keyword(0) {
        return Err(ArgError::UnknownKeyword {
            name: name.to_string().into(),
            names: [].into(),
        });
    }
    let given = payload.len();
    if given > roles.takes {
        return Err(surplus(payload, roles.takes));
    }
    if given < roles.takes {
        return Err(ArgError::Missing {
            argument: Argument::at(given),
            expected: expected(given),
            given,
        });
    }
    Ok(())
}

fn check_len(payload: &dyn Payload, expected: &[fn() -> &'static str]) -> Result<(), ArgError> {
    let given = payload.len();
    if given > expected.len() {
        return Err(surplus(payload, expected.len()));
    }
    match expected.get(given) {
        Some(missing) => Err(ArgError::Missing {
            argument: Argument::at(given),
            expected: missing(),
            given,
        }),
        None => Ok(()),
    }
}

#[cold]
fn surplus(payload: &dyn Payload, accepted: usize) -> ArgError {
    ArgError::Surplus {
        given: payload.len(),
        accepted,
        names: [].into(),
    }
}

/// Binds parameters from left to right.
#[derive(Debug)]
pub struct Cursor<'a, D> {
    delivery: &'a mut D,
    /// The position of the next argument. Parameters that take none do not count.
    next: usize,
    take_all: bool,
}

impl<D: Delivery> Cursor<'_, D> {
    #[inline]
    fn next<T: FromArg>(&mut self) -> Result<T, ArgError> {
        if let Some(special) = special(self.delivery, self.take_all) {
            return Ok(special);
        }
        let index = self.next;
        self.next += 1;
        let place = Place::Positional(index);
        T::from_arg(Source::Event(self.delivery.data()), place).map_err(|misfit| {
            misfit.explain(
                self.delivery.data().payload(),
                place,
                Argument::at(index),
                T::expected(),
            )
        })
    }
}

/// What a parameter gets that takes no argument.
#[inline]
pub(crate) fn special<T: FromArg, D: Delivery + ?Sized>(
    delivery: &mut D,
    take_all: bool,
) -> Option<T> {
    match T::role() {
        Role::Manager => T::special(delivery.manager()),
        Role::Whole if take_all => T::special(delivery.data().share()),
        Role::Whole | Role::Value => None,
    }
}
