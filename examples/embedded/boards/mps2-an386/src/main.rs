//! Cortex-M4: the MPS2 board of Arm with application note 386.
#![no_std]
#![no_main]

use app::masked::Metered;
use app::{Board, button, clock};
use cortex_m_board::{Cpu, SysTick, heap};
use cortex_m_rt::{entry, exception};

/// 25 MHz.
type Clock = SysTick<25_000>;

critical_section::set_impl!(Metered<Cpu<Clock>>);

const EVENTS: u32 = if cfg!(feature = "short") {
    1_000
} else {
    100_000
};

static BOARD: Board = Board {
    print: cortex_m_board::print,
    press: cortex_m_board::press,
    sleep: cortex_m_board::sleep,
    spin: cortex_m_board::spin,
    events: EVENTS,
    burst: 200,
};

#[entry]
fn main() -> ! {
    heap!(32 * 1024);
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
