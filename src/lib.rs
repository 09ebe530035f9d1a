#![doc = include_str!("guide/index.md")]
#![no_std]
#![cfg_attr(docsrs, feature(doc_cfg))]
#![forbid(unsafe_code)]
#![warn(
    clippy::std_instead_of_core,
    clippy::std_instead_of_alloc,
    clippy::alloc_instead_of_core
)]

mod current;
pub mod guide;

pub use aioevt_core::{
    ArgError, Args, Argument, BoxError, BoxFuture, Callback, CallbackError, CallbackErrorKind,
    Delayed, DiscardReason, Emitted, EventLoop, EvtData, FromArg, FromArgs, Idle, IntoCallback,
    IntoEvtData, IntoSharedCallback, Manager, On, Outcome, PollLoop, Registration,
    RegistrationGuard, Returns, Shared, Sleep, SpawnError, Spawner, Stats, Timer, TimerError,
    Topic, Wait, WaitError, WeakManager, args, callback,
};

#[cfg(feature = "std")]
pub use aioevt_core::ThreadLoop;

pub use current::{NoCurrentLoop, current_loop};

#[cfg(feature = "async-std")]
pub use aioevt_async_std::AsyncStdRuntime;
#[cfg(feature = "smol")]
pub use aioevt_smol::SmolRuntime;
#[cfg(feature = "tokio")]
pub use aioevt_tokio::{NoRuntime, TokioRuntime};

/// The README's examples, compiled and run with the documentation tests.
#[cfg(all(doctest, feature = "std"))]
#[doc = include_str!("../README.md")]
mod readme {}
