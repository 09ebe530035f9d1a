//! Cortex-M3: the Stellaris LM3S6965 evaluation board.
#![no_std]
#![no_main]

use app::masked::Metered;
use app::{Board, button, clock};
use cortex_m_board::{Cpu, SysTick, heap};
use cortex_m_rt::{entry, exception};

/// 12.5 MHz, the clock after a reset.
type Clock = SysTick<12_500>;

critical_section::set_impl!(Metered<Cpu<Clock>>);

static BOARD: Board = Board {
    print: cortex_m_board::print,
    press: cortex_m_board::press,
    sleep: cortex_m_board::sleep,
    spin: cortex_m_board::spin,
    events: 100_000,
    burst: 200,
};

#[entry]
fn main() -> ! {
    heap!(24 * 1024);
    Clock::start();
    cortex_m_board::unmask(cortex_m_board::BUTTON);
    app::run(&BOARD);
    cortex_m_board::end()
}

#[exception]
fn SysTick() {
    clock::tick();
}

#[exception]
unsafe fn DefaultHandler(_interrupt: i16) {
    button::pressed();
}
