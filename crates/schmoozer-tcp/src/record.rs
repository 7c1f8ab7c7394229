//! What one dial has tried, kept apart from the attempts, so that a dial that is cut short can still tell.

use std::io::{self, ErrorKind};
use std::net::SocketAddr;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use crate::socket::Failed;
use crate::transient::Phase;
use crate::{DialError, Target, Tried};

/// The steps of one dial over names or several endpoints.
#[derive(Debug, Default)]
pub(crate) struct Record(Mutex<Vec<Step>>);

#[derive(Debug)]
struct Step {
    target: Target,
    addr: Option<SocketAddr>,
    begun: Instant,
    outcome: Outcome,
}

#[derive(Debug)]
enum Outcome {
    UnderWay,
    Succeeded,
    Failed {
        phase: Phase,
        error: io::Error,
        elapsed: Duration,
    },
}

/// Stands for a lookup that went well and found nothing.
#[derive(Debug, thiserror::Error)]
#[error("the name has no address")]
struct NoAddress;

impl Record {
    /// Notes that a step begins: a connection attempt, or the lookup of a name when there is no address.
    pub(crate) fn begin(&self, target: &Target, addr: Option<SocketAddr>) -> usize {
        let step = Step {
            target: target.clone(),
            addr,
            begun: Instant::now(),
            outcome: Outcome::UnderWay,
        };
        self.with(|steps| {
            steps.push(step);
            steps.len() - 1
        })
    }

    /// Notes how a lookup ended.
    pub(crate) fn looked_up(&self, step: usize, result: io::Result<()>, found_nothing: bool) {
        match result {
            Ok(()) if found_nothing => self.failed(
                step,
                Phase::Lookup,
                io::Error::new(ErrorKind::NotFound, NoAddress),
            ),
            Ok(()) => self.with(|steps| steps[step].outcome = Outcome::Succeeded),
            Err(error) => self.failed(step, Phase::Lookup, error),
        }
    }

    /// Notes how a connection attempt failed.
    pub(crate) fn not_connected(&self, step: usize, failed: Failed) {
        self.failed(step, failed.phase, failed.error);
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
                if matches!(error.get_ref(), Some(inner) if inner.is::<NoAddress>()) {
                    DialError::NoAddress { target }
                } else {
                    DialError::Resolve {
                        target,
                        source: error,
                    }
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

    fn into_tried(self) -> Vec<Tried> {
        let steps = self.0.into_inner().unwrap_or_else(PoisonError::into_inner);
        let tried = steps.into_iter().filter_map(|step| {
            let Step {
                target,
                addr,
                begun,
                outcome,
            } = step;
            let (phase, error, elapsed) = match outcome {
                Outcome::Failed {
                    phase,
                    error,
                    elapsed,
                } => (phase, error, elapsed),
                Outcome::Succeeded => return None,
                Outcome::UnderWay => {
                    let phase = if addr.is_some() {
                        Phase::Connect
                    } else {
                        Phase::Lookup
                    };
                    (phase, ErrorKind::TimedOut.into(), begun.elapsed())
                }
            };
            Some(Tried {
                target,
                addr,
                error,
                elapsed,
                phase,
            })
        });
        tried.collect()
    }

    fn failed(&self, step: usize, phase: Phase, error: io::Error) {
        self.with(|steps| {
            let step = &mut steps[step];
            step.outcome = Outcome::Failed {
                phase,
                error,
                elapsed: step.begun.elapsed(),
            };
        });
    }

    fn with<T>(&self, f: impl FnOnce(&mut Vec<Step>) -> T) -> T {
        f(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
