//! `cargo xtask sanitize`: the tests of all published crates under AddressSanitizer, which finds leaks too, with a nightly
//! compiler. `sanitize thread --rounds N` runs them under ThreadSanitizer: a race shows in some runs only, and std has to
//! be built for it, from the sources that Debian's compiler comes with. A test that fails ends neither its program nor the
//! round: one run shows all there is.

use std::fs;
use std::path::Path;

use crate::cmd::{Cmd, cargo};
use crate::embedded::toolchain::DEBIAN;
use crate::{Done, Result, debian, workspace};

const TARGET: &str = "x86_64-unknown-linux-gnu";

/// Every test but those of the documentation, which are programs of their own.
const TESTS: &str = "test --workspace --exclude xtask --all-features --lib --tests --no-fail-fast";

/// What no sanitizer is to see: those tests look at the compiler, which their programs would have to be built with.
const NOT_OURS: &[&str] = &["every_mistake_is_answered"];

/// What would take most of the time under ThreadSanitizer, and has no two threads that could race: what these do many
/// thousand times on one thread, others do a few times on many.
const ONE_THREAD: &[&str] = &[
    // Random programs against the model, and those that fuzzing kept.
    "the_manager_does",
    "the_corpus_is",
    // Callbacks by the hundred thousand, for how long their table takes.
    "a_great_many",
    // For the stack.
    "a_million_times",
];

/// How long anything in the tests may take before they call it a hang, in seconds. Here all takes ten times as long, on
/// machines that do other things as well.
const LIMIT: &str = "900";

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
    sanitized(cmd, "address", &[NOT_OURS])
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
        sanitized(cargo("-Zbuild-std"), "thread", &[NOT_OURS, ONE_THREAD])
            .env("RUSTC", &rustc)
            .env("RUSTC_BOOTSTRAP", "1")
            .env("LD_LIBRARY_PATH", debian::libraries(&dir))
            .without_env("RUSTC_WRAPPER")
            .run()?;
    }
    Ok(Done::Ok)
}

/// The tests, with everything that they are made of built for one sanitizer, build scripts and macros apart.
fn sanitized(cmd: Cmd, sanitizer: &str, skipped: &[&[&str]]) -> Cmd {
    let cmd = cmd
        .args(TESTS.split_whitespace())
        .args(["--target", TARGET, "--target-dir"])
        .arg(
            workspace::target_dir()
                .join("xtask/sanitize")
                .join(sanitizer),
        )
        .arg("--");
    let skipped = skipped.iter().copied().flatten();
    skipped
        .fold(cmd, |cmd, test| cmd.arg("--skip").arg(test))
        .env("RUSTFLAGS", format!("-Zsanitizer={sanitizer}"))
        // Slow enough as it is; lines are all that a report needs.
        .env("CARGO_PROFILE_DEV_OPT_LEVEL", "1")
        .env("CARGO_PROFILE_DEV_DEBUG", "line-tables-only")
        .env("TEST_LIMIT", LIMIT)
}
