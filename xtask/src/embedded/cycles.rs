//! `cargo xtask embedded --cycles`: how long interrupts are off in cycles of a Cortex-M4. QEMU, which does not count
//! cycles, writes down every instruction; those of each critical section are priced by `cortex_m4.rs`. The application's
//! own meter, which counts instructions, has to agree.

use std::collections::HashMap;

use super::cortex_m4::{Cost, Instruction};
use super::{BOARDS, boot_command, build, equip, runner};
use crate::cmd::Cmd;
use crate::{Done, Result};

const NAME: &str = "mps2-an386";
/// What the meter takes the second of its first two parts for.
const SPAN: u64 = 4000;

pub(super) fn run() -> Result {
    let board = BOARDS.iter().find(|board| board.name == NAME);
    let board = board.ok_or("the board is gone")?;
    let runner = runner(board)?;
    let toolchain = match equip(board, &runner) {
        Ok(toolchain) => toolchain,
        Err(why) => return Ok(Done::Skipped(why)),
    };
    let image = build(board.name, board.target, &toolchain, "short")?;
    // Later versions call it differently.
    let help = Cmd::new(&runner[0]).arg("--help").read()?;
    let each: &[_] = if help.contains("one-insn-per-tb") {
        &["-accel", "tcg,one-insn-per-tb=on"]
    } else {
        &["-singlestep"]
    };
    let mut trace = Trace::default();
    let output = boot_command(board, &runner, &image)
        .args(each)
        .args(["-d", "in_asm,exec,nochain"])
        .read_and_each(|line| trace.line(line))?;
    print(&output, &trace.parts)
}

fn print(output: &str, parts: &[Part]) -> Result {
    // The meter's first two parts: nothing, and its scale.
    let [_, nothing, span, parts @ ..] = parts else {
        return Err("the meter was not found in what QEMU wrote down".into());
    };
    let nothing = nothing.longest.instructions;
    let span = span.longest.instructions - nothing;
    let metered: Vec<_> = output.lines().filter_map(metered).collect();
    if metered.len() != parts.len() || parts.is_empty() {
        let (metered, parts) = (metered.len(), parts.len());
        return Err(format!("the meter has {metered} parts, the trace {parts}"));
    }
    println!(
        "{:>13}{:>15}{:>13}{:>15}",
        "instructions", "cycles", "of the heap", "cycles"
    );
    let mut wrong = String::new();
    for (part, (counts, name)) in parts.iter().zip(metered) {
        let sections = [part.longest, part.of_heap];
        let [longest, of_heap] = sections.map(
            |Cost {
                 instructions,
                 low,
                 high,
             }| {
                let cycles = format!("{low} .. {high}");
                format!("{instructions:>13}{cycles:>15}")
            },
        );
        println!("{longest}{of_heap}  {name}");
        for (section, counted) in sections.iter().zip(counts) {
            let expected = section.instructions.saturating_sub(nothing) * SPAN / span;
            // The meter reads a timer that runs at another clock, also for its scale.
            if expected.abs_diff(counted) > 3 + expected / SPAN {
                wrong += &format!("\n{name}: the meter says {counted}, the trace {expected}");
            }
        }
    }
    println!(
        "\nThe longest time with interrupts off, without what the critical section itself executes. Cycles at least and at\n\
         most, by Arm DDI 0439D, with memory that has no wait states. The meter takes {nothing} instructions for nothing."
    );
    if wrong.is_empty() {
        Ok(Done::Ok)
    } else {
        Err(format!("the trace and the meter differ:{wrong}"))
    }
}

/// What the meter says: instructions at most, instructions at most in the heap, and of what.
fn metered(line: &str) -> Option<([u64; 2], &str)> {
    let rest = line.strip_prefix("interrupts off: ")?;
    let (longest, rest) = rest.split_once(" instructions at most, ")?;
    let (of_heap, part) = rest.split_once(" in the heap: ")?;
    Some(([longest.parse().ok()?, of_heap.parse().ok()?], part))
}

/// What is between two looks at the meter.
#[derive(Default)]
struct Part {
    longest: Cost,
    of_heap: Cost,
}

/// Where an instruction is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    Acquire,
    Release,
    Heap,
    /// The look at the meter, a critical section too, with which a part ends.
    Take,
    Other,
}

impl Place {
    fn of(symbol: &str) -> Self {
        match symbol {
            "_critical_section_1_0_acquire" => Self::Acquire,
            "_critical_section_1_0_release" => Self::Release,
            _ if symbol.contains("3app4heap") && symbol.contains("GlobalAlloc") => Self::Heap,
            _ if symbol.contains("3app6masked4take") => Self::Take,
            _ => Self::Other,
        }
    }
}

/// Interrupts are off.
#[derive(Default)]
struct Section {
    /// Who turned them off.
    by: Option<Place>,
    cost: Cost,
    /// Of the critical section's end, unless it proves to be that of one within.
    end: Cost,
}

/// What QEMU writes down, read line by line.
#[derive(Default)]
struct Trace {
    symbol: String,
    program: HashMap<u32, (Instruction, Place)>,
    /// Address of the instruction that was begun last, and of the one before.
    begun: Option<u32>,
    before: Option<u32>,
    /// Instructions to come that are executed on a condition.
    conditions: usize,
    section: Option<Section>,
    part: Part,
    parts: Vec<Part>,
}

impl Trace {
    fn line(&mut self, line: &str) -> Result<()> {
        if let Some(trace) = line.strip_prefix("Trace ") {
            let address = trace.split('/').nth(1);
            let address = address.and_then(|address| u32::from_str_radix(address, 16).ok());
            let address = address.ok_or_else(|| format!("no address in `{line}`"))?;
            if let Some(begun) = self.begun.replace(address) {
                self.executed(begun, address)?;
                self.before = Some(begun);
            }
        } else if line.starts_with("Stopped execution") || line.starts_with("cpu_io_recompile") {
            // It is begun once more.
            self.begun = None;
        } else if let Some(symbol) = line.strip_prefix("IN: ") {
            self.symbol = symbol.into();
        } else if let Some((address, instruction)) = Instruction::read(line) {
            let place = Place::of(&self.symbol);
            self.program.insert(address, (instruction, place));
        }
        Ok(())
    }

    fn executed(&mut self, address: u32, next: u32) -> Result<()> {
        let found = self.program.get(&address);
        let (instruction, place) = found.ok_or_else(|| format!("no code at {address:#x}"))?;
        let may_not = self.conditions > 0;
        self.conditions = self.conditions.saturating_sub(1) + instruction.conditions();
        if let Some(section) = &mut self.section {
            if *place == Place::Release && instruction.mnemonic == "cpsie" {
                let (by, cost) = (section.by, section.cost);
                self.section = None;
                self.end(by, cost);
                return Ok(());
            }
            if section.by.is_none() && *place == Place::Acquire {
                return Ok(());
            }
            let before = self.before.and_then(|before| self.program.get(&before));
            let before = before.map(|(instruction, _)| instruction);
            let jumps = next != address + instruction.size;
            let cost = instruction.cost(before, jumps, may_not);
            section.end += cost.ok_or_else(|| format!("what does this cost: {instruction:?}"))?;
            section.by.get_or_insert(*place);
            if *place != Place::Release {
                section.cost += std::mem::take(&mut section.end);
            }
        } else if *place == Place::Acquire && instruction.mnemonic == "cpsid" {
            self.section = Some(Section::default());
        }
        Ok(())
    }

    fn end(&mut self, by: Option<Place>, cost: Cost) {
        if by == Some(Place::Take) {
            self.parts.push(std::mem::take(&mut self.part));
        }
        let part = &mut self.part;
        let longest = if by == Some(Place::Heap) {
            &mut part.of_heap
        } else {
            &mut part.longest
        };
        longest.instructions = longest.instructions.max(cost.instructions);
        longest.low = longest.low.max(cost.low);
        longest.high = longest.high.max(cost.high);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_section_is_what_is_executed_between_the_critical_sections_two_halves() {
        let code = [
            ("_critical_section_1_0_acquire", "00000010:  b672  cpsid  i"),
            ("_critical_section_1_0_acquire", "00000012:  4770  bx  lr"),
            (
                "_critical_section_1_0_release",
                "00000020:  b100  cbz  r0, #0x24",
            ),
            ("_critical_section_1_0_release", "00000022:  b662  cpsie  i"),
            ("_critical_section_1_0_release", "00000024:  4770  bx  lr"),
            ("main", "00000030:  6808  ldr  r0, [r1]"),
            ("main", "00000032:  f004 fe9a  bl  #0x20"),
            ("main", "00000036:  bf00  nop"),
        ];
        let mut trace = Trace::default();
        let mut line = |line: &str| trace.line(line).expect(line);
        for (symbol, code) in code {
            line(&format!("IN: {symbol}"));
            line(&format!("0x{code}"));
        }
        for address in [
            "36", "10", "12", "30", "again", "30", "32", "20", "22", "36",
        ] {
            match address {
                "again" => line("cpu_io_recompile: rewound execution of TB to 00000030"),
                _ => line(&format!("Trace 0: 0x7f [00/000000{address}/00/00] x")),
            }
        }
        let expected = Cost {
            instructions: 2,
            low: 3,
            high: 6,
        };
        assert_eq!(trace.part.longest, expected);
    }
}
