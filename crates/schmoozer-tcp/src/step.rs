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

/// An attempt, or the lookup of a name, which has no address.
pub(crate) struct Step {
    /// The place of its endpoint among those that were started.
    pub(crate) endpoint: usize,
    pub(crate) addr: Option<SocketAddr>,
    pub(crate) begun: Instant,
    pub(crate) ended: Option<(Duration, Result<(), Failed>)>,
}

impl<C, F> Race<'_, C, F> {
    /// Returns what was tried in vain until now, and has it go behind what was not.
    pub(crate) fn finish(&mut self) -> Vec<Tried> {
        let mut tried = Vec::new();
        for step in mem::take(&mut self.steps) {
            let number = self.order[step.endpoint];
            let phase = step.addr.map_or(Phase::Lookup, |_| Phase::Connect);
            let under_way = || (step.begun.elapsed(), Err(timed_out(phase)));
            let (elapsed, result) = step.ended.unwrap_or_else(under_way);
            let Err(Failed(phase, error)) = result else {
                continue;
            };
            // A dial to the first endpoint alone does not change the order of them all.
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
        self.finish();
    }
}

impl Step {
    pub(crate) fn end(&mut self, result: Result<(), Failed>) {
        self.ended = Some((self.begun.elapsed(), result));
    }
}

/// How a step failed that was ended before it came to anything.
pub(crate) fn timed_out(phase: Phase) -> Failed {
    Failed(phase, ErrorKind::TimedOut.into())
}
