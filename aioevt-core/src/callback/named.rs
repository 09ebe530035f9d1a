//! `Named`: what `callback!` makes, a closure together with the way its parameters are bound by name. That way is in
//! `bind/named.rs`; the impls for 0 to 12 parameters are in `shape.rs`.

use core::fmt;

/// A closure whose parameters have names.
#[derive(Clone, Copy)]
pub struct Named<B, F> {
    pub(crate) bind: B,
    pub(crate) function: F,
}

/// What `callback!` calls.
pub const fn named<B, F>(bind: B, function: F) -> Named<B, F> {
    Named { bind, function }
}

impl<B, F> fmt::Debug for Named<B, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Named")
            .field(&format_args!("{}", core::any::type_name::<F>()))
            .finish()
    }
}
