//! `wc -lwc` over three runtimes: smol reads the files and emits every line, tokio counts, async-std sums.
//!
//! `cargo run --all-features --example word_count -- FILE...` prints `lines words bytes`, the total of all files. The
//! exit code is 1 when a file cannot be read, 2 when none is named.
//!
//! The words are those of GNU `wc` in the locale that the environment names: UTF-8, or else the C locale's bytes. Up to
//! coreutils 9.4 that is exact for every file whose characters the C library knows; `wc` from 9.5 on also counts runs
//! without any printable character, which differs in binary files only.

use std::env;
use std::error::Error;
use std::ffi::{OsStr, OsString};
use std::mem;
use std::path::Path;
use std::process::ExitCode;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use aioevt::{AsyncStdRuntime, EventLoop, Manager, SmolRuntime, TokioRuntime};
use smol::fs::File;
use smol::io::{AsyncBufReadExt, BufReader};

/// Lines, words and bytes.
type Counts = (u64, u64, u64);

/// How much the reader may be ahead of the counters, whichever comes first.
const LINES_AHEAD: usize = 10_000;
const BYTES_AHEAD: usize = 1 << 20;

/// An acknowledgement that takes longer will not come.
const LIMIT: Duration = Duration::from_secs(60);

fn main() -> ExitCode {
    let files: Vec<OsString> = env::args_os().skip(1).collect();
    if files.is_empty() {
        eprintln!("usage: word_count FILE...");
        return ExitCode::from(2);
    }
    match run(&files) {
        Ok(((lines, words, bytes), all_read)) => {
            println!("{lines} {words} {bytes}");
            if all_read {
                ExitCode::SUCCESS
            } else {
                ExitCode::FAILURE
            }
        }
        Err(error) => {
            eprintln!("word_count: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Counts the files. Also says whether all of them could be read.
fn run(files: &[OsString]) -> Result<(Counts, bool), Box<dyn Error>> {
    let tokio = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_time()
        .build()?;
    let counter = EventLoop::new(TokioRuntime::new(tokio.handle().clone()));
    let summer = EventLoop::new(AsyncStdRuntime::new());
    let reader = EventLoop::new(SmolRuntime::global());
    let mgr = Manager::new(&counter);

    // On tokio. A lane never runs in parallel with itself, so nobody ever waits for this lock.
    let utf8 = is_utf8_locale();
    let batch = Arc::new(Mutex::new(Counts::default()));
    let counts = batch.clone();
    mgr.register("line", move |line: Arc<[u8]>| {
        let mut counts = counts.lock().expect("counting does not panic");
        counts.0 += u64::from(line.ends_with(b"\n"));
        counts.1 += count_words(&line, utf8);
        counts.2 += line.len() as u64;
    });
    // A lane keeps the order across names: this runs behind all lines that were emitted before it.
    mgr.register("batch read", move |mgr: Manager| {
        let counts = mem::take(&mut *batch.lock().expect("counting does not panic"));
        mgr.emit("batch counted", counts)
    });

    // On async-std.
    let mut total = Counts::default();
    mgr.on("batch counted").event_loop(&summer).call(
        move |lines: u64, words: u64, bytes: u64, mgr: Manager| {
            total = (total.0 + lines, total.1 + words, total.2 + bytes);
            mgr.emit("summed", total)
        },
    );

    // On smol.
    let counted = smol::block_on(async {
        let mut all_read = true;
        for file in files {
            if let Err(error) = read(file, &mgr, &reader).await {
                eprintln!("word_count: {}: {error}", Path::new(file).display());
                all_read = false;
            }
        }
        acknowledged(&mgr, &reader)
            .await
            .map(|total| (total, all_read))
    });

    // The callbacks leave their loops before tokio is shut down.
    mgr.close();
    mgr.idle().timeout(LIMIT).blocking()?;
    counted
}

/// Emits the lines of one file, never far ahead of those who count them.
async fn read(file: &OsStr, mgr: &Manager, reader: &EventLoop) -> Result<(), Box<dyn Error>> {
    let mut input = BufReader::with_capacity(1 << 16, File::open(file).await?);
    let (mut line, mut lines_ahead, mut bytes_ahead) = (Vec::new(), 0, 0);
    while input.read_until(b'\n', &mut line).await? > 0 {
        lines_ahead += 1;
        bytes_ahead += line.len();
        mgr.emit("line", (Arc::<[u8]>::from(line.as_slice()),));
        line.clear();

        // An emit never waits: it queues, and a disc that is faster than the counters would fill the memory. So the
        // reader stops now and then until it hears that all it has emitted is counted and summed.
        if lines_ahead >= LINES_AHEAD || bytes_ahead >= BYTES_AHEAD {
            acknowledged(mgr, reader).await?;
            (lines_ahead, bytes_ahead) = (0, 0);
        }
    }
    Ok(())
}

/// Waits until everything emitted so far is summed, and tells the sum.
async fn acknowledged(mgr: &Manager, reader: &EventLoop) -> Result<Counts, Box<dyn Error>> {
    let summed = mgr.wait("summed").timeout_on(reader, LIMIT); // armed before the emit
    mgr.emit("batch read", ());
    Ok(summed.await?.args::<Counts>()?)
}

/// The locale that `setlocale` would choose for characters.
fn is_utf8_locale() -> bool {
    let set = |name| env::var(name).ok().filter(|value| !value.is_empty());
    let locale = set("LC_ALL")
        .or_else(|| set("LC_CTYPE"))
        .or_else(|| set("LANG"))
        .unwrap_or_default();
    locale
        .to_ascii_lowercase()
        .replace('-', "")
        .contains("utf8")
}

/// Words as `wc` counts them: between white space, at least one printable character. All other characters, and bytes
/// that are no character, neither begin nor end a word.
fn count_words(line: &[u8], utf8: bool) -> u64 {
    let (mut words, mut inside) = (0, false);
    for chunk in line.utf8_chunks() {
        for c in chunk.valid().chars().filter(|c| utf8 || c.is_ascii()) {
            if is_space(c) {
                inside = false;
            } else if !inside && is_printable(c) {
                inside = true;
                words += 1;
            }
        }
    }
    words
}

/// `wc` adds the word joiner to the white space; the C library leaves out three controls.
fn is_space(c: char) -> bool {
    c == '\u{2060}' || (c.is_whitespace() && !matches!(c, '\u{85}' | '\u{2028}' | '\u{2029}'))
}

/// Printable to the C library: every assigned character but controls.
fn is_printable(c: char) -> bool {
    match c {
        '\0'..='\x7f' => c.is_ascii_graphic(),
        // Format and private-use characters, which Rust escapes although they are assigned.
        '\u{ad}'
        | '\u{600}'..='\u{605}'
        | '\u{61c}'
        | '\u{6dd}'
        | '\u{70f}'
        | '\u{890}'..='\u{891}'
        | '\u{8e2}' => true,
        '\u{180e}'
        | '\u{200b}'..='\u{200f}'
        | '\u{202a}'..='\u{2064}'
        | '\u{2066}'..='\u{206f}'
        | '\u{feff}' => true,
        '\u{e000}'..='\u{f8ff}'
        | '\u{fff9}'..='\u{fffb}'
        | '\u{f0000}'..='\u{ffffd}'
        | '\u{100000}'..='\u{10fffd}' => true,
        // Rust escapes what is not assigned. Behind an `a`, because at the start it escapes combining marks, too.
        _ => !format!("a{c}")
            .escape_debug()
            .any(|escaped| escaped == '\\'),
    }
}
