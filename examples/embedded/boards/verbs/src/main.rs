//! A program that an interrupt handler emits in and a callback answers, and one use of each verb behind a feature: what
//! the verb adds to the code is the difference. Measured only, never run.
#![no_std]
#![no_main]

use core::cell::RefCell;
use core::panic::PanicInfo;
use core::sync::atomic::{AtomicU32, Ordering};

use aioevt::{Manager, PollLoop, Topic};
use cortex_m_rt::{entry, exception};
use critical_section::Mutex;
use embedded_alloc::LlffHeap;

#[global_allocator]
static HEAP: LlffHeap = LlffHeap::empty();

/// Milliseconds since the start.
static NOW: AtomicU32 = AtomicU32::new(0);
/// What callbacks note.
static SEEN: AtomicU32 = AtomicU32::new(0);
/// What the interrupt handler emits to.
static TICK: Mutex<RefCell<Option<Topic>>> = Mutex::new(RefCell::new(None));

fn uptime() -> core::time::Duration {
    core::time::Duration::from_millis(NOW.load(Ordering::Relaxed).into())
}

fn see(n: u32) {
    SEEN.store(n, Ordering::Relaxed);
}

#[entry]
fn main() -> ! {
    static mut MEMORY: [u64; 512] = [0; 512];
    // SAFETY: the memory is visible here only, and nothing has been allocated.
    unsafe { HEAP.init(MEMORY.as_mut_ptr().addr(), size_of_val(MEMORY)) }
    let mut poll_loop = PollLoop::with_clock(|| (), uptime);
    let mgr = Manager::new(&poll_loop);
    mgr.register("tick", see);
    use_verbs(&mgr, &poll_loop);
    critical_section::with(|cs| TICK.replace(cs, Some(mgr.topic("tick"))));
    loop {
        poll_loop.poll(uptime());
        cortex_m::asm::wfi();
    }
}

#[allow(unused_variables, reason = "without any feature nothing is used")]
fn use_verbs(mgr: &Manager, poll_loop: &PollLoop) {
    #[cfg(feature = "once")]
    mgr.on("tick").once().call(see);
    #[cfg(feature = "unregister")]
    see(mgr.unregister("tick") as u32);
    #[cfg(feature = "lane")]
    mgr.on("tick")
        .event_loop(poll_loop.event_loop().new_lane())
        .call(see);
    #[cfg(feature = "emit-after")]
    mgr.emit_after(core::time::Duration::from_millis(50), "tick", (1_u32,));
    #[cfg(feature = "wait")]
    spawn(poll_loop, {
        let wait = mgr.wait("tick");
        async { see(wait.await.is_ok().into()) }
    });
    #[cfg(feature = "timeout")]
    spawn(poll_loop, {
        let wait = mgr.wait("tick");
        let wait = wait.timeout(core::time::Duration::from_millis(50));
        async { see(wait.await.is_ok().into()) }
    });
    #[cfg(feature = "idle")]
    spawn(poll_loop, {
        let idle = mgr.idle();
        async { see(idle.await.is_ok().into()) }
    });
    #[cfg(feature = "async")]
    mgr.register("tick", |n: u32| async move { see(n) });
    #[cfg(feature = "args")]
    mgr.emit("tick", aioevt::args![1_u32]);
    #[cfg(feature = "callback")]
    mgr.register("tick", aioevt::callback!(|n: u32| see(n)));
    #[cfg(feature = "stats")]
    see(mgr.stats().ran as u32);
    #[cfg(feature = "hook")]
    mgr.on_error(|error| see(error.location().line()));
    #[cfg(feature = "texts")]
    mgr.on_error(|error| cortex_m_semihosting::hprintln!("{}", error));
}

#[cfg(any(feature = "wait", feature = "timeout", feature = "idle"))]
fn spawn(poll_loop: &PollLoop, task: impl Future<Output = ()> + Send + 'static) {
    extern crate alloc;
    let spawned = aioevt::Spawner::spawn(&poll_loop.event_loop(), alloc::boxed::Box::pin(task));
    see(spawned.is_ok().into());
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
    loop {}
}
