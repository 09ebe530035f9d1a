//! The sizes of an image's sections, read from its ELF file.

use std::fs;
use std::path::Path;

use crate::Result;

/// Bytes.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Sizes {
    pub(super) text: u64,
    pub(super) rodata: u64,
    /// Statics.
    pub(super) ram: u64,
}

pub(super) fn sizes(image: &Path) -> Result<Sizes> {
    let bytes =
        fs::read(image).map_err(|error| format!("cannot read {}: {error}", image.display()))?;
    parse(&bytes).ok_or_else(|| format!("{} is no ELF file", image.display()))
}

/// The parts of a little-endian ELF file, of 32 or 64 bits.
struct Elf<'a> {
    bytes: &'a [u8],
    wide: bool,
}

impl Elf<'_> {
    fn number(&self, at: u64, size: usize) -> Option<u64> {
        let at = usize::try_from(at).ok()?;
        let bytes = self.bytes.get(at..at.checked_add(size)?)?;
        Some(
            bytes
                .iter()
                .rev()
                .fold(0, |number, byte| number << 8 | u64::from(*byte)),
        )
    }

    /// A number as wide as an address, at one place in narrow files and at another in wide ones.
    fn word(&self, base: u64, narrow: u64, wide: u64) -> Option<u64> {
        if self.wide {
            self.number(base + wide, 8)
        } else {
            self.number(base + narrow, 4)
        }
    }

    fn half(&self, narrow: u64, wide: u64) -> Option<u64> {
        self.number(if self.wide { wide } else { narrow }, 2)
    }
}

fn parse(bytes: &[u8]) -> Option<Sizes> {
    if !bytes.starts_with(b"\x7fELF") || *bytes.get(5)? != 1 {
        return None;
    }
    let elf = Elf {
        bytes,
        wide: *bytes.get(4)? == 2,
    };
    let table = elf.word(0, 32, 40)?;
    let (entry, count) = (elf.half(46, 58)?, elf.half(48, 60)?);
    let names = elf.half(50, 62)?.checked_mul(entry)?.checked_add(table)?;
    let names = elf.word(names, 16, 24)?;
    let mut sizes = Sizes::default();
    for index in 0..count {
        let header = table.checked_add(index * entry)?;
        let size = elf.word(header, 20, 32)?;
        let name = usize::try_from(names.checked_add(elf.number(header, 4)?)?).ok()?;
        let name = bytes.get(name..)?.split(|byte| *byte == 0).next()?;
        match name {
            b".text" => sizes.text += size,
            b".rodata" => sizes.rodata += size,
            b".data" | b".bss" => sizes.ram += size,
            _ => {}
        }
    }
    Some(sizes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_very_program_has_all_three() {
        let program = std::env::current_exe().expect("a path");
        let bytes = fs::read(program).expect("a file");
        if bytes.starts_with(b"\x7fELF") {
            let sizes = parse(&bytes).expect("sections");
            assert!(sizes.text > 1000 && sizes.rodata > 100 && sizes.ram > 10);
        }
        assert_eq!(parse(b"MZ"), None);
    }
}
