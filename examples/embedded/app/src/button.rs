//! The button: an interrupt handler that emits. How a handler gets at what it emits to is in [`Slot`].

use core::cell::RefCell;

use aioevt::Topic;
use core::sync::atomic::{AtomicU32, Ordering};
use critical_section::Mutex;

/// A place for something that interrupt handlers use. They take a clone out of it and use that, so nothing happens with
/// interrupts off but the cloning.
pub(crate) struct Slot<T>(Mutex<RefCell<Option<T>>>);

impl<T: Clone> Slot<T> {
    pub(crate) const fn new() -> Self {
        Self(Mutex::new(RefCell::new(None)))
    }

    /// Replaces what is in it.
    pub(crate) fn set(&self, value: Option<T>) {
        let old = critical_section::with(|cs| self.0.replace(cs, value));
        drop(old);
    }

    pub(crate) fn get(&self) -> Option<T> {
        critical_section::with(|cs| self.0.borrow_ref(cs).clone())
    }
}

pub(crate) static BUTTON: Slot<Topic> = Slot::new();

static PRESSED: AtomicU32 = AtomicU32::new(0);

/// The button's interrupt handler.
pub fn pressed() {
    let Some(button) = BUTTON.get() else { return };
    let count = PRESSED.load(Ordering::Relaxed) + 1;
    PRESSED.store(count, Ordering::Relaxed);
    button.emit((count,));
}
