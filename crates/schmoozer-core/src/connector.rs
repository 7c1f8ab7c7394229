use std::fmt::Display;
use std::future::Future;

use crate::{BoxConnector, ConnResult, Failure, Health, RetryResult, RunResult};

/// Keeps one connection alive, driven by [`run`](crate::run).
///
/// A connector knows three things: how to establish a connection, what to do with one, and what to
/// make of a failure. The loop calls them in turn:
///
/// ```text
///             ┌───────────────────── After(delay) ─────────────────────┐
///             ▼                                                        │
///   ──►  connect  ── Connected(connection) ──►  run                    │
///             │                                  │                     │
///             └── Reconnect(cause) ──┬───────────┘ Reconnect(cause)    │
///                                    ▼                                 │
///                               retry_delay  ── ── ── ── ── ── ── ── ──┘
/// ```
///
/// and `Exit(result)` from any of the three ends it. At most one connection exists at a time: `run`
/// owns it, and has dropped it before the next `connect`.
///
/// Write the methods as plain `async fn`; their futures must be `Send`. `&mut C` and `Box<C>` are
/// connectors too, so a stopped connector can be run again.
///
/// # Cancel safety
///
/// Any of the three futures may be dropped at any await point, when the caller drops the loop. Keep
/// in `self` only what is right at each of them.
///
/// # Examples
///
/// ```
/// use std::io;
/// use std::time::Duration;
/// use schmoozer_core::{ConnResult, Connector, Failure, RetryResult, RunResult, run};
///
/// /// Answers on the third attempt.
/// struct Flaky { attempts: u32 }
///
/// impl Connector for Flaky {
///     type Connection = &'static str;
///     type Error = io::Error;
///
///     async fn connect(&mut self) -> ConnResult<&'static str, io::Error> {
///         self.attempts += 1;
///         match self.attempts {
///             1 | 2 => ConnResult::Reconnect(io::ErrorKind::ConnectionRefused.into()),
///             _ => ConnResult::Connected("hello"),
///         }
///     }
///
///     async fn run(&mut self, greeting: &'static str) -> RunResult<io::Error> {
///         assert_eq!(greeting, "hello");
///         RunResult::Exit(Ok(()))
///     }
///
///     async fn retry_delay(&mut self, failure: Failure<io::Error>) -> RetryResult<io::Error> {
///         if failure.attempt < 10 {
///             RetryResult::After(Duration::from_millis(1))
///         } else {
///             RetryResult::Exit(Err(failure.cause))
///         }
///     }
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> io::Result<()> {
/// let mut flaky = Flaky { attempts: 0 };
/// run(&mut flaky).await?;
/// assert_eq!(flaky.attempts, 3);
/// # Ok(())
/// # }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a `Connector`",
    label = "this must implement `Connector`",
    note = "implement `schmoozer_core::Connector`, or build one from two closures with `connector_fn`: \
            its connect closure answers a future of `Result<Connection, Error>`, its run closure one of \
            `Result<(), Error>` with the same `Error`, and both futures must be `Send`"
)]
pub trait Connector: Send {
    /// What `connect` establishes and `run` consumes.
    type Connection: Send;
    /// Why an attempt failed; the loop returns the last one when it gives up.
    type Error: Display + Send;

    /// Tries once to establish a connection.
    fn connect(&mut self)
    -> impl Future<Output = ConnResult<Self::Connection, Self::Error>> + Send;

    /// Runs the application on an established connection until it ends.
    fn run(
        &mut self,
        connection: Self::Connection,
    ) -> impl Future<Output = RunResult<Self::Error>> + Send;

    /// Decides whether to try again after `failure`, and when.
    ///
    /// May itself sleep, ask, or watch the network come back, and then answer
    /// [`After(Duration::ZERO)`](RetryResult::After). A delay that it answers is waited for by the
    /// loop. [`Delays`](crate::Delays) makes the decision from a delay policy.
    fn retry_delay(
        &mut self,
        failure: Failure<Self::Error>,
    ) -> impl Future<Output = RetryResult<Self::Error>> + Send;

    /// Names the target in logs. Not meant to be parsed; holds no secret.
    fn display_target(&self) -> Option<String> {
        None
    }

    /// Says when a connection counts as good, so that status, logs and metrics end an outage when the
    /// delays do. A connector that has [`Delays`](crate::Delays) forwards to
    /// [`Delays::health`](crate::Delays::health); the default is a connection that lasts 10 s.
    ///
    /// Asked once a connection, and only where somebody watches.
    fn health(&self) -> Health {
        Health::default()
    }

    /// Hides the connector's type, so that connectors of different kinds go into one collection.
    ///
    /// Costs an allocation for each call of the three methods.
    fn boxed(self) -> BoxConnector<Self::Error>
    where
        Self: Sized + 'static,
        Self::Connection: 'static,
    {
        BoxConnector::new(self)
    }
}

macro_rules! forward_to_inner {
    ($outer:ty) => {
        impl<C: Connector> Connector for $outer {
            type Connection = C::Connection;
            type Error = C::Error;

            fn connect(
                &mut self,
            ) -> impl Future<Output = ConnResult<Self::Connection, Self::Error>> + Send {
                (**self).connect()
            }

            fn run(
                &mut self,
                connection: Self::Connection,
            ) -> impl Future<Output = RunResult<Self::Error>> + Send {
                (**self).run(connection)
            }

            fn retry_delay(
                &mut self,
                failure: Failure<Self::Error>,
            ) -> impl Future<Output = RetryResult<Self::Error>> + Send {
                (**self).retry_delay(failure)
            }

            fn display_target(&self) -> Option<String> {
                (**self).display_target()
            }

            fn health(&self) -> Health {
                (**self).health()
            }
        }
    };
}

forward_to_inner!(&mut C);
forward_to_inner!(Box<C>);
