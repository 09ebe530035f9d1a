//! What an instruction of a Cortex-M4 costs: table 3-1 and section 3.3.2 of its Technical Reference Manual, Arm DDI 0439D,
//! with memory that has no wait states.

use std::ops::AddAssign;

/// What instructions cost: cycles at least and at most, as the manual leaves open how early a branch is seen and what
/// overlaps.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Cost {
    pub(super) instructions: u64,
    pub(super) low: u64,
    pub(super) high: u64,
}

impl AddAssign for Cost {
    fn add_assign(&mut self, other: Self) {
        self.instructions += other.instructions;
        self.low += other.low;
        self.high += other.high;
    }
}

/// As QEMU disassembles it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Instruction {
    pub(super) mnemonic: String,
    operands: String,
    /// Bytes.
    pub(super) size: u32,
}

/// One cycle, unless they write to the program counter, or are branches that are taken. Those of them that can set
/// flags are found without their `s`.
const ONE: &str = " mov movw movt mvn add addw adc sub subw sbc rsb adr mul mla mls umull smull umlal smlal cmp cmn and \
    eor orr orn bic tst teq lsl lsr asr ror rrx clz sxtb sxth uxtb uxth ubfx sbfx bfi bfc rev rev16 rbit clrex nop \
    b bl bx blx cbz cbnz beq bne bhs blo bmi bpl bvs bvc bhi bls bge blt bgt ble ";

impl Instruction {
    /// Reads a line like `0x00005138:  b580       push     {r7, lr}`, of an address, one or two halfwords and the text.
    pub(super) fn read(line: &str) -> Option<(u32, Self)> {
        let (address, rest) = line.strip_prefix("0x")?.split_once(':')?;
        let address = u32::from_str_radix(address, 16).ok()?;
        let (code, rest) = rest.trim().split_once(' ')?;
        let wide = u16::from_str_radix(code, 16).ok()? >= 0xe800;
        let text = if wide { rest.split_once(' ')?.1 } else { rest };
        let (mnemonic, operands) = text.trim().split_once(' ').unwrap_or((text.trim(), ""));
        let instruction = Self {
            mnemonic: mnemonic.trim_end_matches(".w").into(),
            operands: operands.trim().into(),
            size: if wide { 4 } else { 2 },
        };
        Some((address, instruction))
    }

    /// How many of the next instructions are executed on a condition.
    pub(super) fn conditions(&self) -> usize {
        if self.mnemonic.starts_with("it") {
            self.mnemonic.len() - 1
        } else {
            0
        }
    }

    /// `None` if it is not known. `jumps`: what came next is not what stands behind it. `may_not`: it is executed on a
    /// condition, and takes one cycle if that is not met.
    pub(super) fn cost(&self, before: Option<&Self>, jumps: bool, may_not: bool) -> Option<Cost> {
        let list = self.operands.split_once('{');
        let registers = list.map_or(2, |(_, list)| list.split(',').count() as u64);
        let (mut low, mut high) = match self.mnemonic.as_str() {
            // An address and the data of its neighbour can share a cycle.
            "ldr" | "ldrb" | "ldrh" | "ldrsb" | "ldrsh" | "str" | "strb" | "strh" => (1, 2),
            "ldrex" | "ldrexb" | "ldrexh" | "strex" | "strexb" | "strexh" => (1, 2),
            "ldrd" | "strd" | "push" | "pop" => (1 + registers, 1 + registers),
            other if other.starts_with("ldm") || other.starts_with("stm") => {
                (1 + registers, 1 + registers)
            }
            "udiv" | "sdiv" => (2, 12),
            "tbb" | "tbh" => (2, 3),
            "cpsid" | "cpsie" | "mrs" | "msr" => (1, 2),
            // What a barrier waits for is said to be nothing at least; a store under way or a pipeline to fill at most.
            "dmb" | "dsb" | "isb" => (1, 4),
            // Done along with a narrow instruction before it.
            _ if self.conditions() > 0 => (0, 1),
            other => {
                let known = |name: &str| ONE.contains(&format!(" {name} "));
                let known = known(other) || other.strip_suffix('s').is_some_and(known);
                known.then_some((1, 1))?
            }
        };
        if jumps {
            low += 1;
            high += 3;
        } else if may_not {
            low = low.min(1);
        }
        if self.waits_for(before) {
            high += 1;
        }
        if self.mnemonic.starts_with("ldr") && self.operands.contains("[pc") {
            // It may want the memory in the cycle in which the next instruction is fetched.
            high += 1;
        }
        Some(Cost {
            instructions: 1,
            low,
            high,
        })
    }

    fn accesses_memory(&self) -> bool {
        let prefixes = ["ld", "st", "push", "pop", "tb"];
        prefixes
            .iter()
            .any(|prefix| self.mnemonic.starts_with(prefix))
    }

    /// Whether its address may be the result of the instruction before.
    fn waits_for(&self, before: Option<&Self>) -> bool {
        let Some(before) = before.filter(|before| !before.accesses_memory()) else {
            return false;
        };
        let result = before.operands.split(',').next().unwrap_or_default();
        let address = match self.mnemonic.as_str() {
            "push" | "pop" => "sp",
            _ => self.operands.split_once('[').map_or_else(
                || self.operands.split('{').next().unwrap_or_default(),
                |(_, address)| address.split(']').next().unwrap_or_default(),
            ),
        };
        let mut registers = address.split(|c: char| !c.is_ascii_alphanumeric());
        self.accesses_memory() && registers.any(|register| register == result)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn instruction(code: &str) -> Instruction {
        let read = Instruction::read(&format!("0x00000400:  {code}"));
        read.expect(code).1
    }

    #[test]
    fn costs_are_those_of_the_table() {
        let table = [
            ("d001       beq      #0x412", false, (1, 1)),
            ("d001       beq      #0x412", true, (2, 4)),
            ("f004 fe9a  bl       #0x5138", true, (2, 4)),
            ("b580       push     {r7, lr}", false, (3, 3)),
            ("bd80       pop      {r7, pc}", true, (4, 6)),
            ("e9c0 1302  strd     r1, r3, [r0, #8]", false, (3, 3)),
            ("6041       str      r1, [r0, #4]", false, (1, 2)),
            ("480c       ldr      r0, [pc, #0x30]", false, (1, 3)),
            ("07c1       lsls     r1, r0, #0x1f", false, (1, 1)),
            ("bf02       ittt     eq", false, (0, 1)),
            ("b672       cpsid    i", false, (1, 2)),
        ];
        for (code, jumps, expected) in table {
            let cost = instruction(code).cost(None, jumps, false).expect(code);
            assert_eq!((cost.low, cost.high), expected, "{code}");
        }
        let unknown = instruction("beab       bkpt     #0xab");
        assert_eq!(unknown.cost(None, false, false), None);
    }

    #[test]
    fn an_address_that_was_just_computed_is_waited_for() {
        let load = instruction("6808       ldr      r0, [r1]");
        let high = |before| {
            let cost = load.cost(Some(&instruction(before)), false, false);
            cost.expect(before).high
        };
        assert_eq!(high("1c49       adds     r1, r1, #1"), 3);
        assert_eq!(high("1c4a       adds     r2, r1, #1"), 2);
        assert_eq!(high("6809       ldr      r1, [r1]"), 2);
    }
}
