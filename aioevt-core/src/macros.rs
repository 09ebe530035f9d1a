//! The exported macros, `args!` and `callback!`, and the one that repeats an impl for tuples of every length. What they
//! expand to is in `data/args.rs` and `bind/named.rs`.

/// Calls `$then!` for the tuples of 0 to 12 members: `$then!(A 0, B 1, ..)`.
macro_rules! for_each_tuple {
    ($then:ident) => {
        $then!();
        $then!(A 0);
        $then!(A 0, B 1);
        $then!(A 0, B 1, C 2);
        $then!(A 0, B 1, C 2, D 3);
        $then!(A 0, B 1, C 2, D 3, E 4);
        $then!(A 0, B 1, C 2, D 3, E 4, F 5);
        $then!(A 0, B 1, C 2, D 3, E 4, F 5, G 6);
        $then!(A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7);
        $then!(A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7, I 8);
        $then!(A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7, I 8, J 9);
        $then!(A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7, I 8, J 9, K 10);
        $then!(A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7, I 8, J 9, K 10, L 11);
    };
}
pub(crate) use for_each_tuple;

/// Arguments of an event with keywords: `args![1, 2; num4 = 4]` is
/// [`Args::new()`](crate::Args::new)`.with(1).with(2).with_kw("num4", 4)`.
///
/// Positional arguments come first, keywords behind a semicolon. Both lists may be empty, both may end with a comma,
/// and there may be hundreds of arguments. Without keywords a tuple does the same for less.
///
/// # Examples
///
/// ```
/// # use aioevt_core as aioevt;
/// use aioevt::{EvtData, args};
///
/// let data = EvtData::new(args![1, "two"; num4 = 4, r#type = 5]);
/// assert_eq!(data.args::<(i64, String)>()?, (1, "two".to_string()));
/// assert_eq!(data.keywords().collect::<Vec<_>>(), ["num4", "type"]);
///
/// assert_eq!(EvtData::new(args![; only = 1]).len(), 0);
/// assert_eq!(EvtData::new(args![]).len(), 0);
/// # Ok::<(), aioevt::ArgError>(())
/// ```
#[macro_export]
macro_rules! args {
    ($($arguments:tt)*) => {
        $crate::__args!([] $($arguments)*)
    };
}

/// What `args!` makes. What would be taken for an assignment is looked for on the way: a keyword among the positional
/// arguments. In steps of four, so that there may be hundreds of them.
#[doc(hidden)]
#[macro_export]
macro_rules! __args {
    ([$($done:expr,)*] $name:ident = $($rest:tt)*) => {
        $crate::__args!(@misplaced)
    };
    ([$($done:expr,)*] $a:expr, $name:ident = $($rest:tt)*) => {
        $crate::__args!(@misplaced)
    };
    ([$($done:expr,)*] $a:expr, $b:expr, $name:ident = $($rest:tt)*) => {
        $crate::__args!(@misplaced)
    };
    ([$($done:expr,)*] $a:expr, $b:expr, $c:expr, $name:ident = $($rest:tt)*) => {
        $crate::__args!(@misplaced)
    };
    (@misplaced) => {
        ::core::compile_error!(
            "keyword arguments of `args!` are written behind a `;`: `args![1, 2; num4 = 4]`, `args![; num4 = 4]`"
        )
    };
    ([$($done:expr,)*] $a:expr, $b:expr, $c:expr, $d:expr, $($rest:tt)+) => {
        $crate::__args!([$($done,)* $a, $b, $c, $d,] $($rest)+)
    };
    ([$($done:expr,)*] $($value:expr),* $(,)? $(; $($name:ident = $keyword:expr),* $(,)?)?) => {
        $crate::Args::new()
            $(.with($done))*
            $(.with($value))*
            $($(.with_kw($crate::__private::plain_name(::core::stringify!($name)), $keyword))*)?
    };
}

/// A callback whose parameters have names, so that keyword arguments reach them as in Python.
///
/// It is written like a closure with the type of every parameter: `callback!(|num1: i64, num4: Option<i64>| ..)`. The
/// result is registered like any callback, or given to [`Callback::new`](crate::Callback::new).
///
/// * Positional arguments fill the parameters from the left, keyword arguments those that are left over.
/// * A parameter whose type is written `Option<..>` may be absent; every other must be given. A text is an
///   `Option<String>`: to the compiler `Option<&str>` is one of `&'static str`, which takes literals only.
/// * An argument that no parameter takes, or that is given twice, is an [`ArgError`](crate::ArgError); but without any
///   parameter that takes one, every event fits.
/// * `Manager` parameters and a single `EvtData` parameter work as in every callback.
///
/// With `move`, `mut`, a return type or an `async move` block it works as a closure does.
///
/// # Cloning what is captured
///
/// An async callback is called many times, so each call needs its own copy of what its future owns. Variables that are
/// listed in front are cloned once when the callback is made, so they stay usable, and once for every call:
/// `callback!([tx] |a: i64| async move { tx.send(a).await })`.
///
/// # Examples
///
/// ```
/// # use aioevt_core as aioevt;
/// use std::sync::mpsc;
///
/// use aioevt::{EventLoop, Manager, args, callback};
///
/// let (tx, rx) = mpsc::channel();
/// let mgr = Manager::new(EventLoop::inline());
/// mgr.register("Add", callback!([tx] |num1: i64, num4: Option<i64>| async move {
///     tx.send(num1 + num4.unwrap_or(0)).is_ok();
/// }));
/// mgr.emit("Add", args![1; num4 = 4]);
/// mgr.emit("Add", args![; num4 = 4, num1 = 2]);
/// mgr.emit("Add", (3,));
/// drop(tx); // still ours
/// assert_eq!(rx.try_iter().collect::<Vec<_>>(), [5, 6, 3]);
/// ```
#[macro_export]
macro_rules! callback {
    // What is no variable cannot be one of the same name.
    ([self $($list:tt)*] $($rest:tt)*) => {
        $crate::__callback!(list)
    };
    ([$a:ident, self $($list:tt)*] $($rest:tt)*) => {
        $crate::__callback!(list)
    };
    ([$a:ident, $b:ident, self $($list:tt)*] $($rest:tt)*) => {
        $crate::__callback!(list)
    };
    // With a list of variables to clone.
    ([$($clone:ident),* $(,)?] move $($rest:tt)+) => {
        $crate::callback!([$($clone),*] $($rest)+)
    };
    ([$($clone:ident),* $(,)?] $($rest:tt)+) => {{
        $(let $clone = $crate::__private::Clone::clone(&$clone);)*
        $crate::__callback!(open { [$($clone)*] [move] } $($rest)+)
    }};
    ([$($list:tt)*] $($rest:tt)+) => {
        $crate::__callback!(list)
    };
    // Without.
    (move $($rest:tt)+) => {
        $crate::__callback!(open { [] [move] } $($rest)+)
    };
    ($($rest:tt)+) => {
        $crate::__callback!(open { [] [] } $($rest)+)
    };
}

/// The parameters of `callback!`, one by one, in `$done`; then the closure.
#[doc(hidden)]
#[macro_export]
macro_rules! __callback {
    (open $how:tt || $($body:tt)+) => {
        $crate::__callback!(close $how [] $($body)+)
    };
    (open $how:tt | $($rest:tt)+) => {
        $crate::__callback!(params $how [] $($rest)+)
    };
    (open $how:tt async $($rest:tt)*) => {
        ::core::compile_error!(
            "`callback!` takes a closure that returns a future: `|a: i64| async move { .. }`, not `async |a: i64| { .. }`"
        )
    };
    (list) => {
        ::core::compile_error!(
            "the list in front of the closure of `callback!` holds names of variables, which are cloned: bind anything \
             else to one before, as by `let me = self.clone();`"
        )
    };
    (open $how:tt $($rest:tt)*) => {
        ::core::compile_error!("`callback!` takes a closure: `callback!(move |num1: i64, num4: Option<i64>| ..)`")
    };

    (params $how:tt $done:tt | $($body:tt)+) => {
        $crate::__callback!(close $how $done $($body)+)
    };
    (params $how:tt [$($done:tt)*] mut $name:ident : $type:ty, $($rest:tt)+) => {
        $crate::__callback!(params $how [$($done)* ([mut] $name [$type])] $($rest)+)
    };
    (params $how:tt [$($done:tt)*] mut $name:ident : $type:ty | $($body:tt)+) => {
        $crate::__callback!(close $how [$($done)* ([mut] $name [$type])] $($body)+)
    };
    (params $how:tt [$($done:tt)*] $name:ident : $type:ty, $($rest:tt)+) => {
        $crate::__callback!(params $how [$($done)* ([] $name [$type])] $($rest)+)
    };
    (params $how:tt [$($done:tt)*] $name:ident : $type:ty | $($body:tt)+) => {
        $crate::__callback!(close $how [$($done)* ([] $name [$type])] $($body)+)
    };
    (params $how:tt $done:tt $($rest:tt)*) => {
        ::core::compile_error!(
            "a parameter of `callback!` is written `name: Type` or `mut name: Type`: the name is what keywords mean (one \
             that is not used is `_name`, not `_`), and the type is needed to bind it"
        )
    };

    // Nothing to clone: the closure is taken as it was written, return type included.
    (close { [] [$($move:tt)?] } [$(([$($mut:tt)?] $name:ident [$type:ty]))*] $($body:tt)+) => {
        $crate::__private::named(
            $crate::__callback!(bind [$($name [$type])*]),
            $($move)? |$($($mut)? $name: $type),*| $($body)+,
        )
    };
    (close { [$($clone:ident)+] $move:tt } [$(([$($mut:tt)?] $name:ident [$type:ty]))*] -> $result:ty $body:block) => {
        $crate::__private::named(
            $crate::__callback!(bind [$($name [$type])*]),
            move |$($($mut)? $name: $type),*| -> $result {
                $(let $clone = $crate::__private::Clone::clone(&$clone);)+
                $body
            },
        )
    };
    (close { [$($clone:ident)+] $move:tt } [$(([$($mut:tt)?] $name:ident [$type:ty]))*] $($body:tt)+) => {
        $crate::__private::named(
            $crate::__callback!(bind [$($name [$type])*]),
            move |$($($mut)? $name: $type),*| {
                $(let $clone = $crate::__private::Clone::clone(&$clone);)+
                $($body)+
            },
        )
    };

    // How the parameters are bound: nothing is captured, so this is a value of no size.
    (bind []) => {
        |_: &mut $crate::__private::Binder<'_>| $crate::__private::Ok(())
    };
    (bind [$($name:ident [$type:ty])+]) => {
        |binder: &mut $crate::__private::Binder<'_>|
            -> $crate::__private::Result<_, $crate::__private::ArgError>
        {
            use $crate::__private::{BindEach as _, BindRequired as _};
            if let $crate::__private::Some(all) = $crate::__private::ProbeAll::<($($type,)+)>::of().exact(binder) {
                return $crate::__private::Ok(all);
            }
            binder.check(&[$(
                $crate::__private::Probe::<$type>::of()
                    .spec($crate::__private::plain_name(::core::stringify!($name)))
            ),+])?;
            $crate::__private::Ok(($(
                $crate::__private::Probe::<$type>::of()
                    .bind(binder, $crate::__private::plain_name(::core::stringify!($name)))?,
            )+))
        }
    };
}

/// The name of an identifier: `type` for `r#type`.
#[doc(hidden)]
#[must_use]
pub fn plain_name(identifier: &'static str) -> &'static str {
    identifier.strip_prefix("r#").unwrap_or(identifier)
}

/// A type that keeps data in it, and gives it by `inside`, is a payload itself, which `$was_kept` or not.
macro_rules! payload_inside {
    ($T:ty, $was_kept:literal) => {
        impl $crate::data::Payload for $T {
            #[inline]
            fn len(&self) -> usize {
                self.inside().len()
            }

            #[inline]
            fn arg(&self, index: usize) -> Option<$crate::data::Value<'_>> {
                self.inside().arg(index)
            }

            #[inline]
            fn integer(&self, index: usize) -> Option<i64> {
                self.inside().integer(index)
            }

            #[inline]
            fn keyword_len(&self) -> usize {
                self.inside().keyword_len()
            }

            #[inline]
            fn keyword(&self, index: usize) -> Option<(&str, $crate::data::Value<'_>)> {
                self.inside().keyword(index)
            }

            #[inline]
            fn as_any(&self) -> &dyn core::any::Any {
                self.inside().as_any()
            }

            #[inline]
            fn was_kept(&self) -> bool {
                $was_kept
            }
        }
    };
}
