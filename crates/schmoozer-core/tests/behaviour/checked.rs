//! A runner whose decisions, events, status, logs and metrics are compared with each other.

use std::time::Duration;

use schmoozer_core::{Connector, Runner};
use schmoozer_faults::{Checked, Checker};

pub(crate) fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

pub(crate) fn secs(secs: u64) -> Duration {
    Duration::from_secs(secs)
}

/// A runner that is checked, in paused time, and to which nothing is asked.
pub(crate) fn checked<'a, C: Connector>(connector: C) -> Runner<'a, Checked<C>> {
    checked_by(&Checker::exact(), connector)
}

/// A runner that is checked, and that may be asked for something.
pub(crate) fn steered<'a, C: Connector>(connector: C) -> Runner<'a, Checked<C>> {
    checked_by(&Checker::exact().with_requests(), connector)
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
