//! How a connector connects, serves, decides, and learns from what it served.

use std::fmt::Display;
use std::future::{Future, poll_fn};
use std::io;
use std::pin::pin;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use schmoozer_core::{
    ConnResult, Connector, End, Failure, Lifecycle, RetryResult, RunResult, Session,
};

use crate::connector::{RetryIf, TcpConnector};
use crate::failback::connect;
use crate::handler::{Serve, Upgrade};
use crate::memory::Route;
use crate::message;

impl<U, H, E, P> Connector for TcpConnector<U, H, E, P>
where
    U: Upgrade<E>,
    H: Serve<U::Connection, E>,
    E: From<io::Error> + Display + Send,
    P: Clone + IntoIterator<Item = Duration> + Send,
    P::IntoIter: Send,
{
    type Connection = U::Connection;
    type Error = E;

    async fn connect(&mut self) -> ConnResult<U::Connection, E> {
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
        match connected {
            Ok((connection, route)) => {
                self.route = Some(route);
                ConnResult::Connected(connection)
            }
            Err(error) => ConnResult::Reconnect(error),
        }
    }

    async fn run(&mut self, connection: U::Connection, session: Session) -> RunResult<E> {
        let route = self.route.take();
        self.served = route.map(|route| Served {
            route,
            session: session.clone(),
            told: false,
        });
        let beside = match (&self.failback, route) {
            (Some(failback), Some(route)) if route.endpoint != 0 => Some(failback),
            _ => None,
        };
        let mut noted = Serving::new(&session, &mut self.served, &mut self.held);
        let serving = self.handler.serve(connection, session.clone());
        let result = match beside {
            None => serving.await,
            Some(failback) => {
                // On the heap: few connections are to a spare.
                let first = failback.first(&self.dialer, &mut self.upgrade, &session);
                Box::pin(noted.beside(serving, first)).await
            }
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
        let is_final = |retry_if: &mut RetryIf<E>| !retry_if(&failure);
        if self.retry_if.as_mut().is_some_and(is_final) {
            return RetryResult::Exit(Err(failure.cause));
        }
        let hint = self.hint.as_mut();
        let asked = hint.and_then(|hint| hint(&failure.cause));
        self.retry.on_failure_asked(failure, asked)
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

impl<U: Upgrade<E>, H, E, P: IntoIterator> TcpConnector<U, H, E, P> {
    /// Learns from the end of the connection that was served last.
    fn learn(&mut self, failed: bool) {
        let Some(served) = self.served.take() else {
            return;
        };
        let Served { route, session, .. } = served;
        let (failed, stable) = (failed && !served.told, session.was_stable());
        let is_first_again = self.failback.is_some() && route.endpoint == 0 && stable;
        if failed || is_first_again {
            self.dialer.connection_failed(route, stable);
        }
        if let Some(failback) = &mut self.failback {
            failback.ended(route.endpoint, failed, stable);
        }
    }
}

/// A connection that is served, or was and is not yet learned from.
#[derive(Debug)]
pub(crate) struct Served {
    pub(crate) route: Route,
    pub(crate) session: Session,
    /// Its handler was told to end: whatever came of it says nothing about the endpoint.
    pub(crate) told: bool,
}

/// Notes how a connection was told to end when its handler returns or is dropped. Later the session no longer says.
pub(crate) struct Serving<'a, T> {
    session: &'a Session,
    served: &'a mut Option<Served>,
    held: &'a mut Option<T>,
    first: Option<T>,
}

impl<'a, T> Serving<'a, T> {
    pub(crate) fn new(
        session: &'a Session,
        served: &'a mut Option<Served>,
        held: &'a mut Option<T>,
    ) -> Self {
        Self {
            session,
            served,
            held,
            first: None,
        }
    }

    /// Serves a spare until the first endpoint is connected to, and then renews it onto that.
    pub(crate) async fn beside<E>(
        &mut self,
        serving: impl Future<Output = Result<End, E>>,
        first: impl Future<Output = T>,
    ) -> Result<End, E> {
        let mut serving = pin!(serving);
        {
            let mut first = pin!(first);
            let ended = poll_fn(|cx| match serving.as_mut().poll(cx) {
                Poll::Ready(result) => Poll::Ready(Ok(result)),
                Poll::Pending => first.as_mut().poll(cx).map(Err),
            });
            match ended.await {
                Ok(result) => return result,
                Err(first) => self.first = Some(first),
            }
        }
        self.session.renew();
        serving.await
    }
}

impl<T> Drop for Serving<'_, T> {
    fn drop(&mut self) {
        let mut context = Context::from_waker(Waker::noop());
        let told = pin!(self.session.stopping()).poll(&mut context);
        if let Some(served) = self.served {
            served.told = told.is_ready();
        }
        *self.held = self
            .first
            .take()
            .filter(|_| told == Poll::Ready(End::Renew));
    }
}
