//! `cargo xtask test`: the tests, doc tests included, with the sets of features that change what they run on.

use crate::cmd::cargo;
use crate::{Done, Result, no_args};

pub(crate) fn run(args: &[String]) -> Result {
    no_args(args)?;
    // Core alone: with std's locks; with the spin lock, where only the unit tests do without threads and blocking waits;
    // with the portable atomics.
    cargo("test --package aioevt-core").run()?;
    cargo("test --package aioevt-core --lib --no-default-features").run()?;
    cargo("test --package aioevt-core --no-default-features --test model").run()?;
    cargo("test --package aioevt-core --lib --tests --features portable-atomic").run()?;
    // The facade with no runtime, each one, and all of them at once.
    cargo("test --package aioevt").run()?;
    for runtimes in ["tokio", "async-std", "smol", "tokio,async-std,smol"] {
        cargo("test --package aioevt --no-default-features --features")
            .arg(runtimes)
            .run()?;
    }
    // What the README tells a newcomer to run.
    cargo("test --workspace --all-features").run()?;
    Ok(Done::Ok)
}
