//! `Runner`: which thread is inside a driver or an executor, so that blocking waits there can be refused.

/// Tells threads apart. Without `std` nothing can block, and nobody asks.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Runner(#[cfg(feature = "std")] std::thread::ThreadId);

impl Runner {
    /// The calling thread.
    pub(crate) fn here() -> Self {
        Self(
            #[cfg(feature = "std")]
            std::thread::current().id(),
        )
    }
}
