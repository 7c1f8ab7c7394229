//! What the loop, the delays and the runner do, in paused time: exactly.

mod current;
mod delays;
mod dropping;
mod events;
#[cfg(feature = "rt")]
mod handle;
mod legal;
#[cfg(feature = "tracing")]
mod logs;
#[cfg(feature = "metrics")]
mod measured;
mod model;
mod observers;
mod pacer;
mod polls;
mod script;
mod shutdown;
#[cfg(feature = "rt")]
mod steering;
mod the_loop;
#[cfg(feature = "rt")]
mod waiters;
