//! The `connect` that `TcpStream::connect` should have been, and a connector on it that stays connected.
//!
//! A [`TcpConnector`] keeps a connection: it dials, hands the stream to a handler, and dials again with
//! growing delays when that fails.
//!
//! ```
//! use schmoozer_tcp::{Dialer, TcpConnector, run};
//! use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
//! use tokio::net::TcpStream;
//!
//! async fn serve(stream: TcpStream) -> std::io::Result<()> {
//!     let mut stream = BufReader::new(stream);
//!     stream.write_all(b"subscribe\n").await?; // an error reconnects
//!     let mut lines = stream.lines();
//!     while let Some(line) = lines.next_line().await? {
//!         println!("{line}");
//! #       return Ok(());
//!     }
//!     Err(std::io::ErrorKind::UnexpectedEof.into()) // Ok(()) would end it
//! }
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
//! run(TcpConnector::new(Dialer::new(address)?, serve)).await
//! # }
//! ```
//!
//! A [`Dialer`] alone connects once, on the internet as it is: it resolves names at every dial, tries their
//! addresses staggered instead of one after the other (RFC 8305), ends within its timeout, sets what
//! finds a peer that vanished, and says in one line what it tried when it fails.
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
//! Both give out a plain [`TcpStream`](tokio::net::TcpStream): TLS and framing go on top. Unix sockets and other
//! transports are served by `schmoozer-core` and its `connector_fn` alone.
//!
//! | to | take |
//! |---|---|
//! | keep a connection | [`TcpConnector`] and [`run`] |
//! | stop it, watch it, steer it | [`Runner`](schmoozer_core::Runner) instead of `run`, and its [`Handle`](schmoozer_core::Handle) |
//! | use the live connection from other tasks | [`Current`](schmoozer_core::Current) |
//! | choose the delays | [`TcpConnector::delays`] and [`schmoozer_backoff`] |
//! | say which errors are final | [`TcpConnector::retry_if`], with [`is_transient`](is_transient()) to help |
//! | connect to one of several servers | [`Dialer::any_of`] and [`Order`] |
//! | choose how soon a dead peer is found | [`Dialer::dead_after`] |
//! | do what others have done | the [`_cookbook`], the answers in the [`_faq`] |
//! | come from `schmoozer` 0.4.1, stubborn-io or a loop of your own | [`_moving_over`] |
//! | know what it survives | [`_reliability`] |
//!
//! [`schmoozer_core`] and [`schmoozer_backoff`] come along under their own names.
//!
//! # Features
//!
//! | feature | default | what it adds |
//! |---|---|---|
//! | `hickory` | no | `HickoryResolver`, which asks the name servers itself instead of blocking a thread in the system's resolver, and connects to the first address while others are still on their way |
//! | `config` | no | `DialerConfig`, the settings of a dialer as a configuration has them |
//! | `serde` | no | `DialerConfig`, `Target`, `Order` and `Family` in configuration files; brings `config` |
//! | `tracing` | no | the logs of `schmoozer-core` |
//! | `metrics` | no | `Metrics` of `schmoozer-core` |
//! | `config` | no | `PolicyConfig` of `schmoozer-backoff`: a policy as text |
//! | `serde` | no | `config`, and that policy in configuration files |

#![forbid(unsafe_code)]
#![cfg_attr(docsrs, feature(doc_cfg))]

pub mod _cookbook;
pub mod _faq;
pub mod _moving_over;
pub mod _reliability;
mod answers;
#[cfg(feature = "config")]
mod config;
mod connector;
mod dial;
mod dialer;
mod endpoint;
mod error;
mod family;
#[cfg(feature = "hickory")]
mod hickory;
mod host_name;
#[cfg(feature = "hickory")]
mod hosts_file;
#[cfg(any(target_os = "android", target_os = "linux"))]
mod interface;
mod invalid_target;
mod keepalive;
mod lookup;
mod memory;
mod message;
mod order;
mod race;
mod record;
mod resolve;
#[cfg(feature = "serde")]
mod serde;
mod socket;
mod target;
mod transient;
mod word;

pub use answers::Answers;
#[cfg(feature = "config")]
#[cfg_attr(docsrs, doc(cfg(feature = "config")))]
pub use config::DialerConfig;
pub use connector::TcpConnector;
pub use dialer::Dialer;
pub use error::{DialError, Tried};
pub use family::Family;
#[cfg(feature = "hickory")]
#[cfg_attr(docsrs, doc(cfg(feature = "hickory")))]
pub use hickory::HickoryResolver;
pub use invalid_target::InvalidTarget;
pub use keepalive::Keepalive;
pub use order::Order;
pub use resolve::{Resolve, SystemResolver};
pub use target::Target;
pub use transient::is_transient;
pub use word::UnknownWord;

pub use schmoozer_core::run;
pub use socket2::SockRef;
pub use {schmoozer_backoff, schmoozer_core};

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
