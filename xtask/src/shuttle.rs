//! `cargo xtask shuttle`: runs core's models that are too large for loom under random schedules. `--iterations N` says
//! under how many of each kind, `--seed N` chooses them, a name before that runs the models with it in theirs. Without a
//! seed it is always the same: a change is judged by what it changes.

use crate::cmd::cargo;
use crate::{Done, Result, numbers, workspace};

pub(crate) fn run(args: &[String]) -> Result {
    let (names, flags) = args.split_at(usize::from(
        args.first().is_some_and(|arg| !arg.starts_with('-')),
    ));
    let (mut iterations, mut seed) = (1000, 1);
    numbers(
        flags,
        &mut [("--iterations", &mut iterations), ("--seed", &mut seed)],
    )?;
    // Flags rebuild everything, so a target folder of their own; optimized, for schedules are many.
    cargo("test --release --package aioevt-core --no-default-features --test shuttle --target-dir")
        .arg(workspace::target_dir().join("xtask/shuttle"))
        .arg("--")
        .args(names)
        .env("RUSTFLAGS", "--cfg shuttle")
        .env("SHUTTLE_ITERATIONS", iterations.to_string())
        .env("SHUTTLE_RANDOM_SEED", seed.to_string())
        .run()?;
    Ok(Done::Ok)
}
