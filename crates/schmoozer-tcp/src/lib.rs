//! A TCP dialer, and a connector on top of it that stays connected.
//!
//! A [`TcpConnector`] keeps a connection: it dials, hands the stream to a handler, and dials again with growing delays
//! when that fails.
//!
//! ```
//! use schmoozer_tcp::{Dialer, TcpConnector, closed, run};
//! use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufStream};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> std::io::Result<()> {
//! # let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
//! # let address = listener.local_addr()?.to_string();
//! # tokio::spawn(async move {
//! #     drop(listener.accept().await?);
//! #     listener.accept().await?.0.write_all(b"hello\n").await
//! # });
//! # /*
//! let address = "news.example.com:7000";
//! # */
//! let link = TcpConnector::new(Dialer::new(address)?, async |stream, _session| {
//!     let mut stream = BufStream::new(stream);
//!     stream.write_all(b"subscribe\n").await?; // an error connects again
//!     stream.flush().await?;
//!     let mut lines = stream.lines();
//!     while let Some(line) = lines.next_line().await? {
//!         println!("{line}");
//! #       return Ok(schmoozer_tcp::End::Exit);
//!     }
//!     Err(closed())
//! });
//! run(link).await
//! # }
//! ```
//!
//! A [`Dialer`] alone connects once. It resolves the name at every dial, tries the addresses staggered instead of one
//! after the other (RFC 8305), ends within its timeout, and sets the options that find a peer that vanished. If it
//! fails, its error
//! says in one line what it tried.
//!
//! ```
//! use schmoozer_tcp::Dialer;
//! use tokio::io::AsyncWriteExt;
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> std::io::Result<()> {
//! # let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
//! # let address = listener.local_addr()?.to_string();
//!
//! let dialer = Dialer::new(address)?;
//! let mut stream = dialer.dial().await?;
//! stream.write_all(b"hello").await?;
//! # Ok(())
//! # }
//! ```
//!
//! Both return a plain [`TcpStream`](https://docs.rs/tokio/latest/tokio/net/struct.TcpStream.html): TLS and framing go on
//! top, and [`_transports`] shows how. It also has Unix sockets, serial ports and pipes.
//!
//! | to | use |
//! |---|---|
//! | keep a connection | [`TcpConnector`] and [`run`] |
//! | log in before the connection counts | [`Session::ready`], or [`TcpConnector::upgraded`] |
//! | say goodbye | [`Session::stopping`] |
//! | keep a state over many connections | [`TcpConnector::with_state`] |
//! | stop it, watch it, steer it | [`Runner`] instead of `run`, and its [`Handle`] |
//! | use the live connection from other tasks | [`Current`] |
//! | choose the delays, or when to give up | [`TcpConnector::retry`] and [`Retry`] |
//! | say which errors are final | [`TcpConnector::retry_if`]; without it, every error is retried |
//! | connect to one of several servers | [`Dialer::any_of`], [`Order`] and [`TcpConnector::failback`] |
//! | retry an operation that keeps no connection | [`retry`](retry()) |
//! | read complete programs, and answers | [`_cookbook`] and [`_faq`] |
//! | go through a proxy, or use TLS, WebSocket, a Unix socket, a serial port | [`_transports`] |
//! | find the form of a handler that compiles | [`_handlers`] |
//! | come from `schmoozer` 0.4.1, stubborn-io or a loop of your own | [`_moving_over`] |
//! | know what it survives, and where it runs | [`_reliability`] and [`_portability`] |
//!
//! This crate re-exports what a TCP program needs of [`schmoozer_core`] and [`schmoozer_backoff`], and both crates
//! under their own names.
//!
//! # Features
//!
//! | feature | default | what it adds |
//! |---|---|---|
//! | `hickory` | no | `HickoryResolver`, which asks the name servers itself instead of blocking a thread in the system's resolver, and connects to the first address while others are still on their way |
//! | `config` | no | `DialerConfig` and `ReconnectConfig`: the settings of a connector as text |
//! | `serde` | no | `config`, and those in configuration files, with `Target`, `Order` and `Family` |
//! | `tracing` | no | the logs of `schmoozer-core` |
//! | `metrics` | no | `Metrics` of `schmoozer-core` |

#![forbid(unsafe_code)]
#![cfg_attr(docsrs, feature(doc_cfg))]

pub mod _cookbook;
pub mod _faq;
pub mod _handlers;
pub mod _moving_over;
pub mod _portability;
pub mod _reliability;
pub mod _transports;
mod answers;
#[cfg(feature = "config")]
mod config;
mod connector;
mod dial;
mod dialer;
mod endpoint;
mod error;
mod failback;
mod family;
mod handler;
#[cfg(feature = "hickory")]
mod hickory;
mod host_name;
#[cfg(feature = "hickory")]
mod hosts_file;
#[cfg(any(target_os = "android", target_os = "linux"))]
mod interface;
mod invalid_config;
mod invalid_target;
mod keepalive;
mod lookup;
mod memory;
mod message;
mod order;
mod race;
mod resolve;
mod serving;
mod socket;
mod step;
mod target;
mod transient;

pub use answers::Answers;
#[cfg(feature = "config")]
pub use config::{DialerConfig, PolicyConfig, ReconnectConfig};
pub use connector::TcpConnector;
pub use dialer::Dialer;
pub use error::{DialError, Tried};
pub use family::Family;
pub use handler::{Plain, Serve};
#[cfg(feature = "hickory")]
pub use hickory::HickoryResolver;
pub use invalid_config::InvalidConfig;
pub use invalid_target::InvalidTarget;
pub use keepalive::Keepalive;
pub use order::Order;
pub use resolve::{Resolve, SystemResolver};
pub use target::Target;
pub use transient::is_transient;

pub use schmoozer_backoff::{
    Constant, Decorrelated, Exponential, Fibonacci, Jitter, Linear, Rounds,
};
pub use schmoozer_core::{
    Closed, ConnResult, ConnectTimeout, Connector, Current, End, Event, Failure, Handle,
    InvalidPacer, Lifecycle, Live, NotConnected, Observer, Outage, Pacer, Published, Publisher,
    PublishersGone, Retry, RetryResult, RunResult, Runner, Session, ShutdownOnDrop, Stats, Status,
    Stopped, Why, closed, retry, run,
};
pub use {schmoozer_backoff, schmoozer_core};

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
