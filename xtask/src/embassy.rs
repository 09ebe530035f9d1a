//! `cargo xtask embassy`: the adapter that is a workspace of its own, checked and tested on embassy's executor for threads.
//! On a microcontroller it runs among the boards of `cargo xtask embedded`.

use crate::cmd::{Cmd, cargo};
use crate::{Done, Result, no_args, workspace};

pub(crate) fn run(args: &[String]) -> Result {
    no_args(args)?;
    here("fmt --check").run()?;
    built("clippy --quiet --all-targets")
        .arg("--")
        .arg("-Dwarnings")
        .run()?;
    built("test --quiet").run()?;
    built("doc --quiet --no-deps")
        .env("RUSTDOCFLAGS", "-Dwarnings")
        .run()?;
    Ok(Done::Ok)
}

fn here(args: &str) -> Cmd {
    cargo(args).dir(&workspace::root().join("adapters/aioevt-embassy"))
}

fn built(args: &str) -> Cmd {
    let target_dir = workspace::target_dir().join("xtask/embassy");
    here(args)
        .arg("--locked")
        .arg("--target-dir")
        .arg(target_dir)
}
