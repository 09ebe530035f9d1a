//! `current_loop`: which runtime is meant when nobody says. The runtimes themselves are in the adapters.

use core::fmt;

use aioevt_core::EventLoop;

/// An event loop for the place it is called at, each time with a lane of its own.
///
/// Of the runtimes whose features are enabled, it takes
///
/// 1. tokio, if the calling thread is in a tokio runtime: in `block_on`, in a task or in `Handle::enter`;
/// 2. else async-std, inside one of its tasks or its `block_on`;
/// 3. else the one that runs without being entered, async-std's or smol's global executor, if only one of the two
///    features is enabled. A smol executor of one's own is never found: use `SmolRuntime::new`; nor is the `ThreadLoop` or
///    `PollLoop` that the caller runs on: pass that one.
///
/// It is for applications. A feature that another crate of the program enables can turn the last step into the error,
/// so a library takes an [`EventLoop`] from its caller. Two calls give two lanes, with no order between their
/// callbacks: call it once and pass the result on by reference.
///
/// # Errors
///
/// [`NoCurrentLoop`] if none of the steps finds one. Its text says which features are enabled and what to do.
///
/// # Examples
///
/// ```
/// use aioevt::{EventLoop, Manager, current_loop};
///
/// // Without a runtime, callbacks may as well run inside the emits.
/// let event_loop = current_loop().unwrap_or_else(|_| EventLoop::inline());
/// let mgr = Manager::new(&event_loop);
/// ```
pub fn current_loop() -> Result<EventLoop, NoCurrentLoop> {
    #[cfg(feature = "tokio")]
    if let Ok(runtime) = aioevt_tokio::TokioRuntime::current() {
        return Ok(EventLoop::new(runtime));
    }
    #[cfg(feature = "async-std")]
    if let Some(runtime) = aioevt_async_std::AsyncStdRuntime::current() {
        return Ok(EventLoop::new(runtime));
    }
    global_loop()
}

#[cfg(all(feature = "async-std", not(feature = "smol")))]
fn global_loop() -> Result<EventLoop, NoCurrentLoop> {
    Ok(EventLoop::new(aioevt_async_std::AsyncStdRuntime::new()))
}

#[cfg(all(feature = "smol", not(feature = "async-std")))]
fn global_loop() -> Result<EventLoop, NoCurrentLoop> {
    Ok(EventLoop::new(aioevt_smol::SmolRuntime::global()))
}

/// None of them, or two.
#[cfg(any(
    all(feature = "async-std", feature = "smol"),
    not(any(feature = "async-std", feature = "smol"))
))]
fn global_loop() -> Result<EventLoop, NoCurrentLoop> {
    Err(NoCurrentLoop(()))
}

/// There is no event loop to take where [`current_loop`] was called, or more than one.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct NoCurrentLoop(());

/// The text: this is what `main` prints of an error, and `unwrap`.
impl fmt::Debug for NoCurrentLoop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "NoCurrentLoop: {self}")
    }
}

impl fmt::Display for NoCurrentLoop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Where there is one global executor, there is no error.
        let two_globals = cfg!(all(feature = "async-std", feature = "smol"));
        f.write_str(match (two_globals, cfg!(feature = "tokio")) {
            (false, false) => {
                "no runtime to take an event loop from: enable aioevt's feature `tokio`, `async-std` or `smol`, or pass \
                 an event loop, such as `ThreadLoop::spawn`"
            }
            (false, true) => {
                "not inside a tokio runtime: call `current_loop` in `block_on`, a task or `Handle::enter`, or pass \
                 `EventLoop::new(TokioRuntime::new(handle))`"
            }
            (true, false) => {
                "not inside a runtime, and both async-std and smol are enabled: say which, with \
                 `EventLoop::new(AsyncStdRuntime::new())` or `EventLoop::new(SmolRuntime::global())`"
            }
            (true, true) => {
                "not inside a runtime, and both async-std and smol are enabled: say which, with \
                 `EventLoop::new(AsyncStdRuntime::new())` or `EventLoop::new(SmolRuntime::global())`; for tokio, call \
                 `current_loop` in `block_on`, a task or `Handle::enter`"
            }
        })
    }
}

impl core::error::Error for NoCurrentLoop {}

#[cfg(test)]
mod tests {
    extern crate alloc;
    extern crate std;

    use super::*;

    /// What this crate finds outside of all runtimes depends on its features, and so does what it says.
    #[test]
    fn outside_of_all_runtimes() {
        let globals = [cfg!(feature = "async-std"), cfg!(feature = "smol")];
        let found = current_loop();
        assert_eq!(found.is_ok(), globals[0] != globals[1]);
        let Err(error) = found else { return };
        let text = alloc::string::ToString::to_string(&error);
        let help = match (globals[0], cfg!(feature = "tokio")) {
            (true, _) => {
                "`EventLoop::new(AsyncStdRuntime::new())` or `EventLoop::new(SmolRuntime::global())`"
            }
            (false, true) => "`EventLoop::new(TokioRuntime::new(handle))`",
            (false, false) => "enable aioevt's feature `tokio`, `async-std` or `smol`",
        };
        assert!(text.contains(help), "{text}");
    }

    #[cfg(feature = "async-std")]
    #[test]
    fn inside_a_task_of_async_std() {
        use aioevt_core::Spawner;

        let (tx, rx) = std::sync::mpsc::channel();
        let task = async move { tx.send(current_loop().is_ok()).expect("a receiver") };
        assert_eq!(
            aioevt_async_std::AsyncStdRuntime::new().spawn(alloc::boxed::Box::pin(task)),
            Ok(())
        );
        assert_eq!(rx.recv(), Ok(true));
    }
}
