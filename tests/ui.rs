//! Mistakes that do not compile, and what the compiler says to them: a file each in `tests/ui`, named after the mistake.
//!
//! The first lines of a file, `//~ sentence`, are what has to show. They are our own sentences, not the compiler's: it
//! words and lays out its messages anew in every version. A file without such a line has to compile.
#![cfg(feature = "std")]
#![allow(clippy::unwrap_used, reason = "in tests a panic is the report")]

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The mistake and its file.
struct Mistake {
    name: String,
    file: PathBuf,
}

fn mistakes() -> Vec<Mistake> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/ui");
    let mut mistakes: Vec<Mistake> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|file| file.extension().is_some_and(|extension| extension == "rs"))
        .map(|file| Mistake {
            name: file.file_stem().unwrap().to_str().unwrap().to_owned(),
            file,
        })
        .collect();
    mistakes.sort_by(|a, b| a.name.cmp(&b.name));
    mistakes
}

/// A package with a program for each mistake.
fn package(mistakes: &[Mistake]) -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let package = Path::new(env!("CARGO_TARGET_TMPDIR")).join("ui");
    let mut manifest = format!(
        "[package]\nname = \"ui\"\nversion = \"0.0.0\"\nedition = \"2024\"\n\n[workspace]\n\n\
         [dependencies]\naioevt = {{ path = {root:?} }}\n"
    );
    for Mistake { name, file } in mistakes {
        write!(manifest, "\n[[bin]]\nname = \"{name}\"\npath = {file:?}\n").unwrap();
    }
    fs::create_dir_all(&package).unwrap();
    fs::write(package.join("Cargo.toml"), manifest).unwrap();
    // The versions that the workspace was built with are there without a network.
    fs::copy(root.join("Cargo.lock"), package.join("Cargo.lock")).unwrap();
    package
}

/// Builds one program: some of our sentences come from constants, which `cargo check` does not evaluate.
fn build(package: &Path, name: &str) -> (bool, String) {
    let output = Command::new(env!("CARGO"))
        .args([
            "build",
            "--quiet",
            "--offline",
            "--color",
            "never",
            "--bin",
            name,
        ])
        .arg("--target-dir")
        .arg(package.join("target"))
        .current_dir(package)
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    (output.status.success(), text)
}

/// Without the places at which lines were broken.
fn flowing(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn every_mistake_is_answered_with_our_own_sentence() {
    let mistakes = mistakes();
    assert!(mistakes.len() > 15);
    let package = package(&mistakes);
    let mut wrong = Vec::new();
    for Mistake { name, file } in &mistakes {
        let source = fs::read_to_string(file).unwrap();
        let expected: Vec<&str> = source
            .lines()
            .map_while(|line| line.strip_prefix("//~ "))
            .collect();
        let (compiles, told) = build(&package, name);
        if compiles != expected.is_empty() {
            wrong.push(format!("{name}.rs: compiles: {compiles}\n{told}"));
        }
        let flowing = flowing(&told);
        for sentence in expected
            .iter()
            .filter(|sentence| !flowing.contains(**sentence))
        {
            wrong.push(format!("{name}.rs: not told: {sentence}\n{told}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}
