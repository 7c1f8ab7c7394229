use std::fmt::Display;
use std::future::Future;

use crate::{ConnResult, Failure, Lifecycle, RetryResult, RunResult, Session};

/// Keeps one connection alive, driven by [`run`](crate::run) or a [`Runner`](crate::Runner).
///
/// A connector knows three things: how to establish a connection, what to do with one, and what to do after a failure.
/// The loop starts with `connect`. What each method returns decides what comes next:
///
/// | method | returns | next |
/// | --- | --- | --- |
/// | `connect` | `Connected(connection)` | `run` |
/// | | `Reconnect(cause)` | `retry_delay` |
/// | `run` | `Reconnect(cause)` | `retry_delay` |
/// | | `Renew` | `connect`: a planned end, no failure |
/// | `retry_delay` | `After(delay)` | the loop waits, then `connect` |
/// | | `GiveUp(cause)` | the loop ends with that error |
/// | any of them | `Exit(result)` | the loop ends with that result |
///
/// At most one connection exists at a time: `run` owns it, and has dropped it before the next `connect`.
///
/// Write the methods as plain `async fn`; their futures must be `Send`. `&mut C` is a connector too, so a stopped connector
/// can be run again. Connectors of different types need no common type: each loop has a [`Handle`](crate::Handle).
///
/// # Cancel safety
///
/// The loop may drop any of the three futures at any await point: on a shutdown, on a request, or when its own future
/// is dropped. Keep in `self` only what is right at each of them.
///
/// # Examples
///
/// ```
/// use std::io;
/// use std::time::Duration;
/// use schmoozer_core::{ConnResult, Connector, Failure, RetryResult, RunResult, Session, run};
///
/// /// Connects on the third attempt.
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
///     async fn run(&mut self, greeting: &'static str, _session: Session) -> RunResult<io::Error> {
///         assert_eq!(greeting, "hello");
///         RunResult::Exit(Ok(()))
///     }
///
///     async fn retry_delay(&mut self, failure: Failure<io::Error>) -> RetryResult<io::Error> {
///         // `attempt` counts until a connection is stable, so a server that accepts and closes meets longer and
///         // longer delays too.
///         match failure.attempt {
///             attempt @ 1..=10 => RetryResult::After(Duration::from_millis(5 << attempt)),
///             _ => RetryResult::GiveUp(failure.cause),
///         }
///     }
/// }
///
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
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
            its connect closure returns a future of `Result<Connection, Error>`, its serve closure takes the \
            connection and a `Session` and returns a future of `Result<End, Error>` with the same `Error`, and \
            both futures must be `Send`"
)]
pub trait Connector: Send {
    /// What `connect` establishes and `run` consumes.
    type Connection: Send;
    /// Why an attempt failed; the loop returns the last one when it gives up.
    type Error: Display + Send;

    /// Tries once to establish a connection.
    fn connect(&mut self)
    -> impl Future<Output = ConnResult<Self::Connection, Self::Error>> + Send;

    /// Runs the application on an established connection until it ends. `session` is its link to the loop.
    fn run(
        &mut self,
        connection: Self::Connection,
        session: Session,
    ) -> impl Future<Output = RunResult<Self::Error>> + Send;

    /// Decides whether to try again after `failure`, and when.
    ///
    /// The loop waits for the delay that this returns. It may also wait itself, and then return
    /// [`After(Duration::ZERO)`](RetryResult::After); a request drops it and starts the next attempt.
    /// [`Retry`](crate::Retry) decides by a delay policy.
    fn retry_delay(
        &mut self,
        failure: Failure<Self::Error>,
    ) -> impl Future<Output = RetryResult<Self::Error>> + Send;

    /// Names the target in logs. Not meant to be parsed; holds no secret.
    fn display_target(&self) -> Option<String> {
        None
    }

    /// Returns the constants of a connection's life. Asked once, when the loop starts.
    fn lifecycle(&self) -> Lifecycle {
        Lifecycle::new()
    }

    /// Whether the next `connect` returns a connection that is up already, so that a renewal needs neither a delay nor the
    /// network. A connector that wraps another forwards this.
    fn holds_connection(&self) -> bool {
        false
    }
}

/// So that a stopped connector can be run again.
impl<C: Connector> Connector for &mut C {
    type Connection = C::Connection;
    type Error = C::Error;

    async fn connect(&mut self) -> ConnResult<C::Connection, C::Error> {
        (**self).connect().await
    }

    async fn run(&mut self, connection: C::Connection, session: Session) -> RunResult<C::Error> {
        (**self).run(connection, session).await
    }

    async fn retry_delay(&mut self, failure: Failure<C::Error>) -> RetryResult<C::Error> {
        (**self).retry_delay(failure).await
    }

    fn display_target(&self) -> Option<String> {
        (**self).display_target()
    }

    fn lifecycle(&self) -> Lifecycle {
        (**self).lifecycle()
    }

    fn holds_connection(&self) -> bool {
        (**self).holds_connection()
    }
}
