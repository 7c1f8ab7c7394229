use std::sync::Arc;
use std::time::Duration;

use schmoozer_core::{Delays, Runner};

use super::link::Link;
use super::monitor::{Monitor, Notes};
use super::plan::Plan;
use crate::event_order::EventOrder;

pub(crate) const CONNECT_TIMEOUT: Duration = Duration::from_secs(1);

const RESET_AFTER: Duration = Duration::from_secs(3);
const AT_LEAST: Duration = Duration::from_millis(10);

/// What runs on a client from its boot on: the loop, until its handle stops it.
pub(crate) async fn boot(plan: Arc<Plan>, monitor: Arc<Monitor>) -> turmoil::Result {
    let delays = Delays::new(plan.policy)
        .reset_after(RESET_AFTER)
        .at_least(AT_LEAST);
    let link = Link {
        health: delays.health(),
        delays,
        marks: plan.marks,
        monitor: Arc::clone(&monitor),
    };
    // Which waits may be cut is for the notes to know.
    let order = EventOrder::exact().waits_may_be_cut();
    let notes = Notes::new(Arc::clone(&monitor), plan.policy, AT_LEAST);
    let runner = Runner::new(link)
        .connect_timeout(CONNECT_TIMEOUT)
        .observer(order)
        .observer(notes);
    monitor.seen().handle = Some(runner.handle());
    Ok(runner.run().await?)
}
