//! What one dial has tried, kept apart from the attempts, so that a dial that is cut short can still tell.

use std::io::{self, ErrorKind};
use std::net::SocketAddr;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use crate::socket::Failed;
use crate::transient::Phase;
use crate::{DialError, Family, Target, Tried};

/// The steps of one dial over names or several endpoints.
#[derive(Debug, Default)]
pub(crate) struct Record(Mutex<Vec<Option<Tried>>>);

/// A step that is under way. One that is dropped before it ended has timed out, or gave way to another.
#[derive(Debug)]
pub(crate) struct Step<'a> {
    record: &'a Record,
    number: usize,
    begun: Instant,
    /// What to record at its end.
    tried: Option<Tried>,
}

/// Stands for a lookup that went well and found nothing.
#[derive(Debug, thiserror::Error)]
#[error("the name has no address{}", .0.of_protocol())]
pub(crate) struct NoAddress(Family);

impl Record {
    /// Notes that a step begins: a connection attempt, or the lookup of a name when there is no address.
    pub(crate) fn begin(&self, target: &Target, addr: Option<SocketAddr>) -> Step<'_> {
        let number = self.with(|steps| {
            steps.push(None);
            steps.len() - 1
        });
        let tried = Tried {
            target: target.clone(),
            addr,
            error: ErrorKind::TimedOut.into(),
            elapsed: Duration::ZERO,
            phase: addr.map_or(Phase::Lookup, |_| Phase::Connect),
        };
        Step {
            record: self,
            number,
            begun: Instant::now(),
            tried: Some(tried),
        }
    }

    /// Makes the error of a dial in which everything failed.
    pub(crate) fn all_failed(self) -> DialError {
        let mut tried = self.into_tried();
        match tried.pop() {
            Some(Tried {
                target,
                addr: None,
                error,
                ..
            }) if tried.is_empty() => {
                let nothing = error.get_ref().and_then(|inner| inner.downcast_ref());
                match nothing {
                    Some(&NoAddress(family)) => DialError::NoAddress { target, family },
                    None => DialError::Resolve {
                        target,
                        source: error,
                    },
                }
            }
            last => {
                tried.extend(last);
                DialError::AllFailed { tried }
            }
        }
    }

    /// Makes the error of a dial that took too long.
    pub(crate) fn timed_out(self, after: Duration) -> DialError {
        DialError::Timeout {
            after,
            tried: self.into_tried(),
        }
    }

    /// Returns the steps that have not gone well, in the order in which they were begun.
    pub(crate) fn into_tried(self) -> Vec<Tried> {
        let steps = self.0.into_inner().unwrap_or_else(PoisonError::into_inner);
        steps.into_iter().flatten().collect()
    }

    fn with<T>(&self, f: impl FnOnce(&mut Vec<Option<Tried>>) -> T) -> T {
        f(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Step<'_> {
    /// Notes that this step went well.
    pub(crate) fn succeeded(mut self) {
        self.tried = None;
    }

    /// Notes how this step failed.
    pub(crate) fn failed(mut self, Failed { phase, error }: Failed) {
        self.tried = self.tried.take().map(|tried| Tried {
            error,
            phase,
            ..tried
        });
    }

    /// Notes how a lookup ended that found these addresses, of this family.
    pub(crate) fn looked_up(self, result: io::Result<()>, found: &[SocketAddr], family: Family) {
        let error = match result {
            Ok(()) if found.is_empty() => io::Error::new(ErrorKind::NotFound, NoAddress(family)),
            Ok(()) => return self.succeeded(),
            Err(error) => error,
        };
        self.failed(Failed {
            phase: Phase::Lookup,
            error,
        });
    }
}

impl Drop for Step<'_> {
    fn drop(&mut self) {
        if let Some(mut tried) = self.tried.take() {
            tried.elapsed = self.begun.elapsed();
            self.record.with(|steps| steps[self.number] = Some(tried));
        }
    }
}
