//! Random programs, carried out by a manager on `PollLoop`s with virtual time and by a small sequential model: both agree
//! on every call and its order, on every outcome, and on all that can be asked in between.
//!
//! `cargo xtask model` tries more programs, `cargo xtask fuzz` looks for new ones by the coverage of core.
#![cfg(not(loom))]
#![allow(
    clippy::unwrap_used,
    clippy::std_instead_of_core,
    clippy::std_instead_of_alloc,
    reason = "a test"
)]

mod compare;
mod program;
mod real;
mod reference;

use std::path::Path;

use compare::compare;
use proptest::collection::vec;
use proptest::prelude::any;
use proptest::test_runner::{Config, RngAlgorithm, TestCaseError, TestRng, TestRunner};

/// A number from the environment.
fn number(name: &str, default: u64) -> u64 {
    std::env::var(name).map_or(default, |number| number.parse().unwrap())
}

#[test]
fn the_manager_does_what_the_model_does() {
    let programs = number("MODEL_PROGRAMS", 500);
    let seed = number("MODEL_SEED", 0);
    let config = Config {
        cases: programs.try_into().unwrap(),
        failure_persistence: None,
        max_shrink_iters: 100_000,
        ..Config::default()
    };
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&seed.to_le_bytes());
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &bytes);
    let result = TestRunner::new_with_rng(config, rng)
        .run(&vec(any::<[u8; 4]>(), 0..100), |operations| {
            compare(operations.as_flattened()).map_err(TestCaseError::fail)
        });
    assert!(result.is_ok(), "MODEL_SEED={seed}: {}", result.unwrap_err());
}

/// The programs that fuzzing kept. Not there in a published package.
#[test]
fn the_corpus_is_still_fine() {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz/corpus/registry");
    let Ok(files) = std::fs::read_dir(corpus) else {
        return;
    };
    for file in files {
        let path = file.unwrap().path();
        if let Err(disagreement) = compare(&std::fs::read(&path).unwrap()) {
            panic!("{}: {disagreement}", path.display());
        }
    }
}
