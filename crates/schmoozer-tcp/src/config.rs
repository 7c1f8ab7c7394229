//! Connectors whose settings are chosen at run time.

mod dialer;
mod reconnect;
#[cfg(feature = "serde")]
mod serde;
mod text;

pub use dialer::DialerConfig;
pub use reconnect::ReconnectConfig;
pub use schmoozer_backoff::PolicyConfig;
