//! What a race has tried: a step for each lookup and each attempt.

use std::io::ErrorKind;
use std::mem;
use std::net::SocketAddr;
use std::time::Duration;

use tokio::time::Instant;

use crate::Tried;
use crate::race::Race;
use crate::socket::Failed;
use crate::transient::Phase;

/// An attempt to connect to `addr`, or a lookup, which has no `addr`.
pub(crate) struct Step {
    /// The index of its endpoint among the endpoints that the race has started.
    pub(crate) endpoint: usize,
    pub(crate) addr: Option<SocketAddr>,
    pub(crate) begun: Instant,
    /// How long it took and how it ended; `None` while it runs.
    pub(crate) ended: Option<(Duration, Result<(), Failed>)>,
}

impl<C, F> Race<'_, C, F> {
    /// Returns the steps that failed or still run. Notes in the dialer's memory that their endpoints and addresses go
    /// behind those that were not tried.
    pub(crate) fn take_failures(&mut self) -> Vec<Tried> {
        let mut tried = Vec::new();
        for step in mem::take(&mut self.steps) {
            let number = self.order[step.endpoint];
            let phase = step.addr.map_or(Phase::Lookup, |_| Phase::Connect);
            let still_running = || (step.begun.elapsed(), Err(timed_out(phase)));
            let (elapsed, result) = step.ended.unwrap_or_else(still_running);
            let Err(Failed(phase, error)) = result else {
                continue;
            };
            // A dial of a single endpoint does not change the order of the endpoints.
            let endpoint = (self.order.len() > 1).then_some(number);
            self.dialer.memory.put(endpoint, step.addr, true);
            tried.push(Tried {
                target: self.dialer.targets[number].clone(),
                addr: step.addr,
                error,
                elapsed,
                phase,
            });
        }
        tried
    }
}

impl<C, F> Drop for Race<'_, C, F> {
    fn drop(&mut self) {
        self.take_failures();
    }
}

impl Step {
    pub(crate) fn end(&mut self, result: Result<(), Failed>) {
        self.ended = Some((self.begun.elapsed(), result));
    }
}

/// Returns the failure of a step that was stopped before it ended.
pub(crate) fn timed_out(phase: Phase) -> Failed {
    Failed(phase, ErrorKind::TimedOut.into())
}
