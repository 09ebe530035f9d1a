//! `cargo xtask package`: packs every published crate and builds all of them from what was packed.
//!
//! Cargo's own verification is left out: of crates that need each other and are on no registry yet, it builds the copy
//! that it unpacked when it first saw the version, not the one it has just packed.

use std::fs;
use std::path::Path;

use crate::cmd::{Cmd, cargo};
use crate::workspace::{self, PUBLISHED};
use crate::{Done, Result, no_args};

/// What has to be in every package besides the sources.
const NEEDED: [&str; 3] = ["LICENSE-MIT", "LICENSE-APACHE", "README.md"];

/// Of what is needed, the same as at the root: a link that was checked out as a text is not a licence.
const SAME: [&str; 2] = ["LICENSE-MIT", "LICENSE-APACHE"];

pub(crate) fn run(args: &[String]) -> Result {
    no_args(args)?;
    // All in one command: each of them alone would look for the others on the registry.
    let mut pack = cargo("package --quiet --no-verify --workspace --exclude xtask");
    // The package of a checkout with changes is no proof for anybody else.
    if !workspace::is_ci() {
        pack = pack.arg("--allow-dirty");
    }
    pack.run()?;

    let dir = workspace::target_dir().join("xtask/package");
    unpack_into(&dir)?;
    cargo("build --workspace --all-features --manifest-path")
        .arg(dir.join("Cargo.toml"))
        .arg("--target-dir")
        .arg(workspace::target_dir())
        .run()?;
    Ok(Done::Ok)
}

/// Makes a workspace of the packages, in which they find each other as if from the registry.
fn unpack_into(dir: &Path) -> Result<()> {
    let failed = |error| format!("cannot make a workspace in {}: {error}", dir.display());
    if dir.exists() {
        fs::remove_dir_all(dir).map_err(failed)?;
    }
    fs::create_dir_all(dir).map_err(failed)?;
    let version = workspace::package_field("version")?;
    let mut patches = String::new();
    for krate in PUBLISHED {
        let package = format!("{}-{version}", krate.name);
        let file = workspace::target_dir().join(format!("package/{package}.crate"));
        let tar = Cmd::new("tar").arg("-xzf").arg(file).arg("-C").arg(dir);
        tar.run()?;
        for needed in NEEDED {
            if !dir.join(&package).join(needed).is_file() {
                return Err(format!("the package of {} holds no {needed}", krate.name));
            }
        }
        for same in SAME {
            let packed = workspace::read(&dir.join(&package).join(same))?;
            if packed != workspace::read(&workspace::root().join(same))? {
                return Err(format!(
                    "{same} in the package of {} is not the one at the root",
                    krate.name
                ));
            }
        }
        // Nothing depends on the facade.
        if krate.dir != "." {
            patches += &format!("{} = {{ path = \"{package}\" }}\n", krate.name);
        }
    }
    let manifest = format!(
        "[workspace]\nmembers = [\"*-{version}\"]\nresolver = \"3\"\n\n[patch.crates-io]\n{patches}"
    );
    fs::write(dir.join("Cargo.toml"), manifest).map_err(failed)?;
    // The same versions of everything else.
    fs::copy(workspace::root().join("Cargo.lock"), dir.join("Cargo.lock")).map_err(failed)?;
    Ok(())
}
