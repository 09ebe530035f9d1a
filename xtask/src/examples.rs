//! `cargo xtask examples`: runs every example of the facade and compares what it printed.

use std::fs;
use std::time::Duration;

use crate::cmd::{Cmd, cargo, is_installed};
use crate::{Done, Result, workspace};

/// No example may take longer, its waits included.
const LIMIT: Duration = Duration::from_secs(60);

struct Example {
    name: &'static str,
    features: &'static [&'static str],
    expected: Expected,
}

enum Expected {
    /// The last line it prints.
    LastLine(&'static str),
    /// The numbers that `wc -lwc` prints for the same files.
    AsWc,
}

#[rustfmt::skip] // a table
const EXAMPLES: &[Example] = &[
    Example { name: "quickstart",     features: &[],                 expected: Expected::LastLine("Calculated 10") },
    Example { name: "custom_runtime", features: &[],                 expected: Expected::LastLine("Calculated 10") },
    Example { name: "tour",           features: &[],                 expected: Expected::LastLine("goodbye") },
    Example { name: "mixed_runtimes", features: &["--all-features"], expected: Expected::LastLine("5 loops answered") },
    Example { name: "word_count",     features: &["--all-features"], expected: Expected::AsWc },
];

pub(crate) fn run(args: &[String]) -> Result {
    let chosen: Vec<&Example> = match args {
        [] => {
            none_is_missing()?;
            EXAMPLES.iter().collect()
        }
        [name] => {
            let found = EXAMPLES.iter().find(|example| example.name == name);
            vec![found.ok_or_else(|| {
                format!("there is no example `{name}` in the table of xtask/src/examples.rs")
            })?]
        }
        _ => return Err("takes the name of one example, or nothing".into()),
    };
    for example in chosen {
        // Built on its own, so that the limit counts only the run.
        cargo("build --quiet --example")
            .arg(example.name)
            .args(example.features)
            .run()?;
        match example.expected {
            Expected::LastLine(expected) => {
                let printed = started(example).read_within(LIMIT)?;
                let last = printed.lines().last().unwrap_or("");
                if last != expected {
                    return Err(format!(
                        "the last line of {} is `{last}`, not `{expected}`:\n{printed}",
                        example.name
                    ));
                }
                println!("  {last}");
            }
            Expected::AsWc => compare_with_wc(example)?,
        }
    }
    Ok(Done::Ok)
}

fn started(example: &Example) -> Cmd {
    cargo("run --quiet --example")
        .arg(example.name)
        .args(example.features)
        // What a word is depends on it.
        .env("LC_ALL", "C.UTF-8")
}

/// An example that nobody runs soon stops working.
fn none_is_missing() -> Result<()> {
    for file in workspace::rust_files("examples")? {
        // Folders of examples are workspaces of their own, with tasks of their own.
        let shown = workspace::shown(&file);
        let name = shown
            .trim_start_matches("examples/")
            .trim_end_matches(".rs");
        if !name.contains('/') && EXAMPLES.iter().all(|example| example.name != name) {
            return Err(format!(
                "{shown} is not in the table of xtask/src/examples.rs, which says what it has to print"
            ));
        }
    }
    Ok(())
}

fn compare_with_wc(example: &Example) -> Result<()> {
    if !is_installed("wc") {
        return Err("`wc` is needed to compare with".into());
    }
    // Relative to the root, where commands run: the printed command stays short.
    let sources: Vec<String> = workspace::rust_files("")?
        .iter()
        .map(|path| workspace::shown(path))
        .collect();
    let odd = odd_files()?;
    let one = sources.iter().take(1).cloned().collect();
    for files in [one, odd.clone(), [sources, odd].concat()] {
        let wc = Cmd::new("wc")
            .env("LC_ALL", "C.UTF-8")
            .arg("-lwc")
            .args(&files)
            .read()?;
        let expected: Vec<&str> = wc
            .lines()
            .last()
            .unwrap_or("")
            .split_whitespace()
            .take(3)
            .collect();
        let printed = started(example).arg("--").args(&files).read_within(LIMIT)?;
        let last: Vec<&str> = printed
            .lines()
            .last()
            .unwrap_or("")
            .split_whitespace()
            .take(3)
            .collect();
        if last != expected {
            return Err(format!(
                "{} printed {last:?} where wc prints {expected:?} (lines, words, bytes)",
                example.name
            ));
        }
        println!("  {}: {} files", last.join(" "), files.len());
    }
    Ok(())
}

/// Where counters go wrong: nothing at all, no line break at the end, blanks only, other alphabets, one long line.
fn odd_files() -> Result<Vec<String>> {
    let dir = workspace::target_dir().join("xtask/word_count");
    let cannot_write = |error| format!("cannot write to {}: {error}", dir.display());
    fs::create_dir_all(&dir).map_err(cannot_write)?;
    // Longer than what is read of a line at once; the second is cut inside of a word and of a character.
    let long = "word ".repeat(300_000);
    let cut = "x".to_string() + &"größe".repeat(300_000) + " end";
    let contents = [
        ("empty", ""),
        ("open", "a b\nc"),
        ("blank", " \t\n\r\n \n"),
        ("other", "größe 数 ж\r\n"),
        ("long", &long),
        ("cut", &cut),
    ];
    contents
        .iter()
        .map(|(name, content)| {
            let path = dir.join(name);
            fs::write(&path, content).map_err(cannot_write)?;
            Ok(workspace::shown(&path))
        })
        .collect()
}
