//! Cargo subcommands that are not part of a toolchain: the one on the machine, else one below the target folder, fetched or
//! compiled if it is not there yet.

use std::path::PathBuf;

use crate::cmd::{Cmd, cargo, is_installed};
use crate::{Result, workspace};

/// The program `name`; `prebuilt` is a package of the Python index that holds it compiled.
pub(crate) fn tool(name: &str, prebuilt: &str) -> Result<String> {
    if is_installed(name) {
        return Ok(name.into());
    }
    let tools = workspace::target_dir().join("tools");
    let program: PathBuf = tools.join("bin").join(name);
    let program = program.display().to_string();
    if !is_installed(&program) {
        let by_hand = format!("`cargo install --locked {name}` makes it available");
        // Both names are in use, and either may be there without pip.
        let pip = ["python3", "python"].into_iter().find(|python| {
            Cmd::new(python)
                .arg("-m")
                .arg("pip")
                .arg("--version")
                .read()
                .is_ok()
        });
        let Some(python) = pip else {
            return Err(format!(
                "{name} is not installed and there is no pip to fetch it with; {by_hand}"
            ));
        };
        let install = [
            "-m",
            "pip",
            "install",
            "--quiet",
            "--disable-pip-version-check",
            "--root-user-action=ignore",
            "--no-deps",
            "--upgrade",
            "--target",
        ];
        let fetched = Cmd::new(python)
            .args(install)
            .arg(&tools)
            .arg(prebuilt)
            .run();
        fetched.map_err(|error| {
            format!("{name} is not installed and cannot be fetched: {error}; {by_hand}")
        })?;
    }
    Ok(program)
}

/// The program `name` of the crate of that name, compiled where no machine has it. Of this version only: what such a tool
/// finds, and how it says so, changes from one to the next.
pub(crate) fn built(name: &str, version: &str) -> Result<String> {
    let tools = workspace::target_dir().join("tools");
    let program = tools.join("bin").join(name).display().to_string();
    // Does nothing if it is there in this version.
    let installed = cargo("install --quiet --locked --root")
        .arg(&tools)
        .arg("--version")
        .arg(version)
        .arg(name)
        .run();
    match installed {
        Ok(()) => Ok(program),
        Err(error) => Err(format!("{name} {version} cannot be installed: {error}")),
    }
}
