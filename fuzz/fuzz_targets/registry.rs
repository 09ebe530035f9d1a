//! Programs found by coverage, held against core's reference model: see `aioevt-core/tests/model/`.
#![no_main]

#[path = "../../aioevt-core/tests/model/compare.rs"]
mod compare;
#[path = "../../aioevt-core/tests/model/program.rs"]
mod program;
#[path = "../../aioevt-core/tests/model/real.rs"]
mod real;
#[path = "../../aioevt-core/tests/model/reference.rs"]
mod reference;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    if let Err(disagreement) = compare::compare(bytes) {
        panic!("{disagreement}");
    }
});
