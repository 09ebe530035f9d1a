//! Cortex-M4: the MPS2 board of Arm with application note 386, and embassy's executor instead of a `PollLoop`.
#![no_std]
#![no_main]

mod time_driver;

use aioevt::EventLoop;
use aioevt_embassy::{EmbassyRuntime, TaskPool};
use app::masked::Metered;
use app::{Board, button, clock};
use cortex_m_board::{Cpu, SysTick, heap};
use cortex_m_rt::exception;
use embassy_executor::Spawner;

/// 25 MHz.
type Clock = SysTick<25_000>;

critical_section::set_impl!(Metered<Cpu<Clock>>);

static BOARD: Board = Board {
    print: cortex_m_board::print,
    press: cortex_m_board::press,
    sleep: cortex_m_board::sleep,
    spin: cortex_m_board::spin,
    events: 100_000,
    burst: 200,
};

/// For the lanes of the application, four at a time, and its delays.
static POOL: TaskPool<8> = TaskPool::new();

#[embassy_executor::main]
async fn main(spawner: Spawner) {
    heap!(32 * 1024);
    Clock::start();
    cortex_m_board::unmask(cortex_m_board::BUTTON);
    let event_loop = || EventLoop::new(EmbassyRuntime::new(spawner.make_send(), &POOL));
    let a_while = || embassy_time::Timer::after_millis(5);
    app::run_on(&BOARD, event_loop, a_while).await;
    cortex_m_board::end();
}

#[exception]
fn SysTick() {
    clock::tick();
    time_driver::tick();
}

#[exception]
unsafe fn DefaultHandler(_interrupt: i16) {
    button::pressed();
}
