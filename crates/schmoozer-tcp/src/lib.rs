//! The `connect` that `TcpStream::connect` should have been.
//!
//! A [`Dialer`] connects on the internet as it is: it resolves names at every dial, tries their
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
//! A [`TcpConnector`] keeps a connection: it dials, hands the stream to a handler, and dials again with
//! growing delays when that fails. It is a [`Connector`](schmoozer_core::Connector), so [`run`] runs it.
//! [`schmoozer_core`] and [`schmoozer_backoff`] come along under their own names, for everything else
//! that can be set.
//!
//! Both give out a plain [`TcpStream`](tokio::net::TcpStream): TLS and framing go on top. Unix sockets and other
//! transports are served by `schmoozer-core` and its `connector_fn` alone.
//!
//! Around it: [`cookbook`] has logins with a bound, tokens that expire, a leader to follow, a reload, a shutdown.
//! Coming from `schmoozer` 0.4.1, stubborn-io or a loop of your own: [`moving_over`].
//!
//! # Features
//!
//! - `hickory`: `HickoryResolver`, which asks the name servers itself instead of blocking a thread in the
//!   system's resolver, and connects to the first address while others are still on their way.
//! - `tracing`: the feature of `schmoozer-core`.

#![forbid(unsafe_code)]
#![cfg_attr(docsrs, feature(doc_cfg))]

mod connector;
pub mod cookbook;
mod dial;
mod dialer;
mod error;
#[cfg(feature = "hickory")]
mod hickory;
mod host_name;
mod invalid_target;
mod keepalive;
mod message;
pub mod moving_over;
mod order;
mod race;
mod record;
mod resolve;
mod socket;
mod target;
mod transient;

pub use connector::TcpConnector;
pub use dialer::Dialer;
pub use error::{DialError, Tried};
#[cfg(feature = "hickory")]
#[cfg_attr(docsrs, doc(cfg(feature = "hickory")))]
pub use hickory::HickoryResolver;
pub use invalid_target::InvalidTarget;
pub use keepalive::Keepalive;
pub use order::Order;
pub use resolve::{Answers, Resolve, SystemResolver};
pub use target::Target;
pub use transient::is_transient;

pub use schmoozer_core::run;
pub use {schmoozer_backoff, schmoozer_core};

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
