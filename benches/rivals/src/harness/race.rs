//! Contenders side by side: one round of each in turn, then the medians.

use std::time::Duration;

use super::book::{Ratio, Row, Table};
use super::plan::Plan;
use super::stats::{extremes, median};
use super::wrong::{Wrong, wrong};

/// What one round of one contender took, in nanoseconds an event.
#[derive(Clone, Copy, Debug)]
pub struct Figure {
    /// The emitter's time until `emit` returned; `None` where it cannot be told from the rest.
    pub emit: Option<f64>,
    /// The time until the last callback of the last event had run.
    pub delivered: f64,
}

impl Figure {
    pub fn per_event(events: u64, emit: Duration, delivered: Duration) -> Self {
        Self {
            emit: Some(nanos(emit) / events as f64),
            delivered: nanos(delivered) / events as f64,
        }
    }

    /// For work that is done when the call returns.
    pub fn whole(events: u64, elapsed: Duration) -> Self {
        Self {
            emit: None,
            delivered: nanos(elapsed) / events as f64,
        }
    }
}

fn nanos(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1e9
}

/// Runs one round of that many events. Whatever it needs was set up before and is kept.
pub type Round<'a> = Box<dyn FnMut(u64) -> Result<Figure, Wrong> + 'a>;

/// What of aioevt's promises a rival does not give.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lack {
    /// Events are not addressed by names.
    Names,
    /// One event reaches one receiver only.
    FanOut,
    /// Callbacks do not run on an event loop of their own choice.
    Loops,
    /// Events or callbacks may run in another order.
    Order,
    /// A slow receiver loses events, or the emitter has to wait for it.
    Lossless,
    /// Nobody can await the next event and get its data.
    Waiters,
    /// Nobody counts what was accepted, ran, failed or was lost.
    Accounting,
    /// A panic in one callback stops others.
    Isolation,
}

impl Lack {
    pub const ALL: [Self; 8] = [
        Self::Names,
        Self::FanOut,
        Self::Loops,
        Self::Order,
        Self::Lossless,
        Self::Waiters,
        Self::Accounting,
        Self::Isolation,
    ];

    pub fn name(self) -> &'static str {
        match self {
            Self::Names => "names",
            Self::FanOut => "fan-out",
            Self::Loops => "loops",
            Self::Order => "order",
            Self::Lossless => "no loss",
            Self::Waiters => "waiters",
            Self::Accounting => "accounting",
            Self::Isolation => "isolation",
        }
    }
}

/// Who somebody else's contender is.
#[derive(Clone, Copy, Debug)]
pub struct Rival {
    pub name: &'static str,
    pub lacks: &'static [Lack],
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Role {
    Ours,
    Rival,
    /// Shown in the table, in no ratio.
    Shown,
}

struct Entry<'a> {
    name: &'static str,
    role: Role,
    lacks: &'static [Lack],
    /// The rounds of a very slow contender have that many times fewer events.
    fewer: u64,
    round: Round<'a>,
    figures: Vec<Figure>,
}

/// One workload with all who run it. The first of our own entries is the one compared.
pub struct Race<'a> {
    title: String,
    unit: &'static str,
    events: u64,
    entries: Vec<Entry<'a>>,
}

impl<'a> Race<'a> {
    pub fn new(title: impl Into<String>, events: u64) -> Self {
        Self {
            title: title.into(),
            unit: "ns an event",
            events,
            entries: Vec::new(),
        }
    }

    /// What a figure is, where it is not time for an event.
    pub fn unit(mut self, unit: &'static str) -> Self {
        self.unit = unit;
        self
    }

    pub fn ours(self, name: &'static str, round: Round<'a>) -> Self {
        self.entry(name, Role::Ours, &[], 1, round)
    }

    pub fn rival(self, rival: Rival, round: Round<'a>) -> Self {
        self.entry(rival.name, Role::Rival, rival.lacks, 1, round)
    }

    /// A rival so slow that its rounds have `fewer` times fewer events.
    pub fn slow_rival(self, rival: Rival, fewer: u64, round: Round<'a>) -> Self {
        self.entry(rival.name, Role::Rival, rival.lacks, fewer, round)
    }

    /// Somebody to see beside the others, whom nobody is compared with.
    pub fn shown(self, rival: Rival, round: Round<'a>) -> Self {
        self.entry(rival.name, Role::Shown, rival.lacks, 1, round)
    }

    fn entry(
        mut self,
        name: &'static str,
        role: Role,
        lacks: &'static [Lack],
        fewer: u64,
        round: Round<'a>,
    ) -> Self {
        self.entries.push(Entry {
            name,
            role,
            lacks,
            fewer,
            round,
            figures: Vec::new(),
        });
        self
    }

    /// Runs a round of everyone to warm up, then all rounds in turn.
    pub fn run(mut self, plan: Plan) -> Result<Finish, Wrong> {
        for number in 0..=plan.rounds() {
            for entry in &mut self.entries {
                let events = (self.events / entry.fewer).max(1);
                let figure = (entry.round)(events).map_err(|reason| {
                    wrong(format_args!("{}: {}: {reason}", self.title, entry.name))
                })?;
                if number > 0 {
                    entry.figures.push(figure);
                }
            }
        }
        Ok(Finish {
            title: self.title,
            unit: self.unit,
            results: self.entries.iter().map(Standing::of).collect(),
        })
    }
}

struct Standing {
    name: &'static str,
    role: Role,
    lacks: &'static [Lack],
    emit: Option<f64>,
    delivered: f64,
    spread: (f64, f64),
}

impl Standing {
    fn of(entry: &Entry<'_>) -> Self {
        let delivered: Vec<_> = entry
            .figures
            .iter()
            .map(|figure| figure.delivered)
            .collect();
        let emit: Option<Vec<_>> = entry.figures.iter().map(|figure| figure.emit).collect();
        Self {
            name: entry.name,
            role: entry.role,
            lacks: entry.lacks,
            emit: emit.map(|values| median(&values)),
            delivered: median(&delivered),
            spread: extremes(&delivered),
        }
    }
}

/// A race that was run.
pub struct Finish {
    title: String,
    unit: &'static str,
    results: Vec<Standing>,
}

impl Finish {
    /// Ours by the fastest of all rivals, by delivered throughput.
    pub fn ratio(&self, id: &str, goal: f64) -> Ratio {
        self.ratio_among(id, goal, |_| true)
    }

    /// Ours by the fastest of the rivals chosen by name.
    pub fn ratio_among(&self, id: &str, goal: f64, choose: impl Fn(&str) -> bool) -> Ratio {
        let delivered = |result: &Standing| result.delivered;
        let (value, versus) = self.compare(&choose, delivered);
        let emit = |result: &Standing| result.emit.unwrap_or(f64::NAN);
        let (emit, _) = self.compare(choose, emit);
        let emit = (!emit.is_nan()).then_some(emit);
        Ratio {
            emit,
            ..Ratio::to_rival(id, value, goal, versus)
        }
    }

    fn compare(
        &self,
        choose: impl Fn(&str) -> bool,
        by: impl Fn(&Standing) -> f64,
    ) -> (f64, String) {
        let ours = self
            .results
            .iter()
            .find(|result| result.role == Role::Ours)
            .map_or(f64::NAN, &by);
        let rivals = self
            .results
            .iter()
            .filter(|result| result.role == Role::Rival && choose(result.name));
        let fastest = rivals.min_by(|a, b| by(a).total_cmp(&by(b)));
        fastest.map_or((f64::NAN, String::new()), |rival| {
            (ours / by(rival), rival.name.to_owned())
        })
    }

    /// The median of our first entry.
    pub fn own(&self) -> f64 {
        self.of_role(Role::Ours, 0)
    }

    /// The median of our entry number `index`.
    pub fn own_at(&self, index: usize) -> f64 {
        self.of_role(Role::Ours, index)
    }

    fn of_role(&self, role: Role, index: usize) -> f64 {
        let mut results = self.results.iter().filter(|result| result.role == role);
        results
            .nth(index)
            .map_or(f64::NAN, |result| result.delivered)
    }

    pub fn table(self) -> Table {
        let row = |result: Standing| Row {
            name: result.name.to_owned(),
            ours: result.role == Role::Ours,
            emit: result.emit,
            delivered: result.delivered,
            spread: result.spread,
            lacks: result.lacks,
        };
        Table {
            title: self.title,
            unit: self.unit,
            rows: self.results.into_iter().map(row).collect(),
        }
    }
}
