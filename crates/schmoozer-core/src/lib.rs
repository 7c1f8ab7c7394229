//! The reconnect loop: keeps a connection alive, over any transport.
//!
//! A program that must *stay connected* says how to connect, how to serve a connection, and how long to wait after a
//! failure. [`run`] does the rest.
//!
//! ```
//! use std::{io, time::Duration};
//! use schmoozer_core::{closed, connector_fn, run};
//! use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
//!
//! # #[tokio::main(flavor = "current_thread", start_paused = true)]
//! # async fn main() {
//! let connector = connector_fn(
//!     // Any transport will do. This one is a pipe in memory, with a server at its end.
//!     async || {
//!         let (connection, mut server) = tokio::io::duplex(64);
//!         tokio::spawn(async move { server.write_all(b"hello\n").await });
//!         Ok::<_, io::Error>(connection)
//!     },
//!     async |connection, _session| {
//!         let mut lines = BufReader::new(connection).lines();
//!         while let Some(line) = lines.next_line().await? {
//!             println!("{line}");
//! #           assert_eq!(line, "hello");
//!         }
//!         Err(closed()) // lost: connect again
//!     },
//!     // Any iterator of delays is a policy; `schmoozer-backoff` has good ones.
//!     [50, 100, 200, 400].map(Duration::from_millis),
//! );
//! let error = run(connector).await.unwrap_err(); // after four retries
//! # assert_eq!(error.to_string(), "closed by the peer");
//! # }
//! ```
//!
//! | you want to | use |
//! |---|---|
//! | keep a connection | [`run`], with a [`connector_fn`] or your own [`Connector`] |
//! | keep state that outlives connections | [`connector_with`] |
//! | retry a plain operation | [`retry`] |
//! | log in, say goodbye, renew the connection | [`Session`] |
//! | stop from outside, limit, pace, watch | [`Runner`] |
//! | see its status, retry now, reconnect, wait for it | [`Handle`] |
//! | use the live connection from other tasks | [`Current`] |
//! | decide on failures by a delay policy in your own connector | [`Retry`] |
//! | count, log, show | [`Runner::on_event`], [`Observer`], and the features below |
//! | understand a log line or a metric | [`_on_call`] |
//!
//! [The recipes of `schmoozer-tcp`](https://docs.rs/schmoozer-tcp) are complete programs, and most fit any transport.
//!
//! # The life of a connection
//!
#![doc = include_str!("../life.svg")]
//!
//! - **Ready**: the application can use the connection. By default it is ready when it is connected. With
//!   [`ready_when_marked`](Lifecycle::ready_when_marked) it is ready when the handler calls [`Session::ready`].
//! - **Stable**: it has been ready for [`stable_after`](Lifecycle::stable_after), by default 10 s. Only a stable
//!   connection ends an outage, restarts the delays, and stops the give-up clock. So a server that takes every login and
//!   then closes meets growing delays.
//! - **Outage**: begins with the first failure after a stable connection, or after the start. It ends when a connection
//!   is stable. Its length is the time until that connection became ready. `attempt` always counts the attempts of the
//!   current outage, from 1.
//! - **Planned end**: `Ok(End::Renew)`, [`Session::renew`], [`Handle::renew`] and [`Runner::max_age`] end a connection in
//!   good order. That is no failure, and no outage.
//!
//! # What you can rely on
//!
//! - Every error is retried. The loop ends by itself only if the policy ends, if you set
//!   [`give_up_after`](Retry::give_up_after), or if `retry_if` refuses an error.
//! - The last real error is what [`run`] returns. [`Stopped`] says why the loop ended, in status, events and handles.
//! - Every wait and every connect can be cut short: by a shutdown, by requests, by dropping the future.
//! - The old connection is dropped before the next one is dialed.
//! - Attempts start at least 10 ms apart, whatever the policy, a hint or a request asks for.
//! - The loop allocates nothing for an attempt, except texts that something reads.
//!
//! # Stopping
//!
//! [`Runner::shutdown`] takes any future: `tokio::signal::ctrl_c()`, a token's `cancelled()`, the receiver of a oneshot
//! channel. [`Handle::shutdown`] does the same from elsewhere. A handler that asks [`Session::stopping`] has time for a
//! goodbye.
//!
//! ```
//! # use std::{convert::Infallible, time::Duration};
//! # use schmoozer_core::{Runner, connector_fn};
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Infallible> {
//! # let connector = connector_fn(
//! #     async || Ok::<_, Infallible>(()),
//! #     async |(), session| Ok(session.stopping().await),
//! #     [Duration::ZERO],
//! # );
//! use tokio_util::sync::CancellationToken;
//!
//! let token = CancellationToken::new();
//! let running = Runner::new(connector).shutdown(token.cancelled()).run();
//! token.cancel();
//! running.await
//! # }
//! ```
//!
//! # Logs
//!
//! With the feature `tracing`, target `schmoozer`, field `connector` the [target's name](Connector::display_target):
//!
//! | level | message | when | fields |
//! |---|---|---|---|
//! | WARN | `outage began` | failure 1 | `error` |
//! | INFO | `outage goes on` | after 1 min, 10 min, and each hour | `outage` (s), `attempts`, `error`, `state` |
//! | INFO | `outage over` | a connection is stable | `outage` (s), `attempts`, `error` (the last) |
//! | WARN | `connections are renewed before they are stable` | the third in a row | `times` |
//! | ERROR | `gave up`, `stopped by a final error` | the loop ends by itself | `error` |
//! | DEBUG | the other events | | `attempt`, `id`, `delay` (s), `uptime` (s), `error` |
//!
//! [What each line means, and what to alert on](_on_call). The texts of errors are written with `{:#}`, on one line, without control characters, in at most 1 KiB.
//!
//! # Features
//!
//! | feature | default | what it adds |
//! |---|---|---|
//! | `rt` | yes | [`Runner`]'s `spawn`; it needs tokio's `rt`, and adds no crate |
//! | `tracing` | no | the logs above |
//! | `metrics` | no | `Metrics`, an observer over the `metrics` facade |
#![forbid(unsafe_code)]
#![cfg_attr(docsrs, feature(doc_cfg))]

pub mod _on_call;
mod closed;
mod connect_timeout;
mod connector;
mod connector_fn;
mod current;
mod duration;
mod event;
mod facts;
mod failure;
mod full;
mod handle;
mod judge;
mod lifecycle;
mod logs;
#[cfg(feature = "metrics")]
mod metrics;
#[cfg(doctest)]
mod mistakes;
mod observer;
mod outage;
mod pacer;
mod random;
mod report;
mod result;
mod retry;
mod retrying;
mod run;
mod runner;
mod session;
mod shared;
mod signals;
mod status;
mod stopped;
mod text;
mod wait;
mod yield_now;

pub use closed::{Closed, closed};
pub use connect_timeout::ConnectTimeout;
pub use connector::Connector;
pub use connector_fn::{ConnectWith, ConnectorFn, ServeWith, connector_fn, connector_with};
pub use current::{Current, Live, Published, Publisher, PublishersGone};
pub use event::Event;
pub use failure::Failure;
pub use handle::{Handle, ShutdownOnDrop};
pub use lifecycle::Lifecycle;
#[cfg(feature = "metrics")]
pub use metrics::Metrics;
pub use observer::Observer;
pub use outage::Outage;
pub use pacer::{InvalidPacer, Pacer, Rate};
pub use result::{ConnResult, End, RetryResult, RunResult};
pub use retry::Retry;
pub use retrying::{EveryError, NoCallback, Retrying, retry};
pub use run::run;
pub use runner::Runner;
pub use session::Session;
pub use status::{Stats, Status};
pub use stopped::{NotConnected, Stopped, Why};

#[cfg(all(doctest, unix))]
#[doc = include_str!("../README.md")]
struct Readme;
