//! `Held`: a lane whose driver is inside a callback, and stays there.

use std::sync::mpsc::{self, Sender};
use std::thread::{self, JoinHandle};

use aioevt::{EventLoop, Manager};

use super::LIMIT;

/// Releases its lane when dropped.
pub(crate) struct Held {
    open: Option<Sender<()>>,
    emitter: Option<JoinHandle<()>>,
}

impl Held {
    /// Returns when the lane is inside the callback. It is a callback of another manager, so that nobody's account shows
    /// it; it is emitted by another thread, since on an inline loop that is the one to be held.
    pub(crate) fn new(event_loop: &EventLoop) -> Self {
        let mgr = Manager::new(event_loop);
        let (entered, inside) = mpsc::channel();
        let (open, opened) = mpsc::channel::<()>();
        mgr.on("gate").once().call(move || {
            entered.send(()).unwrap();
            // Opened, or the test has failed.
            let _ = opened.recv_timeout(LIMIT);
        });
        let emitter = thread::spawn(move || {
            mgr.emit("gate", ());
        });
        inside.recv_timeout(LIMIT).unwrap();
        Self {
            open: Some(open),
            emitter: Some(emitter),
        }
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        drop(self.open.take());
        if let Some(emitter) = self.emitter.take() {
            let _ = emitter.join();
        }
    }
}
