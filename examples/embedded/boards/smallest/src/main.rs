//! The smallest complete program: an interrupt emits, a callback answers, a delay blinks.
#![no_std]
#![no_main]

use core::cell::RefCell;
use core::panic::PanicInfo;
use core::sync::atomic::{AtomicU32, Ordering};
use core::time::Duration;

use aioevt::{Manager, PollLoop, Topic};
use cortex_m::peripheral::syst::SystClkSource;
use cortex_m_rt::{entry, exception};
use cortex_m_semihosting::debug;
use critical_section::Mutex;
use embedded_alloc::LlffHeap;

#[global_allocator]
static HEAP: LlffHeap = LlffHeap::empty();

/// Milliseconds since the start.
static NOW: AtomicU32 = AtomicU32::new(0);
/// What the interrupt handler emits to.
static TICK: Mutex<RefCell<Option<Topic>>> = Mutex::new(RefCell::new(None));

fn uptime() -> Duration {
    Duration::from_millis(NOW.load(Ordering::Relaxed).into())
}

#[entry]
fn main() -> ! {
    static mut MEMORY: [u64; 512] = [0; 512];
    // SAFETY: the memory is visible here only, and nothing has been allocated.
    unsafe { HEAP.init(MEMORY.as_mut_ptr().addr(), size_of_val(MEMORY)) }
    let mut core = cortex_m::Peripherals::take().expect("the first call");
    core.SYST.set_clock_source(SystClkSource::Core);
    core.SYST.set_reload(25_000 - 1);
    core.SYST.enable_counter();
    core.SYST.enable_interrupt();

    let mut poll_loop = PollLoop::with_clock(|| (), uptime);
    let mgr = Manager::new(&poll_loop);
    mgr.register("tick", |n: u32, mgr: Manager| {
        if n == 100 {
            mgr.emit_after(Duration::from_millis(50), "blink", ());
        }
    });
    mgr.register("blink", || debug::exit(debug::EXIT_SUCCESS));
    critical_section::with(|cs| TICK.replace(cs, Some(mgr.topic("tick"))));
    loop {
        poll_loop.poll(uptime());
        cortex_m::asm::wfi(); // until the next interrupt, which is never far away
    }
}

#[exception]
fn SysTick() {
    let now = NOW.load(Ordering::Relaxed) + 1;
    NOW.store(now, Ordering::Relaxed);
    let tick = critical_section::with(|cs| TICK.borrow_ref(cs).clone());
    if let Some(tick) = tick {
        tick.emit((now,));
    }
}

#[panic_handler]
fn panic(_: &PanicInfo<'_>) -> ! {
    debug::exit(debug::EXIT_FAILURE);
    loop {}
}
