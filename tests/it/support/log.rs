//! What callbacks leave behind for a test to look at.

use std::sync::{Arc, Mutex};

use aioevt::{CallbackError, Manager};

/// Entries in the order in which they were made, from whatever thread.
pub(crate) struct Log<T>(Arc<Mutex<Vec<T>>>);

impl<T> Log<T> {
    pub(crate) fn new() -> Self {
        Self(Arc::default())
    }

    pub(crate) fn push(&self, entry: T) {
        self.0.lock().unwrap().push(entry);
    }

    /// All entries since the last time.
    pub(crate) fn take(&self) -> Vec<T> {
        std::mem::take(&mut self.0.lock().unwrap())
    }

    pub(crate) fn len(&self) -> usize {
        self.0.lock().unwrap().len()
    }
}

impl<T> Clone for Log<T> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

/// What the error hook of a manager was told: `event/callback: text`.
pub(crate) type Errors = Log<String>;

impl Errors {
    pub(crate) fn of(mgr: &Manager) -> Self {
        let errors = Self::new();
        let log = errors.clone();
        mgr.on_error(move |error: &CallbackError| {
            log.push(format!(
                "{}/{}: {}",
                error.event(),
                error.callback(),
                error.kind()
            ));
        });
        errors
    }
}

/// Something to capture, or to emit, of which it can be told whether it is still there.
#[derive(Clone, Debug, Default)]
pub(crate) struct Token(Arc<()>);

impl Token {
    /// How many others there are.
    pub(crate) fn others(&self) -> usize {
        Arc::strong_count(&self.0) - 1
    }
}
