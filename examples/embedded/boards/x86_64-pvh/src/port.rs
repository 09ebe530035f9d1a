//! Reading and writing ports.

use core::arch::asm;

pub(crate) fn write(port: u16, value: u8) {
    // SAFETY: the ports are those of devices that touch no memory.
    unsafe { asm!("out dx, al", in("dx") port, in("al") value, options(nomem, nostack)) }
}

pub(crate) fn read(port: u16) -> u8 {
    let value;
    // SAFETY: the ports are those of devices that touch no memory.
    unsafe { asm!("in al, dx", in("dx") port, out("al") value, options(nomem, nostack)) }
    value
}
