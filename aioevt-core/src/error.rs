//! What the error hook and the waits report. Errors of arguments are in `arg_error.rs`, those of runtimes in
//! `runtime.rs`.

use alloc::borrow::Cow;
use alloc::boxed::Box;
use alloc::string::String;
use core::error::Error;
use core::fmt;
use core::panic::Location;

use crate::arg_error::ArgError;
use crate::runtime::{SpawnError, TimerError};
use crate::sync::Arc;

/// Any error that a callback may return.
pub type BoxError = Box<dyn Error + Send + Sync>;

/// One thing that went wrong with a callback or a delayed emit, as the error hook sees it.
///
/// # Examples
///
/// ```
/// # use aioevt_core as aioevt;
/// use aioevt::{CallbackErrorKind, EventLoop, Manager};
/// use std::sync::{Arc, Mutex};
///
/// let mgr = Manager::new(EventLoop::inline());
/// let seen = Arc::new(Mutex::new(Vec::new()));
/// let log = seen.clone();
/// mgr.on_error(move |error| {
///     let kind = match error.kind() {
///         CallbackErrorKind::Failed(cause) => cause.to_string(),
///         other => format!("{other:?}"),
///     };
///     log.lock().unwrap().push(format!("{}/{}: {kind}", error.event(), error.callback()));
/// });
/// mgr.on("Save").named("disk").call(|| Err::<(), _>("no space"));
/// mgr.emit("Save", ());
/// assert_eq!(*seen.lock().unwrap(), ["Save/disk: no space"]);
/// ```
#[derive(Debug)]
pub struct CallbackError {
    event: Arc<str>,
    callback: Cow<'static, str>,
    location: &'static Location<'static>,
    kind: CallbackErrorKind,
}

impl CallbackError {
    pub(crate) fn new(
        event: Arc<str>,
        callback: Cow<'static, str>,
        location: &'static Location<'static>,
        kind: CallbackErrorKind,
    ) -> Self {
        Self {
            event,
            callback,
            location,
            kind,
        }
    }

    /// The name of the event.
    #[must_use]
    pub fn event(&self) -> &str {
        &self.event
    }

    /// The callback: the name given with `named`, else its type's name. `emit_after` for a delayed emit.
    #[must_use]
    pub fn callback(&self) -> &str {
        &self.callback
    }

    /// Where the callback was registered, or `emit_after` was called.
    #[must_use]
    pub fn location(&self) -> &'static Location<'static> {
        self.location
    }

    /// What went wrong.
    #[must_use]
    pub fn kind(&self) -> &CallbackErrorKind {
        &self.kind
    }
}

impl fmt::Display for CallbackError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "event `{}`, callback `{}` ({}): {}",
            self.event, self.callback, self.location, self.kind
        )
    }
}

impl Error for CallbackError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match &self.kind {
            CallbackErrorKind::Arguments(error) => Some(error),
            CallbackErrorKind::Failed(error) => Some(&**error),
            CallbackErrorKind::Discarded(DiscardReason::Refused(error)) => Some(error),
            CallbackErrorKind::Timer(error) => Some(error),
            _ => None,
        }
    }
}

/// What went wrong with a callback or a delayed emit.
#[derive(Debug)]
#[non_exhaustive]
pub enum CallbackErrorKind {
    /// The event's arguments do not fit the callback's parameters. The callback was not called and stays registered.
    Arguments(ArgError),
    /// The callback returned this error.
    Failed(BoxError),
    /// The callback panicked, or dropping something of its or the event's data did, with this message. It stays
    /// registered.
    Panicked(String),
    /// Deliveries ended without the callback having run to its end.
    Discarded(DiscardReason),
    /// A delayed emit can never fire.
    Timer(TimerError),
}

impl fmt::Display for CallbackErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Arguments(error) => write!(f, "not called: {error}"),
            Self::Failed(error) => write!(f, "failed: {error}"),
            Self::Panicked(message) => write!(f, "panicked: {message}"),
            Self::Discarded(reason) => reason.fmt(f),
            Self::Timer(error) => write!(f, "will never be emitted: {error}"),
        }
    }
}

/// Why deliveries were discarded, or a registration never took effect.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum DiscardReason {
    /// The callback's event loop was shut down, or dropped the task that runs its callbacks. The registration is gone, and
    /// with it this many deliveries that were queued.
    LoopClosed {
        /// Deliveries of this registration that were lost. 0 when nothing was queued.
        deliveries: u64,
    },
    /// The event loop dropped a suspended async call before its end: it was shut down.
    Dropped,
    /// The event loop did not take the task of a suspended async call, or, for want of room, the one that was to run the
    /// callbacks registered on it: then the registration never took effect.
    Refused(SpawnError),
    /// The callback was registered on a manager that was already closed: it will never run.
    ManagerClosed,
}

impl fmt::Display for DiscardReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::LoopClosed { deliveries } => {
                f.write_str("its event loop was shut down: the registration is removed")?;
                match deliveries {
                    0 => {}
                    1 => f.write_str(" and 1 queued delivery is discarded")?,
                    n => write!(f, " and {n} queued deliveries are discarded")?,
                }
                f.write_str("; register again on a loop that runs")
            }
            Self::Dropped => f.write_str(
                "its event loop was shut down and dropped the suspended call; wait for `idle()` before shutting a \
                 loop down",
            ),
            Self::Refused(error) => write!(f, "its event loop refused the task that was to run it: {error}"),
            Self::ManagerClosed => {
                f.write_str("registered on a closed manager, so it will never run; register before `close()`")
            }
        }
    }
}

/// Why a wait (or a wait for idleness) ended without its event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum WaitError {
    /// The limit given with `timeout` passed first.
    TimedOut,
    /// The manager was closed, so the event can never come.
    Closed,
    /// `unregister` was called for the name.
    Unregistered,
    /// The timer that should have limited the wait does not work.
    Timer(TimerError),
    /// A blocking wait was asked for that would never end: on a thread that is running an event loop of the manager it would
    /// stop the very loop that has to go on, and one that had ended before gets nothing more.
    WouldDeadlock,
}

impl fmt::Display for WaitError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TimedOut => f.write_str("the limit passed before the event came (or before the manager was idle)"),
            Self::Closed => f.write_str("the manager was closed, so the event can never come"),
            Self::Unregistered => f.write_str("the event's name was unregistered while waiting"),
            Self::Timer(error) => write!(f, "the wait cannot be timed: {error}"),
            Self::WouldDeadlock => {
                f.write_str("a blocking wait here would never end: on an event loop's own thread it stops that loop (in an async \
                             callback await it instead, but never `idle()`, which waits for the callback that it is in), and \
                             one that has ended before gets nothing more")
            }
        }
    }
}

impl Error for WaitError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Timer(error) => Some(error),
            _ => None,
        }
    }
}
