//! `cargo xtask embedded`: builds the application for every board of examples/embedded, boots it in QEMU, and prints what
//! it takes; `--verbs` says what each verb adds to a program, `--cycles` how long interrupts are off in cycles. Where the
//! compilers come from is in `embedded/toolchain.rs`, the sizes in `embedded/elf.rs`.

mod cortex_m4;
mod cycles;
mod elf;
pub(crate) mod toolchain;
mod verbs;

use std::path::{Path, PathBuf};
use std::time::Duration;

use self::elf::Sizes;
use self::toolchain::Toolchain;
use crate::cmd::{Cmd, cargo, is_installed};
use crate::{Done, Result, workspace};

struct Board {
    /// Its folder below examples/embedded/boards, its package and its image.
    name: &'static str,
    target: &'static str,
    /// Debian's package of its QEMU.
    qemu: &'static str,
    exit_code: i32,
    /// It runs the application that all boards share, which says what it takes.
    tells: bool,
    /// A step of `cargo xtask ci`.
    in_ci: bool,
}

const BOARDS: &[Board] = &[
    Board {
        name: "x86_64-pvh",
        target: "x86_64-unknown-linux-gnu",
        qemu: "qemu-system-x86",
        // QEMU's exit device shifts what is written, and adds one.
        exit_code: 33,
        tells: true,
        in_ci: true,
    },
    Board {
        name: "mps2-an386",
        target: "thumbv7em-none-eabi",
        qemu: "qemu-system-arm",
        exit_code: 0,
        tells: true,
        in_ci: true,
    },
    Board {
        name: "mps2-an386-embassy",
        target: "thumbv7em-none-eabi",
        qemu: "qemu-system-arm",
        exit_code: 0,
        tells: true,
        in_ci: true,
    },
    Board {
        name: "smallest",
        target: "thumbv7em-none-eabi",
        qemu: "qemu-system-arm",
        exit_code: 0,
        tells: false,
        in_ci: true,
    },
    Board {
        name: "lm3s6965evb",
        target: "thumbv7m-none-eabi",
        qemu: "qemu-system-arm",
        exit_code: 0,
        tells: true,
        in_ci: false,
    },
    Board {
        name: "microbit",
        target: "thumbv6m-none-eabi",
        qemu: "qemu-system-arm",
        exit_code: 0,
        tells: true,
        in_ci: false,
    },
    Board {
        name: "riscv32-virt",
        target: "riscv32imac-unknown-none-elf",
        qemu: "qemu-system-misc",
        exit_code: 0,
        tells: true,
        in_ci: false,
    },
];

/// An image takes a few seconds; one that hangs is ended.
const LIMIT: Duration = Duration::from_secs(120);

/// What a manager and a loop may take of the heap before anything is registered.
const IDLE_LIMIT: u64 = 1024;

pub(crate) fn run(args: &[String]) -> Result {
    match args {
        [] => run_boards(BOARDS.iter()),
        [flag, name] if flag == "--board" => {
            let board = BOARDS.iter().find(|board| board.name == name);
            let known: Vec<&str> = BOARDS.iter().map(|board| board.name).collect();
            let board = board
                .ok_or_else(|| format!("there is no board `{name}`, only {}", known.join(", ")))?;
            run_boards([board].into_iter())
        }
        [flag] if flag == "--verbs" => verbs::run(),
        [flag] if flag == "--cycles" => cycles::run(),
        _ => Err("takes only `--board NAME`, `--verbs` or `--cycles`".into()),
    }
}

/// The boards of `cargo xtask ci`, and what can be said of the code without a board.
pub(crate) fn run_some(args: &[String]) -> Result {
    crate::no_args(args)?;
    let dir = dir();
    cargo("fmt --all --check").dir(&dir).run()?;
    let clippy = cargo("clippy --quiet --package app --package x86_64-pvh --target-dir")
        .arg(target_dir())
        .arg("--")
        .arg("-Dwarnings");
    clippy.dir(&dir.join("boards/x86_64-pvh")).run()?;
    run_boards(BOARDS.iter().filter(|board| board.in_ci))
}

fn run_boards(boards: impl Iterator<Item = &'static Board>) -> Result {
    let mut table = format!(
        "{:20}{:>8}{:>9}{:>8}{:>11}{:>6}{:>9}\n",
        "board", ".text", ".rodata", "static", "heap peak", "emit", "longest"
    );
    for board in boards {
        println!("\n-- {}: {}", board.name, board.target);
        let runner = runner(board)?;
        let toolchain = match equip(board, &runner) {
            Ok(toolchain) => toolchain,
            Err(why) => return Ok(Done::Skipped(why)),
        };
        let image = build(board.name, board.target, &toolchain, "")?;
        let sizes = elf::sizes(&image)?;
        let output = boot(board, &runner, &image)?;
        println!("{}", output.trim_end());
        let figures = board.tells.then(|| Figures::read(&output)).transpose()?;
        table += &line(board, &sizes, figures.as_ref());
    }
    println!(
        "\n{table}Bytes. Static: .data and .bss without the heap's memory; stacks are extra.\n\
         Instructions with interrupts off: by an emit to a queue with room, and the longest."
    );
    Ok(Done::Ok)
}

fn line(board: &Board, sizes: &Sizes, figures: Option<&Figures>) -> String {
    let mut line = format!("{:20}{:>8}{:>9}", board.name, sizes.text, sizes.rodata);
    if let Some(figures) = figures {
        line += &format!(
            "{:>8}{:>11}{:>6}{:>9}",
            sizes.ram.saturating_sub(figures.heap_size),
            figures.heap_peak,
            figures.emit,
            figures.longest
        );
    }
    line + "\n"
}

fn dir() -> PathBuf {
    workspace::root().join("examples/embedded")
}

fn target_dir() -> PathBuf {
    workspace::target_dir().join("xtask/embedded")
}

fn build(name: &str, target: &str, toolchain: &Toolchain, features: &str) -> Result<PathBuf> {
    // The board's folder has the configuration for its target.
    let cmd = toolchain
        .cargo("build --quiet --release --locked")
        .arg(format!("--features={features}"))
        .arg("--target-dir")
        .arg(target_dir())
        .dir(&dir().join("boards").join(name));
    cmd.run()?;
    Ok(target_dir().join(target).join("release").join(name))
}

/// The command that runs an image, of the board's configuration for cargo: `cargo run` uses the same.
fn runner(board: &Board) -> Result<Vec<String>> {
    let path = dir()
        .join("boards")
        .join(board.name)
        .join(".cargo/config.toml");
    let config = workspace::read(&path)?;
    let list = config
        .split_once("runner = [")
        .and_then(|(_, rest)| rest.split_once("\n]"));
    let words: Vec<String> = list.map_or_else(Vec::new, |(list, _)| {
        list.split('"')
            .skip(1)
            .step_by(2)
            .map(String::from)
            .collect()
    });
    if words.is_empty() {
        return Err(format!("{} names no runner", workspace::shown(&path)));
    }
    Ok(words)
}

/// What builds for the board, once that and what boots it are there.
fn equip(board: &Board, runner: &[String]) -> Result<Toolchain> {
    let toolchain = toolchain::find(board.target)?;
    provide(&runner[0], board.qemu)?;
    Ok(toolchain)
}

/// Makes sure that there is a QEMU.
fn provide(program: &str, package: &str) -> Result<()> {
    if is_installed(program) {
        return Ok(());
    }
    let by_hand = format!("install {program} (Debian's package {package})");
    if !is_installed("apt-get") {
        return Err(format!("{program} is not installed: {by_hand}"));
    }
    let install = Cmd::new("apt-get")
        .arg("install")
        .arg("--option=Acquire::Retries=3")
        .arg("--yes")
        .arg("--quiet")
        .arg("--no-install-recommends")
        .arg(package)
        .env("DEBIAN_FRONTEND", "noninteractive");
    install
        .run()
        .map_err(|error| format!("{program} is not installed and cannot be: {error}; {by_hand}"))
}

fn boot_command(board: &Board, runner: &[String], image: &Path) -> Cmd {
    Cmd::new(&runner[0])
        .args(&runner[1..])
        .arg(image)
        .succeeds_with(board.exit_code)
}

fn boot(board: &Board, runner: &[String], image: &Path) -> Result<String> {
    let output = boot_command(board, runner, image).read_within(LIMIT)?;
    // The exit code says that nothing panicked; this, that it came to the end.
    for expected in ["events: ", "left on the heap: 0 bytes"] {
        if board.tells && !output.contains(expected) {
            return Err(format!(
                "{} did not say `{expected}`:\n{output}",
                board.name
            ));
        }
    }
    Ok(output)
}

/// What an image says about itself.
struct Figures {
    heap_size: u64,
    heap_peak: u64,
    /// Instructions with interrupts off.
    emit: u64,
    longest: u64,
}

impl Figures {
    fn read(output: &str) -> Result<Self> {
        let number = |before: &str| {
            let rest = output
                .lines()
                .find_map(|line| line.strip_prefix(before))
                .ok_or_else(|| format!("the image did not say `{before}`:\n{output}"))?;
            let digits = rest.split(' ').next().unwrap_or_default();
            digits
                .parse::<u64>()
                .map_err(|_| format!("`{before}{rest}` holds no number"))
        };
        let idle = number("idle: ")?;
        if idle > IDLE_LIMIT {
            return Err(format!(
                "an idle manager with its loop takes {idle} bytes, more than {IDLE_LIMIT}"
            ));
        }
        let off = |part: &str| {
            let parts = output
                .lines()
                .filter_map(|line| line.strip_prefix("interrupts off: "))
                .filter(|line| line.contains(part));
            let longest = parts.filter_map(|line| line.split(' ').next()?.parse::<u64>().ok());
            longest
                .max()
                .ok_or_else(|| format!("the image did not say `interrupts off: .. {part}`"))
        };
        Ok(Self {
            heap_size: number("heap: ")?,
            heap_peak: number("heap peak: ")?,
            emit: off(": emit")?.max(off(": an emit")?),
            longest: off("")?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_board_is_there_and_says_how_it_is_run() {
        for board in BOARDS {
            let runner = runner(board).expect(board.name);
            assert!(runner[0].starts_with("qemu-system-"), "{}", board.name);
            assert_eq!(runner.last().map(String::as_str), Some("-kernel"));
        }
    }

    #[test]
    fn figures_are_read_and_held_to_their_limit() {
        let output = "heap: 4096 bytes\nidle: 560 bytes of heap\nheap peak: 99 bytes\n\
            interrupts off: 132 instructions at most, 0 in the heap: emits with room reserved\n\
            interrupts off: 285 instructions at most, 0 in the heap: an emit by an interrupt handler\n\
            interrupts off: 5000 instructions at most, 0 in the heap: filling a queue that grows\n";
        let figures = Figures::read(output).expect("figures");
        assert_eq!((figures.heap_size, figures.heap_peak), (4096, 99));
        assert_eq!((figures.emit, figures.longest), (285, 5000));
        let fat = output.replace("560", "1025");
        assert!(Figures::read(&fat).is_err_and(|error| error.contains("1025")));
    }
}
