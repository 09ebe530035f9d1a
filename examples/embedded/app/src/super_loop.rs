//! Running the application: on a `PollLoop`, polled whenever an interrupt brought work, or on an executor.

use alloc::boxed::Box;
use core::future::Future;
use core::sync::atomic::{AtomicBool, Ordering};

use aioevt::{EventLoop, Manager, PollLoop, Spawner};

use crate::{Board, clock, heap, say, story};

/// There is something to poll for. Interrupt handlers set it, through `PollLoop`'s notification.
static WORK: AtomicBool = AtomicBool::new(false);
/// The application has ended.
static DONE: AtomicBool = AtomicBool::new(false);

/// Runs the application to its end in the main loop of a board without an executor.
pub fn run(board: &'static Board) {
    let account = Account::open(board);
    let mut poll_loop = PollLoop::with_clock(|| WORK.store(true, Ordering::Release), clock::uptime);
    let mgr = Manager::new(&poll_loop);
    account.idle();

    let event_loop = poll_loop.event_loop();
    let spawned = poll_loop.event_loop().spawn(Box::pin(async move {
        story(board, mgr, event_loop).await;
        DONE.store(true, Ordering::Release);
    }));
    assert!(spawned == Ok(()));
    while !DONE.load(Ordering::Acquire) {
        WORK.store(false, Ordering::Relaxed);
        let now = clock::uptime();
        match poll_loop.poll(now) {
            Some(at) if at <= now => {}
            // The clock's interrupt wakes it every millisecond: there is no other timer to set.
            Some(_) | None => (board.sleep)(&WORK),
        }
    }
    drop(poll_loop);
    account.close();
}

/// Runs the application to its end in a task of an executor. `a_while` is long enough for the executor to end the tasks
/// of what the application has dropped. It is made when that has happened, for a timer's time runs from then on.
pub async fn run_on<F: Future>(
    board: &'static Board,
    event_loop: impl FnOnce() -> EventLoop,
    a_while: impl FnOnce() -> F,
) {
    let account = Account::open(board);
    let event_loop = event_loop();
    let mgr = Manager::new(&event_loop);
    account.idle();
    story(board, mgr, event_loop).await;
    a_while().await;
    account.close();
}

/// What is on the heap, before and after.
struct Account {
    board: &'static Board,
    before: usize,
}

impl Account {
    fn open(board: &'static Board) -> Self {
        say!(board, "heap: {} bytes", heap::size());
        let before = heap::used();
        Self { board, before }
    }

    fn idle(&self) {
        let taken = heap::used() - self.before;
        say!(
            self.board,
            "idle: {taken} bytes of heap for a manager and a loop"
        );
    }

    fn close(self) {
        let left = heap::used() - self.before;
        say!(self.board, "heap peak: {} bytes", heap::peak());
        say!(self.board, "left on the heap: {left} bytes");
        assert!(left == 0);
    }
}
