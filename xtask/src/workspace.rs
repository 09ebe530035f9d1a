//! Where things are: the root, the target folder, the published crates and the source files.

use std::fs;
use std::path::{Path, PathBuf};

use crate::Result;

/// A crate that is published.
pub(crate) struct Published {
    pub(crate) name: &'static str,
    /// Below the root.
    pub(crate) dir: &'static str,
    /// The runtime that it adapts, and so may name.
    pub(crate) runtime: Option<&'static str>,
}

/// Every published crate, a dependency before what needs it.
pub(crate) const PUBLISHED: &[Published] = &[
    Published {
        name: "aioevt-core",
        dir: "aioevt-core",
        runtime: None,
    },
    Published {
        name: "aioevt-tokio",
        dir: "adapters/aioevt-tokio",
        runtime: Some("tokio"),
    },
    Published {
        name: "aioevt-async-std",
        dir: "adapters/aioevt-async-std",
        runtime: Some("async-std"),
    },
    Published {
        name: "aioevt-smol",
        dir: "adapters/aioevt-smol",
        runtime: Some("smol"),
    },
    Published {
        name: "aioevt",
        dir: ".",
        runtime: None,
    },
];

pub(crate) fn root() -> PathBuf {
    let manifest_dir =
        std::env::var_os("CARGO_MANIFEST_DIR").unwrap_or_else(|| env!("CARGO_MANIFEST_DIR").into());
    Path::new(&manifest_dir)
        .parent()
        .map_or_else(PathBuf::new, Path::to_path_buf)
}

/// Where tasks put what they make; never committed.
pub(crate) fn target_dir() -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR")
        .map_or_else(|| root().join("target"), |dir| root().join(dir))
}

/// What `[workspace.package]` says, such as `rust-version`.
pub(crate) fn package_field(name: &str) -> Result<String> {
    let manifest = read(&root().join("Cargo.toml"))?;
    let table = manifest.split("[workspace.package]").nth(1).unwrap_or("");
    let mut lines = table
        .lines()
        .map_while(|line| (!line.starts_with('[')).then_some(line));
    let value = lines.find_map(|line| line.strip_prefix(name)?.trim_start().strip_prefix('='));
    let value = value.map(|value| value.trim().trim_matches('"').to_string());
    value.ok_or_else(|| format!("[workspace.package] in Cargo.toml has no `{name}`"))
}

/// On a machine that builds for everyone: nothing may be skipped, and the checkout must be clean.
pub(crate) fn is_ci() -> bool {
    std::env::var("CI").is_ok_and(|value| !matches!(value.as_str(), "" | "0" | "false"))
}

/// All Rust sources below `dir` of the workspace, sorted, without build output.
pub(crate) fn rust_files(dir: &str) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    let mut pending = vec![root().join(dir)];
    while let Some(dir) = pending.pop() {
        let cannot_read = |error| format!("cannot read {}: {error}", dir.display());
        for entry in fs::read_dir(&dir).map_err(cannot_read)? {
            let entry = entry.map_err(cannot_read)?;
            let name = entry.file_name();
            let name = name.to_string_lossy();
            if entry.file_type().map_err(cannot_read)?.is_dir() {
                if name != "target" && !name.starts_with('.') {
                    pending.push(entry.path());
                }
            } else if name.ends_with(".rs") {
                found.push(entry.path());
            }
        }
    }
    found.sort();
    Ok(found)
}

pub(crate) fn read(path: &Path) -> Result<String> {
    fs::read_to_string(path).map_err(|error| format!("cannot read {}: {error}", shown(path)))
}

/// As seen from the root.
pub(crate) fn shown(path: &Path) -> String {
    path.strip_prefix(root())
        .unwrap_or(path)
        .display()
        .to_string()
}
