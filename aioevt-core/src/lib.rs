//! The runtime-independent core of aioevt: named events between event loops.
//!
//! Applications use the facade, `aioevt`, which re-exports everything here and adds the runtimes. This crate is what
//! adapters and libraries depend on: it is `no_std` + `alloc`, knows no runtime, and builds for microcontrollers.
//!
//! # Features
//!
//! * `std` (default): locks that sleep, panic isolation, `ThreadLoop`, blocking waits.
//! * `critical-section`: without `std`, locks are critical sections, so that interrupt handlers may emit. With `std`,
//!   the locks of std are used all the same.
//! * `portable-atomic`: for targets without compare-and-swap.
//!
//! With neither `std` nor `critical-section` the locks spin, which is for hosted tests only.
#![no_std]
#![cfg_attr(docsrs, feature(doc_cfg))]
// Not `forbid`: `data/small.rs`, `lock.rs`, `prefetch.rs` and `published.rs` are allowed some. No other file is, which
// `cargo xtask ci` checks.
#![deny(unsafe_code)]
#![warn(
    clippy::std_instead_of_core,
    clippy::std_instead_of_alloc,
    clippy::alloc_instead_of_core
)]

extern crate alloc;
#[cfg(feature = "std")]
extern crate std;

// What everything stands on.
mod contain;
#[cfg(all(feature = "std", not(any(loom, shuttle))))]
mod lock;
mod maps;
mod prefetch;
mod published;
mod runner;
mod runtime;
mod sync;
mod wakers;

// Data, and how it reaches parameters.
#[macro_use]
mod macros;
mod arg_error;
mod bind;
mod callback;
mod coerce;
mod data;
mod error;
mod invoke;
mod shared;

// Lanes.
mod event_loop;
mod lane;
mod ledger;
mod record;
mod round;
mod wakeup;

// Names and the manager.
mod delay;
mod delayed;
mod emitted;
mod identities;
mod idle;
mod manager;
mod names;
mod on;
mod registration;
mod topic;
mod topic_handle;
mod wait;

// Event loops of our own.
#[cfg(feature = "std")]
mod blocking;
mod poll_loop;
#[cfg(feature = "std")]
mod thread_loop;

pub use arg_error::{ArgError, Argument};
pub use bind::{FromArg, FromArgs};
pub use callback::{Callback, IntoCallback, IntoSharedCallback, Outcome, Returns};
pub use data::{Args, EvtData, IntoEvtData};
pub use delayed::Delayed;
pub use emitted::Emitted;
pub use error::{BoxError, CallbackError, CallbackErrorKind, DiscardReason, WaitError};
pub use event_loop::EventLoop;
pub use idle::Idle;
pub use manager::{Manager, Stats, WeakManager};
pub use on::On;
pub use poll_loop::PollLoop;
pub use registration::{Registration, RegistrationGuard};
pub use runtime::{BoxFuture, Sleep, SpawnError, Spawner, Timer, TimerError};
pub use shared::Shared;
#[cfg(feature = "std")]
pub use thread_loop::ThreadLoop;
pub use topic_handle::Topic;
pub use wait::Wait;

/// What the exported macros expand to. Not part of the interface.
#[doc(hidden)]
pub mod __private {
    pub use core::clone::Clone;
    pub use core::option::Option::Some;
    pub use core::result::Result::{self, Ok};

    pub use crate::arg_error::ArgError;
    pub use crate::bind::named::{BindEach, BindRequired, Binder, Probe, ProbeAll, Spec};
    pub use crate::callback::named::{Named, named};
    pub use crate::macros::plain_name;
}
