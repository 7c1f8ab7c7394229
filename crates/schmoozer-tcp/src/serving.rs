//! How a connector connects, serves, decides, and learns from what it served.

use std::fmt::Display;
use std::future::{Future, pending, poll_fn};
use std::pin::pin;
use std::task::{Context, Poll, Waker};
use std::{io, mem};

use schmoozer_core::{
    ConnResult, Connector, End, Failure, Lifecycle, RetryResult, RunResult, Session,
};
use tokio::net::TcpStream;
use tokio::time::{Instant, sleep};

use crate::connector::TcpConnector;
use crate::dial::within;
use crate::handler::Serve;
use crate::memory::Route;
use crate::{Dialer, message};

impl<U, Upgrading, H, E, C> Connector for TcpConnector<U, H, E, C>
where
    U: FnMut(TcpStream) -> Upgrading + Send,
    Upgrading: Future<Output = Result<C, E>> + Send,
    H: Serve<C, E>,
    E: From<io::Error> + Display + Send,
    C: Send,
{
    type Connection = C;
    type Error = E;

    async fn connect(&mut self) -> ConnResult<C, E> {
        // What was dropped, and not told to end, was reconnected.
        self.learn(true);
        let held = self.held.take();
        if let Some(failback) = &mut self.failback {
            failback.on_trial = held.is_some();
        }
        let connected = match held {
            Some(held) => Ok(held),
            None => connect(&self.dialer, &mut self.upgrade, false).await,
        };
        let connected = connected.map(|(connection, route)| {
            self.route = Some(route);
            connection
        });
        connected.into()
    }

    async fn run(&mut self, connection: C, session: Session) -> RunResult<E> {
        let route = self.route.take();
        let noted = Serving {
            session: &session,
            route,
            ended: &mut self.ended,
            held: &mut self.held,
        };
        let serving = self.handler.serve(connection, session.clone());
        let result = match (&self.failback, route) {
            (Some(failback), Some(route)) if route.endpoint != 0 => {
                // Waits until the first endpoint is connected to, beside a stable spare.
                let back = async {
                    while noted.held.is_none() {
                        sleep(failback.wait()).await;
                        if session.was_stable() {
                            let first = connect(&self.dialer, &mut self.upgrade, true).await;
                            *noted.held = first.ok();
                        }
                    }
                    session.renew();
                    pending::<()>().await;
                };
                // On the heap: few connections are to a spare.
                Box::pin(beside(serving, back)).await
            }
            _ => serving.await,
        };
        drop(noted);
        if matches!(result, Ok(End::Exit)) {
            // A loop that ends keeps no socket open.
            self.held = None;
        }
        self.learn(result.is_err());
        result.into()
    }

    async fn retry_delay(&mut self, failure: Failure<E>) -> RetryResult<E> {
        if !(self.retry_if)(&failure) {
            return RetryResult::Exit(Err(failure.cause));
        }
        let asked = (self.hint)(&failure.cause);
        (self.decide)(failure, asked)
    }

    fn display_target(&self) -> Option<String> {
        let targets: Vec<_> = self.dialer.targets().iter().collect();
        let mut text = String::new();
        message::names(&targets, &mut text).ok()?;
        Some(text)
    }

    fn lifecycle(&self) -> Lifecycle {
        self.lifecycle
    }

    fn holds_connection(&self) -> bool {
        self.held.is_some()
    }
}

impl<U, H, E, C> TcpConnector<U, H, E, C> {
    /// Learns from the end of the connection that was served last.
    fn learn(&mut self, failed: bool) {
        let Some((route, Ended { told, stable })) = self.ended.take() else {
            return;
        };
        let failed = failed && !told;
        let is_first_again = self.failback.is_some() && route.endpoint == 0 && stable;
        if failed || is_first_again {
            self.dialer.memory.learn(route, stable);
        }
        if let Some(failback) = &mut self.failback {
            failback.ended(route.endpoint, failed, stable);
        }
    }
}

/// How a connection ended whose handler returned or was dropped.
pub(crate) struct Ended {
    /// Its handler was told to end: whatever came of it says nothing about the endpoint.
    told: bool,
    stable: bool,
}

/// Notes how a connection ended when its handler returns or is dropped. Later its session no longer says.
struct Serving<'a, T> {
    session: &'a Session,
    route: Option<Route>,
    ended: &'a mut Option<(Route, Ended)>,
    held: &'a mut Option<T>,
}

impl<T> Drop for Serving<'_, T> {
    fn drop(&mut self) {
        let mut context = Context::from_waker(Waker::noop());
        let told = pin!(self.session.stopping()).poll(&mut context);
        let ended = Ended {
            told: told.is_ready(),
            stable: self.session.was_stable(),
        };
        *self.ended = self.route.map(|route| (route, ended));
        if told != Poll::Ready(End::Renew) {
            *self.held = None;
        }
    }
}

/// Serves a connection, and does something else for as long as that takes.
async fn beside<T>(serving: impl Future<Output = T>, other: impl Future<Output = ()>) -> T {
    let (mut serving, mut other) = (pin!(serving), pin!(other));
    poll_fn(|cx| {
        let _ = other.as_mut().poll(cx);
        serving.as_mut().poll(cx)
    })
    .await
}

/// Dials, all endpoints or the first one alone, and upgrades the stream.
async fn connect<Upgrading, C, E>(
    dialer: &Dialer,
    upgrade: &mut impl FnMut(TcpStream) -> Upgrading,
    first: bool,
) -> Result<(C, Route), E>
where
    Upgrading: Future<Output = Result<C, E>>,
    E: From<io::Error>,
{
    let begun = Instant::now();
    let outcome = dialer.connect(first).await;
    let (stream, route) = outcome.map_err(|error| E::from(error.into()))?;
    let failing = Failing(dialer, route);
    let elapsed = begun.elapsed();
    let left = dialer.timeout.map(|all| all.saturating_sub(elapsed));
    let upgraded = within(left, pin!(upgrade(stream))).await;
    let connection = upgraded.unwrap_or_else(|_| {
        let late = "connected, but not upgraded within the dial's timeout";
        Err(io::Error::new(io::ErrorKind::TimedOut, late).into())
    })?;
    mem::forget(failing);
    Ok((connection, route))
}

/// Tells the dialer of an upgrade that failed, or was dropped because it took too long.
struct Failing<'a>(&'a Dialer, Route);

impl Drop for Failing<'_> {
    fn drop(&mut self) {
        self.0.memory.learn(self.1, false);
    }
}
