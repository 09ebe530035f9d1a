//! What is promised to users, tested from outside and on every event loop there is.
//!
//! `conformance.rs` is one suite of behaviour, mounted by `thread.rs`, `poll.rs`, `inline.rs` and a file per runtime.
//! `mixed.rs` has several loops at once, `shutdown.rs` loops that die.
#![cfg(feature = "std")]
#![allow(
    clippy::unwrap_used,
    reason = "tests have std, and a panic is their report"
)]

#[macro_use]
mod conformance;
mod support;

mod auto_traits;
mod inline;
mod mixed;
mod poll;
mod reexports;
mod shutdown;
mod stderr;
mod thread;

#[cfg(feature = "async-std")]
mod async_std;
#[cfg(feature = "smol")]
mod smol;
#[cfg(feature = "tokio")]
mod tokio;
