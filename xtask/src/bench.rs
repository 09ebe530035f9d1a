//! `cargo xtask bench`: runs the benchmarks against other crates and writes the report under docs/.

use crate::cmd::cargo;
use crate::{Done, Result, workspace};

/// Arguments are those of the benchmark itself: `--quick`, `--only ID`.
pub(crate) fn run(args: &[String]) -> Result {
    let report = workspace::root().join("docs");
    cargo("run --release --manifest-path benches/rivals/Cargo.toml -- --report")
        .arg(report)
        .args(args)
        .run()?;
    Ok(Done::Ok)
}
