//! `Args`: arguments collected one by one, with keywords. Tuples, the cheaper and usual way, are in `payload.rs`.

use alloc::borrow::Cow;
use alloc::boxed::Box;
use alloc::vec::Vec;
use core::any::Any;
use core::fmt;

use super::payload::{About, Payload, Value, about};

/// Arguments of an event, positional and keyword, collected one by one. Usually made with [`args!`](crate::args!).
///
/// It is meant for events with keywords, and for more than 12 arguments or a number of them that is known only at run
/// time: every argument is an allocation. Without such needs a tuple is cheaper.
///
/// Keywords reach the parameters of a [`callback!`](crate::callback!) and everybody who takes an
/// [`EvtData`](crate::EvtData). A keyword that is given twice is not rejected here: whoever binds it gets
/// [`ArgError::GivenTwice`](crate::ArgError::GivenTwice).
///
/// # Examples
///
/// ```
/// # use aioevt_core as aioevt;
/// use aioevt::{Args, EvtData, args};
///
/// let data = EvtData::new(Args::new().with(1).with_kw("num4", 4));
/// assert_eq!(data.arg::<i64>(0)?, 1);
/// assert_eq!(data.kwarg::<i64>("num4")?, 4);
///
/// let same = EvtData::new(args![1; num4 = 4]);
/// assert_eq!(same.kwarg::<i64>("num4")?, 4);
/// # Ok::<(), aioevt::ArgError>(())
/// ```
#[derive(Default)]
#[must_use = "arguments reach nobody before they are emitted: give them to `emit`"]
pub struct Args {
    positional: Vec<Owned>,
    keywords: Vec<(Cow<'static, str>, Owned)>,
}

struct Owned {
    value: Box<dyn Any + Send + Sync>,
    about: About,
}

impl Owned {
    fn new<T: Send + Sync + 'static>(value: T) -> Self {
        Self {
            value: Box::new(value),
            about: about::<T>,
        }
    }

    fn get(&self) -> Value<'_> {
        // The dereferenced value: the box would be an argument of type `Box`.
        Value::erased(&*self.value, self.about)
    }
}

impl Args {
    /// No arguments.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a positional argument behind those that are there.
    pub fn with<T: Send + Sync + 'static>(mut self, value: T) -> Self {
        self.positional.push(Owned::new(value));
        self
    }

    /// Adds a keyword argument.
    pub fn with_kw<T: Send + Sync + 'static>(
        mut self,
        name: impl Into<Cow<'static, str>>,
        value: T,
    ) -> Self {
        self.keywords.push((name.into(), Owned::new(value)));
        self
    }
}

impl Payload for Args {
    fn len(&self) -> usize {
        self.positional.len()
    }

    fn arg(&self, index: usize) -> Option<Value<'_>> {
        self.positional.get(index).map(Owned::get)
    }

    fn keyword_len(&self) -> usize {
        self.keywords.len()
    }

    fn keyword(&self, index: usize) -> Option<(&str, Value<'_>)> {
        self.keywords
            .get(index)
            .map(|(name, value)| (&**name, value.get()))
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

/// The types of the arguments and the names of the keywords; the values need not be `Debug`.
impl fmt::Debug for Args {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        super::debug(self, f.debug_tuple("Args"))
    }
}
