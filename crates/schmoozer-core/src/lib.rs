//! The reconnect loop: keeps a connection alive, over any transport.
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
mod pacer;
mod race;
mod result;
mod run;
mod runner;
mod status;
mod steering;
mod supervised;
mod wait;

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
