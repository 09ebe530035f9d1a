//! `Send`, `Sync`, `Unpin` and unwind safety of the public types, in both directions: what a type is not, it is not on
//! purpose.

use std::marker::PhantomData;
use std::panic::{RefUnwindSafe, UnwindSafe};

use aioevt::{
    ArgError, Args, Argument, Callback, CallbackError, CallbackErrorKind, Delayed, DiscardReason,
    Emitted, EventLoop, EvtData, Idle, Manager, NoCurrentLoop, On, PollLoop, Registration,
    RegistrationGuard, Shared, Sleep, SpawnError, Stats, ThreadLoop, TimerError, Topic, Wait,
    WaitError, WeakManager,
};

/// Answers for a type whether it has an auto trait: the inherent constant is chosen if its bound holds.
struct Probe<T: ?Sized>(PhantomData<T>);

macro_rules! probe {
    ($($CONST:ident $Trait:ident)*) => {
        trait Not {
            $(const $CONST: bool = false;)*
        }

        impl<T: ?Sized> Not for Probe<T> {}
        $(

        impl<T: ?Sized + $Trait> Probe<T> {
            const $CONST: bool = true;
        }
        )*
    };
}

probe! {
    SEND Send
    SYNC Sync
    UNPIN Unpin
}

macro_rules! assert_auto {
    ($($T:ty: $send:literal $sync:literal $unpin:literal;)*) => {$(
        assert_eq!(
            [Probe::<$T>::SEND, Probe::<$T>::SYNC, Probe::<$T>::UNPIN],
            [$send, $sync, $unpin],
            "Send, Sync, Unpin of {}",
            stringify!($T)
        );
    )*};
}

#[test]
fn every_type_is_what_it_says() {
    assert_auto! {
        // Handles go everywhere.
        Manager: true true true;
        WeakManager: true true true;
        Topic: true true true;
        Registration: true true true;
        RegistrationGuard: true true true;
        Delayed: true true true;
        EventLoop: true true true;
        ThreadLoop: true true true;
        Callback: true true true;
        On: true true true;
        // Futures go everywhere, too, and need no pinning.
        Wait: true true true;
        Idle: true true true;
        // A loop that its owner polls moves to the thread that polls it.
        PollLoop: true true true;
        // Data.
        EvtData: true true true;
        Args: true true true;
        Shared<std::sync::Mutex<u8>>: true true true;
        Emitted: true true true;
        Stats: true true true;
        // Errors.
        ArgError: true true true;
        Argument: true true true;
        CallbackError: true true true;
        CallbackErrorKind: true true true;
        DiscardReason: true true true;
        WaitError: true true true;
        SpawnError: true true true;
        TimerError: true true true;
        NoCurrentLoop: true true true;
        // What a runtime gives is polled by one at a time.
        Sleep: true false true;
        aioevt::BoxFuture: true false true;
        aioevt::BoxError: true true true;
    }
}

#[cfg(feature = "tokio")]
#[test]
fn tokio_s_types_are_what_they_say() {
    assert_auto! {
        aioevt::TokioRuntime: true true true;
        aioevt::NoRuntime: true true true;
    }
}

#[cfg(feature = "smol")]
#[test]
fn smol_s_types_are_what_they_say() {
    assert_auto! {
        aioevt::SmolRuntime: true true true;
    }
}

#[cfg(feature = "async-std")]
#[test]
fn async_std_s_types_are_what_they_say() {
    assert_auto! {
        aioevt::AsyncStdRuntime: true true true;
    }
}

#[test]
fn the_probe_tells_what_is_not() {
    assert_auto! {
        std::rc::Rc<u8>: false false true;
        std::marker::PhantomPinned: true true false;
    }
}

/// Errors are what callers pass on.
#[test]
fn errors_are_errors_of_any_thread() {
    fn error<E: std::error::Error + Send + Sync + 'static>() {}

    error::<ArgError>();
    error::<CallbackError>();
    error::<WaitError>();
    error::<SpawnError>();
    error::<TimerError>();
    error::<NoCurrentLoop>();
}

/// A trait object of each trait can be made.
#[test]
fn runtimes_are_dyn_safe() {
    fn takes<T: aioevt::Spawner + aioevt::Timer + 'static>(runtime: T) -> EventLoop {
        EventLoop::new(runtime)
    }

    let event_loop = PollLoop::new(|| ()).event_loop();
    let spawner: std::sync::Arc<dyn aioevt::Spawner> = std::sync::Arc::new(event_loop.clone());
    let timer: Box<dyn aioevt::Timer> = Box::new(event_loop.clone());
    assert!(spawner.spawn(Box::pin(async {})).is_err());
    assert_eq!(timer.now(), std::time::Duration::ZERO);
    drop(takes(std::sync::Arc::new(event_loop)));
}

#[test]
fn managers_and_plain_data_survive_a_panic() {
    fn safe<T: UnwindSafe + RefUnwindSafe>() {}

    safe::<Manager>();
    safe::<WeakManager>();
    safe::<Topic>();
    safe::<Emitted>();
    safe::<Stats>();
    safe::<ArgError>();
    safe::<WaitError>();
    safe::<SpawnError>();
    safe::<TimerError>();
}
