//! `cargo xtask no-std`: checks against a sysroot that holds core and alloc but no std. Any use of std anywhere in the
//! tree fails there, which a `#![no_std]` in our own crates alone would not show. Needs no target but the host's.

use std::fs;
use std::path::{Path, PathBuf};

use crate::cmd::{Cmd, cargo, text};
use crate::{Done, Result, no_args, workspace};

/// Package and features, without the default ones.
const WITHOUT_STD: [(&str, &str); 6] = [
    ("aioevt-core", ""),
    ("aioevt-core", "critical-section"),
    ("aioevt-core", "portable-atomic"),
    ("aioevt-core", "portable-atomic,critical-section"),
    ("aioevt", ""),
    ("aioevt", "portable-atomic,critical-section"),
];

/// What the sysroot holds: alloc and all that it needs.
const CRATES: [&str; 4] = [
    "core",
    "alloc",
    "compiler_builtins",
    "rustc_std_workspace_core",
];

pub(crate) fn run(args: &[String]) -> Result {
    no_args(args)?;
    let host = host()?;
    let sysroot = sysroot_without_std(&host)?;
    for (package, features) in WITHOUT_STD {
        check(&host, &sysroot, package, features).run()?;
    }
    // The counter-proof: a check that nothing can fail proves nothing.
    for package in ["aioevt-core", "aioevt"] {
        let output = check(&host, &sysroot, package, "std").output()?;
        let said = text(&output.stderr);
        if output.status.success() {
            return Err(format!(
                "{package} with std builds although there is none: the check finds nothing"
            ));
        }
        if !said.contains("can't find crate for `std`") {
            return Err(format!(
                "{package} with std should fail because std is not there, but said:\n{said}"
            ));
        }
        println!("  fails, as it should: can't find crate for `std`");
    }
    Ok(Done::Ok)
}

fn check(host: &str, sysroot: &Path, package: &str, features: &str) -> Cmd {
    // `--target` keeps the flag off build scripts and macros, which do need std.
    let mut cmd = cargo("check --quiet --no-default-features --package")
        .arg(package)
        .arg("--features")
        .arg(features);
    cmd = cmd
        .arg("--target")
        .arg(host)
        .arg("--target-dir")
        .arg(workspace::target_dir().join("xtask/no-std"));
    // The encoded form allows blanks in the path and goes before all other places for flags.
    cmd.env(
        "CARGO_ENCODED_RUSTFLAGS",
        format!("--sysroot={}", sysroot.display()),
    )
}

fn sysroot_without_std(host: &str) -> Result<PathBuf> {
    let real = Cmd::new("rustc").arg("--print").arg("sysroot").read()?;
    let libraries = Path::new("lib/rustlib").join(host).join("lib");
    let from = Path::new(real.trim()).join(&libraries);
    let sysroot = workspace::target_dir().join("xtask/no-std-sysroot");
    let to = sysroot.join(&libraries);
    let failed = |error| format!("cannot make a sysroot in {}: {error}", sysroot.display());
    if sysroot.exists() {
        // That of another compiler, perhaps.
        fs::remove_dir_all(&sysroot).map_err(failed)?;
    }
    fs::create_dir_all(&to).map_err(failed)?;
    let mut copied = 0;
    for entry in
        fs::read_dir(&from).map_err(|error| format!("cannot read {}: {error}", from.display()))?
    {
        let name = entry.map_err(failed)?.file_name();
        if is_wanted(&name.to_string_lossy()) {
            fs::copy(from.join(&name), to.join(&name)).map_err(failed)?;
            copied += 1;
        }
    }
    if copied < CRATES.len() {
        return Err(format!(
            "{} does not hold all of {CRATES:?}",
            from.display()
        ));
    }
    Ok(sysroot)
}

/// `libNAME-HASH.rlib` or `.rmeta` of a wanted crate.
fn is_wanted(file: &str) -> bool {
    let name = file
        .strip_prefix("lib")
        .and_then(|rest| rest.rsplit_once('-'))
        .map(|(name, _)| name);
    name.is_some_and(|name| CRATES.contains(&name))
        && (file.ends_with(".rlib") || file.ends_with(".rmeta"))
}

fn host() -> Result<String> {
    let version = Cmd::new("rustc").arg("-vV").read()?;
    let host = version.lines().find_map(|line| line.strip_prefix("host: "));
    host.map(String::from)
        .ok_or_else(|| format!("rustc does not name its host:\n{version}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_alloc_and_what_it_needs_goes_into_the_sysroot() {
        assert!(
            is_wanted("libcore-0123abcd.rlib") && is_wanted("libcompiler_builtins-0123abcd.rmeta")
        );
        for other in [
            "libstd-0123abcd.rlib",
            "libstd-0123abcd.so",
            "libcore_io-0123abcd.rlib",
            "libcore-0123abcd.so",
            "core",
        ] {
            assert!(!is_wanted(other), "{other}");
        }
    }
}
