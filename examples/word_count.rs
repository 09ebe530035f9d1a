//! `wc -lwc` over three runtimes: smol reads the files and emits every line, tokio counts, async-std sums. A line longer
//! than a megabyte goes in pieces, so the memory is bounded whatever the files are.
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
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use aioevt::{AsyncStdRuntime, EventLoop, Manager, SmolRuntime, TokioRuntime};
use smol::fs::File;
use smol::io::{AsyncBufReadExt, AsyncReadExt, BufReader};

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
    let count = Arc::new(Mutex::new(Count::default()));
    let (of_lines, of_files) = (count.clone(), count.clone());
    mgr.register("line", move |piece: Arc<[u8]>| {
        locked(&of_lines).add(&piece, utf8)
    });
    mgr.register("file read", move || locked(&of_files).end_file());
    // A lane keeps the order across names: this runs behind all lines that were emitted before it.
    mgr.register("batch read", move |mgr: Manager| {
        let batch = mem::take(&mut locked(&count).batch);
        mgr.emit("batch counted", batch)
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
            mgr.emit("file read", ());
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

fn locked(count: &Mutex<Count>) -> MutexGuard<'_, Count> {
    count.lock().expect("counting does not panic")
}

/// Emits the lines of one file, never far ahead of those who count them.
async fn read(file: &OsStr, mgr: &Manager, reader: &EventLoop) -> Result<(), Box<dyn Error>> {
    let mut input = BufReader::with_capacity(1 << 16, File::open(file).await?);
    let (mut line, mut lines_ahead, mut bytes_ahead) = (Vec::new(), 0, 0);
    loop {
        let mut piece = (&mut input).take(BYTES_AHEAD as u64);
        if piece.read_until(b'\n', &mut line).await? == 0 {
            return Ok(());
        }
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

/// What was counted since the last batch, and where a piece of a line left off.
#[derive(Default)]
struct Count {
    batch: Counts,
    inside_a_word: bool,
    /// The first bytes of a character whose others are in the next piece.
    rest: Vec<u8>,
}

impl Count {
    /// Words as `wc` counts them: between white space, at least one printable character. All other characters, and bytes
    /// that are no character, neither begin nor end a word.
    fn add(&mut self, piece: &[u8], utf8: bool) {
        self.batch.0 += u64::from(piece.ends_with(b"\n"));
        self.batch.2 += piece.len() as u64;
        let joined;
        let mut text = piece;
        if !self.rest.is_empty() {
            joined = [&mem::take(&mut self.rest), piece].concat();
            text = &joined;
        }
        for chunk in text.utf8_chunks() {
            for c in chunk.valid().chars().filter(|c| utf8 || c.is_ascii()) {
                if is_space(c) {
                    self.inside_a_word = false;
                } else if !self.inside_a_word && is_printable(c) {
                    self.inside_a_word = true;
                    self.batch.1 += 1;
                }
            }
        }
        // The last character is not whole only where a line was cut.
        let cut = text
            .utf8_chunks()
            .last()
            .map_or(&[][..], |last| last.invalid());
        if std::str::from_utf8(cut).is_err_and(|error| error.error_len().is_none()) {
            self.rest = cut.to_vec();
        }
    }

    fn end_file(&mut self) {
        self.inside_a_word = false;
        self.rest.clear();
    }
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
