//! Turns the loop's steps into events and outages, for those who asked for them.

use std::fmt::Display;
use std::future::Future;
use std::pin::pin;
use std::time::Duration;

use tokio::time::Instant;

use crate::driven::{Driven, Layer, hand_on};
use crate::race::{Either, race};
use crate::{ConnResult, Event, Failure, Health, Observer, Outage, RetryResult};

/// Has an observer told what a connector does.
pub(crate) struct Watch<O>(pub(crate) O);

impl<E: Display + Send, O: Observer> Layer<E> for Watch<O> {
    type Around<D: Driven<Error = E>> = Observed<D, O>;

    fn around<D: Driven<Error = E>>(self, driven: D) -> Observed<D, O> {
        Observed {
            driven,
            observer: self.0,
            record: Record {
                attempts: 0,
                since: Instant::now(),
                held_up: Duration::ZERO,
                outage: None,
                health: None,
                lasted: false,
            },
        }
    }
}

/// Keeps the outage's record and tells the observer.
pub(crate) struct Observed<D, O> {
    driven: D,
    observer: O,
    record: Record,
}

/// What is known of the connection.
struct Record {
    /// Calls of `connect` since the last connection that lasted.
    attempts: u32,
    /// When the attempt under way began, and then when its connection was up.
    since: Instant,
    /// How long the observer held the connection up before it ran: no time that it lasted.
    held_up: Duration,
    outage: Option<Outage>,
    /// When the connection counts as good; there while one is up.
    health: Option<Health>,
    lasted: bool,
}

impl Record {
    /// How long a connection lasted that has been up for `time`, now that it is gone.
    fn uptime(&self, time: Duration) -> Duration {
        time.saturating_sub(self.held_up)
    }

    /// A connection that was up for `uptime`, if one was, is gone; in its last moment it may have become
    /// good.
    #[cold] // once a connection, and not once an attempt
    fn ended(&mut self, uptime: Duration, observer: &mut impl Observer) {
        let good = |health: Health| health.is_good(self.since, uptime);
        if self.health.take().is_some_and(good) && !self.lasted {
            self.lasted(observer);
        }
    }

    /// The connection that is up counts as good.
    fn lasted(&mut self, observer: &mut impl Observer) {
        self.lasted = true;
        if let Some(mut outage) = self.outage.take() {
            outage.attempts = self.attempts;
            outage.length = self.since - outage.since;
            observer.on_event(&Event::Recovered { outage: &outage });
        }
    }
}

impl<D: Driven, O: Observer> Driven for Observed<D, O> {
    type Connection = D::Connection;
    type Error = D::Error;
    type Ended = D::Ended;

    hand_on!(retry_delay, wait, health);

    fn connect(
        &mut self,
        began: Instant,
    ) -> impl Future<Output = ConnResult<D::Connection, D::Error>> + Send {
        let record = &mut self.record;
        record.attempts = record.attempts.saturating_add(1);
        record.since = began;
        self.observer.on_event(&Event::Connecting {
            attempt: record.attempts,
        });
        self.driven.connect(began)
    }

    fn run(
        &mut self,
        connection: D::Connection,
        since: Instant,
    ) -> impl Future<Output = D::Ended> + Send {
        let Self {
            driven,
            observer,
            record,
        } = self;
        let elapsed = since - record.since;
        record.since = since;
        record.lasted = false;
        observer.on_event(&Event::Connected {
            attempt: record.attempts,
            elapsed,
        });
        record.held_up = since.elapsed();
        let health = record.health.insert(driven.health()).clone();
        async move {
            let mut run = pin!(driven.run(connection, since));
            let good = pin!(health.good(since));
            if let Either::Second(result) = race(good, run.as_mut()).await {
                return result;
            }
            record.lasted(observer);
            run.await
        }
    }

    fn failed(&mut self, failure: &mut Failure<D::Error>, now: Instant) {
        let Self {
            driven,
            observer,
            record,
        } = self;
        let Failure {
            ref cause,
            elapsed,
            ref mut uptime,
            ..
        } = *failure;
        if let Some(uptime) = uptime {
            *uptime = record.uptime(*uptime);
            record.ended(*uptime, observer);
            if record.lasted {
                record.attempts = 0;
            }
        }
        let attempt = record.attempts;
        observer.on_event(&Event::Failed {
            cause,
            attempt,
            elapsed,
            uptime: *uptime,
        });

        let cause = observer.enabled().then_some(cause as &dyn Display);
        if let Some(outage) = &mut record.outage {
            outage.goes_on(now, attempt, cause);
        } else {
            let outage = record.outage.insert(Outage::begin(now, attempt, cause));
            observer.on_event(&Event::OutageBegan { outage });
        }
        driven.failed(failure, now);
    }

    fn waiting(&mut self, delay: Duration) {
        if let Some(outage) = &self.record.outage {
            self.observer.on_event(&Event::Waiting {
                delay,
                attempt: self.record.attempts,
                outage,
            });
        }
        self.driven.waiting(delay);
    }

    fn reconnecting(&mut self) {
        let uptime = self.record.uptime(self.record.since.elapsed());
        self.record.ended(uptime, &mut self.observer);
        if self.record.lasted {
            self.record.attempts = 0;
        }
        self.observer.on_event(&Event::Reconnecting { uptime });
        self.driven.reconnecting();
    }

    fn stopped(&mut self, result: &Result<(), D::Error>) {
        let Self {
            driven,
            observer,
            record,
        } = self;
        record.ended(record.uptime(record.since.elapsed()), observer);
        let outage = record.outage.as_mut().map(|outage| {
            outage.attempts = record.attempts;
            outage.length = outage.since.elapsed();
            &*outage
        });
        let error = result.as_ref().err().map(|error| error as &dyn Display);
        observer.on_event(&Event::Stopped { outage, error });
        driven.stopped(result);
    }
}
