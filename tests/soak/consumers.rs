//! Callbacks: fast, slow, failing, panicking, suspended, and such as never fit.

use std::collections::HashMap;
use std::panic::resume_unwind;
use std::sync::Arc;
use std::time::Duration;

use aioevt::{EventLoop, Timer};

use crate::account::{Account, Tally};

/// Registers one of each under "work" on the loop, and one that never fits under "odd". Events carry who emitted them, the
/// how manieth of theirs they are, and something that is counted.
pub(crate) fn register(account: &Account, event_loop: &EventLoop) {
    let on = || account.mgr.on("work").event_loop(event_loop);
    let tally = || account.tally.clone();

    let (t, mut last) = (tally(), HashMap::new());
    on().call(move |emitter: usize, number: u64, _: Arc<()>| {
        let before = last.insert(emitter, number);
        if before.is_some_and(|before| before >= number) {
            Tally::add(&t.out_of_order, 1);
        }
        Tally::add(&t.ran, 1);
    });
    let t = tally();
    on().call(move |_: usize, number: u64, _: Arc<()>| {
        if number % 64 == 0 {
            (0..20_000_u32).for_each(|n| {
                std::hint::black_box(n);
            });
        }
        Tally::add(&t.ran, 1);
    });
    let t = tally();
    on().call(move |_: usize, number: u64, _: Arc<()>| {
        if number % 5 == 0 {
            Tally::add(&t.failed, 1);
            return Err("a fifth of them fails");
        }
        Tally::add(&t.ran, 1);
        Ok(())
    });
    let t = tally();
    on().call(move |_: usize, number: u64, _: Arc<()>| {
        if number % 7 == 0 {
            Tally::add(&t.panicked, 1);
            // Without the panic hook's message.
            resume_unwind(Box::new("a seventh of them panics"));
        }
        Tally::add(&t.ran, 1);
    });
    let (t, timer) = (tally(), event_loop.clone());
    on().call(move |_: usize, number: u64, held: Arc<()>| {
        let (t, timer) = (t.clone(), timer.clone());
        async move {
            if number % 16 == 0 {
                // On a loop that dies meanwhile it ends with an error, or not at all.
                let _ = timer.sleep(Duration::from_micros(number % 2_000)).await;
            }
            if number % 48 == 0 {
                Tally::add(&t.panicked, 1);
                resume_unwind(Box::new("some panic after they were suspended"));
            }
            drop(held);
            Tally::add(&t.ran, 1);
        }
    });
    let odd = account.mgr.on("odd").event_loop(event_loop);
    odd.call(|_: String| ());
}
