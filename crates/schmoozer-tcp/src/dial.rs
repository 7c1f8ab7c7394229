//! One dial: from endpoints through names and addresses to a connection.

use std::future::{Future, poll_fn};
use std::io::ErrorKind;
use std::net::SocketAddr;
use std::pin::{Pin, pin};
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::net::TcpStream;
use tokio::time::{Instant, Sleep, sleep, timeout};

use crate::race::race;
use crate::record::Record;
use crate::resolve::Next;
use crate::socket::Failed;
use crate::transient::Phase;
use crate::{Answers, DialError, Dialer, Order, Resolve, Target, Tried};

/// How long an IPv4 address waits for an IPv6 one (RFC 8305 §3, "Resolution Delay").
const RESOLUTION_DELAY: Duration = Duration::from_millis(50);
/// How long each address has for itself (RFC 8305 §5, "Connection Attempt Delay"), and each endpoint.
const ATTEMPT_DELAY: Duration = Duration::from_millis(250);
/// How long each endpoint has for itself in [`Order::Failover`], while there is time for all: a lost SYN is
/// sent again after 1 s.
const FAILOVER_DELAY: Duration = Duration::from_secs(2);

impl<R: Resolve> Dialer<R> {
    /// Connects, and returns the first connection that comes up.
    ///
    /// A literal address is connected to directly: nothing is resolved, and nothing is allocated
    /// beyond what `TcpStream::connect` itself needs.
    ///
    /// # Errors
    ///
    /// [`DialError`] says what was tried and how each attempt failed.
    ///
    /// # Panics
    ///
    /// Outside a tokio runtime with its drivers for network and time enabled.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future closes every socket that it opened. It leaves no task behind, only, with the
    /// [`SystemResolver`](crate::SystemResolver), the thread of a lookup that is still running.
    pub async fn dial(&self) -> Result<TcpStream, DialError> {
        if let [target] = &*self.targets {
            if let Some(addr) = target.literal() {
                return self.dial_literal(target, addr).await;
            }
        }
        // Boxed, so that whoever dials a literal address does not carry the room for all this.
        Box::pin(self.dial_any()).await
    }

    async fn dial_literal(
        &self,
        target: &Target,
        addr: SocketAddr,
    ) -> Result<TcpStream, DialError> {
        let begun = Instant::now();
        let tried = |Failed { phase, error }| {
            let target = target.clone();
            vec![Tried {
                target,
                addr: Some(addr),
                error,
                elapsed: begun.elapsed(),
                phase,
            }]
        };
        match within(self.timeout, pin!(self.options.connect(addr))).await {
            Ok(connected) => connected.map_err(|failed| DialError::AllFailed {
                tried: tried(failed),
            }),
            Err(TimedOut { after }) => {
                let failed = Failed {
                    phase: Phase::Connect,
                    error: ErrorKind::TimedOut.into(),
                };
                Err(DialError::Timeout {
                    after,
                    tried: tried(failed),
                })
            }
        }
    }

    /// Races the endpoints.
    async fn dial_any(&self) -> Result<TcpStream, DialError> {
        let record = Record::default();
        let mut endpoints = self
            .order
            .arrange(self.targets.len(), &self.turn)
            .into_iter();
        let next = |_: &mut Context<'_>| {
            Poll::Ready(endpoints.next().map(|i| self.dial_endpoint(i, &record)))
        };
        let stagger = self.endpoint_delay.or(self.attempt_delay);
        let stagger = stagger.unwrap_or_else(|| match self.order {
            Order::Failover => self.failover_delay(),
            Order::InTurn | Order::Shuffled => ATTEMPT_DELAY,
        });
        let raced = within(self.timeout, pin!(race(next, stagger))).await;
        match raced {
            Ok(Some((endpoint, stream))) => {
                self.turn.used(endpoint);
                Ok(stream)
            }
            Ok(None) => Err(record.all_failed()),
            Err(TimedOut { after }) => Err(record.timed_out(after)),
        }
    }

    /// As each dial begins with the same endpoint, the last one must come within its time.
    fn failover_delay(&self) -> Duration {
        let endpoints = u32::try_from(self.targets.len()).unwrap_or(u32::MAX);
        let share = self.timeout.map(|timeout| timeout / endpoints);
        share.map_or(FAILOVER_DELAY, |share| share.min(FAILOVER_DELAY))
    }

    async fn dial_endpoint(&self, endpoint: usize, record: &Record) -> Option<(usize, TcpStream)> {
        let target = &self.targets[endpoint];
        let stream = match target.literal() {
            Some(addr) => self.attempt(target, addr, record).await,
            None => self.dial_name(target, record).await,
        };
        stream.map(|stream| (endpoint, stream))
    }

    /// Resolves a name and races its addresses, while more of them may still arrive.
    async fn dial_name(&self, target: &Target, record: &Record) -> Option<TcpStream> {
        let answers = Answers::default();
        let step = record.begin(target, None);
        let mut lookup = pin!(
            self.resolver
                .resolve(target.name(), target.port(), &answers)
        );
        let mut looking_up = true;

        let mut resolution_delay = pin!(None::<Sleep>);
        let next = |cx: &mut Context<'_>| {
            loop {
                let delay = resolution_delay.as_mut().as_pin_mut();
                let delay_is_over = delay.is_some_and(|delay| delay.poll(cx).is_ready());
                return match answers.next(delay_is_over) {
                    Next::Try(addr) => Poll::Ready(Some(self.attempt(target, addr, record))),
                    Next::End => Poll::Ready(None),
                    Next::WaitBriefly if resolution_delay.is_none() => {
                        resolution_delay.set(Some(sleep(RESOLUTION_DELAY)));
                        continue;
                    }
                    Next::Wait | Next::WaitBriefly => Poll::Pending,
                };
            }
        };
        let mut race = pin!(race(next, self.attempt_delay.unwrap_or(ATTEMPT_DELAY)));

        poll_fn(|cx| {
            if looking_up {
                if let Poll::Ready(result) = lookup.as_mut().poll(cx) {
                    looking_up = false;
                    record.looked_up(step, result, answers.is_empty());
                    answers.complete();
                }
            }
            race.as_mut().poll(cx)
        })
        .await
    }

    async fn attempt(
        &self,
        target: &Target,
        addr: SocketAddr,
        record: &Record,
    ) -> Option<TcpStream> {
        let step = record.begin(target, Some(addr));
        match self.options.connect(addr).await {
            Ok(stream) => Some(stream),
            Err(failed) => {
                record.not_connected(step, failed);
                None
            }
        }
    }
}

/// The limit that passed.
struct TimedOut {
    after: Duration,
}

/// Takes the future pinned: one that is handed on is copied, and takes its room once more at each step.
async fn within<F: Future>(
    limit: Option<Duration>,
    future: Pin<&mut F>,
) -> Result<F::Output, TimedOut> {
    match limit {
        Some(after) => timeout(after, future).await.map_err(|_| TimedOut { after }),
        None => Ok(future.await),
    }
}
