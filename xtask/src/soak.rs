//! `cargo xtask soak --seconds N`: everything at once, with loops that are killed and replaced, in `tests/soak`. An hour
//! (3600) before a release. `--seed N` chooses what the threads do; how they meet is up to the machine.

use crate::cmd::cargo;
use crate::{Done, Result};

/// In `cargo xtask ci`.
const SECONDS: u64 = 20;

pub(crate) fn run(args: &[String]) -> Result {
    let (mut seconds, mut seed) = (SECONDS, 1_u64);
    for pair in args.chunks(2) {
        match pair {
            [flag, value] if flag == "--seconds" => seconds = number(value)?,
            [flag, value] if flag == "--seed" => seed = number(value)?,
            _ => return Err("takes only `--seconds NUMBER` and `--seed NUMBER`".into()),
        }
    }
    cargo("test --release --package aioevt --all-features --test soak -- --nocapture")
        .env("SOAK_SECONDS", seconds.to_string())
        .env("SOAK_SEED", seed.to_string())
        .run()?;
    Ok(Done::Ok)
}

fn number(value: &str) -> Result<u64> {
    value
        .parse()
        .map_err(|_| format!("`{value}` is not a number"))
}
