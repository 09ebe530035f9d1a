//! x86_64: QEMU's microvm, booted by PVH.
#![no_std]
#![no_main]

mod interrupts;
mod port;
mod runtime;

use core::arch::{asm, global_asm, x86_64};
use core::fmt::{self, Write};
use core::panic::PanicInfo;
use core::sync::atomic::{AtomicBool, Ordering};

use app::Board;
use app::masked::{Metered, Processor};

global_asm!(include_str!("boot.s"), options(att_syntax));

const HEAP_SIZE: usize = 64 * 1024;

critical_section::set_impl!(Metered<Cpu>);

static BOARD: Board = Board {
    print,
    press: interrupts::press,
    sleep,
    spin,
    events: 100_000,
    burst: 200,
};

struct Cpu;

// SAFETY: IF keeps all handlers from running.
unsafe impl Processor for Cpu {
    fn disable() -> bool {
        let flags: u64;
        // SAFETY: reads the flags, then turns interrupts off.
        unsafe { asm!("pushfq", "pop {}", "cli", out(reg) flags) };
        flags & 1 << 9 != 0
    }

    fn enable() {
        // SAFETY: they were on before.
        unsafe { asm!("sti") }
    }

    fn cycles() -> u32 {
        // SAFETY: every processor with 64 bits has it.
        unsafe { x86_64::_rdtsc() as u32 }
    }
}

fn print(text: fmt::Arguments<'_>) {
    struct Terminal;

    impl Write for Terminal {
        fn write_str(&mut self, text: &str) -> fmt::Result {
            text.bytes().for_each(|byte| port::write(0xe9, byte));
            Ok(())
        }
    }

    // Writing to it does not fail.
    let _ = writeln!(Terminal, "{text}");
}

fn sleep(unless: &AtomicBool) {
    // SAFETY: nothing relies on interrupts being off.
    unsafe { asm!("cli") };
    if !unless.load(Ordering::Acquire) {
        // No interrupt comes between the two.
        // SAFETY: as above.
        unsafe { asm!("sti", "hlt") };
    }
    // SAFETY: as above.
    unsafe { asm!("sti") };
}

fn spin(n: u32) {
    // SAFETY: only counts a register down.
    unsafe { asm!("2: dec {0:e}", "jnz 2b", inout(reg) n => _) }
}

#[unsafe(no_mangle)]
extern "C" fn main() -> ! {
    static mut HEAP: [u64; HEAP_SIZE / 8] = [0; HEAP_SIZE / 8];
    // SAFETY: `HEAP` is visible here only, and this is done once.
    unsafe { app::heap::init((&raw mut HEAP).cast(), HEAP_SIZE) };
    interrupts::init();
    // SAFETY: their handlers are there.
    unsafe { asm!("sti") };
    app::run(&BOARD);
    // QEMU shifts it and adds one.
    end(0x10)
}

#[panic_handler]
fn panic(info: &PanicInfo<'_>) -> ! {
    app::panicked(print, info);
    end(0x20)
}

fn end(status: u8) -> ! {
    port::write(0xf4, status);
    loop {
        // SAFETY: the machine has ended.
        unsafe { asm!("hlt") }
    }
}
