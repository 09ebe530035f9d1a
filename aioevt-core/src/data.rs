//! The data of an event as it travels (`Data`), as users keep it (`EvtData`), and what can become it (`IntoEvtData`).
//! What is inside is in `data/payload.rs` and `data/args.rs`; fitting it to parameters is in `bind.rs`.

use core::any::{Any, type_name};
use core::{fmt, mem};

use crate::arg_error::{ArgError, Argument};
use crate::bind::{FromArg, FromArgs, Misfit, Source};
use crate::sync::{Arc, shared_dyn};

mod args;
mod payload;
mod small;
#[cfg(test)]
mod tests;

pub use args::Args;
pub(crate) use payload::{Payload, Place, Value};
use small::Small;

/// The data of one event: as many arguments as were emitted, each of its own type, and keyword arguments.
///
/// A callback with one parameter of this type takes the whole event, whatever its arguments are; a wait resolves with
/// it. Cloning it shares the data, and emitting it (or a reference to it) again does not copy it either. The data is
/// dropped with the last clone.
///
/// # Examples
///
/// ```
/// # use aioevt_core as aioevt;
/// use aioevt::{ArgError, EvtData};
///
/// let data = EvtData::new((1, String::from("two"), [3.0; 100]));
/// assert_eq!(data.len(), 3);
/// assert_eq!(data.arg::<i64>(0)?, 1); // integers of any type, if they fit
/// assert_eq!(data.arg::<String>(1)?, "two"); // a clone
/// assert_eq!(data.arg_ref::<[f64; 100]>(2)?[99], 3.0); // borrowed
/// assert_eq!(EvtData::new((1, "two")).args::<(u8, String)>()?, (1, "two".to_string()));
/// assert!(matches!(data.arg::<i64>(3), Err(ArgError::Missing { .. })));
/// # Ok::<(), ArgError>(())
/// ```
#[derive(Clone)]
pub struct EvtData(Arc<dyn Payload>);

impl EvtData {
    /// Keeps data outside of an event, for example to emit it several times without building it again.
    pub fn new(data: impl IntoEvtData) -> Self {
        data.into_data(true).into_shared()
    }

    /// How many positional arguments there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// True if there are no positional arguments.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The positional argument `index`, counting from 0: a clone, or converted where nothing can be lost (see
    /// [`FromArg`]).
    ///
    /// # Errors
    ///
    /// [`ArgError::Missing`] if there are not so many, [`ArgError::WrongType`] or [`ArgError::OutOfRange`] if it is
    /// something else.
    ///
    /// ```
    /// # use aioevt_core as aioevt;
    /// # use aioevt::{ArgError, EvtData};
    /// let data = EvtData::new((300,));
    /// assert!(matches!(data.arg::<u8>(0), Err(ArgError::OutOfRange { .. })));
    /// ```
    pub fn arg<T: FromArg>(&self, index: usize) -> Result<T, ArgError> {
        T::from_arg(Source::Kept(self), Place::Positional(index)).map_err(|misfit| {
            misfit.explain(
                self.payload(),
                Place::Positional(index),
                Argument::at(index),
                T::expected(),
            )
        })
    }

    /// The positional argument `index`, counting from 0, borrowed. It must be exactly a `T`.
    ///
    /// # Errors
    ///
    /// [`ArgError::Missing`] if there are not so many, [`ArgError::WrongType`] if it is not a `T`.
    ///
    /// ```
    /// # use aioevt_core as aioevt;
    /// # use aioevt::{ArgError, EvtData};
    /// let data = EvtData::new((1_i32,));
    /// assert!(matches!(data.arg_ref::<i64>(0), Err(ArgError::WrongType { found: "i32", .. })));
    /// ```
    pub fn arg_ref<T: 'static>(&self, index: usize) -> Result<&T, ArgError> {
        self.borrowed(Place::Positional(index)).map_err(|misfit| {
            misfit.explain(
                self.payload(),
                Place::Positional(index),
                Argument::at(index),
                type_name::<T>(),
            )
        })
    }

    /// All positional arguments as a tuple. Keyword arguments are left aside.
    ///
    /// # Errors
    ///
    /// [`ArgError::Missing`] or [`ArgError::Surplus`] if there are more or fewer than the tuple has members, else as
    /// [`arg`](Self::arg).
    ///
    /// ```
    /// # use aioevt_core as aioevt;
    /// # use aioevt::{ArgError, EvtData};
    /// let data = EvtData::new((1, 2));
    /// assert_eq!(data.args::<(i64, i64)>(), Ok((1, 2)));
    /// assert!(matches!(data.args::<(i64,)>(), Err(ArgError::Surplus { given: 2, accepted: 1, .. })));
    /// ```
    pub fn args<T: FromArgs>(&self) -> Result<T, ArgError> {
        T::read(self)
    }

    /// The keyword argument `name`: a clone, or converted as by [`arg`](Self::arg).
    ///
    /// # Errors
    ///
    /// [`ArgError::Missing`] if there is none, [`ArgError::GivenTwice`] if there are several, else as
    /// [`arg`](Self::arg).
    ///
    /// ```
    /// # use aioevt_core as aioevt;
    /// # use aioevt::{ArgError, EvtData, args};
    /// let data = EvtData::new(args![; num4 = 4]);
    /// assert_eq!(data.kwarg::<u8>("num4"), Ok(4));
    /// assert!(matches!(data.kwarg::<u8>("num5"), Err(ArgError::Missing { .. })));
    /// ```
    pub fn kwarg<T: FromArg>(&self, name: &str) -> Result<T, ArgError> {
        let place = self.keyword_place(name, T::expected())?;
        T::from_arg(Source::Kept(self), place).map_err(|misfit| {
            misfit.explain(self.payload(), place, Argument::named(name), T::expected())
        })
    }

    /// The keyword argument `name`, borrowed. It must be exactly a `T`.
    ///
    /// # Errors
    ///
    /// [`ArgError::Missing`] if there is none, [`ArgError::GivenTwice`] if there are several,
    /// [`ArgError::WrongType`] if it is not a `T`.
    ///
    /// ```
    /// # use aioevt_core as aioevt;
    /// # use aioevt::{ArgError, EvtData, args};
    /// let data = EvtData::new(args![; name = String::from("x")]);
    /// assert_eq!(data.kwarg_ref::<String>("name")?.as_str(), "x");
    /// assert!(matches!(data.kwarg_ref::<i32>("name"), Err(ArgError::WrongType { .. })));
    /// # Ok::<(), ArgError>(())
    /// ```
    pub fn kwarg_ref<T: 'static>(&self, name: &str) -> Result<&T, ArgError> {
        let place = self.keyword_place(name, type_name::<T>())?;
        self.borrowed(place).map_err(|misfit| {
            misfit.explain(
                self.payload(),
                place,
                Argument::named(name),
                type_name::<T>(),
            )
        })
    }

    /// The names of the keyword arguments, in the order of giving. One that was given twice comes twice.
    pub fn keywords(&self) -> impl ExactSizeIterator<Item = &str> {
        (0..self.0.keyword_len()).map(|i| self.0.keyword(i).map_or("", |(name, _)| name))
    }

    pub(crate) fn payload(&self) -> &dyn Payload {
        &*self.0
    }

    pub(crate) fn borrowed<T: 'static>(&self, place: Place) -> Result<&T, Misfit> {
        let value = self.0.value(place).ok_or(Misfit::Absent)?;
        value.downcast().ok_or(Misfit::WrongType)
    }

    fn keyword_place(&self, name: &str, expected: &'static str) -> Result<Place, ArgError> {
        match self.0.find(name, 0) {
            None => Err(ArgError::Missing {
                argument: Argument::named(name),
                expected,
                given: self.len(),
            }),
            Some(i) if self.0.find(name, i + 1).is_some() => Err(ArgError::GivenTwice {
                argument: Argument::named(name),
            }),
            Some(i) => Ok(Place::Keyword(i)),
        }
    }
}

/// The types of the arguments and the names of the keywords; the values need not be `Debug`.
impl fmt::Debug for EvtData {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        debug(&*self.0, f.debug_tuple("EvtData"))
    }
}

fn debug(payload: &dyn Payload, mut f: fmt::DebugTuple<'_, '_>) -> fmt::Result {
    for value in (0..payload.len()).filter_map(|i| payload.arg(i)) {
        f.field(&format_args!("{}", value.type_name()));
    }
    for (name, value) in (0..payload.keyword_len()).filter_map(|i| payload.keyword(i)) {
        f.field(&format_args!("{name} = {}", value.type_name()));
    }
    f.finish()
}

/// What can be emitted: a tuple of 0 to 12 arguments, [`Args`], an [`EvtData`] or a reference to one.
///
/// One argument is a tuple too: `(5,)`. Arguments are `Send + Sync + 'static`, since any thread may receive them;
/// `Mutex<T>` makes a `Sync` argument of one that is only `Send`. All callbacks and waits of an event get one and the
/// same value: what one of them changes behind a lock is changed for all. (Several loops may get copies of a small tuple
/// of numbers, `bool`, `char`, `&'static str` and `Duration`, which are as good as the same.) This trait cannot be
/// implemented elsewhere.
///
/// # Examples
///
/// ```
/// # use aioevt_core as aioevt;
/// use aioevt::{EvtData, args};
///
/// let nothing = EvtData::new(());
/// let one = EvtData::new((5,));
/// let many = EvtData::new((5, "x", vec![1, 2]));
/// let keywords = EvtData::new(args![5; name = "x"]);
/// let again = EvtData::new(&keywords);
/// assert_eq!((nothing.len(), one.len(), many.len(), again.len()), (0, 1, 3, 1));
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not the data of an event",
    label = "expected a tuple, `args![..]` or an `EvtData`",
    note = "one value is emitted as a tuple of one: write `(value,)`; no data as `()`",
    note = "a tuple has at most 12 members, and each is `Send + Sync + 'static`; use `args![..]` for more"
)]
pub trait IntoEvtData {
    /// Builds the data. `shared` says that it is allocated in any case, once, here. Sealed by the type, which cannot be
    /// named elsewhere.
    #[doc(hidden)]
    fn into_data(self, shared: bool) -> Data;

    /// Whether it may be there several times, each as good as the other.
    #[doc(hidden)]
    #[inline]
    fn is_plain() -> bool
    where
        Self: Sized,
    {
        false
    }

    /// Whether building it unshared allocates.
    #[doc(hidden)]
    const ALLOCATES: bool;
}

macro_rules! tuple_data {
    ($($T:ident $i:tt),*) => {
        impl<$($T: Send + Sync + 'static),*> IntoEvtData for ($($T,)*) {
            const ALLOCATES: bool = !Small::fits::<Self>();

            #[inline]
            fn into_data(self, shared: bool) -> Data {
                let large = if shared {
                    self
                } else {
                    match Small::new(self) {
                        Ok(small) => return Data::Inline(small),
                        Err(large) => large,
                    }
                };
                Data::Shared(shared_dyn!(large => dyn Payload))
            }

            #[inline]
            fn is_plain() -> bool {
                <Self as Payload>::is_plain()
            }
        }
    };
}

crate::macros::for_each_tuple!(tuple_data);

impl IntoEvtData for Args {
    const ALLOCATES: bool = true;

    fn into_data(self, _shared: bool) -> Data {
        Data::Shared(shared_dyn!(self => dyn Payload))
    }
}

impl IntoEvtData for EvtData {
    const ALLOCATES: bool = false;

    #[inline]
    fn into_data(self, _shared: bool) -> Data {
        Data::Shared(self.0)
    }
}

impl IntoEvtData for &EvtData {
    const ALLOCATES: bool = false;

    #[inline]
    fn into_data(self, _shared: bool) -> Data {
        Data::Shared(self.0.clone())
    }
}

/// What was built already.
impl IntoEvtData for Data {
    const ALLOCATES: bool = false;

    #[inline]
    fn into_data(self, _shared: bool) -> Data {
        self
    }
}

/// The data of an event on its way.
pub enum Data {
    /// Inside of what carries it, the message or the round of those who waited for it: small, and nobody else has it, but
    /// perhaps a copy. Anything else is shared from the start: on the heap it would be allocated a second time as soon as
    /// somebody keeps it.
    Inline(Small),
    /// In an allocation that others may hold too.
    Shared(Arc<dyn Payload>),
}

impl Data {
    /// What is read of it.
    #[inline]
    pub(crate) fn payload(&self) -> &dyn Payload {
        match self {
            Self::Inline(small) => small.payload(),
            Self::Shared(shared) => &**shared,
        }
    }

    /// Whether dropping it does anything.
    #[inline]
    pub(crate) fn needs_drop(&self) -> bool {
        match self {
            Self::Inline(small) => small.needs_drop(),
            Self::Shared(_) => true,
        }
    }

    /// Whether [`another`](Self::another) makes one: it is shared, or may be copied.
    #[inline]
    pub(crate) fn is_for_many(&self, copied: bool) -> bool {
        match self {
            Self::Inline(small) => copied && small.is_plain(),
            Self::Shared(_) => true,
        }
    }

    /// Whether it was inside of a message, and somebody has kept it.
    pub(crate) fn was_kept(&self) -> bool {
        match self {
            Self::Inline(_) => false,
            Self::Shared(shared) => shared.was_kept(),
        }
    }

    /// The same for one more who gets it, without an allocation.
    #[inline]
    pub(crate) fn another(&self) -> Option<Self> {
        match self {
            Self::Inline(small) => small.copy().map(Self::Inline),
            Self::Shared(shared) => Some(Self::Shared(shared.clone())),
        }
    }

    /// The tuple that was emitted, if it is a `T`.
    #[inline]
    pub(crate) fn exact<T: Any>(&self) -> Option<&T> {
        match self {
            Self::Inline(small) => small.get(),
            Self::Shared(shared) => Self::exact_shared(shared),
        }
    }

    /// The same, if that can be seen without a call: it is inside of the message.
    #[inline]
    pub(crate) fn exact_inside<T: Any>(&self) -> Option<&T> {
        match self {
            Self::Inline(small) => small.get_plain(),
            Self::Shared(_) => None,
        }
    }

    /// Not inlined: the usual case does without the calls through two trait objects.
    #[inline(never)]
    fn exact_shared<T: Any>(shared: &Arc<dyn Payload>) -> Option<&T> {
        shared.as_any().downcast_ref()
    }

    /// True if it is in an allocation of its own.
    #[cfg(test)]
    pub(crate) fn is_shared(&self) -> bool {
        matches!(self, Self::Shared(_))
    }

    /// A handle for whoever keeps it. Data that travelled in the message is moved to an allocation first.
    pub(crate) fn share(&mut self) -> EvtData {
        let shared = mem::replace(self, Self::Inline(Small::empty())).into_shared();
        *self = Self::Shared(shared.0.clone());
        shared
    }

    /// Takes it from where it is, and leaves nothing there that needs to be dropped.
    pub(crate) fn take(&mut self) -> Self {
        mem::replace(self, Self::Inline(Small::empty()))
    }

    /// The same for whoever has it alone.
    pub(crate) fn into_shared(self) -> EvtData {
        EvtData(match self {
            Self::Shared(shared) => shared,
            Self::Inline(small) => shared_dyn!(payload::Kept(small) => dyn Payload),
        })
    }
}

impl fmt::Debug for Data {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        debug(self.payload(), f.debug_tuple("Data"))
    }
}
