//! Cortex-M0: the micro:bit with its nRF51822, which has no compare-and-swap and 16 KB of memory.
#![no_std]
#![no_main]

use core::ptr;

use app::masked::Metered;
use app::{Board, button, clock};
use cortex_m_board::{Counter, Cpu, Interrupt, heap};
use cortex_m_rt::{entry, exception};
// Only makes the atomics of the core work.
use portable_atomic as _;

critical_section::set_impl!(Metered<Cpu<Timer0>>);

static BOARD: Board = Board {
    print: cortex_m_board::print,
    press: cortex_m_board::press,
    sleep: cortex_m_board::sleep,
    spin: cortex_m_board::spin,
    events: 5_000,
    burst: 24,
};

/// The first timer, free running at 16 MHz: it counts, and its interrupt comes every millisecond.
struct Timer0;

impl Timer0 {
    const INTERRUPT: Interrupt = Interrupt(8);
    const CYCLES_PER_MILLISECOND: u32 = 16_000;

    const START: usize = 0x000;
    const CAPTURE_1: usize = 0x044;
    const COMPARED_0: usize = 0x140;
    const INTERRUPT_ENABLE: usize = 0x304;
    const WIDTH: usize = 0x508;
    const PRESCALER: usize = 0x510;
    const COMPARE_0: usize = 0x540;
    const COMPARE_1: usize = 0x544;

    fn register(offset: usize) -> *mut u32 {
        ptr::with_exposed_provenance_mut(0x4000_8000 + offset)
    }

    fn write(offset: usize, value: u32) {
        // SAFETY: a register of the timer, which only this program uses.
        unsafe { Self::register(offset).write_volatile(value) }
    }

    fn read(offset: usize) -> u32 {
        // SAFETY: a register of the timer, which only this program uses.
        unsafe { Self::register(offset).read_volatile() }
    }

    fn start() {
        Self::write(Self::WIDTH, 3); // 32 bits
        Self::write(Self::PRESCALER, 0);
        Self::write(Self::COMPARE_0, Self::CYCLES_PER_MILLISECOND);
        Self::write(Self::INTERRUPT_ENABLE, 1 << 16);
        Self::write(Self::START, 1);
        cortex_m_board::unmask(Self::INTERRUPT);
    }

    /// The interrupt is handled; the next one comes a millisecond after it.
    fn again() {
        Self::write(Self::COMPARED_0, 0);
        let next = Self::read(Self::COMPARE_0).wrapping_add(Self::CYCLES_PER_MILLISECOND);
        Self::write(Self::COMPARE_0, next);
    }
}

impl Counter for Timer0 {
    fn cycles() -> u32 {
        Self::write(Self::CAPTURE_1, 1);
        Self::read(Self::COMPARE_1)
    }

    fn between(start: u32, end: u32) -> u32 {
        end.wrapping_sub(start)
    }
}

#[entry]
fn main() -> ! {
    heap!(10 * 1024);
    Timer0::start();
    cortex_m_board::unmask(cortex_m_board::BUTTON);
    app::run(&BOARD);
    cortex_m_board::end()
}

#[exception]
unsafe fn DefaultHandler(interrupt: i16) {
    if interrupt == Timer0::INTERRUPT.0 as i16 {
        Timer0::again();
        clock::tick();
    } else {
        button::pressed();
    }
}
