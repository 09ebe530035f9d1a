//! `cargo xtask purity`: only adapters name a runtime, and core depends on nothing that was not decided on.

use std::collections::BTreeSet;

use crate::cmd::cargo;
use crate::rust_source::words;
use crate::workspace::{self, PUBLISHED, Published};
use crate::{Done, Result, no_args};

/// All that core's normal dependencies may bring in, with every feature on. A new line here is a decision: core is built
/// for machines without an operating system, and whoever uses it takes all of this along.
const CORE_DEPENDENCIES: &[&str] = &[
    "critical-section",
    // The hasher of hashbrown.
    "foldhash",
    "futures-core",
    "hashbrown",
    "pin-project-lite",
    "portable-atomic",
    "portable-atomic-util",
    "slab",
    "spin",
];

/// Runtimes, each with the packages that make it up or would do as one.
const RUNTIMES: &[(&str, &[&str])] = &[
    ("tokio", &["tokio", "mio"]),
    ("async-std", &["async-std", "async-global-executor"]),
    ("smol", &["smol", "async-executor", "async-io"]),
    ("embassy", &["embassy-executor", "embassy-time"]),
    ("monoio", &["monoio"]),
    ("glommio", &["glommio"]),
];

/// Words that the code of core holds in few files only, which ones, and why.
const CORE_HAS_RARELY: &[(&str, &[&str], &str)] = &[
    (
        "unsafe",
        &[
            "data/small.rs",
            "src/lock.rs",
            "src/prefetch.rs",
            "src/published.rs",
        ],
        "the compiler cannot check it, so one reader has to be able to",
    ),
    (
        "thread_local",
        &["runner.rs"],
        "an emit has to work while a thread ends, when all but constants without a destructor are gone",
    ),
];

/// A target without an operating system: what core brings in only there counts too.
const BARE_METAL: &str = "thumbv6m-none-eabi";

pub(crate) fn run(args: &[String]) -> Result {
    no_args(args)?;
    let mut found = Vec::new();
    core_dependencies(&mut found)?;
    for krate in PUBLISHED {
        names_in_code(krate, &mut found)?;
        dependencies(krate, &mut found)?;
    }
    if found.is_empty() {
        Ok(Done::Ok)
    } else {
        Err(found.join("\n"))
    }
}

/// The packages that only the adapter of another runtime may name.
fn foreign(krate: &Published) -> impl Iterator<Item = &'static str> {
    let others = RUNTIMES
        .iter()
        .filter(move |(runtime, _)| krate.runtime != Some(*runtime));
    others.flat_map(|(_, packages)| packages.iter().copied())
}

/// No path in code begins with a foreign runtime, and core has some words in few places only.
fn names_in_code(krate: &Published, found: &mut Vec<String>) -> Result<()> {
    let foreign: BTreeSet<String> = foreign(krate).map(|name| name.replace('-', "_")).collect();
    let is_core = krate.name == "aioevt-core";
    let files = workspace::rust_files(&format!("{}/src", krate.dir))?;
    println!("{}: {} source files", krate.name, files.len());
    for file in files {
        for word in words(&workspace::read(&file)?) {
            let place = || format!("{}:{}", workspace::shown(&file), word.line);
            if word.is_path && foreign.contains(&word.text) {
                found.push(format!(
                    "{} names `{}`; only its adapter may",
                    place(),
                    word.text
                ));
            }
            let rule = CORE_HAS_RARELY.iter().find(|(name, places, _)| {
                *name == word.text && !places.iter().any(|place| file.ends_with(place))
            });
            if let Some((name, only, why)) = rule.filter(|_| is_core) {
                let only = only.join(" and ");
                found.push(format!("{} has `{name}`, for {only} only: {why}", place()));
            }
        }
    }
    Ok(())
}

/// No dependency of its own is a foreign runtime.
fn dependencies(krate: &Published, found: &mut Vec<String>) -> Result<()> {
    let tree = cargo("tree --edges normal --all-features --prefix none --format {p} --depth 1");
    let names = packages(&tree.arg("--package").arg(krate.name).read()?);
    for name in foreign(krate).filter(|name| names.contains(*name)) {
        let krate = krate.name;
        found.push(format!("{krate} depends on `{name}`; only its adapter may"));
    }
    Ok(())
}

fn core_dependencies(found: &mut Vec<String>) -> Result<()> {
    let tree = || {
        cargo("tree --package aioevt-core --edges normal --all-features --prefix none --format {p}")
    };
    let mut names = packages(&tree().read()?);
    names.extend(packages(&tree().arg("--target").arg(BARE_METAL).read()?));
    names.remove("aioevt-core");
    println!("aioevt-core brings in {}", names.len());
    let list = "CORE_DEPENDENCIES in xtask/src/purity.rs";
    let allowed: BTreeSet<String> = CORE_DEPENDENCIES
        .iter()
        .copied()
        .map(String::from)
        .collect();
    for name in names.difference(&allowed) {
        found.push(format!(
            "aioevt-core brings in `{name}`, which is not in {list}"
        ));
    }
    for name in allowed.difference(&names) {
        found.push(format!(
            "aioevt-core no longer brings in `{name}`: take it out of {list}"
        ));
    }
    Ok(())
}

/// The names in `cargo tree --prefix none --format {p}`.
fn packages(tree: &str) -> BTreeSet<String> {
    let names = tree
        .lines()
        .filter_map(|line| line.split_whitespace().next());
    names.map(String::from).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_runtime_is_in_the_list_of_what_core_may_bring_in() {
        for (_, packages) in RUNTIMES {
            assert!(
                packages
                    .iter()
                    .all(|name| !CORE_DEPENDENCIES.contains(name))
            );
        }
    }

    #[test]
    fn packages_are_the_first_words() {
        let tree = "a v1.0.0 (/somewhere)\nb-c v0.2.1\n\nb-c v0.2.1\n";
        assert_eq!(packages(tree), BTreeSet::from(["a".into(), "b-c".into()]));
    }
}
