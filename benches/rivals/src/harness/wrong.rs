//! The only reason for a run to fail: a workload that did not do what it measures.

use std::fmt;

/// Why a result cannot be believed.
#[derive(Debug)]
pub struct Wrong(String);

impl fmt::Display for Wrong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Makes a [`Wrong`] out of whatever went wrong.
pub fn wrong(what: impl fmt::Display) -> Wrong {
    Wrong(what.to_string())
}

/// Is `Ok` when `condition` holds.
pub fn check(condition: bool, what: impl FnOnce() -> String) -> Result<(), Wrong> {
    if condition {
        Ok(())
    } else {
        Err(Wrong(what()))
    }
}
