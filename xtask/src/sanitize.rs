//! `cargo xtask sanitize`: the tests of all published crates under AddressSanitizer, which finds leaks too, with a nightly
//! compiler. `sanitize thread --rounds N` runs them under ThreadSanitizer: a race shows in some runs only, and std has to
//! be built for it, from the sources that Debian's compiler comes with.

use std::fs;
use std::path::Path;

use crate::cmd::{Cmd, cargo};
use crate::embedded::toolchain::DEBIAN;
use crate::{Done, Result, debian, workspace};

const TARGET: &str = "x86_64-unknown-linux-gnu";

/// Every test but those of the documentation, which are programs of their own.
const TESTS: &str = "test --workspace --exclude xtask --all-features --lib --tests";

pub(crate) fn run(args: &[String]) -> Result {
    if !cfg!(all(target_os = "linux", target_arch = "x86_64")) {
        return Ok(Done::Skipped(format!("it is set up for {TARGET} only")));
    }
    match args {
        [] => address(),
        [kind] if kind == "address" => address(),
        [kind] if kind == "thread" => thread(1),
        [kind, flag, rounds] if kind == "thread" && flag == "--rounds" => {
            let rounds = rounds
                .parse()
                .map_err(|_| format!("`{rounds}` is not a number of rounds"))?;
            thread(rounds)
        }
        _ => Err("takes only `address`, or `thread` and `--rounds NUMBER`".into()),
    }
}

fn address() -> Result {
    let nightly = Cmd::new("rustup").args(["run", "nightly", "rustc", "-V"]);
    if nightly.read().is_err() {
        let why =
            "there is no nightly compiler; `rustup toolchain install nightly` makes it available";
        return Ok(Done::Skipped(why.into()));
    }
    let cmd = Cmd::new("rustup").args(["run", "nightly", "cargo"]);
    // Cargo set them for the stable one.
    sanitized(cmd, "address")
        .without_env("CARGO")
        .without_env("RUSTC")
        .run()?;
    Ok(Done::Ok)
}

fn thread(rounds: usize) -> Result {
    if !debian::is_here() {
        let why = "std has to be built for it, and only Debian 12 (apt-get) has a compiler with its sources to unpack";
        return Ok(Done::Skipped(why.into()));
    }
    let dir = workspace::target_dir().join("xtask/debian-rustc-with-src");
    let rustc = dir.join("usr/bin/rustc");
    if !rustc.exists() {
        debian::unpack(&DEBIAN, &dir)?;
    }
    // Debian leaves the sanitizer's own library out.
    let runtime = Path::new("lib/rustlib")
        .join(TARGET)
        .join("lib/librustc-stable_rt.tsan.a");
    let sysroot = Cmd::new("rustc").arg("--print").arg("sysroot").read()?;
    let (from, to) = (
        Path::new(sysroot.trim()).join(&runtime),
        dir.join("usr").join(&runtime),
    );
    fs::copy(&from, &to).map_err(|error| {
        format!(
            "cannot copy {} to {}: {error}",
            from.display(),
            to.display()
        )
    })?;
    for round in 1..=rounds {
        println!("round {round} of {rounds}");
        sanitized(cargo("-Zbuild-std"), "thread")
            // One thread each: they are for other checks, and take long here.
            .args([
                "--",
                "--skip",
                "the_manager_does",
                "--skip",
                "the_corpus_is",
                "--skip",
                "a_great_many",
                "--skip",
                "a_million_times",
            ])
            .env("RUSTC", &rustc)
            .env("RUSTC_BOOTSTRAP", "1")
            .env("LD_LIBRARY_PATH", debian::libraries(&dir))
            .without_env("RUSTC_WRAPPER")
            .run()?;
    }
    Ok(Done::Ok)
}

/// The tests, with everything that they are made of built for one sanitizer, build scripts and macros apart.
fn sanitized(cmd: Cmd, sanitizer: &str) -> Cmd {
    cmd.args(TESTS.split_whitespace())
        .args(["--target", TARGET, "--target-dir"])
        .arg(
            workspace::target_dir()
                .join("xtask/sanitize")
                .join(sanitizer),
        )
        .env("RUSTFLAGS", format!("-Zsanitizer={sanitizer}"))
}
