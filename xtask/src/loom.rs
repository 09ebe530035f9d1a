//! `cargo xtask loom`: runs core's models of its concurrent parts under every schedule. Only core: `--cfg loom` changes
//! what other crates offer, tokio first of all. `LOOM_MAX_PREEMPTIONS` replaces the bound that each model sets itself.

use crate::cmd::cargo;
use crate::{Done, Result, workspace};

pub(crate) fn run(args: &[String]) -> Result {
    // Flags rebuild everything, so a target folder of their own; optimized, for schedules are many.
    cargo("test --release --package aioevt-core --no-default-features --test loom --target-dir")
        .arg(workspace::target_dir().join("xtask/loom"))
        .args(["--", "--nocapture"])
        .args(args)
        .env("RUSTFLAGS", "--cfg loom")
        .run()?;
    Ok(Done::Ok)
}
