//! Why an event's arguments did not fit: `ArgError`. The checks that find it are in `bind.rs` and `data.rs`.

use alloc::borrow::Cow;
use alloc::string::String;
use alloc::vec::Vec;
use core::any::type_name;
use core::fmt;

use crate::data::EvtData;

/// Why the arguments of an event do not fit the parameters of a callback, or what was asked of an
/// [`EvtData`](crate::EvtData).
///
/// The text of every variant says where (positions count from 1 in the text, from 0 in the fields), what was expected,
/// what was found, and what to do. Types are written as [`core::any::type_name`] gives them.
///
/// # Examples
///
/// ```
/// # use aioevt_core as aioevt;
/// use aioevt::{ArgError, EvtData};
///
/// let data = EvtData::new((1, "two"));
/// let error = data.arg::<i64>(1).unwrap_err();
/// assert!(matches!(error, ArgError::WrongType { expected: "i64", found: "&str", .. }));
/// assert_eq!(
///     error.to_string(),
///     "argument 2: expected i64, found &str; emit an i64 here or take a String",
/// );
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum ArgError {
    /// A parameter got no argument.
    Missing {
        /// The parameter.
        argument: Argument,
        /// The type it takes.
        expected: &'static str,
        /// How many positional arguments the event carries.
        given: usize,
    },
    /// The event carries more positional arguments than there are parameters. A callback that takes none accepts every
    /// event.
    Surplus {
        /// How many positional arguments the event carries.
        given: usize,
        /// How many are taken.
        accepted: usize,
        /// The names of the parameters, if they have names.
        names: Vec<&'static str>,
    },
    /// An argument is of another type, and no conversion without loss is known.
    WrongType {
        /// The argument.
        argument: Argument,
        /// The type that is taken.
        expected: &'static str,
        /// The type that was emitted.
        found: &'static str,
    },
    /// An integer does not fit the integer type that is taken.
    OutOfRange {
        /// The argument.
        argument: Argument,
        /// The type that is taken.
        expected: &'static str,
        /// The type that was emitted.
        found: &'static str,
        /// The integer, in decimal digits.
        value: String,
    },
    /// A keyword argument that no parameter is named after.
    UnknownKeyword {
        /// The keyword.
        name: Cow<'static, str>,
        /// The names of the parameters; empty if parameters have no names, as those of every callback that was not
        /// made with [`callback!`](crate::callback!).
        names: Vec<&'static str>,
    },
    /// An argument was given by position and by keyword, or by the same keyword twice.
    GivenTwice {
        /// The argument.
        argument: Argument,
    },
}

/// Which argument an [`ArgError`] is about.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Argument {
    /// The position among the positional arguments, counting from 0. `None` for what was asked for by keyword.
    pub index: Option<usize>,
    /// The name, if it has one.
    pub name: Option<Cow<'static, str>>,
}

impl Argument {
    pub(crate) fn at(index: usize) -> Self {
        Self {
            index: Some(index),
            name: None,
        }
    }

    pub(crate) fn named(name: &str) -> Self {
        Self {
            index: None,
            name: Some(Cow::Owned(String::from(name))),
        }
    }

    pub(crate) fn parameter(index: usize, name: &'static str) -> Self {
        Self {
            index: Some(index),
            name: Some(Cow::Borrowed(name)),
        }
    }
}

impl fmt::Display for Argument {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("argument")?;
        if let Some(index) = self.index {
            // An index can be anything that a user asked for.
            write!(f, " {}", index.saturating_add(1))?;
        }
        if let Some(name) = &self.name {
            write!(f, " `{name}`")?;
        }
        Ok(())
    }
}

impl fmt::Display for ArgError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing {
                argument,
                expected,
                given,
            } => {
                write!(f, "{argument}: expected {expected}, found nothing")?;
                match argument {
                    Argument {
                        index: Some(_),
                        name: Some(name),
                    } => {
                        write!(
                            f,
                            "; emit it by position or as `{name} = ..`, or make it an `Option`"
                        )
                    }
                    Argument {
                        name: Some(name), ..
                    } => {
                        write!(f, "; emit it as `{name} = ..` with `args!`")
                    }
                    _ => {
                        write!(
                            f,
                            " (the event carries {}); emit it, or ask for less",
                            Count(*given)
                        )?;
                        special(f, expected)
                    }
                }
            }
            Self::Surplus {
                given,
                accepted,
                names,
            } => {
                write!(
                    f,
                    "argument {}: expected no more than {accepted}",
                    accepted.saturating_add(1)
                )?;
                if !names.is_empty() {
                    write!(f, " ({})", List(names))?;
                }
                write!(
                    f,
                    ", found {}; emit fewer, or take as many (or one `EvtData`)",
                    Count(*given)
                )
            }
            Self::WrongType {
                argument,
                expected,
                found,
            } => {
                // A parameter is borrowed for ever, or not at all.
                let (reference, owned) = match found.strip_prefix('&') {
                    Some("str") => ("", "String"),
                    Some(referent) if referent.starts_with("mut ") => ("Shared of ", *found),
                    Some(referent) => ("&'static ", referent),
                    None => ("", *found),
                };
                write!(
                    f,
                    "{argument}: expected {expected}, found {found}; \
                     emit {} {expected} here or take {} {reference}{owned}",
                    article(expected),
                    if reference.is_empty() {
                        article(owned)
                    } else {
                        "a"
                    },
                )?;
                if is_converted(found, expected) {
                    f.write_str("; what is borrowed or `Shared` is not converted")?;
                }
                match argument.name {
                    None => special(f, expected),
                    Some(_) => Ok(()),
                }
            }
            Self::OutOfRange {
                argument,
                expected,
                found,
                value,
            } => write!(
                f,
                "{argument}: expected {} {expected}, found the {found} {value}, which is out of its range; \
                 emit a value that fits or take a wider type",
                article(expected),
            ),
            Self::UnknownKeyword { name, names } if names.is_empty() => write!(
                f,
                "keyword `{name}`: expected none, found `{name}`; parameters have no names here: \
                 write the callback with `callback!`, take one `EvtData`, or emit without keywords"
            ),
            Self::UnknownKeyword { name, names } => write!(
                f,
                "keyword `{name}`: expected one of {}, found `{name}`; emit one of these or add the parameter",
                List(names),
            ),
            Self::GivenTwice { argument } => write!(
                f,
                "{argument}: expected one value, found two; give it once, by position or by keyword"
            ),
        }
    }
}

impl core::error::Error for ArgError {}

/// "1 argument", "2 arguments".
struct Count(usize);

impl fmt::Display for Count {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} argument{}",
            self.0,
            if self.0 == 1 { "" } else { "s" }
        )
    }
}

struct List<'a>(&'a [&'static str]);

impl fmt::Display for List<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, name) in self.0.iter().enumerate() {
            write!(f, "{}`{name}`", if i == 0 { "" } else { ", " })?;
        }
        Ok(())
    }
}

/// What is to be known of an `Option` or an `EvtData` that was taken by position.
fn special(f: &mut fmt::Formatter<'_>, expected: &str) -> fmt::Result {
    if expected.starts_with("core::option::Option<") {
        f.write_str("; only the parameters of `callback!` may be absent")?;
    }
    if expected == type_name::<EvtData>() {
        f.write_str("; to take the whole event, an `EvtData` is the only parameter")?;
    }
    Ok(())
}

/// Whether an argument of one type is converted where the other one is taken by value.
fn is_converted(found: &str, expected: &str) -> bool {
    let is_integer = |name: &str| {
        let digits = name.strip_prefix(['i', 'u']);
        digits.is_some_and(|digits| matches!(digits, "8" | "16" | "32" | "64" | "128" | "size"))
    };
    (found == "&str" && expected == "alloc::string::String")
        || (is_integer(found) && is_integer(expected))
}

/// "an i64", "an f32", "a u8", "an alloc::string::String".
fn article(type_name: &str) -> &'static str {
    if type_name.starts_with(['a', 'e', 'i', 'o', 'A', 'E', 'I', 'O'])
        || matches!(type_name, "f32" | "f64")
    {
        "an"
    } else {
        "a"
    }
}

#[cfg(test)]
mod tests {
    use alloc::string::ToString;
    use alloc::vec;

    use super::*;

    #[test]
    fn every_text_says_where_expected_found_and_what_to_do() {
        let named = || Argument::parameter(1, "num4");
        let texts = [
            (
                ArgError::WrongType {
                    argument: named(),
                    expected: "i64",
                    found: "alloc::string::String",
                },
                "argument 2 `num4`: expected i64, found alloc::string::String; \
                 emit an i64 here or take an alloc::string::String",
            ),
            (
                ArgError::WrongType {
                    argument: named(),
                    expected: "alloc::string::String",
                    found: "&str",
                },
                "argument 2 `num4`: expected alloc::string::String, found &str; \
                 emit an alloc::string::String here or take a String; what is borrowed or `Shared` is not converted",
            ),
            (
                ArgError::WrongType {
                    argument: Argument::at(0),
                    expected: "i64",
                    found: "usize",
                },
                "argument 1: expected i64, found usize; \
                 emit an i64 here or take a usize; what is borrowed or `Shared` is not converted",
            ),
            (
                ArgError::Missing {
                    argument: named(),
                    expected: "u8",
                    given: 1,
                },
                "argument 2 `num4`: expected u8, found nothing; \
                 emit it by position or as `num4 = ..`, or make it an `Option`",
            ),
            (
                ArgError::Missing {
                    argument: Argument::at(1),
                    expected: "u8",
                    given: 1,
                },
                "argument 2: expected u8, found nothing (the event carries 1 argument); emit it, or ask for less",
            ),
            (
                ArgError::Missing {
                    argument: Argument::at(1),
                    expected: "core::option::Option<i32>",
                    given: 1,
                },
                "argument 2: expected core::option::Option<i32>, found nothing (the event carries 1 argument); \
                 emit it, or ask for less; only the parameters of `callback!` may be absent",
            ),
            (
                ArgError::WrongType {
                    argument: Argument::at(1),
                    expected: type_name::<EvtData>(),
                    found: "u8",
                },
                "argument 2: expected aioevt_core::data::EvtData, found u8; \
                 emit an aioevt_core::data::EvtData here or take a u8; \
                 to take the whole event, an `EvtData` is the only parameter",
            ),
            (
                ArgError::WrongType {
                    argument: Argument::at(0),
                    expected: "u8",
                    found: "&i64",
                },
                "argument 1: expected u8, found &i64; emit a u8 here or take a &'static i64",
            ),
            (
                ArgError::WrongType {
                    argument: Argument::at(0),
                    expected: "u8",
                    found: "&mut i64",
                },
                "argument 1: expected u8, found &mut i64; emit a u8 here or take a Shared of &mut i64",
            ),
            (
                ArgError::WrongType {
                    argument: Argument::at(1),
                    expected: "core::option::Option<f64>",
                    found: "f64",
                },
                "argument 2: expected core::option::Option<f64>, found f64; \
                 emit a core::option::Option<f64> here or take an f64; only the parameters of `callback!` may be absent",
            ),
            (
                ArgError::Missing {
                    argument: Argument::named("k"),
                    expected: "u8",
                    given: 0,
                },
                "argument `k`: expected u8, found nothing; emit it as `k = ..` with `args!`",
            ),
            (
                ArgError::Surplus {
                    given: 3,
                    accepted: 2,
                    names: vec![],
                },
                "argument 3: expected no more than 2, found 3 arguments; \
                 emit fewer, or take as many (or one `EvtData`)",
            ),
            (
                ArgError::Surplus {
                    given: 2,
                    accepted: 1,
                    names: vec!["a"],
                },
                "argument 2: expected no more than 1 (`a`), found 2 arguments; \
                 emit fewer, or take as many (or one `EvtData`)",
            ),
            (
                ArgError::OutOfRange {
                    argument: Argument::at(0),
                    expected: "u8",
                    found: "i32",
                    value: "300".into(),
                },
                "argument 1: expected a u8, found the i32 300, which is out of its range; \
                 emit a value that fits or take a wider type",
            ),
            (
                ArgError::UnknownKeyword {
                    name: "k".into(),
                    names: vec![],
                },
                "keyword `k`: expected none, found `k`; parameters have no names here: \
                 write the callback with `callback!`, take one `EvtData`, or emit without keywords",
            ),
            (
                ArgError::UnknownKeyword {
                    name: "k".into(),
                    names: vec!["a", "b"],
                },
                "keyword `k`: expected one of `a`, `b`, found `k`; emit one of these or add the parameter",
            ),
            (
                ArgError::GivenTwice {
                    argument: Argument::parameter(0, "a"),
                },
                "argument 1 `a`: expected one value, found two; give it once, by position or by keyword",
            ),
        ];
        for (error, text) in texts {
            assert_eq!(error.to_string(), text);
        }
    }

    #[test]
    fn an_index_of_any_size_can_be_printed() {
        assert_eq!(
            Argument::at(usize::MAX).to_string(),
            alloc::format!("argument {}", usize::MAX)
        );
    }
}
