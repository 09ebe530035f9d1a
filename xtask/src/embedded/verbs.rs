//! `cargo xtask embedded --verbs`: what each verb adds to the code of a program, on a Cortex-M4. The program is
//! examples/embedded/boards/verbs, built once for each of its features.

use super::toolchain;
use super::{build, elf};
use crate::{Done, Result, workspace};

const NAME: &str = "verbs";
const TARGET: &str = "thumbv7em-none-eabi";

/// Those that share most of their code, together as well: what they add is less than the sum.
const TOGETHER: [&str; 3] = [
    "emit-after,timeout",
    "once,unregister,lane",
    "once,unregister,lane,emit-after,wait,timeout,idle,async,args,callback,stats,texts",
];

pub(super) fn run() -> Result {
    let toolchain = match toolchain::find(TARGET) {
        Ok(toolchain) => toolchain,
        Err(why) => return Ok(Done::Skipped(why)),
    };
    let measure = |features: &str| -> Result<elf::Sizes> {
        elf::sizes(&build(NAME, TARGET, &toolchain, features)?)
    };
    let base = measure("")?;
    println!("{:>7}{:>9}", ".text", ".rodata");
    println!(
        "{:>7}{:>9}  registers, emits, polls",
        base.text, base.rodata
    );
    let manifest = super::dir().join("boards").join(NAME).join("Cargo.toml");
    let manifest = workspace::read(&manifest)?;
    for features in verbs(&manifest).chain(TOGETHER) {
        let sizes = measure(features)?;
        println!(
            "{:>+7}{:>+9}  {features}",
            difference(sizes.text, base.text),
            difference(sizes.rodata, base.rodata)
        );
    }
    Ok(Done::Ok)
}

#[allow(clippy::cast_possible_wrap, reason = "images are not so large")]
fn difference(sizes: u64, base: u64) -> i64 {
    sizes as i64 - base as i64
}

/// The names of the features.
fn verbs(manifest: &str) -> impl Iterator<Item = &str> {
    let features = manifest.split("[features]\n").nth(1).unwrap_or_default();
    features
        .lines()
        .map_while(|line| line.strip_suffix(" = []"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn features_are_read_up_to_the_next_table() {
        let manifest = "[package]\n[features]\nonce = []\nwait = []\n\n[dependencies]\nx = []\n";
        assert_eq!(verbs(manifest).collect::<Vec<_>>(), ["once", "wait"]);
    }
}
