//! Models that are too large for every schedule: several loops and many threads at once, run by shuttle under random
//! schedules: `cargo xtask shuttle`. What is small enough for all of them is in `tests/loom`.
//!
//! They use the shipped code through the public interface, built without std: its locks and atomics are shuttle's, a panic
//! is not contained, so a failed assertion inside a callback is seen. A wake that is lost shows as a deadlock.
//!
//! A model that fails prints its schedule: `SHUTTLE_REPLAY=SCHEDULE cargo xtask shuttle MODEL` runs that one again.
#![cfg(shuttle)]
#![allow(clippy::unwrap_used, reason = "models")]

mod churn;
mod dying;
mod order;
mod support;
mod waits;
