//! Models of the concurrent parts, run by loom under every schedule up to a bound of preemptions: `cargo xtask loom`.
//!
//! They use the shipped code through the public interface, built without std: its locks and atomics are loom's, a panic
//! is not contained, so a failed assertion inside a callback is seen. A wake that is lost shows as a deadlock.
#![cfg(loom)]
#![allow(clippy::unwrap_used, reason = "models")]

mod closing;
mod counted;
mod delays;
mod found;
mod hot;
mod idle;
mod lane;
mod lock;
mod names;
mod order;
mod registry;
mod route;
mod support;
mod tasks;
mod waits;
