//! TCP peers and a name server that misbehave on purpose, for the tests of network clients.
//!
//! A [`Peer`] is a server on a loopback port. It refuses, hangs, resets, or drops SYNs as its [`Behaviour`]
//! says, and a test can [`switch`](Peer::switch) it while clients run. It counts what happens, so that the
//! test can wait for it and assert on it. A [`NameServer`] answers DNS questions from a script.
//!
//! Both run inside the test's tokio runtime, on real sockets. The client under test needs no change, and
//! may use any library: it gets an address to connect to.
//!
//! # A complete test
//!
//! The client must survive a server that accepts and closes, as a proxy without a backend does:
//!
//! ```
//! use std::io;
//! use std::net::SocketAddr;
//! use std::time::Duration;
//!
//! use schmoozer_faults::{Behaviour, Peer};
//! use tokio::io::{AsyncReadExt, AsyncWriteExt};
//! use tokio::net::TcpStream;
//! use tokio::time::sleep;
//!
//! // The client under test: asks until it gets an answer.
//! async fn ask(addr: SocketAddr) -> String {
//!     loop {
//!         match ask_once(addr).await {
//!             Ok(answer) => return answer,
//!             Err(_) => sleep(Duration::from_millis(10)).await,
//!         }
//!     }
//! }
//!
//! async fn ask_once(addr: SocketAddr) -> io::Result<String> {
//!     let mut stream = TcpStream::connect(addr).await?;
//!     stream.write_all(b"hello").await?;
//!     let mut answer = [0; 5];
//!     stream.read_exact(&mut answer).await?;
//!     Ok(String::from_utf8_lossy(&answer).into_owned())
//! }
//!
//! # /*
//! #[tokio::test]
//! # */
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> io::Result<()> {
//! #     survives_a_peer_that_closes().await
//! # }
//! async fn survives_a_peer_that_closes() -> io::Result<()> {
//!     let peer = Peer::start(Behaviour::Close).await?;
//!     let client = tokio::spawn(ask(peer.addr()));
//!
//!     peer.accepted(3).await?; // it has tried three times,
//!     let times = peer.accept_times();
//!     assert!(times[2] - times[0] >= Duration::from_millis(20)); // and paused between them
//!
//!     peer.switch(Behaviour::Echo).await?;
//!     assert_eq!(client.await?, "hello");
//!     peer.live(0).await
//! }
//! ```
//!
//! # Behaviours
//!
//! What a client sees of each [`Behaviour`]:
//!
//! | behaviour | `connect` | after that |
//! |---|---|---|
//! | [`Echo`](Behaviour::Echo) | succeeds | reads what it wrote |
//! | [`Serve`](Behaviour::Serve) | succeeds | what your handler does; the end of the stream when it returns |
//! | [`Refuse`](Behaviour::Refuse) | `ConnectionRefused` | |
//! | [`Close`](Behaviour::Close) | succeeds | reads the end of the stream |
//! | [`Reset`](Behaviour::Reset) | succeeds, or `ConnectionReset` | `ConnectionReset` |
//! | [`LoginThenClose`](Behaviour::LoginThenClose) | succeeds | sends a line, reads the welcome, then the end of the stream |
//! | [`Silent`](Behaviour::Silent) | succeeds | reads stay pending, writes succeed |
//! | [`NeverRead`](Behaviour::NeverRead) | succeeds | reads stay pending, and so do writes when the buffers are full |
//! | [`BlackHole`](Behaviour::BlackHole) | stays pending | |
//! | [`Drip`](Behaviour::Drip) | succeeds | reads one byte each interval |
//! | [`CloseAfter`](Behaviour::CloseAfter) | succeeds | reads so many bytes, then the end of the stream |
//! | [`ResetAfter`](Behaviour::ResetAfter) | succeeds | reads so many bytes, then `ConnectionReset` |
//! | [`Flap`](Behaviour::Flap) | as its current step | the end of the stream at each step |
//!
//! What a client sees if a test acts on the live connections:
//!
//! | call | the client |
//! |---|---|
//! | [`Peer::close_live`] | reads the end of the stream |
//! | [`Peer::reset_live`] | gets `ConnectionReset` |
//! | [`Peer::freeze_live`] | reads stay pending, and so do writes when the buffers are full |
//! | [`Peer::restart`] | reads the end of the stream; the next `connect` gets the new behaviour |
//! | [`Peer::stop`] | reads the end of the stream; the next `connect` gets `ConnectionRefused` |
//!
//! # What to know
//!
//! - **A port is kept.** A peer that refuses keeps its port bound, so neither another test nor a client's own
//!   socket gets it, and the peer comes back at the same address. This holds on Linux; elsewhere the port is
//!   free for a moment at each switch.
//! - **Counts are ahead of clients.** A byte is counted before the client can read it, and a connection is
//!   no longer live before the client can see its end. Accepts are the exception: a `connect` may return
//!   before the peer has accepted, so wait with [`Peer::accepted`].
//! - **Waiting ends.** All waiting methods return an error after 10 s, which says what they saw. So a test
//!   that fails does not hang.
//! - **The clock is real.** Tokio's paused time jumps ahead whenever all tasks wait, and a peer's tasks wait
//!   for the kernel.
//! - **A blocking client needs another thread.** On a runtime of one thread, a client that blocks it stops
//!   the peer as well.
//!
//! # Features
//!
//! `schmoozer`, on by default, adds what tests a reconnect loop without a network, in tokio's paused time:
//!
//! | | |
//! |---|---|
//! | `Script` | a connector that goes through the steps that you give it |
//! | `Recorder` | an observer that keeps each event, with its time |
//! | `Checker` | an observer that panics at the first event that breaks the contract of the loop |
//!
//! `tracing` lets a `Checker` compare the logs of a run too, with `Checker::logs`, and `metrics` its metrics, with
//! `Checker::metrics`. Turn on the same features of `schmoozer-core`.
#![forbid(unsafe_code)]
#![cfg_attr(docsrs, feature(doc_cfg))]

mod acceptor;
#[cfg(feature = "schmoozer")]
mod agreement;
mod behaviour;
mod black_hole;
#[cfg(feature = "schmoozer")]
mod checked;
#[cfg(feature = "schmoozer")]
mod checker;
mod connection;
mod handler;
mod ledger;
mod link;
#[cfg(feature = "tracing")]
mod logged;
#[cfg(feature = "metrics")]
mod measured;
mod name_server;
#[cfg(feature = "schmoozer")]
mod order;
mod peer;
mod port;
mod race;
#[cfg(feature = "schmoozer")]
mod recorder;
#[cfg(feature = "schmoozer")]
mod script;
mod serve;
#[cfg(feature = "schmoozer")]
mod step;
#[cfg(feature = "schmoozer")]
mod tally;
mod wait;

pub use behaviour::Behaviour;
#[cfg(feature = "schmoozer")]
pub use checked::Checked;
#[cfg(feature = "schmoozer")]
pub use checker::Checker;
pub use connection::Connection;
pub use handler::Handler;
pub use ledger::Counts;
pub use name_server::{Answer, NameServer, Question, RecordType};
pub use peer::Peer;
#[cfg(feature = "schmoozer")]
pub use recorder::{OwnedEvent, Recorder};
#[cfg(feature = "schmoozer")]
pub use script::{Script, ScriptConnection, ScriptLog};
#[cfg(feature = "schmoozer")]
pub use step::Step;
#[cfg(feature = "schmoozer")]
pub use tally::Tally;

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
