//! `cargo xtask model`: many more random programs against core's reference model than a normal test run takes.
//! `--programs N` says how many, `--seed N` repeats a run. Otherwise the seed is the time, so that every run tries others;
//! where `CI` is set it is always the same, so that a change is judged by what it changes.

use std::time::{SystemTime, UNIX_EPOCH};

use crate::cmd::cargo;
use crate::{Done, Result, numbers, workspace};

pub(crate) fn run(args: &[String]) -> Result {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    let now = now.map_or(0, |now| now.as_secs());
    let (mut programs, mut seed) = (20_000, if workspace::is_ci() { 1 } else { now });
    numbers(
        args,
        &mut [("--programs", &mut programs), ("--seed", &mut seed)],
    )?;
    cargo("test --release --package aioevt-core --test model")
        .env("MODEL_PROGRAMS", programs.to_string())
        .env("MODEL_SEED", seed.to_string())
        .run()?;
    Ok(Done::Ok)
}
