//! The guide, a page a module: everything a newcomer needs, in reading order. There is no code in here.
//!
//! 1. [`quickstart`]: the first event, line by line
//! 2. [`choosing_a_runtime`]: which event loop to make, and with which feature
//! 3. [`mixing_runtimes`]: several of them in one process
//! 4. [`guarantees`]: order, delivery, and everything else that may be relied on
//! 5. [`waiting`]: waits, timeouts and delays
//! 6. [`errors_and_shutdown`]: what is reported where, and how to stop without losing anything
//! 7. [`recipes`]: what most programs need sooner or later, to copy
//! 8. [`testing`]: time that stands still, and what fails a test
//! 9. [`no_std`]: microcontrollers and interrupt handlers
//! 10. [`security`]: what untrusted names and arguments can do, and what they cannot
//! 11. [`when_not_to_use_it`]: and what to use instead
//! 12. [`faq`]: questions that come up
//! 13. [`coming_from_python`]: the calls of the Python package beside the ones here
#![cfg(feature = "std")]

#[doc = include_str!("guide/quickstart.md")]
pub mod quickstart {}

#[doc = include_str!("guide/choosing_a_runtime.md")]
pub mod choosing_a_runtime {}

#[doc = include_str!("guide/mixing_runtimes.md")]
pub mod mixing_runtimes {}

#[doc = include_str!("guide/guarantees.md")]
pub mod guarantees {}

#[doc = include_str!("guide/waiting.md")]
pub mod waiting {}

#[doc = include_str!("guide/errors_and_shutdown.md")]
pub mod errors_and_shutdown {}

#[doc = include_str!("guide/recipes.md")]
pub mod recipes {}

#[doc = include_str!("guide/testing.md")]
pub mod testing {}

#[doc = include_str!("guide/no_std.md")]
pub mod no_std {}

#[doc = include_str!("guide/security.md")]
pub mod security {}

#[doc = include_str!("guide/when_not_to_use_it.md")]
pub mod when_not_to_use_it {}

#[doc = include_str!("guide/faq.md")]
pub mod faq {}

#[doc = include_str!("guide/coming_from_python.md")]
pub mod coming_from_python {}
