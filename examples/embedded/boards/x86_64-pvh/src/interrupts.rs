//! The processor's tables and the two devices that interrupt: the timer, and the serial port in loopback mode.

use core::arch::asm;
use core::ptr;

use app::{button, clock};

use crate::port::{read, write};

unsafe extern "C" {
    static interrupt_stack_top: u8;
    fn timer_interrupt();
    fn serial_interrupt();
}

/// Interrupts of the controller's first half come from here on.
const FIRST: usize = 32;
const TIMER: usize = 0;
const SERIAL: usize = 4;

const CONTROLLER: u16 = 0x20;
const SECOND_CONTROLLER: u16 = 0xa0;
const PIT: u16 = 0x40;
const COM1: u16 = 0x3f8;

/// What `lgdt` and `lidt` take.
#[repr(C, packed)]
struct Pointer {
    limit: u16,
    base: u64,
}

impl Pointer {
    fn to<T>(table: *const T) -> Self {
        Self {
            limit: (size_of::<T>() - 1) as u16,
            base: table.addr() as u64,
        }
    }
}

/// The task state. All that is used of it is the first stack for interrupts, at byte 36.
static mut TASK: [u32; 26] = [0; 26];
/// Segments: none, code, data, and the task state's two words.
static mut SEGMENTS: [u64; 5] = [0, 0x00af_9a00_0000_ffff, 0x00cf_9200_0000_ffff, 0, 0];
/// Handlers, two words each.
static mut HANDLERS: [[u64; 2]; FIRST + 8] = [[0; 2]; FIRST + 8];

/// Sets everything up, with interrupts still off.
pub(crate) fn init() {
    let task = (&raw const TASK).addr() as u64;
    // SAFETY: once, with interrupts off; the tables are used by the processor only, which reads them.
    unsafe {
        let stack = (&raw const interrupt_stack_top).addr() as u64;
        ptr::write_unaligned((&raw mut TASK).cast::<u8>().add(36).cast(), stack);
        let low = (task & 0xff_ffff) << 16 | (task >> 24 & 0xff) << 56;
        SEGMENTS[3] = low | 0x0000_8900_0000_0067;
        SEGMENTS[4] = task >> 32;
        HANDLERS[FIRST + TIMER] = handler(timer_interrupt);
        HANDLERS[FIRST + SERIAL] = handler(serial_interrupt);
        asm!("lgdt [{}]", in(reg) &Pointer::to(&raw const SEGMENTS));
        asm!("ltr {:x}", in(reg) 24u16);
        asm!("lidt [{}]", in(reg) &Pointer::to(&raw const HANDLERS));
    }
    for (controller, first, wiring) in [
        (CONTROLLER, FIRST as u8, 1 << 2),
        (SECOND_CONTROLLER, FIRST as u8 + 8, 2),
    ] {
        write(controller, 0x11);
        write(controller + 1, first);
        write(controller + 1, wiring);
        write(controller + 1, 1);
        write(controller + 1, 0xff);
    }
    write(CONTROLLER + 1, !(1 << TIMER | 1 << SERIAL));
    // A thousand times a second.
    let period = 1_193_182u32 / 1000;
    write(PIT + 3, 0x34);
    write(PIT, period as u8);
    write(PIT, (period >> 8) as u8);
    // What is sent is received, and what is received interrupts.
    write(COM1 + 4, 0x1b);
    write(COM1 + 1, 1);
}

/// A gate to `function`, on the first stack for interrupts, which are off within.
fn handler(function: unsafe extern "C" fn()) -> [u64; 2] {
    let at = function as usize as u64;
    [
        at & 0xffff | 8 << 16 | 0x8e01 << 32 | (at >> 16 & 0xffff) << 48,
        at >> 32,
    ]
}

/// The button is pressed: a byte goes out of the serial port, and comes in again.
pub(crate) fn press() {
    write(COM1, b'!');
}

fn handled() {
    write(CONTROLLER, 0x20);
}

#[unsafe(no_mangle)]
extern "C" fn timer() {
    handled();
    clock::tick();
}

#[unsafe(no_mangle)]
extern "C" fn serial() {
    let _byte = read(COM1);
    handled();
    button::pressed();
}
