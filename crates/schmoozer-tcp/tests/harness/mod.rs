//! What several test programs need.

pub(crate) mod kernel;

use std::time::Duration;

use schmoozer_core::{Connector, Runner};
use schmoozer_faults::{Checked, Checker};

pub(crate) type Result<T = ()> = std::result::Result<T, Box<dyn std::error::Error>>;

/// Checks a run, with times that a busy machine may put off by a second.
pub(crate) fn checker() -> Checker {
    complete(Checker::within(Duration::from_secs(1)))
}

/// Lets `checker` compare what this build has of logs and metrics.
pub(crate) fn complete(checker: Checker) -> Checker {
    #[cfg(feature = "tracing")]
    let checker = checker.logs();
    #[cfg(feature = "metrics")]
    let checker = checker.metrics(|| schmoozer_core::Metrics::new("checked"));
    checker
}

/// A runner whose events are checked: with the default lifecycle, and without requests.
pub(crate) fn checked<'a, C: Connector>(connector: C) -> Runner<'a, Checked<C>> {
    checker().runner(connector)
}
