//! Debian's packages, unpacked below the target folder and installed nowhere: compilers that rustup does not have here.

use std::ffi::OsString;
use std::fs;
use std::path::Path;

use crate::Result;
use crate::cmd::{Cmd, is_installed};

/// Whether there are packages to be had that run here.
pub(crate) fn is_here() -> bool {
    cfg!(all(target_os = "linux", target_arch = "x86_64"))
        && is_installed("apt-get")
        && is_installed("dpkg")
}

/// Where the libraries of what was unpacked into `dir` are.
pub(crate) fn libraries(dir: &Path) -> std::path::PathBuf {
    dir.join("usr/lib/x86_64-linux-gnu")
}

/// Fetches packages, `name` or `name=version`, and unpacks them into `dir`, in place of what is there.
pub(crate) fn unpack(packages: &[&str], dir: &Path) -> Result<()> {
    if dir.exists() {
        fs::remove_dir_all(dir)
            .map_err(|error| format!("cannot remove {}: {error}", dir.display()))?;
    }
    let fetched = dir.join("packages");
    fs::create_dir_all(&fetched)
        .map_err(|error| format!("cannot make {}: {error}", fetched.display()))?;
    let download = Cmd::new("apt-get")
        .arg("download")
        .arg("--option=Acquire::Retries=3")
        .args(packages)
        .dir(&fetched)
        .run();
    download.map_err(|error| {
        format!("{error}; if the packages are unknown, `apt-get update` may help")
    })?;
    let files = fs::read_dir(&fetched)
        .map_err(|error| format!("cannot read {}: {error}", fetched.display()))?;
    let files: Vec<OsString> = files
        .filter_map(|entry| Some(entry.ok()?.path().into_os_string()))
        .collect();
    for file in files {
        Cmd::new("dpkg").arg("-x").arg(file).arg(dir).run()?;
    }
    fs::remove_dir_all(&fetched)
        .map_err(|error| format!("cannot remove {}: {error}", fetched.display()))
}
