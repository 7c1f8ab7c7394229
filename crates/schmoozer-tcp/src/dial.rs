//! One dial: from endpoints through names and addresses to a connection.

use std::future::Future;
use std::io::ErrorKind;
use std::mem;
use std::net::SocketAddr;
use std::pin::{Pin, pin};
use std::task::Context;
use std::time::Duration;

use tokio::net::TcpStream;
use tokio::time::{Instant, timeout};

use crate::endpoint::Endpoint;
use crate::memory::Route;
use crate::race::race;
use crate::record::Record;
use crate::socket::Failed;
use crate::transient::Phase;
use crate::{DialError, Dialer, Order, Target, Tried};

/// How long each address has for itself (RFC 8305 §5, "Connection Attempt Delay"), and each endpoint.
const ATTEMPT_DELAY: Duration = Duration::from_millis(250);
/// How long each endpoint has for itself in [`Order::Failover`], while there is time for all: a lost SYN is
/// sent again after 1 s.
const FAILOVER_DELAY: Duration = Duration::from_secs(2);

impl Dialer {
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
    /// Dropping the future closes every socket that it opened. It leaves no task behind. With the
    /// [`SystemResolver`](crate::SystemResolver) a lookup that is still running goes on in its thread, for the next dial.
    pub async fn dial(&self) -> Result<TcpStream, DialError> {
        self.connect().await.map(|(stream, _)| stream)
    }

    /// Dials, and says as well where the connection leads.
    pub(crate) async fn connect(&self) -> Result<(TcpStream, Route), DialError> {
        if let [target] = &*self.targets {
            return self.dial_only(0, target).await;
        }
        let order = self.memory.arrange(self.order, self.targets.len());
        Box::pin(self.dial_in_turn(&order)).await
    }

    /// Dials the first endpoint alone.
    pub(crate) async fn connect_to_first(&self) -> Result<(TcpStream, Route), DialError> {
        self.dial_only(0, &self.targets[0]).await
    }

    /// Takes note that a connection failed, or was reconnected before it was stable.
    pub(crate) fn connection_failed(&self, route: Route, stable: bool) {
        self.memory.connection_failed(route, stable);
    }

    async fn dial_only(
        &self,
        endpoint: usize,
        target: &Target,
    ) -> Result<(TcpStream, Route), DialError> {
        match target.literal() {
            Some(addr) => {
                let stream = self.dial_literal(target, addr).await?;
                Ok((stream, Route { endpoint, addr }))
            }
            // Boxed, so that a dial to a literal address does not carry the room for all this.
            None => Box::pin(self.dial_in_turn(&[endpoint])).await,
        }
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
        match within(self.timeout, pin!(self.options.connect(addr, self.family))).await {
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

    /// Races these endpoints.
    async fn dial_in_turn(&self, order: &[usize]) -> Result<(TcpStream, Route), DialError> {
        let mut trying = Trying {
            dialer: self,
            order,
            record: Record::default(),
        };
        let record = &trying.record;
        let endpoints = order.iter().map(|&number| {
            let mut endpoint = Endpoint::new(self, number, record);
            move |cx: &mut Context<'_>, may_start| {
                let next = endpoint.poll_next(cx, may_start);
                next.map(|addr| {
                    Some(self.attempt(
                        Route {
                            endpoint: number,
                            addr: addr?,
                        },
                        record,
                    ))
                })
            }
        });
        let attempt_delay = self.attempt_delay.unwrap_or(ATTEMPT_DELAY);
        let raced = race(endpoints, self.between_endpoints(), attempt_delay);
        let raced = within(self.timeout, pin!(raced)).await;
        let record = mem::take(&mut trying.record);
        let error = match raced {
            Ok(Some((stream, route))) => {
                self.memory.turn.used(route.endpoint);
                return Ok((stream, route));
            }
            Ok(None) => record.all_failed(),
            Err(TimedOut { after }) => record.timed_out(after),
        };
        self.failed(order, error.tried());
        Err(error)
    }

    /// Takes note of what was tried in vain.
    fn failed(&self, order: &[usize], tried: &[Tried]) {
        // A dial to the first endpoint alone does not change the order of them all.
        let targets = if order.len() > 1 { &*self.targets } else { &[] };
        self.memory.dial_failed(targets, tried);
    }

    fn between_endpoints(&self) -> Duration {
        let set = self.endpoint_delay.or(self.attempt_delay);
        set.unwrap_or_else(|| match self.order {
            Order::Failover => self.failover_delay(),
            Order::InTurn | Order::Shuffled => ATTEMPT_DELAY,
        })
    }

    /// As each dial begins with the same endpoint, the last one must come within its time.
    fn failover_delay(&self) -> Duration {
        let endpoints = u32::try_from(self.targets.len()).unwrap_or(u32::MAX);
        let share = self.timeout.map(|timeout| timeout / endpoints);
        share.map_or(FAILOVER_DELAY, |share| share.min(FAILOVER_DELAY))
    }

    async fn attempt(&self, route: Route, record: &Record) -> Option<(TcpStream, Route)> {
        let step = record.begin(&self.targets[route.endpoint], Some(route.addr));
        match self.options.connect(route.addr, self.family).await {
            Ok(stream) => {
                step.succeeded();
                Some((stream, route))
            }
            Err(failed) => {
                step.failed(failed);
                None
            }
        }
    }
}

/// A dial that is under way. When the loop's timeout drops it, the next one starts where it stopped.
struct Trying<'a> {
    dialer: &'a Dialer,
    order: &'a [usize],
    record: Record,
}

impl Drop for Trying<'_> {
    fn drop(&mut self) {
        let tried = mem::take(&mut self.record).into_tried();
        self.dialer.failed(self.order, &tried);
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

#[cfg(test)]
mod tests {
    use std::{io, thread};

    use tokio::net::TcpListener;
    use tokio::time::sleep;

    use super::*;
    use crate::lookup::Lookups;
    use crate::{Answers, Resolve};

    const MS: Duration = Duration::from_millis(1);

    #[tokio::test]
    async fn the_first_endpoint_alone_is_dialed_though_another_is_well() -> io::Result<()> {
        let [first, second] = [
            TcpListener::bind("127.0.0.1:0").await?,
            TcpListener::bind("127.0.0.1:0").await?,
        ];
        let addrs = [first.local_addr()?, second.local_addr()?];
        let dialer = Dialer::any_of(addrs)?.order(Order::Failover);
        let (_, route) = dialer.connect_to_first().await?;
        let to_first = Route {
            endpoint: 0,
            addr: addrs[0],
        };
        assert_eq!(route, to_first);

        dialer.connection_failed(route, false);
        assert_eq!(dialer.connect().await?.1.endpoint, 1);
        assert_eq!(dialer.connect_to_first().await?.1, to_first);

        drop(first);
        let error = dialer.connect_to_first().await.expect_err("it is down");
        assert_eq!(error.tried().len(), 1);
        Ok(())
    }

    #[tokio::test]
    async fn a_dial_to_the_first_endpoint_alone_leaves_the_order_of_all_as_it_is() -> io::Result<()>
    {
        struct Local;
        impl Resolve for Local {
            async fn resolve(&self, _: &str, port: u16, answers: &Answers) -> io::Result<()> {
                answers.push(SocketAddr::from(([127, 0, 0, 1], port)));
                Ok(())
            }
        }
        let first = TcpListener::bind("127.0.0.1:0").await?;
        let second = TcpListener::bind("127.0.0.1:0").await?;
        let port = first.local_addr()?.port();
        drop(first);
        let targets = [
            Target::try_from(("first.example", port)),
            Target::try_from(second.local_addr()?),
        ];
        let dialer = Dialer::any_of(targets.into_iter().collect::<Result<Vec<_>, _>>()?)?
            .order(Order::Failover)
            .resolver(Local);
        assert!(dialer.connect_to_first().await.is_err());
        let _first = TcpListener::bind(("127.0.0.1", port)).await?;
        assert_eq!(dialer.connect().await?.1.endpoint, 0);
        Ok(())
    }

    /// Row 43: a lookup that takes longer than a dial connects when it ends, or in the next dial.
    #[tokio::test]
    async fn a_dial_connects_when_a_lookup_ends_that_took_longer_than_the_one_before()
    -> io::Result<()> {
        static LOOKUPS: Lookups = Lookups::new(
            |_| {
                thread::sleep(MS * 300);
                Ok(vec![SocketAddr::from(([127, 0, 0, 1], 0))])
            },
            4,
            Duration::from_secs(30),
        );
        struct Slow;
        impl Resolve for Slow {
            async fn resolve(&self, host: &str, port: u16, answers: &Answers) -> io::Result<()> {
                LOOKUPS.resolve(host, port, answers).await
            }
        }
        let server = TcpListener::bind("127.0.0.1:0").await?;
        let port = server.local_addr()?.port();
        for (host, between) in [("one.example", Duration::ZERO), ("two.example", MS * 400)] {
            let dialer = Dialer::new((host, port))?.resolver(Slow).timeout(MS * 200);
            let begun = Instant::now();
            let error = dialer.dial().await.expect_err("the lookup takes longer");
            assert!(matches!(error, DialError::Timeout { .. }), "{error:?}");
            sleep(between).await;
            dialer.dial().await?;
            let least = (MS * 300).max(MS * 200 + between);
            let took = begun.elapsed();
            assert!((least..least + MS * 250).contains(&took), "{took:?}");
        }
        Ok(())
    }
}
