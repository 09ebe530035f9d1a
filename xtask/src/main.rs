//! The project's tasks, as `cargo xtask TASK`: the table of them and how one is found. Each lives in a file of its own.

use std::process::ExitCode;

mod abort;
mod bench;
mod ci;
mod cmd;
mod coverage;
mod debian;
mod deny;
mod docs;
mod embassy;
mod embedded;
mod examples;
mod features;
mod fmt;
mod fuzz;
mod lint;
mod loom;
mod manifest;
mod model;
mod msrv;
mod mutants;
mod no_std;
mod package;
mod purity;
mod rust_source;
mod sanitize;
mod shuttle;
mod sizes;
mod soak;
mod test;
mod tools;
mod workspace;

/// What went wrong, as a sentence for the person at the terminal.
type Result<T = Done> = std::result::Result<T, String>;

/// How a task that found nothing wrong ended.
enum Done {
    Ok,
    /// Could not be tried here; says why, and what to do about it.
    Skipped(String),
}

/// One thing that `cargo xtask` does. A new task is one more file and one more line in [`TASKS`].
struct Task {
    name: &'static str,
    about: &'static str,
    run: fn(&[String]) -> Result,
    /// Whether it is a step of `cargo xtask ci`, which runs its steps in the order of the table, without arguments.
    in_ci: bool,
}

#[rustfmt::skip] // a table
const TASKS: &[Task] = &[
    Task { name: "ci",       in_ci: false, run: ci::run,       about: "every step marked * in this order; `ci --without TASK` leaves one out" },
    Task { name: "fmt",      in_ci: true,  run: fmt::run,      about: "every file is formatted" },
    Task { name: "sizes",    in_ci: true,  run: sizes::run,    about: "no source file is too long, the facade's lib.rs stays a contents page" },
    Task { name: "purity",   in_ci: true,  run: purity::run,   about: "only adapters name a runtime; core has no dependency that was not decided on" },
    Task { name: "lint",     in_ci: true,  run: lint::run,     about: "clippy on all targets, warnings denied" },
    Task { name: "features", in_ci: true,  run: features::run, about: "build and clippy with every combination of core's and the facade's features" },
    Task { name: "no-std",   in_ci: true,  run: no_std::run,   about: "core and facade build against a sysroot that has no std" },
    Task { name: "test",     in_ci: true,  run: test::run,     about: "the tests with none, each one and all of the runtime features" },
    Task { name: "docs",     in_ci: true,  run: docs::run,     about: "the documentation, warnings denied, with all features and with none" },
    Task { name: "examples", in_ci: true,  run: examples::run, about: "run every example and compare its output; `examples NAME` runs one" },
    Task { name: "package",  in_ci: true,  run: package::run,  about: "`cargo package` of every published crate, each built from its package" },
    Task { name: "msrv",     in_ci: true,  run: msrv::run,     about: "check with the oldest supported compiler; `msrv --rustc PATH` names one" },
    Task { name: "embassy",  in_ci: true,  run: embassy::run,  about: "the adapter for embassy, which is a workspace of its own, on the host" },
    Task { name: "boards",   in_ci: true,  run: embedded::run_some, about: "those of `embedded` that stand for all: x86_64 and Cortex-M4" },
    Task { name: "embedded", in_ci: false, run: embedded::run, about: "build for every microcontroller board, run in QEMU; `embedded --board NAME` takes one, `--verbs` measures what each verb adds, `--cycles` how long interrupts are off" },
    Task { name: "bench",    in_ci: false, run: bench::run,    about: "speed against the crates people would use instead, into docs/; `bench --quick`" },
    Task { name: "deny",     in_ci: true,  run: deny::run,     about: "licences, bans and sources of all dependencies; `deny --online` adds advisories" },
    Task { name: "loom",     in_ci: true,  run: loom::run,     about: "core's models under every schedule; `loom NAME` runs those with NAME in theirs" },
    Task { name: "shuttle",  in_ci: true,  run: shuttle::run,  about: "core's models that are too large for that; `shuttle NAME --iterations N --seed N`" },
    Task { name: "model",    in_ci: true,  run: model::run,    about: "random programs against core's reference model; `model --programs N --seed N`" },
    Task { name: "fuzz",     in_ci: false, run: fuzz::run,     about: "programs found by coverage against the same model; `fuzz --seconds N` keeps what it finds" },
    Task { name: "soak",     in_ci: true,  run: soak::run,     about: "everything at once, with loops that die; `soak --seconds N --seed N`" },
    Task { name: "coverage", in_ci: false, run: coverage::run, about: "which lines of core no test reaches, against those explained in xtask/unreached.txt" },
    Task { name: "abort",    in_ci: false, run: abort::run,    about: "the conformance suite where a panic aborts, without the tests that panic on purpose" },
    Task { name: "mutants",  in_ci: false, run: mutants::run,  about: "faults put into core, and which of them no test notices; `mutants --shard K/N --file GLOB`" },
    Task { name: "sanitize", in_ci: false, run: sanitize::run, about: "the tests under AddressSanitizer with leaks; `sanitize thread --rounds N` under ThreadSanitizer" },
];

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let Some((name, rest)) = args.split_first() else {
        print!("{}", help());
        return ExitCode::SUCCESS;
    };
    if matches!(name.as_str(), "help" | "-h" | "--help") {
        print!("{}", help());
        return ExitCode::SUCCESS;
    }
    let Some(task) = TASKS.iter().find(|task| task.name == name) else {
        eprintln!("error: there is no task `{name}`\n\n{}", help());
        return ExitCode::from(2);
    };
    match (task.run)(rest) {
        Ok(Done::Ok) => ExitCode::SUCCESS,
        Ok(Done::Skipped(why)) => {
            eprintln!("error: {} could not run: {why}", task.name);
            ExitCode::FAILURE
        }
        Err(error) => {
            eprintln!("error: {}: {error}", task.name);
            ExitCode::FAILURE
        }
    }
}

fn help() -> String {
    let mut text =
        String::from("usage: cargo xtask TASK\n\ntasks (* is a step of `cargo xtask ci`):\n");
    let width = TASKS.iter().map(|task| task.name.len()).max().unwrap_or(0);
    for task in TASKS {
        let mark = if task.in_ci { '*' } else { ' ' };
        text += &format!("  {:width$} {mark} {}\n", task.name, task.about);
    }
    text
}

/// For tasks that take no arguments.
fn no_args(args: &[String]) -> Result<()> {
    match args {
        [] => Ok(()),
        [first, ..] => Err(format!("takes no arguments, found `{first}`")),
    }
}

/// For tasks that take numbers behind flags, each of which has a value to begin with.
fn numbers(args: &[String], flags: &mut [(&str, &mut u64)]) -> Result<()> {
    for pair in args.chunks(2) {
        let found = flags.iter_mut().find(|(flag, _)| *flag == pair[0]);
        let (Some((_, number)), [_, value]) = (found, pair) else {
            let known: Vec<_> = flags
                .iter()
                .map(|(flag, _)| format!("`{flag} NUMBER`"))
                .collect();
            return Err(format!("takes only {}", known.join(" and ")));
        };
        **number = value
            .parse()
            .map_err(|_| format!("`{value}` is not a number"))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_by_their_flags() {
        let args = |text: &str| text.split(' ').map(String::from).collect::<Vec<_>>();
        let (mut seconds, mut seed) = (20, 1);
        let mut read = |text| {
            numbers(
                &args(text),
                &mut [("--seconds", &mut seconds), ("--seed", &mut seed)],
            )
        };
        assert_eq!(read("--seed 7"), Ok(()));
        assert!(
            read("--seconds")
                .is_err_and(|error| error.contains("`--seconds NUMBER` and `--seed NUMBER`"))
        );
        assert!(read("--seconds x").is_err_and(|error| error.contains("`x` is not a number")));
        assert!(read("--other 1").is_err());
        assert_eq!((seconds, seed), (20, 7));
    }

    #[test]
    fn help_names_every_task_and_no_name_is_there_twice() {
        let help = help();
        for (index, task) in TASKS.iter().enumerate() {
            assert!(help.contains(task.about), "{}", task.name);
            assert!(
                TASKS[index + 1..]
                    .iter()
                    .all(|other| other.name != task.name)
            );
        }
    }
}
