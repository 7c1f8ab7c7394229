use std::sync::Arc;
use std::time::Duration;

use schmoozer_faults::Checker;

use super::link::Link;
use super::monitor::{Monitor, Notes};
use super::plan::Plan;

pub(crate) const CONNECT_TIMEOUT: Duration = Duration::from_secs(1);

pub(crate) const STABLE_AFTER: Duration = Duration::from_secs(3);

/// What runs on a client from its boot on: the loop, until its handle stops it.
pub(crate) async fn boot(plan: Arc<Plan>, monitor: Arc<Monitor>) -> turmoil::Result {
    let link = Link::new(plan.policy, plan.marks, Arc::clone(&monitor));
    let mut checker = Checker::exact().stable_after(STABLE_AFTER);
    if plan.asks {
        // Which waits may be cut is for the notes to know.
        checker = checker.with_requests();
    }
    let runner = checker
        .runner(link)
        .connect_timeout(CONNECT_TIMEOUT)
        .observer(Notes::new(Arc::clone(&monitor)));
    monitor.seen().handle = Some(runner.handle());
    Ok(runner.run().await?)
}
