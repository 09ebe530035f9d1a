//! Runs every workload of aioevt against the crates people would use instead, in one process, and reports the ratios.
//!
//! The exit code is about correctness: it is not zero when a workload lost, doubled or mixed up events, never because
//! one was slow.

mod args;
mod harness;
mod memory;
mod ours;
mod report;
mod rivals;
mod runtimes;
mod scaling;
mod workloads;

use std::process::ExitCode;
use std::time::Instant;

use crate::args::{Args, USAGE};
use crate::harness::book::Book;
use crate::harness::machine;
use crate::harness::plan::Plan;

fn main() -> ExitCode {
    let args = match Args::parse(std::env::args().skip(1)) {
        Ok(args) => args,
        Err(reason) => {
            eprintln!("{reason}\n{USAGE}");
            return ExitCode::from(2);
        }
    };
    let plan = Plan::new(args.quick);
    let mut book = Book::default();
    let mut failures = 0;
    let start = Instant::now();
    if !workloads::ALL
        .iter()
        .any(|workload| args.wants(workload.ids))
    {
        let ids: Vec<_> = workloads::ALL
            .iter()
            .flat_map(|workload| workload.ids)
            .copied()
            .collect();
        eprintln!("no workload has such an id; there are {}", ids.join(" "));
        return ExitCode::from(2);
    }
    println!("# {}; load {}", machine::describe(), machine::load());
    for workload in workloads::ALL
        .iter()
        .filter(|workload| args.wants(workload.ids))
    {
        if let Err(reason) = (workload.run)(plan, &mut book).and_then(|()| ours::check_errors()) {
            eprintln!("WRONG {}: {reason}", workload.ids.join(" "));
            failures += 1;
        }
    }
    println!("# {} seconds", start.elapsed().as_secs());
    if let Some(directory) = args.report()
        && let Err(reason) = report::write(directory, &book, plan)
    {
        eprintln!("the report was not written: {reason}");
        failures += 1;
    }
    if failures == 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}
