//! The reconnect loop: keeps a connection alive, over any transport.
#![forbid(unsafe_code)]
#![cfg_attr(docsrs, feature(doc_cfg))]

mod connector;
mod connector_fn;
mod delays;
mod establish;
mod failure;
mod health;
mod hint;
mod result;
mod run;
mod wait;

pub use connector::Connector;
pub use connector_fn::{ConnectorFn, connector_fn};
pub use delays::Delays;
pub use establish::establish;
pub use failure::Failure;
pub use health::Health;
pub use hint::{Hint, NoHint};
pub use result::{ConnResult, RetryResult, RunResult};
pub use run::run;
