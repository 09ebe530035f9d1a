//! What a run has found: ratios against goals, tables, curves, sizes. Printed as it grows; written by `report`.

use std::fmt;

use super::race::Lack;

/// Everything found so far.
#[derive(Debug, Default)]
pub struct Book {
    pub ratios: Vec<Ratio>,
    pub tables: Vec<Table>,
    pub curves: Vec<Curve>,
    pub sizes: Vec<Size>,
}

impl Book {
    pub fn ratio(&mut self, ratio: Ratio) {
        println!("{ratio}");
        self.ratios.push(ratio);
    }

    pub fn table(&mut self, table: Table) {
        print!("{table}");
        self.tables.push(table);
    }

    pub fn curve(&mut self, curve: Curve) {
        print!("{curve}");
        self.curves.push(curve);
    }

    pub fn size(&mut self, size: Size) {
        println!("SIZE {:<44} {}", size.what, size.value());
        self.sizes.push(size);
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Better {
    Lower,
    Higher,
}

/// What a ratio says: only one to somebody else can be lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Against {
    Rival,
    Ourselves,
}

/// One line of the comparison.
#[derive(Debug)]
pub struct Ratio {
    pub id: String,
    pub value: f64,
    pub goal: f64,
    pub versus: String,
    pub better: Better,
    pub against: Against,
    /// The same by the emitter's time alone, against whoever is fastest there.
    pub emit: Option<f64>,
}

impl Ratio {
    /// Ours by somebody else's: better when it is smaller.
    pub fn to_rival(id: &str, value: f64, goal: f64, versus: impl Into<String>) -> Self {
        Self {
            against: Against::Rival,
            ..Self::to_ourselves(id, value, goal, versus)
        }
    }

    /// Ours by ours in another situation, or a plain count: better when it is smaller.
    pub fn to_ourselves(id: &str, value: f64, goal: f64, versus: impl Into<String>) -> Self {
        let (id, versus) = (id.to_owned(), versus.into());
        Self {
            id,
            value,
            goal,
            versus,
            better: Better::Lower,
            against: Against::Ourselves,
            emit: None,
        }
    }

    /// Ours by ours in another situation: better when it is larger.
    pub fn speed_up(id: &str, value: f64, goal: f64, versus: impl Into<String>) -> Self {
        Self {
            better: Better::Higher,
            ..Self::to_ourselves(id, value, goal, versus)
        }
    }

    /// Whether somebody else is faster.
    pub fn is_lost(&self) -> bool {
        self.against == Against::Rival && self.value > 1.0
    }

    /// Whether the goal is reached, by the two decimals that are printed.
    pub fn is_reached(&self) -> bool {
        let value = (self.value * 100.0).round() / 100.0;
        match self.better {
            Better::Lower => value <= self.goal,
            Better::Higher => value >= self.goal,
        }
    }
}

impl fmt::Display for Ratio {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "RATIO {} {:.2} goal {:.2} vs {}",
            self.id, self.value, self.goal, self.versus
        )
    }
}

/// The medians of everyone in one race.
#[derive(Debug)]
pub struct Table {
    pub title: String,
    pub unit: &'static str,
    pub rows: Vec<Row>,
}

#[derive(Debug)]
pub struct Row {
    pub name: String,
    pub ours: bool,
    pub emit: Option<f64>,
    pub delivered: f64,
    pub spread: (f64, f64),
    pub lacks: &'static [Lack],
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "# {} ({})", self.title, self.unit)?;
        for row in &self.rows {
            let emit = row
                .emit
                .map_or_else(|| "-".to_owned(), |value| format!("{value:.1}"));
            let (low, high) = row.spread;
            writeln!(
                f,
                "#   {:<36} emit {emit:>9}  delivered {:>10.1}  ({low:.1} to {high:.1})",
                row.name, row.delivered
            )?;
        }
        Ok(())
    }
}

/// How a cost grows.
#[derive(Debug)]
pub struct Curve {
    pub id: &'static str,
    pub title: &'static str,
    pub x: &'static str,
    pub y: &'static str,
    /// What the design wants, and why it is so where it is not.
    pub note: &'static str,
    pub lines: Vec<Line>,
}

#[derive(Debug)]
pub struct Line {
    pub name: &'static str,
    pub points: Vec<(f64, f64)>,
}

impl fmt::Display for Curve {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "# {} ({} against {})", self.title, self.y, self.x)?;
        for line in &self.lines {
            write!(f, "#   {:<28}", line.name)?;
            for (x, y) in &line.points {
                write!(f, " {x}: {y:.1}")?;
            }
            writeln!(f)?;
        }
        Ok(())
    }
}

/// A number of bytes, or of allocations.
#[derive(Debug)]
pub struct Size {
    pub what: String,
    pub amount: f64,
    pub unit: &'static str,
}

impl Size {
    pub fn bytes(what: impl Into<String>, amount: f64) -> Self {
        Self {
            what: what.into(),
            amount,
            unit: "bytes",
        }
    }

    pub fn value(&self) -> String {
        format!("{:.1} {}", self.amount, self.unit)
    }
}
