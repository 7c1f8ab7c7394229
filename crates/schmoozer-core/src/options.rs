use std::time::Duration;

use tokio::sync::watch;

use crate::signals::BoxFuture;
use crate::{Connector, Pacer};

/// What a [`Runner`](crate::Runner) was given.
pub(crate) struct Options<'a, C: Connector> {
    pub(crate) shutdown: Option<BoxFuture<'a, ()>>,
    pub(crate) grace: Option<Duration>,
    pub(crate) connect_timeout: Option<Limit<'a, C::Error>>,
    pub(crate) pacer: Option<Pacer>,
    pub(crate) max_age: Option<Duration>,
    pub(crate) online: Option<watch::Receiver<bool>>,
    pub(crate) starting_with: Option<C::Connection>,
}

/// How long a `connect` may take, and the error where it takes longer.
pub(crate) struct Limit<'a, E> {
    pub(crate) after: Duration,
    pub(crate) error: Box<dyn FnMut() -> E + Send + 'a>,
}
