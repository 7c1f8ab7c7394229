//! Turns the loop's transitions into events and outages, for those who asked for them.

use std::fmt::Display;
use std::future::Future;
use std::pin::{Pin, pin};
use std::time::Duration;

use tokio::time::Instant;

use crate::race::{Either, race};
use crate::{Connector, Event, Failure, Health, Observer, Outage};

/// What the [supervised](crate::supervised) loop tells of itself. `()` is told nothing, at no cost.
pub(crate) trait Watch: Send {
    /// Whether anybody is told.
    const SET: bool = true;

    fn connecting(&mut self);
    fn connected<C: Connector>(&mut self, connector: &C);
    /// Runs `run` to its end, and sees meanwhile whether the connection lasts.
    fn run<F: Future + Send>(&mut self, run: Pin<&mut F>)
    -> impl Future<Output = F::Output> + Send;
    fn reconnecting(&mut self);
    fn failed<E: Display>(&mut self, failure: &Failure<E>);
    fn waiting(&mut self, delay: Duration);
    fn stopped(&mut self, error: Option<&dyn Display>);
}

impl Watch for () {
    const SET: bool = false;

    fn connecting(&mut self) {}
    fn connected<C: Connector>(&mut self, _: &C) {}
    fn run<F: Future + Send>(
        &mut self,
        run: Pin<&mut F>,
    ) -> impl Future<Output = F::Output> + Send {
        run
    }
    fn reconnecting(&mut self) {}
    fn failed<E: Display>(&mut self, _: &Failure<E>) {}
    fn waiting(&mut self, _: Duration) {}
    fn stopped(&mut self, _: Option<&dyn Display>) {}
}

/// Keeps the outage's record and tells the observer.
#[derive(Debug)]
pub(crate) struct Observed<O> {
    observer: O,
    /// Calls of `connect` since the last connection that lasted.
    attempts: u32,
    /// When the attempt under way began, and then when its connection was up.
    since: Instant,
    outage: Option<Outage>,
    health: Health,
    lasted: bool,
}

impl<O: Observer> Observed<O> {
    pub(crate) fn new(observer: O) -> Self {
        Self {
            observer,
            attempts: 0,
            since: Instant::now(),
            outage: None,
            health: Health::default(),
            lasted: false,
        }
    }

    /// The connection that is up counts as good.
    fn lasted(&mut self) {
        self.lasted = true;
        if let Some(mut outage) = self.outage.take() {
            outage.attempts = self.attempts;
            outage.length = self.since - outage.since;
            self.observer
                .on_event(&Event::Recovered { outage: &outage });
        }
    }
}

impl<O: Observer> Watch for Observed<O> {
    fn connecting(&mut self) {
        self.attempts = self.attempts.saturating_add(1);
        self.since = Instant::now();
        self.observer.on_event(&Event::Connecting {
            attempt: self.attempts,
        });
    }

    fn connected<C: Connector>(&mut self, connector: &C) {
        self.health = connector.health();
        self.lasted = false;
        let now = Instant::now();
        let elapsed = now - self.since;
        self.since = now;
        self.observer.on_event(&Event::Connected {
            attempt: self.attempts,
            elapsed,
        });
    }

    async fn run<F: Future + Send>(&mut self, mut run: Pin<&mut F>) -> F::Output {
        let health = self.health.clone();
        let good = pin!(health.good(self.since));
        if let Either::Second(output) = race(good, run.as_mut()).await {
            return output;
        }
        self.lasted();
        run.await
    }

    fn reconnecting(&mut self) {
        if self.lasted {
            self.attempts = 0;
        }
        let uptime = self.since.elapsed();
        self.observer.on_event(&Event::Reconnecting { uptime });
    }

    fn failed<E: Display>(&mut self, failure: &Failure<E>) {
        if let Some(uptime) = failure.uptime {
            if !self.lasted && self.health.is_good(self.since, uptime) {
                self.lasted();
            }
            if self.lasted {
                self.attempts = 0;
            }
        }
        let Failure {
            ref cause,
            elapsed,
            uptime,
            ..
        } = *failure;
        let attempt = self.attempts;
        self.observer.on_event(&Event::Failed {
            cause,
            attempt,
            elapsed,
            uptime,
        });

        // The clock is not read again: the attempt's own times say when it ended.
        let now = self
            .since
            .checked_add(uptime.unwrap_or(elapsed))
            .unwrap_or(self.since);
        let cause = self.observer.enabled().then_some(cause as &dyn Display);
        if let Some(outage) = &mut self.outage {
            outage.goes_on(now, attempt, cause);
        } else {
            let outage = self.outage.insert(Outage::begin(now, attempt, cause));
            self.observer.on_event(&Event::OutageBegan { outage });
        }
    }

    fn waiting(&mut self, delay: Duration) {
        if let Some(outage) = &self.outage {
            let attempt = self.attempts;
            self.observer.on_event(&Event::Waiting {
                delay,
                attempt,
                outage,
            });
        }
    }

    fn stopped(&mut self, error: Option<&dyn Display>) {
        let outage = self.outage.as_mut().map(|outage| {
            outage.attempts = self.attempts;
            outage.length = outage.since.elapsed();
            &*outage
        });
        self.observer.on_event(&Event::Stopped { outage, error });
    }
}
