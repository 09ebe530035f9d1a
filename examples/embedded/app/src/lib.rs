//! What every board runs. The board brings the processor: its clock's and button's interrupts, its memory, its way to
//! print and to end. Here are the heap (`heap`), the meter of the time with interrupts off (`masked`), the interrupt
//! handlers' work (`clock`, `button`), the main loop (`super_loop`) and the application itself (`story`).
#![no_std]

extern crate alloc;

pub mod button;
pub mod clock;
pub mod heap;
pub mod masked;
mod meter;
mod story;
mod super_loop;

use core::fmt;
use core::sync::atomic::AtomicBool;

pub use story::story;
pub use super_loop::{run, run_on};

/// What the application needs of a board.
pub struct Board {
    /// Prints on the host's terminal.
    pub print: fn(fmt::Arguments<'_>),
    /// Raises the button's interrupt, as if it had been pressed.
    pub press: fn(),
    /// Sleeps until an interrupt, unless the flag is set.
    pub sleep: fn(unless: &AtomicBool),
    /// Executes `2 * n` instructions, for the meter's scale.
    pub spin: fn(n: u32),
    /// How many events the long run emits.
    pub events: u32,
    /// How many events a queue is made to hold, to see it grow.
    pub burst: u32,
}

/// Prints a line on the board's terminal.
#[macro_export]
macro_rules! say {
    ($board:expr, $($text:tt)*) => {
        ($board.print)(format_args!($($text)*))
    };
}

/// Says where a panic happened. Not why: formatting every message would make the image half as large again.
#[cold]
pub fn panicked(print: fn(fmt::Arguments<'_>), info: &core::panic::PanicInfo<'_>) {
    if let Some(place) = info.location() {
        print(format_args!(
            "panicked at {}:{}",
            place.file(),
            place.line()
        ));
    }
}
