//! The markdown of the report.

use std::fmt::{self, Write};

use super::CHARTS;
use crate::harness::book::{Better, Book, Curve, Ratio, Size, Table};
use crate::harness::machine;
use crate::harness::plan::Plan;
use crate::harness::race::Lack;
use crate::harness::stats::exponent;

const METHOD: &str = "\
* Every rival runs in the same process and the same run, in turn: a round of ours, a round of each rival, then again. \
  One round of everyone warms up. The medians of the rounds are compared.
* **Only the ratio counts**: ours divided by the fastest rival, whichever that was. Times are those of one machine on \
  one day, and both cores of a small machine share caches and memory with others.
* **Emit** is the emitter's time until `emit` returned. **Delivered** is the time until the last callback of the last \
  event had run, divided by the events. The ratio is that of *delivered*; the ratio of *emit* stands beside it.
* Everyone carries the same four words by value (the payload is four arguments), runs its receivers on the same kind \
  of runtime on the same number of threads, and does the same check in each callback. Runtimes, threads, channels and \
  registrations are made before the time starts and live for all rounds.
* Each workload checks its own result: every event arrived, once, in order. A run with a wrong result fails; a slow \
  one does not.
* A broadcast channel of tokio has a bound and loses what exceeds it. It runs twice: with room for the whole round, \
  and with 1024 slots and a sender that waits for room. Whichever is faster counts.
* Allocations and bytes are counted by a global allocator that is switched off while time is taken.
";

pub(super) fn render(book: &Book, plan: Plan) -> String {
    let mut text = String::new();
    // Writing to a `String` cannot fail.
    let _always_ok = write_all(&mut text, book, plan);
    text
}

fn write_all(out: &mut String, book: &Book, plan: Plan) -> fmt::Result {
    writeln!(out, "# Benchmarks\n")?;
    writeln!(
        out,
        "Written by `cargo xtask bench`. Do not edit: run it again.\n"
    )?;
    let kind = if plan.is_quick() {
        "A quick run"
    } else {
        "A full run"
    };
    let (rounds, machine) = (plan.rounds(), machine::describe());
    writeln!(
        out,
        "{kind}, {rounds} rounds, on {machine}; load {} at its end.\n",
        machine::load()
    )?;
    writeln!(out, "## Method\n\n{METHOD}")?;
    ratios(out, &book.ratios)?;
    guarantees(out, &book.tables)?;
    writeln!(out, "## All figures\n")?;
    for table in &book.tables {
        figures(out, table)?;
    }
    if !book.curves.is_empty() {
        scaling(out, &book.curves)?;
    }
    if !book.sizes.is_empty() {
        memory(out, &book.sizes)?;
    }
    Ok(())
}

fn ratios(out: &mut String, ratios: &[Ratio]) -> fmt::Result {
    writeln!(
        out,
        "## Ratios\n\n![Ratios to the fastest rival]({CHARTS}/ratios.svg)\n"
    )?;
    writeln!(
        out,
        "Below 1.00 is faster than the fastest rival, unless the row says that higher is better.\n"
    )?;
    writeln!(
        out,
        "| workload | ratio | goal | | against | emit alone |\n|---|---:|---:|---|---|---:|"
    )?;
    for ratio in ratios {
        let sign = if ratio.better == Better::Lower {
            "<="
        } else {
            ">="
        };
        let emit = ratio
            .emit
            .map_or_else(String::new, |value| format!("{value:.2}"));
        let (id, value, goal, versus) = (&ratio.id, ratio.value, ratio.goal, &ratio.versus);
        writeln!(
            out,
            "| {id} | {value:.2} | {sign} {goal:.2} | {} | {versus} | {emit} |",
            verdict(ratio)
        )?;
    }
    let lost: Vec<_> = ratios
        .iter()
        .filter(|ratio| ratio.is_lost())
        .map(|ratio| ratio.id.as_str())
        .collect();
    let missed: Vec<_> = ratios
        .iter()
        .filter(|ratio| !ratio.is_reached())
        .map(|ratio| ratio.id.as_str())
        .collect();
    writeln!(out, "\nSlower than the fastest rival: {}.", list(&lost))?;
    writeln!(out, "Goal not reached: {}.\n", list(&missed))
}

fn verdict(ratio: &Ratio) -> &'static str {
    match (ratio.is_reached(), ratio.is_lost()) {
        (true, false) => "reached",
        (true, true) => "reached, but **slower**",
        (false, false) => "**missed**",
        (false, true) => "**missed, slower**",
    }
}

fn list(ids: &[&str]) -> String {
    if ids.is_empty() {
        "none".to_owned()
    } else {
        ids.join(", ")
    }
}

/// A rival may stand in several tables, and is listed once.
fn guarantees(out: &mut String, tables: &[Table]) -> fmt::Result {
    let mut rivals: Vec<(&str, &[Lack])> = Vec::new();
    for row in tables.iter().flat_map(|table| &table.rows) {
        let is_listed = rivals.iter().any(|(name, _)| *name == row.name);
        if !row.lacks.is_empty() && !is_listed {
            rivals.push((&row.name, row.lacks));
        }
    }
    writeln!(out, "## What the rivals do not give\n")?;
    writeln!(
        out,
        "aioevt does all of this in every workload; a rival pays only for what is marked.\n"
    )?;
    write!(out, "| |")?;
    for lack in Lack::ALL {
        write!(out, " {} |", lack.name())?;
    }
    writeln!(out, "\n|---|{}", ":-:|".repeat(Lack::ALL.len()))?;
    for (name, lacks) in rivals {
        write!(out, "| {name} |")?;
        for lack in Lack::ALL {
            write!(
                out,
                " {} |",
                if lacks.contains(&lack) { "no" } else { "yes" }
            )?;
        }
        writeln!(out)?;
    }
    writeln!(out, "\n{LEGEND}")
}

const LEGEND: &str = "\
*Names*: events are addressed by name. *Fan-out*: one event reaches every listener. *Loops*: each callback runs on the \
event loop it chose. *Order*: every listener sees the events in the order of the emits. *No loss*: the emitter never \
waits, and a slow listener loses nothing. *Waiters*: anyone can await the next event and get its data. *Accounting*: \
every delivery ends in exactly one counted outcome. *Isolation*: a callback that panics stops no other one.
";

fn figures(out: &mut String, table: &Table) -> fmt::Result {
    writeln!(out, "### {}\n", table.title)?;
    writeln!(
        out,
        "| {} | emit | delivered | from .. to |\n|---|---:|---:|---:|",
        table.unit
    )?;
    for row in &table.rows {
        let name = if row.ours {
            format!("**{}**", row.name)
        } else {
            row.name.clone()
        };
        let emit = row
            .emit
            .map_or_else(String::new, |value| format!("{value:.1}"));
        let (low, high) = row.spread;
        writeln!(
            out,
            "| {name} | {emit} | {:.1} | {low:.1} .. {high:.1} |",
            row.delivered
        )?;
    }
    writeln!(out)
}

fn scaling(out: &mut String, curves: &[Curve]) -> fmt::Result {
    writeln!(out, "## Scaling\n")?;
    writeln!(
        out,
        "An exponent of 0 is flat, 1 is linear (a straight line fitted in logarithmic scales).\n"
    )?;
    for curve in curves {
        writeln!(
            out,
            "### {}\n\n![{}]({CHARTS}/{}.svg)\n\n{}\n",
            curve.title, curve.title, curve.id, curve.note
        )?;
        write!(
            out,
            "| {}, {} against {} |",
            curve.title.to_lowercase(),
            curve.y,
            curve.x
        )?;
        let longest = curve.lines.iter().max_by_key(|line| line.points.len());
        let columns: Vec<f64> = longest
            .map(|line| line.points.iter().map(|point| point.0).collect())
            .unwrap_or_default();
        for x in &columns {
            write!(out, " {x} |")?;
        }
        writeln!(
            out,
            " exponent |\n|---|{}---:|",
            "---:|".repeat(columns.len())
        )?;
        for line in &curve.lines {
            write!(out, "| {} |", line.name)?;
            for x in &columns {
                let point = line.points.iter().find(|point| point.0 == *x);
                let cell = point.map_or_else(String::new, |point| format!("{:.1}", point.1));
                write!(out, " {cell} |")?;
            }
            writeln!(out, " {:.2} |", exponent(&line.points))?;
        }
        writeln!(out)?;
    }
    Ok(())
}

fn memory(out: &mut String, sizes: &[Size]) -> fmt::Result {
    writeln!(out, "## Memory\n")?;
    writeln!(
        out,
        "Bytes as asked for from the allocator, each, unless the row says otherwise.\n"
    )?;
    writeln!(out, "| what | |\n|---|---:|")?;
    for size in sizes {
        writeln!(out, "| {} | {} |", size.what, size.value())?;
    }
    Ok(())
}
