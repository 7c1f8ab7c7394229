//! What several test programs need.

#[expect(dead_code, reason = "part of it is for paused time alone")]
pub(crate) mod event_order;
pub(crate) mod kernel;

use std::time::Duration;

use event_order::EventOrder;
use schmoozer_core::{Connector, Runner};

pub(crate) type Result<T = ()> = std::result::Result<T, Box<dyn std::error::Error>>;

/// A runner whose events are checked, with times that a busy machine may put off by a second.
pub(crate) fn checked<C: Connector>(connector: C) -> Runner<C, (), (), ((), EventOrder)> {
    Runner::new(connector).observer(EventOrder::within(Duration::from_secs(1)))
}
