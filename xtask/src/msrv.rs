//! `cargo xtask msrv`: checks the published crates with the oldest supported compiler. Taken, in this order: the one named
//! with `--rustc`, a toolchain of that version that rustup already has, or Debian 12's, unpacked below the target folder.
//! Nothing is installed, and rustup is never asked to fetch anything.

use std::fs;
use std::path::PathBuf;

use crate::cmd::{Cmd, cargo};
use crate::workspace::{self, PUBLISHED};
use crate::{Done, Result, debian};

/// The compiler and the libraries it needs that a machine may not have, in Debian 12. The versions are named where
/// Debian's security updates bring a newer compiler under the same name.
const DEBIAN: [&str; 5] = [
    "rustc-web=1.85.*",
    "libstd-rust-web-dev=1.85.*",
    "libstd-rust-web-1.85",
    "libllvm19",
    "libz3-4",
];

/// A compiler and where it finds its own libraries.
struct Compiler {
    rustc: PathBuf,
    libraries: Option<PathBuf>,
}

pub(crate) fn run(args: &[String]) -> Result {
    let msrv = workspace::package_field("rust-version")?;
    let compiler = match args {
        [] => match found(&msrv) {
            Ok(compiler) => compiler,
            Err(why) => return Ok(Done::Skipped(why)),
        },
        [flag, path] if flag == "--rustc" => Compiler {
            rustc: path.into(),
            libraries: None,
        },
        _ => return Err("takes only `--rustc PATH`".into()),
    };
    let version = compiler.version()?;
    if !is_version(&version, &msrv) {
        return Err(format!(
            "{} is {version}, not {msrv}",
            compiler.rustc.display()
        ));
    }
    println!("{version}");
    let packages = PUBLISHED.iter().flat_map(|krate| ["--package", krate.name]);
    compiler
        .check()
        .args(packages)
        .arg("--all-features")
        .run()?;
    for package in ["aioevt-core", "aioevt"] {
        for features in ["", "std", "critical-section"] {
            let check = compiler
                .check()
                .arg("--package")
                .arg(package)
                .arg("--no-default-features");
            check.arg("--features").arg(features).run()?;
        }
    }
    // A workspace of its own.
    let embassy = workspace::root().join("adapters/aioevt-embassy");
    compiler.check().arg("--locked").dir(&embassy).run()?;
    Ok(Done::Ok)
}

impl Compiler {
    fn version(&self) -> Result<String> {
        Ok(self
            .environment(Cmd::new(&self.rustc.to_string_lossy()).arg("--version"))
            .read()?
            .trim()
            .to_string())
    }

    /// `cargo check` of the current cargo, driving this compiler.
    fn check(&self) -> Cmd {
        let target_dir = workspace::target_dir().join("xtask/msrv");
        self.environment(cargo("check --quiet --target-dir").arg(target_dir))
            .env("RUSTC", &self.rustc)
    }

    fn environment(&self, cmd: Cmd) -> Cmd {
        // Those of the compiler that this task was built with, or a wrapper for it.
        let cmd = cmd
            .without_env("LD_LIBRARY_PATH")
            .without_env("RUSTC_WRAPPER");
        match &self.libraries {
            Some(libraries) => cmd.env("LD_LIBRARY_PATH", libraries),
            None => cmd,
        }
    }
}

/// Whether what `rustc --version` says is a release of `msrv`, such as `rustc 1.85.1 (..)` of `1.85`.
fn is_version(version: &str, msrv: &str) -> bool {
    let release = version
        .strip_prefix("rustc ")
        .and_then(|rest| rest.strip_prefix(msrv));
    release.is_some_and(|rest| rest.starts_with('.'))
}

fn found(msrv: &str) -> Result<Compiler> {
    if let Some(rustc) = of_rustup(msrv) {
        return Ok(Compiler {
            rustc,
            libraries: None,
        });
    }
    of_debian(msrv)
}

/// Looks into rustup's folder: its commands fetch a toolchain that is not there.
fn of_rustup(msrv: &str) -> Option<PathBuf> {
    let home = std::env::var_os("RUSTUP_HOME").map(PathBuf::from);
    let home = home.or_else(|| std::env::home_dir().map(|home| home.join(".rustup")))?;
    let toolchains = fs::read_dir(home.join("toolchains")).ok()?;
    let mut toolchains = toolchains.filter_map(|entry| Some(entry.ok()?.path()));
    let toolchain = toolchains.find(|path| {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        name.strip_prefix(msrv)
            .is_some_and(|rest| rest.starts_with(['.', '-']))
    })?;
    Some(toolchain.join("bin/rustc"))
}

fn of_debian(msrv: &str) -> Result<Compiler> {
    let dir = workspace::target_dir().join("xtask/debian-rustc");
    let compiler = Compiler {
        rustc: dir.join("usr/bin/rustc"),
        libraries: Some(debian::libraries(&dir)),
    };
    if compiler
        .version()
        .is_ok_and(|version| is_version(&version, msrv))
    {
        return Ok(compiler);
    }
    let otherwise = format!("`cargo xtask msrv --rustc PATH` takes any rustc {msrv}");
    if !debian::is_here() {
        return Err(format!(
            "rustc {msrv} is not installed, and only Debian 12 (apt-get) on x86_64 has one to unpack; {otherwise}"
        ));
    }
    debian::unpack(&DEBIAN, &dir)
        .map_err(|error| format!("cannot unpack Debian's rustc: {error}; {otherwise}"))?;
    Ok(compiler)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_patch_release_of_the_version_will_do_and_no_other() {
        assert!(is_version("rustc 1.85.0 (4d91de4e4 2025-02-17)", "1.85"));
        assert!(!is_version("rustc 1.86.0 (05f9846f8 2025-03-31)", "1.85"));
        assert!(!is_version("rustc 1.850.0", "1.85"));
    }
}
