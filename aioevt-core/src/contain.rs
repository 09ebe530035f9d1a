//! Containing the panics of foreign code. Without std a panic cannot be caught and these are plain calls.

use alloc::string::String;

/// A panic that was caught, as its message.
pub(crate) struct Panic(Message);

#[cfg(feature = "std")]
type Message = String;
/// There is none. The compiler knows, and leaves out whatever would be done about it.
#[cfg(not(feature = "std"))]
type Message = core::convert::Infallible;

impl Panic {
    #[cfg(feature = "std")]
    pub(crate) fn into_message(self) -> String {
        self.0
    }

    #[cfg(not(feature = "std"))]
    pub(crate) fn into_message(self) -> String {
        match self.0 {}
    }
}

/// Runs foreign code; a panic becomes a value.
#[cfg(feature = "std")]
#[inline]
pub(crate) fn contain<R>(foreign: impl FnOnce() -> R) -> Result<R, Panic> {
    use core::panic::AssertUnwindSafe;

    // Unwind safety: whatever the foreign code leaves half done is foreign too, or dropped right after.
    std::panic::catch_unwind(AssertUnwindSafe(foreign)).map_err(describe)
}

/// Runs foreign code.
#[cfg(not(feature = "std"))]
#[inline]
pub(crate) fn contain<R>(foreign: impl FnOnce() -> R) -> Result<R, Panic> {
    Ok(foreign())
}

/// Drops a foreign value; a panic becomes a value.
#[inline]
pub(crate) fn contain_drop<T>(value: T) -> Result<(), Panic> {
    if core::mem::needs_drop::<T>() {
        contain(move || drop(value))
    } else {
        Ok(())
    }
}

#[cfg(feature = "std")]
#[cold]
fn describe(panic: alloc::boxed::Box<dyn core::any::Any + Send>) -> Panic {
    let text = if let Some(text) = panic.downcast_ref::<&'static str>() {
        String::from(*text)
    } else if let Some(text) = panic.downcast_ref::<String>() {
        text.clone()
    } else {
        String::from("a panic whose payload is not text")
    };
    // The payload is foreign as well. What a second panic carries is leaked: there has to be an end.
    if let Err(second) = std::panic::catch_unwind(core::panic::AssertUnwindSafe(|| drop(panic))) {
        core::mem::forget(second);
    }
    Panic(text)
}
