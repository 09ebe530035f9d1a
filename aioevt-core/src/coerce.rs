//! Reading an argument as another type where nothing can be lost: `coerce`. Which argument is read, and what is said
//! when it does not fit, is in `bind.rs`.

use alloc::borrow::Cow;
use alloc::string::String;
use core::any::{Any, TypeId};

use crate::bind::Misfit;
use crate::data::Value;
use crate::sync::Arc;

/// The value as a `T`: itself, an integer of another type, an `f64` from an `f32`, or a string from a literal.
#[inline]
pub(crate) fn coerce<T: Clone + 'static>(value: Value<'_>) -> Result<T, Misfit> {
    match value.downcast::<T>() {
        Some(exact) => Ok(exact.clone()),
        None => convert(value),
    }
}

/// The same for an argument that is an integer and small, as nearly all are.
#[inline]
pub(crate) fn coerce_small<T: 'static>(small: i64) -> Result<T, Misfit> {
    Integer::Signed(small.into()).to().ok_or(Misfit::OutOfRange)
}

/// `value` if `V` is `T`. The compiler knows both types, so nothing of this is left at run time.
#[inline]
pub(crate) fn same<V: 'static, T: 'static>(value: V) -> Option<T> {
    let mut slot = Some(value);
    (&mut slot as &mut dyn Any)
        .downcast_mut::<Option<T>>()
        .and_then(Option::take)
}

#[inline]
pub(crate) fn is<V: 'static, T: 'static>() -> bool {
    TypeId::of::<V>() == TypeId::of::<T>()
}

fn convert<T: 'static>(value: Value<'_>) -> Result<T, Misfit> {
    if Integer::is_one::<T>() {
        return match value.integer() {
            Some(integer) => integer.to().ok_or(Misfit::OutOfRange),
            None => Err(Misfit::WrongType),
        };
    }
    let converted = if is::<T, f64>() {
        value.downcast::<f32>().and_then(|&v| same(f64::from(v)))
    } else if is::<T, String>() {
        value
            .downcast::<&'static str>()
            .and_then(|&v| same(String::from(v)))
    } else if is::<T, Cow<'static, str>>() {
        value
            .downcast::<&'static str>()
            .and_then(|&v| same(Cow::Borrowed(v)))
    } else if is::<T, Arc<str>>() {
        value
            .downcast::<&'static str>()
            .and_then(|&v| same(Arc::<str>::from(v)))
    } else {
        None
    };
    converted.ok_or(Misfit::WrongType)
}

/// An integer of any type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Integer {
    /// Every type but `u128`.
    Signed(i128),
    /// `u128`.
    Unsigned(u128),
}

macro_rules! integers {
    ($($T:ty),*) => {
        /// The value, if it is an integer that an `i64` holds.
        #[inline]
        pub(crate) fn small_integer<T: 'static>(value: &T) -> Option<i64> {
            let value: &dyn Any = value;
            $(if is::<T, $T>() {
                return value.downcast_ref::<$T>().and_then(|&v| i64::try_from(v).ok());
            })*
            None
        }

        impl Integer {
            #[inline]
            pub(crate) fn is_one<T: 'static>() -> bool {
                is::<T, u128>() $(|| is::<T, $T>())*
            }

            /// The value, if `T` is an integer. Compiled where the type is known: a search among all of them, where it
            /// no longer is, would be a large piece of code in the smallest program.
            #[inline]
            pub(crate) fn of<T: 'static>(value: &T) -> Option<Self> {
                let value: &dyn Any = value;
                $(if is::<T, $T>() {
                    return value.downcast_ref::<$T>().and_then(|&v| v.try_into().ok()).map(Self::Signed);
                })*
                value.downcast_ref::<u128>().copied().map(Self::Unsigned)
            }

            #[inline]
            fn to<T: 'static>(self) -> Option<T> {
                $(if is::<T, $T>() {
                    return match self {
                        Self::Signed(v) => <$T>::try_from(v).ok(),
                        Self::Unsigned(v) => <$T>::try_from(v).ok(),
                    }
                    .and_then(same);
                })*
                match self {
                    Self::Signed(v) => u128::try_from(v).ok(),
                    Self::Unsigned(v) => Some(v),
                }
                .and_then(same)
            }
        }
    };
}

// Literals are `i32`: the most frequent type is asked for first.
integers!(i32, i64, usize, u32, u64, u8, i8, u16, i16, isize, i128);

impl Integer {
    /// In decimal. By hand, digit by digit: what core has for 128 bits is 2 KB of code, and this is the only place where
    /// a program that prints nothing needs it.
    pub(crate) fn digits(self) -> String {
        let (negative, number) = match self {
            Self::Signed(v) => (v < 0, v.unsigned_abs()),
            Self::Unsigned(v) => (false, v),
        };
        let mut number = number.to_be_bytes();
        let mut text = String::new();
        loop {
            // Divided by ten as on paper, byte by byte: the rest is the last digit.
            let mut rest = 0;
            for byte in &mut number {
                let part = rest << 8 | u32::from(*byte);
                *byte = (part / 10) as u8;
                rest = part % 10;
            }
            text.insert(0, char::from(b'0' + rest as u8));
            if number == [0; 16] {
                break;
            }
        }
        if negative {
            text.insert(0, '-');
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use alloc::string::ToString;

    use super::*;
    use crate::{ArgError, EvtData};

    /// Every value of `$from` below must arrive in each type exactly, or be refused.
    macro_rules! into_every {
        ($from:ty => $($to:ty),*) => {$(
            for v in [<$from>::MIN, 0, 1, 100, <$from>::MAX / 2, <$from>::MAX] {
                let got = coerce::<$to>(Value::new(&v));
                // The way of a tuple is a shorter one.
                let data = EvtData::new((v,));
                assert_eq!(data.arg::<$to>(0).ok(), got.ok());
                assert_eq!(matches!(data.arg::<$to>(0), Err(ArgError::OutOfRange { .. })), got.is_err());
                match <$to>::try_from(v) {
                    Ok(exact) => assert_eq!(got, Ok(exact)),
                    Err(_) => {
                        assert_eq!(got, Err(Misfit::OutOfRange));
                        let printed = Value::new(&v).integer().map(Integer::digits);
                        assert_eq!(printed, Some(v.to_string()));
                    }
                }
            }
        )*};
    }
    macro_rules! every_into_every {
        ($($from:ty),*) => {$(
            into_every!($from => i8, i16, i32, i64, i128, isize, u8, u16, u32, u64, u128, usize);
        )*};
    }

    #[test]
    #[allow(
        irrefutable_let_patterns,
        clippy::useless_conversion,
        reason = "a macro over all pairs of types"
    )]
    fn every_integer_into_every_other() {
        every_into_every!(
            i8, i16, i32, i64, i128, isize, u8, u16, u32, u64, u128, usize
        );
    }

    #[test]
    fn floats_only_widen() {
        assert_eq!(coerce::<f64>(Value::new(&0.5_f32)), Ok(0.5));
        assert_eq!(coerce::<f32>(Value::new(&0.5_f64)), Err(Misfit::WrongType));
        assert_eq!(coerce::<f64>(Value::new(&1)), Err(Misfit::WrongType));
        assert_eq!(coerce::<i32>(Value::new(&1.0_f32)), Err(Misfit::WrongType));
    }

    #[test]
    fn a_literal_becomes_any_string() {
        let literal = Value::new(&"x");
        assert_eq!(coerce::<&str>(literal), Ok("x"));
        assert_eq!(coerce::<String>(literal), Ok("x".into()));
        assert_eq!(coerce::<Cow<'static, str>>(literal), Ok(Cow::Borrowed("x")));
        assert_eq!(coerce::<Arc<str>>(literal), Ok(Arc::from("x")));
    }

    #[test]
    fn nothing_else_converts() {
        let owned = String::from("x");
        assert_eq!(coerce::<&str>(Value::new(&owned)), Err(Misfit::WrongType));
        assert_eq!(
            coerce::<Arc<str>>(Value::new(&owned)),
            Err(Misfit::WrongType)
        );
        assert_eq!(coerce::<i64>(Value::new(&"1")), Err(Misfit::WrongType));
        assert_eq!(coerce::<bool>(Value::new(&1)), Err(Misfit::WrongType));
        assert_eq!(coerce::<i64>(Value::new(&true)), Err(Misfit::WrongType));
        assert_eq!(coerce::<u32>(Value::new(&'x')), Err(Misfit::WrongType));
        assert_eq!(
            coerce::<Option<i32>>(Value::new(&1)),
            Err(Misfit::WrongType)
        );
    }

    #[test]
    fn the_largest_integers_are_printed_whole() {
        assert_eq!(Integer::Unsigned(u128::MAX).digits(), u128::MAX.to_string());
        assert_eq!(Integer::Signed(i128::MIN).digits(), i128::MIN.to_string());
    }
}
