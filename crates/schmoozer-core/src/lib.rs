//! The reconnect loop: keeps a connection alive, over any transport.
//!
//! A program that must *stay connected* says three things in a [`Connector`]: how to connect, what to do
//! with a connection, and what to make of a failure. [`run`] does the rest.
//!
//! ```
//! use std::{io, time::Duration};
//! use schmoozer_core::{connector_fn, run};
//! use tokio::io::{AsyncReadExt, AsyncWriteExt};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> io::Result<()> {
//! let connector = connector_fn(
//!     // Any transport will do. This one is a pipe in memory, with a server at its end.
//!     async || {
//!         let (connection, mut server) = tokio::io::duplex(64);
//!         tokio::spawn(async move { server.write_all(b"hello").await });
//!         Ok::<_, io::Error>(connection)
//!     },
//!     async |mut connection| {
//!         let mut greeting = String::new();
//!         connection.read_to_string(&mut greeting).await?;
//!         assert_eq!(greeting, "hello");
//!         Ok(())
//!     },
//!     // Any iterator of delays is a policy; `schmoozer-backoff` has good ones.
//!     [50, 100, 200, 400].map(Duration::from_millis),
//! );
//! run(connector).await
//! # }
//! ```
//!
//! | to | take |
//! |---|---|
//! | keep a connection, and no more | [`run`], with a [`Connector`] or a [`connector_fn`] |
//! | connect with retries, and run the connection oneself | [`establish`] |
//! | decide on failures by a delay policy | [`Delays`] |
//! | stop from outside, limit or pace attempts, watch | [`Runner`] |
//! | ask how it is doing, retry now, reconnect | [`Handle`] |
//! | use the live connection from other tasks | [`Current`] |
//! | count, log, show | [`Observer`], and the features below |
//!
//! # What it holds to
//!
//! - **Only a lasting connection ends an outage.** A server that accepts and closes at once meets
//!   growing delays, not a hot loop: see [`Delays`].
//! - The last real error comes back from [`run`]; it never gives up by itself.
//! - Every wait and every connect can be cut short, by dropping the future if nothing else.
//! - The old connection is dropped before the next is dialed.
//! - The loop allocates nothing, and no option costs those who do not set it.
//!
//! # Stopping
//!
//! [`Runner::shutdown`] takes any future. A token:
//!
//! ```
//! # use std::{convert::Infallible, future::pending, time::Duration};
//! # use schmoozer_core::{Runner, connector_fn};
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Infallible> {
//! # let connector = connector_fn(async || Ok::<_, Infallible>(()), async |()| pending().await, [Duration::ZERO]);
//! use tokio_util::sync::CancellationToken;
//!
//! let token = CancellationToken::new();
//! let running = Runner::new(connector).shutdown(token.cancelled()).run();
//! token.cancel();
//! running.await
//! # }
//! ```
//!
//! Ctrl-C:
//!
//! ```no_run
//! # use std::{convert::Infallible, future::pending, time::Duration};
//! # use schmoozer_core::{Runner, connector_fn};
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Infallible> {
//! # let connector = connector_fn(async || Ok::<_, Infallible>(()), async |()| pending().await, [Duration::ZERO]);
//! Runner::new(connector).shutdown(tokio::signal::ctrl_c()).run().await
//! # }
//! ```
//!
//! A `watch` channel, which also lets the connector say goodbye within the grace period:
//!
//! ```
//! # use std::{io, time::Duration};
//! # use schmoozer_core::{Runner, connector_fn};
//! use tokio::io::{AsyncReadExt, AsyncWriteExt};
//! use tokio::sync::watch;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> io::Result<()> {
//! let (stop, stopping) = watch::channel(false);
//! # let (connection, mut server) = tokio::io::duplex(64);
//! # let mut connection = Some(connection);
//! # let connect = move || { let connection = connection.take(); async move { connection.ok_or_else(|| io::ErrorKind::NotFound.into()) } };
//! let told = stopping.clone();
//! let connector = connector_fn(
//!     connect,
//!     move |mut connection: tokio::io::DuplexStream| {
//!         let mut told = told.clone();
//!         async move {
//!             // … serve the connection until:
//!             told.wait_for(|stop| *stop).await.ok();
//!             connection.write_all(b"bye").await
//!         }
//!     },
//!     [Duration::from_secs(1)],
//! );
//! let mut stopping = stopping;
//! let runner = Runner::new(connector)
//!     .shutdown(async move { stopping.wait_for(|stop| *stop).await.is_ok() })
//!     .grace(Duration::from_secs(5));
//! # let handle = runner.handle();
//! # let operator = async move { handle.connected().await.ok(); stop.send_replace(true); };
//! # let (ended, ()) = tokio::join!(runner.run(), operator);
//! # ended?;
//! # let mut goodbye = String::new();
//! # server.read_to_string(&mut goodbye).await?;
//! # assert_eq!(goodbye, "bye");
//! # Ok(())
//! # }
//! ```
//!
//! # Features
//!
//! | feature | default | what it adds |
//! |---|---|---|
//! | `rt` | yes | [`Runner::spawn`]; tokio's `rt`, no crate |
//! | `tracing` | no | logs: one WARN when an outage begins, one INFO when it is over, DEBUG between, ERROR on giving up; within a span `connector` with the field `target` |
//! | `metrics` | no | `Metrics`, an observer over the `metrics` facade |
//!
//! The fields of the logs are `attempt` (a count), `delay`, `elapsed`, `uptime` and `outage` (seconds) and
//! `error`.
#![forbid(unsafe_code)]
#![cfg_attr(docsrs, feature(doc_cfg))]

mod board;
mod boxed;
mod connect_timeout;
mod connector;
mod connector_fn;
mod control;
mod current;
mod delays;
mod driven;
mod establish;
mod event;
mod failure;
mod handle;
mod health;
mod hint;
mod logs;
#[cfg(feature = "metrics")]
mod metrics;
mod observed;
mod observer;
mod outage;
mod paced;
mod pacer;
mod race;
mod result;
mod run;
mod runner;
mod status;
mod steered;
mod steering;
mod yield_now;

pub use boxed::{BoxConnection, BoxConnector};
pub use connect_timeout::ConnectTimeout;
pub use connector::Connector;
pub use connector_fn::{ConnectorFn, connector_fn};
pub use current::{Current, Published, Publisher};
pub use delays::Delays;
pub use establish::establish;
pub use event::Event;
pub use failure::Failure;
pub use handle::{Handle, NotConnected, Stopped};
pub use health::Health;
pub use hint::{Hint, NoHint};
#[cfg(feature = "metrics")]
#[cfg_attr(docsrs, doc(cfg(feature = "metrics")))]
pub use metrics::Metrics;
pub use observer::Observer;
pub use outage::Outage;
pub use pacer::Pacer;
pub use result::{ConnResult, RetryResult, RunResult};
pub use run::run;
pub use runner::Runner;
pub use status::{Stats, Status};

#[cfg(all(doctest, unix))]
#[doc = include_str!("../README.md")]
struct Readme;
