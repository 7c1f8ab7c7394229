pub(crate) mod connector;
mod dial;
mod endpoints;
mod failback;
#[cfg(feature = "hickory")]
mod hickory;
mod hostile;
mod logins;
mod options;
mod outages;
mod reach;
mod steered;
mod storm;
mod upgraded;
