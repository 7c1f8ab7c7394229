//! The contract of the loop, rule by rule and corner by corner, in paused time: exactly.

mod answers;
mod beside;
mod checked;
mod connectors;
mod corners;
mod current;
mod endings;
mod extremes;
mod flapping;
mod fleets;
mod held;
mod life;
#[cfg(feature = "tracing")]
mod logs;
#[cfg(feature = "metrics")]
mod measured;
mod moments;
mod network;
mod pacer;
mod renewals;
mod requests;
#[cfg(feature = "rt")]
mod restarts;
mod retry;
mod rules;
mod scene;
mod sessions;
mod texts;
mod threads;
mod timeouts;
