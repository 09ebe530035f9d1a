//! RISC-V, 32 bits: QEMU's virt machine.
#![no_std]
#![no_main]

use core::fmt::{self, Write};
use core::panic::PanicInfo;
use core::ptr;
use core::sync::atomic::{AtomicBool, Ordering};

use app::masked::{Metered, Processor};
use app::{Board, button, clock};
use riscv::interrupt::Interrupt;
use riscv::register::{mcycle, mie, mstatus};
use riscv_rt::{core_interrupt, entry};

const HEAP_SIZE: usize = 32 * 1024;
/// Of the machine's timer, which counts at 10 MHz.
const TICKS_PER_MILLISECOND: u64 = 10_000;

critical_section::set_impl!(Metered<Cpu>);

static BOARD: Board = Board {
    print,
    press: || write(Register::SoftwareInterrupt, 1),
    sleep,
    spin,
    events: 100_000,
    burst: 200,
};

/// Registers of the machine's devices.
#[derive(Clone, Copy)]
#[repr(usize)]
enum Register {
    /// Ends the machine.
    Test = 0x10_0000,
    SoftwareInterrupt = 0x0200_0000,
    TimeCompare = 0x0200_4000,
    Time = 0x0200_bff8,
    Serial = 0x1000_0000,
}

fn write<T>(register: Register, value: T) {
    // SAFETY: the register is one of the machine, and as wide as what is written.
    unsafe { ptr::with_exposed_provenance_mut::<T>(register as usize).write_volatile(value) }
}

fn time() -> u64 {
    let words = ptr::with_exposed_provenance::<u32>(Register::Time as usize);
    loop {
        // SAFETY: the timer's two halves.
        let [high, low, again] =
            [1, 0, 1].map(|word| unsafe { words.wrapping_add(word).read_volatile() });
        if high == again {
            return u64::from(high) << 32 | u64::from(low);
        }
    }
}

fn set_timer(at: u64) {
    // The lower half first, out of the way: no interrupt comes in between.
    write(Register::TimeCompare, u32::MAX);
    let halves = ptr::with_exposed_provenance_mut::<u32>(Register::TimeCompare as usize);
    // SAFETY: the comparator's two halves.
    unsafe {
        halves.wrapping_add(1).write_volatile((at >> 32) as u32);
        halves.write_volatile(at as u32);
    }
}

struct Cpu;

// SAFETY: MIE keeps all handlers from running.
unsafe impl Processor for Cpu {
    fn disable() -> bool {
        let were_on = mstatus::read().mie();
        riscv::interrupt::disable();
        were_on
    }

    fn enable() {
        // SAFETY: they were on before.
        unsafe { riscv::interrupt::enable() }
    }

    fn cycles() -> u32 {
        mcycle::read() as u32
    }
}

fn print(text: fmt::Arguments<'_>) {
    struct Serial;

    impl Write for Serial {
        fn write_str(&mut self, text: &str) -> fmt::Result {
            text.bytes().for_each(|byte| write(Register::Serial, byte));
            Ok(())
        }
    }

    // Writing to it does not fail.
    let _ = writeln!(Serial, "{text}");
}

fn sleep(unless: &AtomicBool) {
    // An interrupt wakes the processor also while it is kept from being handled.
    riscv::interrupt::disable();
    if !unless.load(Ordering::Acquire) {
        riscv::asm::wfi();
    }
    // SAFETY: nothing relies on interrupts being off.
    unsafe { riscv::interrupt::enable() }
}

fn spin(n: u32) {
    // SAFETY: only counts a register down.
    unsafe {
        core::arch::asm!("2: addi {n}, {n}, -1", "bnez {n}, 2b", n = inout(reg) n => _);
    }
}

#[entry]
fn main() -> ! {
    static mut HEAP: [u64; HEAP_SIZE / 8] = [0; HEAP_SIZE / 8];
    // SAFETY: `HEAP` is visible here only, and this is done once.
    unsafe { app::heap::init((&raw mut HEAP).cast(), HEAP_SIZE) };
    set_timer(time() + TICKS_PER_MILLISECOND);
    // SAFETY: nothing relies on interrupts being off.
    unsafe {
        mie::set_mtimer();
        mie::set_msoft();
        riscv::interrupt::enable();
    }
    app::run(&BOARD);
    end(0x5555)
}

#[core_interrupt(Interrupt::MachineTimer)]
fn tick() {
    set_timer(time() + TICKS_PER_MILLISECOND);
    clock::tick();
}

#[core_interrupt(Interrupt::MachineSoft)]
fn pressed() {
    write(Register::SoftwareInterrupt, 0);
    button::pressed();
}

#[panic_handler]
fn panic(info: &PanicInfo<'_>) -> ! {
    app::panicked(print, info);
    end(0x1_3333)
}

/// Ends the machine: 0x5555 is success, 0x3333 failure with the exit code above it.
fn end(how: u32) -> ! {
    write(Register::Test, how);
    loop {
        riscv::asm::wfi();
    }
}
