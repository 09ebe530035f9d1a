//! `cargo xtask mutants`: puts faults into core, one at a time, and says which of them no test notices. Core's own tests
//! come first, which are built fast, then the conformance suite for what they let through, then the models of loom and shuttle.
//! All of it takes hours: `--shard K/N` takes one of N parts, the first being 0, and `--file GLOB` only some files.

use std::path::Path;

use crate::cmd::Cmd;
use crate::tools::built;
use crate::{Done, Result, workspace};

const VERSION: &str = "27.1.0";

/// Some tests, which see the faults that those before have let through.
struct Pass {
    package: &'static str,
    tests: &'static str,
    features: &'static [&'static str],
    flags: &'static str,
    optimized: &'static str,
}

const PASSES: [Pass; 6] = [
    Pass {
        package: "aioevt-core",
        tests: "--lib --test model --test regressions --test ends --test poll_loop --test spawner --test hostile --test texts \
                --test under_no_lock --test reserved --test route",
        features: &[],
        flags: "",
        optimized: "0",
    },
    Pass {
        package: "aioevt",
        tests: "--test it",
        features: &[],
        flags: "",
        optimized: "0",
    },
    // What is there only without std.
    Pass {
        package: "aioevt-core",
        tests: "--lib --test model",
        features: &["--no-default-features"],
        flags: "",
        optimized: "0",
    },
    // What shows only in memory.
    Pass {
        package: "aioevt-core",
        tests: "--test volume",
        features: &[],
        flags: "",
        optimized: "0",
    },
    // What shows only if threads meet at the wrong moment: all schedules of the small models, some of the large ones.
    Pass {
        package: "aioevt-core",
        tests: "--test loom",
        features: &["--no-default-features"],
        flags: "--cfg loom",
        optimized: "3",
    },
    Pass {
        package: "aioevt-core",
        tests: "--test shuttle",
        features: &["--no-default-features"],
        flags: "--cfg shuttle",
        // So that few schedules have to do.
        optimized: "0",
    },
];

/// Without a run on the code as it is, which would look for the tests in the package that is changed. So the seconds after
/// which a pass calls it a hang are said here.
const AS_THEY_ARE: [&str; 2] = ["--baseline=skip", "--timeout=300"];

/// Tests that take as long as all others, being about very many of something.
const TOO_LONG: [&str; 6] = [
    "managers_with_a_delay",
    "a_great_many",
    "a_million_times",
    "hundred_thousand",
    "the_corpus_is",
    "two_threads_emit",
];

pub(crate) fn run(args: &[String]) -> Result {
    let mut which = chosen(args)?;
    let program = match built("cargo-mutants", VERSION) {
        Ok(program) => program,
        Err(why) => return Ok(Done::Skipped(why)),
    };
    let (mut caught, mut hung, mut unviable, mut missed) = (0, 0, 0, Vec::new());
    for (number, pass) in PASSES.iter().enumerate() {
        let output = workspace::target_dir().join(format!("xtask/mutants/{number}"));
        std::fs::create_dir_all(&output)
            .map_err(|error| format!("cannot make {}: {error}", output.display()))?;
        let mut cmd = Cmd::new(&program)
            .args(["mutants", "--package", "aioevt-core", "--test-package"])
            .arg(pass.package)
            .arg("--output")
            .arg(&output)
            .args(if number == 0 {
                [].as_slice()
            } else {
                &AS_THEY_ARE
            })
            .args(&which)
            .args(pass.features)
            // Nothing else is built: what the other programs test is not there with all flags.
            .args(
                pass.tests
                    .split_whitespace()
                    .map(|arg| format!("--cargo-arg={arg}")),
            )
            // Of cargo-mutants, and of cargo.
            .args(["--", "--"]);
        for test in TOO_LONG {
            cmd = cmd.args(["--skip", test]);
        }
        // A build per fault, which nobody debugs.
        let code = cmd
            .env("CARGO_PROFILE_DEV_DEBUG", "0")
            .env("CARGO_PROFILE_DEV_OPT_LEVEL", pass.optimized)
            .env("RUSTFLAGS", pass.flags)
            .env("SHUTTLE_ITERATIONS", "100")
            .code()?;
        // 2 is that some were missed, 3 that some hung.
        if !matches!(code, 0 | 2 | 3) {
            return Err(format!("cargo-mutants ended with {code}"));
        }
        let found = |file: &str| -> Result<Vec<String>> {
            let mut found = lines(&output.join("mutants.out").join(file))?;
            // Fields that are left out of a struct come along whatever was chosen.
            found.retain(|fault| number == 0 || missed.contains(fault));
            Ok(found)
        };
        caught += found("caught.txt")?.len();
        hung += found("timeout.txt")?.len();
        unviable += found("unviable.txt")?.len();
        missed = found("missed.txt")?;
        if missed.is_empty() {
            break;
        }
        which = missed.iter().flat_map(|name| only(name)).collect();
    }
    for fault in &missed {
        println!("missed: {fault}");
    }
    let viable = caught + hung + missed.len();
    println!(
        "{viable} faults: {caught} caught, {hung} hung and so noticed too, {} missed; {unviable} more did not compile",
        missed.len()
    );
    Ok(Done::Ok)
}

/// What is handed on to cargo-mutants.
fn chosen(args: &[String]) -> Result<Vec<String>> {
    let mut which = Vec::new();
    for pair in args.chunks(2) {
        match pair {
            [flag, value] if matches!(flag.as_str(), "--shard" | "--file") => {
                which.push(format!("{flag}={value}"));
                if flag == "--shard" {
                    // Some of each file instead of some files.
                    which.push("--sharding=round-robin".into());
                }
            }
            other => {
                return Err(format!(
                    "takes only `--shard K/N` and `--file GLOB`, found `{}`",
                    other.join(" ")
                ));
            }
        }
    }
    Ok(which)
}

/// Chooses one fault by its name.
fn only(name: &str) -> [String; 2] {
    let mut pattern = String::from("^");
    for c in name.chars() {
        if r"\.+*?()|[]{}^$".contains(c) {
            pattern.push('\\');
        }
        pattern.push(c);
    }
    ["--re".into(), pattern + "$"]
}

fn lines(file: &Path) -> Result<Vec<String>> {
    Ok(workspace::read(file)?.lines().map(String::from).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_is_chosen_by_its_whole_name() {
        let name = "lane.rs:3:9: replace f -> Option<(A, B)> with None";
        let pattern = r"^lane\.rs:3:9: replace f -> Option<\(A, B\)> with None$";
        assert_eq!(only(name), ["--re", pattern]);
    }

    #[test]
    fn other_arguments_are_refused() {
        let args = |text: &str| text.split(' ').map(String::from).collect::<Vec<_>>();
        let chosen_of = |text: &str| chosen(&args(text)).map(|which| which.join(" "));
        let part = "--shard=0/8 --sharding=round-robin --file=lane.rs";
        assert_eq!(chosen_of("--shard 0/8 --file lane.rs").as_deref(), Ok(part));
        // How to make parts is refused where there are none.
        assert_eq!(chosen_of("--file lane.rs").as_deref(), Ok("--file=lane.rs"));
        assert!(chosen(&args("--shard")).is_err());
        assert!(chosen(&args("--jobs 2")).is_err());
    }
}
