//! The application: everything that a board's firmware does with events, checked step by step.

use alloc::vec::Vec;
use core::time::Duration;

use aioevt::{CallbackErrorKind, EventLoop, Manager, WaitError};
use core::sync::atomic::{AtomicU32, Ordering};

use crate::button::BUTTON;
use crate::clock::{REJECTED, TICKS, uptime};
use crate::meter::Meter;
use crate::{Board, heap, say};

const fn ms(milliseconds: u64) -> Duration {
    Duration::from_millis(milliseconds)
}

/// What callbacks note. One core, and only callbacks write: no compare-and-swap is needed.
struct Count(AtomicU32);

impl Count {
    const fn new() -> Self {
        Self(AtomicU32::new(0))
    }

    fn add(&self, n: u32) {
        self.set(self.get() + n);
    }

    fn set(&self, n: u32) {
        self.0.store(n, Ordering::Relaxed);
    }

    fn get(&self) -> u32 {
        self.0.load(Ordering::Relaxed)
    }
}

/// Runs it on `event_loop`, the default loop of `mgr`. The last handles of both end here.
pub async fn story(board: &'static Board, mgr: Manager, event_loop: EventLoop) {
    let meter = Meter::new(board);
    button(board, &mgr, &event_loop).await;
    meter.part("two lanes, waits, delays, the error hook");
    blink(&mgr).await;
    meter.part("blinking");
    reserved(board, &mgr, &event_loop, &meter).await;
    growing(board, &mgr, &event_loop, &meter).await;
    long_run(board, &mgr, &event_loop).await;
    meter.part("the long run");
    full_heap(board, &mgr, &event_loop).await;
    meter.part("with the heap full");

    mgr.close();
    assert!(mgr.idle().await == Ok(()));
    assert!(mgr.stats().callbacks == 0);
    assert!(mgr.emit("button", (1,)).rejected == 1);
}

/// An interrupt emits; callbacks of two lanes react; the application waits for it.
async fn button(board: &'static Board, mgr: &Manager, event_loop: &EventLoop) {
    static PRESSES: Count = Count::new();
    static LED: Count = Count::new();
    static ONCE: Count = Count::new();
    static ERRORS: Count = Count::new();

    mgr.on_error(move |error| {
        say!(board, "error hook: {error}");
        assert!(matches!(
            error.kind(),
            CallbackErrorKind::Failed(_) | CallbackErrorKind::Arguments(_)
        ));
        ERRORS.add(1);
    });
    BUTTON.set(Some(mgr.topic("button")));
    let count = mgr.register("button", |_: u32| PRESSES.add(1));
    mgr.on("button")
        .event_loop(event_loop.new_lane())
        .call(|_: u32, mgr: Manager| {
            mgr.emit("led", (true,));
            mgr.emit_after(ms(20), "dark", ());
        });
    mgr.register("led", |on: bool| LED.add(u32::from(on)));
    mgr.on("button").once().call(|_: u32| ONCE.add(1));

    // A press that is waited for, and one that does not come.
    let pressed = mgr.wait("button").timeout(ms(1000));
    (board.press)();
    let data = pressed.await.expect("a press within the limit");
    assert!(data.arg::<u32>(0) == Ok(1));
    assert!(mgr.wait("dark").timeout(ms(1000)).await.is_ok());
    let before = uptime();
    let none = mgr.wait("button").timeout(ms(5)).await;
    assert!(none.err() == Some(WaitError::TimedOut));
    assert!(uptime() >= before + ms(5));

    // One callback fewer, and the once-callback is used up.
    assert!(mgr.callback_count("button") == 2);
    assert!(count.unregister());
    (board.press)();
    assert!(mgr.idle().await == Ok(()));
    assert!((PRESSES.get(), ONCE.get()) == (1, 1));
    assert!(LED.get() == 2);
    assert!(mgr.wait("dark").timeout(ms(1000)).await.is_ok());

    // What goes wrong in a callback reaches the hook.
    mgr.register("broken", || Err::<(), _>("the sensor does not answer"));
    mgr.register("typed", |_: bool| ());
    mgr.emit("broken", ());
    mgr.emit("typed", (7,));
    assert!(mgr.idle().await == Ok(()));
    assert!(ERRORS.get() == 2);
    assert!(mgr.unregister("broken") + mgr.unregister("typed") == 2);
    assert!(mgr.unregister("button") + mgr.unregister("led") == 2);
    BUTTON.set(None);
}

/// A callback that calls itself again later.
async fn blink(mgr: &Manager) {
    let before = uptime();
    mgr.register("blink", |n: u32, mgr: Manager| {
        if n < 4 {
            mgr.emit_after(ms(10), "blink", (n + 1,));
        } else {
            mgr.emit("blinked", ());
        }
    });
    let blinked = mgr.wait("blinked").timeout(ms(1000));
    mgr.emit("blink", (1u32,));
    assert!(blinked.await.is_ok());
    assert!(uptime() >= before + ms(30));
    assert!(mgr.unregister("blink") == 1);
}

/// A queue with room made beforehand: emitting allocates nothing.
async fn reserved(board: &'static Board, mgr: &Manager, event_loop: &EventLoop, meter: &Meter) {
    const ROOM: usize = 16;
    static HEARD: Count = Count::new();

    let topic = mgr.topic("reserved");
    let _guard = topic
        .on()
        .event_loop(event_loop.new_lane().reserved(ROOM))
        .call(|_: u32| HEARD.add(1))
        .guard();
    assert!(mgr.idle().await == Ok(()));
    BUTTON.set(Some(topic.clone()));
    meter.part("making the reserved lane");
    let allocations = heap::allocations();
    for n in 1..ROOM as u32 {
        topic.emit((n,));
    }
    assert!(
        heap::allocations() == allocations,
        "emitting allocates nothing"
    );
    meter.part("emits with room reserved, through a handle");
    assert!(mgr.idle().await == Ok(()));
    meter.part("running them");
    let allocations = heap::allocations();
    (board.press)();
    // The interrupt has come by now, or comes with the next instructions.
    while mgr.stats().pending == 0 {}
    assert!(
        heap::allocations() == allocations,
        "nor in an interrupt handler"
    );
    meter.part("an emit by an interrupt handler");
    for n in 1..ROOM as u32 {
        mgr.emit("reserved", (n,));
    }
    meter.part("emits by name, with room reserved");
    BUTTON.set(None);
    assert!(mgr.idle().await == Ok(()));
    assert!(HEARD.get() == 2 * ROOM as u32 - 1);
}

/// A queue that grows while interrupts are off.
async fn growing(board: &'static Board, mgr: &Manager, event_loop: &EventLoop, meter: &Meter) {
    static HEARD: Count = Count::new();

    let _guard = mgr
        .on("growing")
        .event_loop(event_loop.new_lane())
        .call(|_: u32| HEARD.add(1))
        .guard();
    assert!(mgr.idle().await == Ok(()));
    meter.part("making a lane");
    for n in 0..board.burst {
        mgr.emit("growing", (n,));
    }
    meter.part("filling a queue that grows");
    assert!(mgr.idle().await == Ok(()));
    assert!(HEARD.get() == board.burst);
}

/// No memory left: emits are rejected, nothing aborts, and what was accepted still runs.
async fn full_heap(board: &'static Board, mgr: &Manager, event_loop: &EventLoop) {
    static HEARD: Count = Count::new();

    let _guard = mgr
        .on("full")
        .event_loop(event_loop.new_lane())
        .call(|_: u32| HEARD.add(1))
        .guard();
    assert!(mgr.idle().await == Ok(()));

    for n in 0..3 {
        mgr.emit("full", (n,));
    }
    let peak = heap::peak();
    let mut hoard: [Vec<u64>; 32] = Default::default();
    let mut size = heap::free() / 8;
    for place in &mut hoard {
        while size > 0 && place.try_reserve_exact(size).is_err() {
            size /= 2;
        }
    }
    let (mut accepted, mut rejected) = (3, 0);
    while rejected == 0 {
        let emitted = mgr.emit("full", (accepted,));
        accepted += emitted.callbacks as u32;
        rejected += emitted.rejected;
    }
    drop(hoard);
    heap::set_peak(peak);
    assert!(mgr.idle().await == Ok(()));
    assert!(HEARD.get() == accepted);
    assert!(mgr.emit("full", (accepted,)).callbacks == 1);
    say!(
        board,
        "heap full: {accepted} events accepted, then rejected"
    );
}

/// Many events, from the application and from the clock's interrupt, to two lanes: both see one order.
async fn long_run(board: &'static Board, mgr: &Manager, event_loop: &EventLoop) {
    const BURST: u32 = 8;
    static NEXT: Count = Count::new();
    static SUMS: [Count; 2] = [Count::new(), Count::new()];

    fn note(sum: &Count, source: u8, n: u32) {
        sum.set(sum.get().rotate_left(5) ^ (n << 1 | u32::from(source)));
    }
    let before = mgr.stats();
    mgr.register("data", |source: u8, n: u32| {
        if source == 0 {
            assert!(n == NEXT.get(), "in the order of the emits");
            NEXT.add(1);
        }
        note(&SUMS[0], source, n);
    });
    mgr.on("data")
        .event_loop(event_loop.new_lane())
        .call(|source: u8, n: u32| note(&SUMS[1], source, n));
    assert!(mgr.idle().await == Ok(()));
    let data = mgr.topic("data");
    TICKS.set(Some(data.clone()));
    for n in 0..board.events {
        assert!(data.emit((0u8, n)).callbacks == 2);
        if n % BURST == BURST - 1 {
            let stats = mgr.stats();
            let ended = stats.ran + stats.failed + stats.panicked + stats.discarded;
            assert!(stats.accepted == ended + stats.pending);
            assert!(mgr.idle().await == Ok(()));
        }
    }
    TICKS.set(None);
    assert!(mgr.idle().await == Ok(()));
    let stats = mgr.stats();
    let events = (stats.ran - before.ran) / 2;
    assert!((stats.pending, REJECTED.load(Ordering::Relaxed)) == (0, 0));
    assert!(NEXT.get() == board.events);
    assert!(
        SUMS[0].get() == SUMS[1].get(),
        "both lanes saw the same order"
    );
    say!(
        board,
        "events: {events}, {} of them from an interrupt handler",
        events - u64::from(board.events)
    );
}
