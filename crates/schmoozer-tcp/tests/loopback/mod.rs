pub(crate) mod connector;
mod dial;
mod endpoints;
mod failback;
#[cfg(feature = "hickory")]
mod hickory;
mod hostile;
#[cfg(target_os = "linux")]
mod linux_options;
mod logins;
mod options;
mod outages;
mod reach;
pub(crate) mod scripted;
mod steered;
mod storm;
mod upgraded;
