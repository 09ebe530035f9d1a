//! What the core sees of an emitted value: `Payload`, implemented for tuples here and for `Args` in `args.rs`. How a
//! payload travels and who owns it is in `data.rs`.

use core::any::{Any, TypeId, type_name};

use super::small::{self, Small};
use crate::coerce::{Integer, small_integer};

/// The arguments of one event, of a type that is no longer known.
pub trait Payload: Send + Sync {
    /// How many positional arguments there are.
    fn len(&self) -> usize;

    /// The positional argument `index`, counting from 0.
    fn arg(&self, index: usize) -> Option<Value<'_>>;

    /// The positional argument `index`, if it is an integer that an `i64` holds. The type is known where this is
    /// compiled, so a literal reaches an integer of another type without being looked up among all types.
    fn integer(&self, _index: usize) -> Option<i64> {
        None
    }

    /// How many keyword arguments there are.
    fn keyword_len(&self) -> usize {
        0
    }

    /// The keyword argument `index` in the order of giving, with its name.
    fn keyword(&self, _index: usize) -> Option<(&str, Value<'_>)> {
        None
    }

    /// The payload as a whole: a tuple of the right type is bound in one step.
    fn as_any(&self) -> &dyn Any;

    /// Whether it travelled inside of a message before.
    fn was_kept(&self) -> bool {
        false
    }

    /// Whether all of it is plain, as [`small::is_plain`] says of its members. `Small` relies on it.
    fn is_plain() -> bool
    where
        Self: Sized,
    {
        false
    }
}

impl dyn Payload + '_ {
    /// The argument at `place`, by position or by keyword.
    pub(crate) fn value(&self, place: Place) -> Option<Value<'_>> {
        match place {
            Place::Positional(index) => self.arg(index),
            Place::Keyword(index) => self.keyword(index).map(|(_, value)| value),
        }
    }

    /// Where the keyword `name` is, searched from the keyword number `from` on.
    pub(crate) fn find(&self, name: &str, from: usize) -> Option<usize> {
        (from..self.keyword_len()).find(|&i| self.keyword(i).is_some_and(|(n, _)| n == name))
    }
}

/// Where in a payload an argument is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// By position, counting from 0.
    Positional(usize),
    /// By keyword, in the order of giving.
    Keyword(usize),
}

/// An argument of any type. What is known of the type is carried along, so that a type which does not fit costs no
/// call.
#[derive(Debug, Clone, Copy)]
pub struct Value<'a> {
    any: &'a (dyn Any + Send + Sync),
    type_id: TypeId,
    about: About,
}

/// What is said of an argument whose type does not fit: its name, and its value if it is an integer.
pub(super) type About = fn(&(dyn Any + Send + Sync)) -> (&'static str, Option<Integer>);

pub(super) fn about<T: Any>(any: &(dyn Any + Send + Sync)) -> (&'static str, Option<Integer>) {
    let value = any.downcast_ref::<T>();
    (type_name::<T>(), value.and_then(Integer::of))
}

impl<'a> Value<'a> {
    #[inline]
    pub(crate) fn new<T: Any + Send + Sync>(value: &'a T) -> Self {
        Self {
            any: value,
            type_id: TypeId::of::<T>(),
            about: about::<T>,
        }
    }

    pub(super) fn erased(any: &'a (dyn Any + Send + Sync), about: About) -> Self {
        Self {
            any,
            type_id: any.type_id(),
            about,
        }
    }

    #[inline]
    pub(crate) fn downcast<T: Any>(self) -> Option<&'a T> {
        if self.type_id == TypeId::of::<T>() {
            self.any.downcast_ref()
        } else {
            None
        }
    }

    pub(crate) fn type_name(self) -> &'static str {
        (self.about)(self.any).0
    }

    /// The value, if it is an integer.
    pub(crate) fn integer(self) -> Option<Integer> {
        (self.about)(self.any).1
    }
}

/// A payload that travelled inside a message and was moved to the heap by the first who kept it.
pub(super) struct Kept(pub(super) Small);

impl Kept {
    #[inline]
    fn inside(&self) -> &dyn Payload {
        self.0.payload()
    }
}

payload_inside!(Kept, true);

macro_rules! tuple_payload {
    ($($T:ident $i:tt),*) => {
        impl<$($T: Send + Sync + 'static),*> Payload for ($($T,)*) {
            #[inline]
            fn len(&self) -> usize {
                0 $(+ { let _ = $i; 1 })*
            }

            #[inline]
            fn arg(&self, index: usize) -> Option<Value<'_>> {
                match index {
                    $($i => Some(Value::new(&self.$i)),)*
                    _ => None,
                }
            }

            #[inline]
            fn integer(&self, index: usize) -> Option<i64> {
                match index {
                    $($i => small_integer(&self.$i),)*
                    _ => None,
                }
            }

            #[inline]
            fn as_any(&self) -> &dyn Any {
                self
            }

            #[inline]
            fn is_plain() -> bool {
                true $(&& small::is_plain::<$T>())*
            }
        }
    };
}

crate::macros::for_each_tuple!(tuple_payload);
