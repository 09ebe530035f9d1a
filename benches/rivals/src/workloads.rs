//! The list of workloads: which ids each of them gives a line for.

mod allocs;
mod async_one;
mod churn;
mod delay;
mod fanout;
mod handoff;
mod inline;
mod local;
mod loops;
mod names;
mod nobody;
mod pingpong;
mod threads;
mod wait_drop;
mod wait_many;
mod wait_one;

use crate::harness::book::Book;
use crate::harness::plan::Plan;
use crate::harness::wrong::Wrong;
use crate::{memory, scaling};

/// Something to run, and what it is called in `--only`.
pub struct Workload {
    pub ids: &'static [&'static str],
    pub run: fn(Plan, &mut Book) -> Result<(), Wrong>,
}

pub const ALL: &[Workload] = &[
    Workload {
        ids: &["handoff-1"],
        run: handoff::by_topic,
    },
    Workload {
        ids: &["name-1"],
        run: handoff::by_name,
    },
    Workload {
        ids: &["fanout-10"],
        run: fanout::ten,
    },
    Workload {
        ids: &["fanout-100"],
        run: fanout::hundred,
    },
    Workload {
        ids: &["loops-3"],
        run: loops::run,
    },
    Workload {
        ids: &["local-1"],
        run: local::one,
    },
    Workload {
        ids: &["local-16"],
        run: local::sixteen,
    },
    Workload {
        ids: &["async-1-ready"],
        run: async_one::ready,
    },
    Workload {
        ids: &["async-1-await"],
        run: async_one::awaiting,
    },
    Workload {
        ids: &["pingpong"],
        run: pingpong::run,
    },
    Workload {
        ids: &["inline-1", "inline-1-crates"],
        run: inline::one,
    },
    Workload {
        ids: &["inline-10", "inline-10-crates"],
        run: inline::ten,
    },
    Workload {
        ids: &["inline-100", "inline-100-crates"],
        run: inline::hundred,
    },
    Workload {
        ids: &["nobody-known", "nobody-unknown"],
        run: nobody::run,
    },
    Workload {
        ids: &["wait-1"],
        run: wait_one::run,
    },
    Workload {
        ids: &["wait-8000"],
        run: wait_many::run,
    },
    Workload {
        ids: &["wait-drop", "wait-drop-memory"],
        run: wait_drop::run,
    },
    Workload {
        ids: &["delay-100k", "delay-100k-bytes"],
        run: delay::run,
    },
    Workload {
        ids: &["churn-10k", "churn-100k"],
        run: churn::run,
    },
    Workload {
        ids: &["names-1m", "names-1m-at-once"],
        run: names::run,
    },
    Workload {
        ids: &["threads-2-different", "threads-2-same"],
        run: threads::run,
    },
    Workload {
        ids: &[
            "allocs-small",
            "allocs-large",
            "allocs-fanout",
            "allocs-fanout-large",
        ],
        run: allocs::run,
    },
    Workload {
        ids: &["scaling-names"],
        run: scaling::names::run,
    },
    Workload {
        ids: &["scaling-callbacks"],
        run: scaling::callbacks::run,
    },
    Workload {
        ids: &["scaling-lanes"],
        run: scaling::lanes::run,
    },
    Workload {
        ids: &["scaling-waiters"],
        run: scaling::waiters::run,
    },
    Workload {
        ids: &["scaling-churn"],
        run: scaling::population::run,
    },
    Workload {
        ids: &["memory"],
        run: memory::run,
    },
];
