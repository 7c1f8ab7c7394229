//! What the loop, the delays and the runner do, in paused time: exactly.

mod current;
mod delays;
mod dropping;
mod events;
#[cfg(feature = "rt")]
mod handle;
#[cfg(feature = "tracing")]
mod logs;
mod pacer;
mod script;
mod shutdown;
mod the_loop;
