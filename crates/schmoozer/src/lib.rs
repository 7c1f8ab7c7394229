//! Keeps a network connection alive: connects, runs your code on the connection, and connects again after a failure.
//!
//! This crate contains no code. It re-exports three crates under one name, so that you can start before you know which
//! of them you need.
//!
//! | you want | crate | path in this crate |
//! | --- | --- | --- |
//! | a TCP connection that stays up | `schmoozer-tcp` | [`tcp`] |
//! | a single connect that tries all addresses of a name, with a timeout and detailed errors | `schmoozer-tcp` | [`tcp::Dialer`] |
//! | a connection over another transport, such as a Unix socket, a serial port or a client library | `schmoozer-core` | [`connector_fn`], [`connector_with`], [`Connector`], [`run`] |
//! | to stop, watch or control the loop | `schmoozer-core` | [`Runner`], [`Handle`], [`Observer`] |
//! | to retry a plain operation | `schmoozer-core` | [`retry`] |
//! | only delays between retries | `schmoozer-backoff` | [`backoff`] |
//! | complete programs to copy from, and answers | `schmoozer-tcp` | [`tcp::_cookbook`], [`tcp::_transports`], [`tcp::_faq`] |
//! | the meaning of a log line, a metric or an alert | `schmoozer-core` | [`_on_call`] |
//! | a comparison with other crates | | [`_peers`] |
//!
//! When you know, depend on that crate alone. It has the same items under the same names, and fewer dependencies.
//!
//! ```
//! use schmoozer::tcp::{Dialer, TcpConnector};
//! use schmoozer::{closed, run};
//! use tokio::io::{AsyncBufReadExt, BufReader};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> std::io::Result<()> {
//! # let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
//! # let address = listener.local_addr()?.to_string();
//! # let mut served = 0;
//! # let server = async {
//! #     for _ in 0..2 {
//! #         let (mut stream, _) = listener.accept().await?;
//! #         tokio::io::AsyncWriteExt::write_all(&mut stream, b"x\n").await?;
//! #         served += 1;
//! #     }
//! #     std::io::Result::Ok(())
//! # };
//! # /*
//! let address = "telemetry.example.com:4000";
//! # */
//! let link = TcpConnector::new(Dialer::new(address)?, async |stream, _session| {
//!     let mut lines = BufReader::new(stream).lines();
//!     while let Some(line) = lines.next_line().await? { // after an error, the loop connects again
//!         println!("{line}");
//!     }
//!     Err(closed()) // at the end of the stream, the loop connects again
//! });
//! # // Two connections, then the server is done.
//! # tokio::select! {
//! #     ended = run(link) => return ended,
//! #     done = server => done?,
//! # }
//! # assert_eq!(served, 2);
//! # return Ok(());
//! # /*
//! run(link).await
//! # */
//! # }
//! ```
//!
//! # Features
//!
//! | feature | default | what it adds |
//! | --- | --- | --- |
//! | `tcp` | yes | [`tcp`], which is `schmoozer-tcp` |
//! | `tcpconn` | no | `tcp`, under the name that 0.4.1 had for it |
//! | `backoff` | yes | [`backoff`], which is `schmoozer-backoff` |
//! | `config` | no | `backoff::PolicyConfig`, and with `tcp` its `DialerConfig` and `ReconnectConfig`: settings as text |
//! | `serde` | no | `config`, and those in configuration files |
//! | `hickory` | no | `tcp`, and `tcp::HickoryResolver`, which asks the name servers itself |
//! | `metrics` | no | `Metrics`, an observer over the `metrics` facade |
//! | `tracing` | no | logs |
//!
#![doc = include_str!("from_0_4.md")]
// Where a feature is off, its links lead to the crate's own pages.
#![cfg_attr(
    not(feature = "tcp"),
    doc = "",
    doc = "[`tcp`]: https://docs.rs/schmoozer-tcp",
    doc = "[`tcp::Dialer`]: https://docs.rs/schmoozer-tcp",
    doc = "[`tcp::_cookbook`]: https://docs.rs/schmoozer-tcp",
    doc = "[`tcp::_faq`]: https://docs.rs/schmoozer-tcp",
    doc = "[`tcp::_transports`]: https://docs.rs/schmoozer-tcp",
    doc = "[`tcp::TcpConnector`]: https://docs.rs/schmoozer-tcp",
    doc = "[`tcp::_moving_over::from_schmoozer_0_4`]: https://docs.rs/schmoozer-tcp"
)]
#![cfg_attr(
    not(feature = "backoff"),
    doc = "",
    doc = "[`backoff`]: https://docs.rs/schmoozer-backoff"
)]
#![forbid(unsafe_code)]
#![cfg_attr(docsrs, feature(doc_cfg))]

pub mod _architecture;
pub mod _peers;

#[doc(inline)]
pub use schmoozer_core::*;

#[cfg(feature = "backoff")]
pub use schmoozer_backoff as backoff;
#[cfg(feature = "tcp")]
pub use schmoozer_tcp as tcp;

#[cfg(all(doctest, feature = "tcp"))]
#[doc = include_str!("../README.md")]
struct Readme;
