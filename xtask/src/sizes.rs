//! `cargo xtask sizes`: source files that can be read in one go.

use crate::rust_source::lines_without_docs;
use crate::{Done, Result, no_args, workspace};

/// Of the facade's lib.rs, documentation included: it is a contents page.
const FACADE_LINES: usize = 80;
/// Of any source file, documentation not counted.
const FILE_LINES: usize = 600;

pub(crate) fn run(args: &[String]) -> Result {
    no_args(args)?;
    let mut found = Vec::new();
    let facade = workspace::read(&workspace::root().join("src/lib.rs"))?
        .lines()
        .count();
    if facade > FACADE_LINES {
        found.push(format!(
            "src/lib.rs has {facade} lines, more than {FACADE_LINES}"
        ));
    }
    let files = workspace::rust_files("")?;
    println!("{} source files", files.len());
    for file in files {
        let lines = lines_without_docs(&workspace::read(&file)?);
        if lines > FILE_LINES {
            let file = workspace::shown(&file);
            found.push(format!("{file} has {lines} lines without its documentation, more than {FILE_LINES}: split it"));
        }
    }
    if found.is_empty() {
        Ok(Done::Ok)
    } else {
        Err(found.join("\n"))
    }
}
