//! What the Cortex-M boards share: interrupts on and off, sleeping, the host's terminal. A board adds its clock.
#![no_std]

use core::fmt;
use core::marker::PhantomData;
use core::panic::PanicInfo;
use core::sync::atomic::{AtomicBool, Ordering};

use app::masked::Processor;
use cortex_m::interrupt::InterruptNumber;
use cortex_m::peripheral::syst::SystClkSource;
use cortex_m::peripheral::{NVIC, SYST};
use cortex_m_semihosting::{debug, hprintln};

/// What `cortex-m-rt` paints the stack with.
const STACK_PAINT_VALUE: u32 = 0xcccc_cccc;

/// An interrupt, raised by software here.
#[derive(Clone, Copy)]
pub struct Interrupt(pub u16);

// SAFETY: the boards use numbers that their processors have.
unsafe impl InterruptNumber for Interrupt {
    fn number(self) -> u16 {
        self.0
    }
}

/// The button's interrupt: one that no device of any of the boards uses.
pub const BUTTON: Interrupt = Interrupt(20);

/// The button is pressed.
pub fn press() {
    NVIC::pend(BUTTON);
}

/// Lets an interrupt through to its handler.
pub fn unmask(interrupt: Interrupt) {
    // SAFETY: nothing relies on it being masked.
    unsafe { NVIC::unmask(interrupt) };
}

/// What counts cycles.
pub trait Counter {
    /// The count.
    fn cycles() -> u32;
    /// From one reading to a later one.
    fn between(start: u32, end: u32) -> u32;
}

/// A Cortex-M with its counter.
pub struct Cpu<C>(PhantomData<C>);

// SAFETY: PRIMASK keeps all handlers from running.
unsafe impl<C: Counter> Processor for Cpu<C> {
    fn disable() -> bool {
        let were_on = cortex_m::register::primask::read().is_active();
        cortex_m::interrupt::disable();
        were_on
    }

    fn enable() {
        // SAFETY: they were on before.
        unsafe { cortex_m::interrupt::enable() }
    }

    fn cycles() -> u32 {
        C::cycles()
    }

    fn between(start: u32, end: u32) -> u32 {
        C::between(start, end)
    }
}

/// The processor's own timer, once round in a millisecond of `CYCLES` cycles. What is counted is shorter.
pub struct SysTick<const CYCLES: u32>;

impl<const CYCLES: u32> SysTick<CYCLES> {
    /// Starts it, with its interrupt.
    pub fn start() {
        if let Some(mut core) = cortex_m::Peripherals::take() {
            core.SYST.set_clock_source(SystClkSource::Core);
            core.SYST.set_reload(CYCLES - 1);
            core.SYST.clear_current();
            core.SYST.enable_counter();
            core.SYST.enable_interrupt();
        }
    }
}

impl<const CYCLES: u32> Counter for SysTick<CYCLES> {
    fn cycles() -> u32 {
        SYST::get_current()
    }

    /// It counts down.
    fn between(start: u32, end: u32) -> u32 {
        if start >= end {
            start - end
        } else {
            start + CYCLES - end
        }
    }
}

/// Prints on the terminal of whoever debugs the board.
pub fn print(text: fmt::Arguments<'_>) {
    hprintln!("{}", text);
}

/// Sleeps until an interrupt, unless the flag is set.
pub fn sleep(unless: &AtomicBool) {
    // An interrupt wakes the processor also while it is kept from being handled.
    cortex_m::interrupt::disable();
    if !unless.load(Ordering::Acquire) {
        cortex_m::asm::wfi();
    }
    // SAFETY: nothing relies on interrupts being off.
    unsafe { cortex_m::interrupt::enable() }
}

/// Executes `2 * n` instructions.
pub fn spin(n: u32) {
    // SAFETY: only counts a register down.
    unsafe {
        core::arch::asm!("2: subs {n}, #1", "bne 2b", n = inout(reg) n => _);
    }
}

/// The program has done what it should.
pub fn end() -> ! {
    print(format_args!("stack peak: {} bytes", stack_peak()));
    exit(debug::EXIT_SUCCESS)
}

/// How much of the stack was ever used: before the start it was painted, from the end of the statics on.
fn stack_peak() -> usize {
    unsafe extern "C" {
        static __sheap: u32;
        static _stack_start: u32;
    }
    let (lowest, highest) = (&raw const __sheap, &raw const _stack_start);
    let mut place = lowest;
    // SAFETY: between the two is memory of words, which nobody writes while this runs but the frames at its end.
    while place < highest && unsafe { place.read_volatile() } == STACK_PAINT_VALUE {
        place = place.wrapping_add(1);
    }
    highest.addr() - place.addr()
}

fn exit(status: debug::ExitStatus) -> ! {
    debug::exit(status);
    loop {
        cortex_m::asm::wfi();
    }
}

#[panic_handler]
fn panic(info: &PanicInfo<'_>) -> ! {
    app::panicked(print, info);
    exit(debug::EXIT_FAILURE)
}

/// Makes the heap of a board: `heap!(BYTES)`, once.
#[macro_export]
macro_rules! heap {
    ($size:expr) => {{
        static mut HEAP: [u64; $size / 8] = [0; $size / 8];
        // SAFETY: `HEAP` is visible here only, and this is done once.
        unsafe { app::heap::init((&raw mut HEAP).cast(), $size) }
    }};
}
