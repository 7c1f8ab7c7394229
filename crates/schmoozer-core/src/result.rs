//! What a connector's callbacks answer.

use std::time::Duration;

/// The answer of [`Connector::connect`](crate::Connector::connect).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use = "the loop acts on it"]
pub enum ConnResult<C, E> {
    /// The connection is up: run the application on it.
    Connected(C),
    /// This attempt failed: ask [`retry_delay`](crate::Connector::retry_delay) whether to try again.
    Reconnect(E),
    /// Stop the loop; its caller gets this result.
    Exit(Result<(), E>),
}

/// The answer of [`Connector::run`](crate::Connector::run).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use = "the loop acts on it"]
pub enum RunResult<E> {
    /// The connection is lost: ask [`retry_delay`](crate::Connector::retry_delay) whether to dial again.
    Reconnect(E),
    /// Stop the loop; its caller gets this result.
    Exit(Result<(), E>),
}

/// The answer of [`Connector::retry_delay`](crate::Connector::retry_delay).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use = "the loop acts on it"]
pub enum RetryResult<E> {
    /// Try again after this delay. Zero tries again at once, but lets other tasks run first.
    After(Duration),
    /// Stop the loop; its caller gets this result. To give up, hand the cause back:
    /// `Exit(Err(failure.cause))`.
    Exit(Result<(), E>),
}
