//! The results as `BENCHMARKS.md` with its charts.

mod charts;
mod text;

use std::error::Error;
use std::fs;
use std::path::Path;

use crate::harness::book::Book;
use crate::harness::plan::Plan;

/// Where the charts are, beside the text.
const CHARTS: &str = "charts";

pub fn write(directory: &Path, book: &Book, plan: Plan) -> Result<(), Box<dyn Error>> {
    let charts = directory.join(CHARTS);
    fs::create_dir_all(&charts)?;
    charts::ratios(&charts.join("ratios.svg"), &book.ratios)?;
    for curve in &book.curves {
        charts::curve(&charts.join(format!("{}.svg", curve.id)), curve)?;
    }
    fs::write(directory.join("BENCHMARKS.md"), text::render(book, plan))?;
    Ok(())
}
