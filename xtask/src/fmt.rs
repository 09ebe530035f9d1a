//! `cargo xtask fmt`: default rustfmt, checked and not applied.

use crate::cmd::cargo;
use crate::{Done, Result, no_args};

pub(crate) fn run(args: &[String]) -> Result {
    no_args(args)?;
    cargo("fmt --all --check")
        .run()
        .map_err(|error| format!("{error}; `cargo fmt --all` repairs it"))?;
    Ok(Done::Ok)
}
