//! A runner whose decisions, events, status, logs and metrics are compared with each other.

use schmoozer_core::{Connector, Runner};
use schmoozer_faults::{Checked, Checker};

/// A runner that is checked, in paused time, and to which nothing is asked.
pub(crate) fn checked<'a, C: Connector>(connector: C) -> Runner<'a, Checked<C>> {
    checked_by(&Checker::exact(), connector)
}

/// A runner that `checker` checks, with what this build has of logs and metrics.
pub(crate) fn checked_by<'a, C: Connector>(
    checker: &Checker,
    connector: C,
) -> Runner<'a, Checked<C>> {
    let checker = checker.clone();
    #[cfg(feature = "tracing")]
    let checker = checker.logs();
    #[cfg(feature = "metrics")]
    let checker = checker.metrics(|| schmoozer_core::Metrics::new("checked"));
    checker.runner(connector)
}
