//! `cargo xtask docs`: the documentation builds without a warning, also where features are off.

use crate::cmd::cargo;
use crate::{Done, Result, no_args};

pub(crate) fn run(args: &[String]) -> Result {
    no_args(args)?;
    for features in [
        "--workspace --exclude xtask --all-features",
        "--package aioevt-core --package aioevt --no-default-features",
    ] {
        cargo("doc --no-deps")
            .args(features.split_whitespace())
            .env("RUSTDOCFLAGS", "-D warnings")
            .run()?;
    }
    Ok(Done::Ok)
}
