//! What a connector returns to the loop.

use std::time::Duration;

/// What [`Connector::connect`](crate::Connector::connect) returns.
///
/// Converts from `Result<C, E>`, so that a body may end with `self.dial().await.into()`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use = "the loop acts on it"]
pub enum ConnResult<C, E> {
    /// The connection is up. The loop calls [`run`](crate::Connector::run) with it.
    Connected(C),
    /// The attempt failed. The loop asks [`retry_delay`](crate::Connector::retry_delay) what to do.
    Reconnect(E),
    /// The loop ends and returns this result.
    Exit(Result<(), E>),
}

impl<C, E> From<Result<C, E>> for ConnResult<C, E> {
    fn from(result: Result<C, E>) -> Self {
        match result {
            Ok(connection) => Self::Connected(connection),
            Err(cause) => Self::Reconnect(cause),
        }
    }
}

/// What [`Connector::run`](crate::Connector::run) returns.
///
/// Converts from `Result<End, E>`, which is what handlers return.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use = "the loop acts on it"]
pub enum RunResult<E> {
    /// The connection was lost. The loop asks [`retry_delay`](crate::Connector::retry_delay) what to do.
    Reconnect(E),
    /// The connection ended as planned, and another one is wanted. This is no failure.
    Renew,
    /// The loop ends and returns this result.
    Exit(Result<(), E>),
}

impl<E> From<Result<End, E>> for RunResult<E> {
    fn from(result: Result<End, E>) -> Self {
        match result {
            Ok(End::Renew) => Self::Renew,
            Ok(End::Exit) => Self::Exit(Ok(())),
            Err(cause) => Self::Reconnect(cause),
        }
    }
}

/// What [`Connector::retry_delay`](crate::Connector::retry_delay) returns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use = "the loop acts on it"]
pub enum RetryResult<E> {
    /// The next attempt starts after this delay. Zero means at once, but other tasks run first.
    After(Duration),
    /// The policy has ended. The loop returns this error, with [`Why::GaveUp`](crate::Why::GaveUp).
    GiveUp(E),
    /// The loop ends and returns this result. An error is final: [`Why::Final`](crate::Why::Final).
    Exit(Result<(), E>),
}

/// How a connection ends in good order: what a handler's `Ok` says, and what
/// [`Session::stopping`](crate::Session::stopping) tells a handler.
///
/// A handler whose peer closed the connection returns `Err(closed())` instead: see [`closed`](crate::closed).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum End {
    /// Connect again. Nothing failed.
    Renew,
    /// End the loop. Its caller receives `Ok(())`.
    Exit,
}
