//! One dial: from endpoints through names and addresses to a connection.

use std::future::Future;
use std::pin::{Pin, pin};
use std::time::Duration;

use tokio::net::TcpStream;
use tokio::time::{Instant, timeout};

use crate::memory::Route;
use crate::race::{ATTEMPT_DELAY, Race};
use crate::socket::Failed;
use crate::step::timed_out;
use crate::transient::Phase;
use crate::{DialError, Dialer, Order, Tried};

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
        self.connect(false).await.map(|(stream, _)| stream)
    }

    /// Dials all endpoints, or the first one alone, and says as well where the connection leads.
    pub(crate) async fn connect(&self, first: bool) -> Result<(TcpStream, Route), DialError> {
        if !first && self.targets.len() > 1 {
            let order = self.memory.arrange(self.order, self.targets.len());
            return Box::pin(self.race(&order)).await;
        }
        let (endpoint, target) = (0, &self.targets[0]);
        let Some(addr) = target.literal() else {
            // Boxed, so that a dial to a literal address does not carry the room for all this.
            return Box::pin(self.race(&[endpoint])).await;
        };
        let begun = Instant::now();
        let connected = within(self.timeout, pin!(self.options.connect(addr))).await;
        let (after, Failed(phase, error)) = match connected {
            Ok(Ok(stream)) => return Ok((stream, Route { endpoint, addr })),
            Ok(Err(failed)) => (None, failed),
            Err(after) => (Some(after), timed_out(Phase::Connect)),
        };
        let tried = Tried {
            target: target.clone(),
            addr: Some(addr),
            error,
            elapsed: begun.elapsed(),
            phase,
        };
        Err(self.failed(after, vec![tried]))
    }

    async fn race(&self, order: &[usize]) -> Result<(TcpStream, Route), DialError> {
        let mut race = Race::new(self, order, |route| async move {
            let stream = self.options.connect(route.addr).await?;
            Ok((stream, route))
        });
        let raced = within(self.timeout, pin!(race.run())).await;
        if let Ok(Some((stream, route))) = raced {
            self.memory.used(route.endpoint);
            return Ok((stream, route));
        }
        Err(self.failed(raced.err(), race.take_failures()))
    }

    /// Says what failed, and after what time the dial was ended if it was.
    fn failed(&self, after: Option<Duration>, tried: Vec<Tried>) -> DialError {
        if let Some(after) = after {
            return DialError::Timeout { after, tried };
        }
        match <[Tried; 1]>::try_from(tried) {
            Ok([only]) if only.phase == Phase::NoAddress => DialError::NoAddress {
                target: only.target,
                family: self.options.family,
            },
            Ok([only]) if only.phase == Phase::Lookup => DialError::Resolve {
                target: only.target,
                source: only.error,
            },
            Ok(only) => DialError::AllFailed { tried: only.into() },
            Err(tried) => DialError::AllFailed { tried },
        }
    }

    /// How long each endpoint has for itself.
    pub(crate) fn time_for_each_endpoint(&self) -> Duration {
        let set = self.endpoint_delay.or(self.attempt_delay);
        set.unwrap_or_else(|| match (self.order, self.timeout) {
            (Order::InTurn | Order::Shuffled, _) => ATTEMPT_DELAY,
            (Order::Failover, None) => FAILOVER_DELAY,
            // As each dial begins with the same endpoint, the last one must come within its time.
            (Order::Failover, Some(timeout)) => {
                let endpoints = u32::try_from(self.targets.len()).unwrap_or(u32::MAX);
                FAILOVER_DELAY.min(timeout / endpoints)
            }
        })
    }
}

/// Ends the future when the limit passes, and then returns that. Takes it pinned: one that is handed on is copied, and
/// takes its room once more at each step.
pub(crate) async fn within<F: Future>(
    limit: Option<Duration>,
    future: Pin<&mut F>,
) -> Result<F::Output, Duration> {
    match limit {
        Some(after) => timeout(after, future).await.map_err(|_| after),
        None => Ok(future.await),
    }
}

#[cfg(test)]
mod tests {
    use std::net::SocketAddr;
    use std::{io, thread};

    use tokio::net::TcpListener;
    use tokio::time::sleep;

    use super::*;
    use crate::lookup::Lookups;
    use crate::{Answers, Order, Resolve, Target};

    const MS: Duration = Duration::from_millis(1);

    #[tokio::test]
    async fn the_first_endpoint_alone_is_dialed_though_another_is_well() -> io::Result<()> {
        let [first, second] = [
            TcpListener::bind("127.0.0.1:0").await?,
            TcpListener::bind("127.0.0.1:0").await?,
        ];
        let addrs = [first.local_addr()?, second.local_addr()?];
        let dialer = Dialer::any_of(addrs)?.order(Order::Failover);
        let (_, route) = dialer.connect(true).await?;
        let to_first = Route {
            endpoint: 0,
            addr: addrs[0],
        };
        assert_eq!(route, to_first);

        dialer.memory.learn(route, false);
        assert_eq!(dialer.connect(false).await?.1.endpoint, 1);
        assert_eq!(dialer.connect(true).await?.1, to_first);

        drop(first);
        let error = dialer.connect(true).await.expect_err("it is down");
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
        assert!(dialer.connect(true).await.is_err());
        let _first = TcpListener::bind(("127.0.0.1", port)).await?;
        assert_eq!(dialer.connect(false).await?.1.endpoint, 0);
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
