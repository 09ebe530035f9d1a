//! `cargo xtask lint`: clippy as a change has to pass it. Combinations of features are `cargo xtask features`.

use crate::cmd::cargo;
use crate::{Done, Result, no_args};

pub(crate) fn run(args: &[String]) -> Result {
    no_args(args)?;
    for features in ["", "--all-features"] {
        cargo("clippy --workspace --all-targets")
            .args(features.split_whitespace())
            .arg("--")
            .args(["-D", "warnings"])
            .run()?;
    }
    Ok(Done::Ok)
}
