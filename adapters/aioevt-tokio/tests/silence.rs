//! What shows on stderr: a shutdown shows no panic of tokio's, a runtime without a timer one. Alone in its process, for
//! the panic hook is everybody's.

use core::sync::atomic::{AtomicUsize, Ordering};
use core::time::Duration;
use std::sync::mpsc;
use std::thread;

use aioevt_core::{Spawner, Timer, TimerError};
use aioevt_tokio::TokioRuntime;
use futures_lite::future::block_on;
use tokio::runtime::{Builder, Runtime};

static SHOWN: AtomicUsize = AtomicUsize::new(0);

fn of(runtime: &Runtime) -> TokioRuntime {
    TokioRuntime::new(runtime.handle().clone())
}

#[test]
fn panics_shown() {
    std::panic::set_hook(Box::new(|_| _ = SHOWN.fetch_add(1, Ordering::Relaxed)));

    for _ in 0..100 {
        let runtime = Builder::new_multi_thread()
            .worker_threads(2)
            .enable_time()
            .build()
            .unwrap();
        let timer = of(&runtime);
        let (tx, rx) = mpsc::channel();
        let outside = thread::spawn({
            let timer = timer.clone();
            move || block_on(timer.sleep(Duration::MAX))
        });
        let inside = timer.clone();
        timer
            .spawn(Box::pin(async move {
                tx.send(()).expect("a receiver");
                // Still on one of its threads, and polled, when the runtime's timers have stopped.
                let woken = tokio::task::block_in_place(|| block_on(inside.sleep(Duration::MAX)));
                tx.send(()).expect("a receiver");
                assert_eq!(woken, Err(TimerError::Closed));
            }))
            .unwrap();
        rx.recv().unwrap();
        runtime.shutdown_background();
        rx.recv().unwrap();
        assert_eq!(outside.join().unwrap(), Err(TimerError::Closed));
        assert_eq!(
            block_on(timer.sleep(Duration::ZERO)),
            Err(TimerError::Closed)
        );
    }
    assert_eq!(SHOWN.load(Ordering::Relaxed), 0);

    let runtime = Builder::new_current_thread().build().unwrap();
    let timer = of(&runtime);
    for _ in 0..10 {
        assert!(matches!(
            block_on(timer.clone().sleep(Duration::ZERO)),
            Err(TimerError::Disabled(_))
        ));
    }
    assert_eq!(
        SHOWN.load(Ordering::Relaxed),
        1,
        "tokio's own, at the first sleep only"
    );
    drop(std::panic::take_hook());
}
