//! `cargo xtask features`: each combination of features of core and of the facade is built and linted, as a library:
//! tests and examples would bring in dependencies that switch features on.
//!
//! On a host with compare-and-swap `portable-atomic` builds as it is (its atomics are the native ones), with and without
//! `critical-section`; only targets without it need a `--cfg` or a critical section for it.

use crate::cmd::cargo;
use crate::manifest::{Features, joined};
use crate::{Done, Result, no_args};

pub(crate) fn run(args: &[String]) -> Result {
    no_args(args)?;
    for (package, dir) in [("aioevt-core", "aioevt-core"), ("aioevt", ".")] {
        let features = Features::of(dir)?;
        let combinations = features.combinations();
        println!(
            "{package}: {} of {} combinations differ",
            combinations.len(),
            1_usize << features.len()
        );
        for implication in features.implications() {
            println!("  {implication}");
        }
        for set in &combinations {
            let selected = |command: &str| {
                let command = format!(
                    "{command} --quiet --package {package} --lib --no-default-features --features"
                );
                cargo(&command).arg(joined(set))
            };
            selected("build").run()?;
            selected("clippy")
                .arg("--")
                .args(["-D", "warnings"])
                .run()?;
        }
    }
    Ok(Done::Ok)
}
