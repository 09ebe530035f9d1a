//! `cargo xtask abort`: the conformance suite, on all runtimes, built so that a panic aborts. Then nothing can be
//! contained, and the tests that panic on purpose are left out; all others have to do without unwinding. Needs a nightly
//! compiler: only there a test can abort, each being a process of its own.

use crate::cmd::{Cmd, text};
use crate::{Done, Result, no_args, workspace};

pub(crate) fn run(args: &[String]) -> Result {
    no_args(args)?;
    let nightly = Cmd::new("rustup").args(["run", "nightly", "rustc", "-V"]);
    if nightly.read().is_err() {
        let why =
            "there is no nightly compiler; `rustup toolchain install nightly` makes it available";
        return Ok(Done::Skipped(why.into()));
    }
    let tests = "run nightly cargo test -Zpanic-abort-tests --package aioevt --all-features --test it --target-dir";
    let output = Cmd::new("rustup")
        .args(tests.split_whitespace())
        .arg(workspace::target_dir().join("xtask/abort"))
        .env("CARGO_PROFILE_DEV_PANIC", "abort")
        // Cargo set them for the stable one.
        .without_env("CARGO")
        .without_env("RUSTC")
        .output()?;
    let printed = text(&output.stdout);
    let Some((passed, left_out)) = counts(&printed).filter(|_| output.status.success()) else {
        return Err(format!(
            "the suite failed ({}):\n{printed}{}",
            output.status,
            text(&output.stderr)
        ));
    };
    println!("{passed} tests passed, {left_out} that panic on purpose were left out");
    if left_out == 0 {
        return Err("no test was left out, so this was not built to abort".into());
    }
    Ok(Done::Ok)
}

/// From the last line of the tests: `test result: ok. 3 passed; 0 failed; 1 ignored; ..`.
fn counts(printed: &str) -> Option<(usize, usize)> {
    let result = printed
        .lines()
        .rfind(|line| line.starts_with("test result: ok."))?;
    let words: Vec<&str> = result.split_whitespace().collect();
    let before = |what: &str| {
        let at = words.iter().position(|word| *word == what)?;
        words.get(at.checked_sub(1)?)?.parse().ok()
    };
    Some((before("passed;")?, before("ignored;")?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tests_are_counted() {
        let printed =
            "test a ... ok\n\ntest result: ok. 3 passed; 0 failed; 1 ignored; 0 measured\n\n";
        assert_eq!(counts(printed), Some((3, 1)));
        assert_eq!(counts("test result: FAILED. 3 passed; 1 failed;"), None);
    }
}
