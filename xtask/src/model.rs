//! `cargo xtask model`: many more random programs against core's reference model than a normal test run takes.
//! `--programs N` says how many, `--seed N` repeats a run; the seed is the time otherwise.

use std::time::{SystemTime, UNIX_EPOCH};

use crate::cmd::cargo;
use crate::{Done, Result};

pub(crate) fn run(args: &[String]) -> Result {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    let (mut programs, mut seed) = (20_000, now.map_or(0, |now| now.as_secs()));
    for pair in args.chunks(2) {
        match pair {
            [flag, value] if flag == "--programs" => programs = number(value)?,
            [flag, value] if flag == "--seed" => seed = number(value)?,
            _ => return Err("takes only `--programs NUMBER` and `--seed NUMBER`".into()),
        }
    }
    cargo("test --release --package aioevt-core --test model")
        .env("MODEL_PROGRAMS", programs.to_string())
        .env("MODEL_SEED", seed.to_string())
        .run()?;
    Ok(Done::Ok)
}

fn number(value: &str) -> Result<u64> {
    value
        .parse()
        .map_err(|_| format!("`{value}` is not a number"))
}
