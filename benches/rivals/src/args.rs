//! The command line.

use std::path::PathBuf;

/// What the run was asked for.
#[derive(Debug, Default)]
pub struct Args {
    pub quick: bool,
    /// Only workloads with an id that begins like this.
    pub only: Option<String>,
    /// The directory for the report and its charts.
    pub report: Option<PathBuf>,
}

pub const USAGE: &str = "\
usage: aioevt-rivals [--quick] [--only ID] [--report DIR]
  --quick       smaller counts: all of it in under two minutes
  --only ID     workloads with an id that begins like ID, and no report
  --report DIR  writes DIR/BENCHMARKS.md and its charts";

impl Args {
    pub fn parse(words: impl Iterator<Item = String>) -> Result<Self, String> {
        let mut args = Self::default();
        let mut words = words;
        while let Some(word) = words.next() {
            let mut value = || words.next().ok_or_else(|| format!("{word} needs a value"));
            match word.as_str() {
                "--quick" => args.quick = true,
                "--only" => args.only = Some(value()?),
                "--report" => args.report = Some(value()?.into()),
                _ => return Err(format!("unknown argument {word}")),
            }
        }
        Ok(args)
    }

    pub fn wants(&self, ids: &[&str]) -> bool {
        self.only
            .as_ref()
            .is_none_or(|only| ids.iter().any(|id| id.starts_with(only.as_str())))
    }

    /// Where the report goes: only a whole run is one.
    pub fn report(&self) -> Option<&PathBuf> {
        self.report.as_ref().filter(|_| self.only.is_none())
    }
}
