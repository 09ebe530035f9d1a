//! `cargo xtask soak --seconds N`: everything at once, with loops that are killed and replaced, in `tests/soak`. An hour
//! (3600) before a release. `--seed N` chooses what the threads do; how they meet is up to the machine.

use crate::cmd::cargo;
use crate::{Done, Result, numbers};

/// In `cargo xtask ci`.
const SECONDS: u64 = 20;

pub(crate) fn run(args: &[String]) -> Result {
    let (mut seconds, mut seed) = (SECONDS, 1_u64);
    numbers(
        args,
        &mut [("--seconds", &mut seconds), ("--seed", &mut seed)],
    )?;
    cargo("test --release --package aioevt --all-features --test soak -- --nocapture")
        .env("SOAK_SECONDS", seconds.to_string())
        .env("SOAK_SEED", seed.to_string())
        .run()?;
    Ok(Done::Ok)
}
