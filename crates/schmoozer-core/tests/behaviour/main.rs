//! What the loop, the delays and the runner do, in paused time: exactly.

#[cfg(feature = "rt")]
mod brooding;
mod current;
mod delays;
mod dropping;
#[path = "../event_order/checker.rs"]
mod event_order;
mod events;
#[cfg(feature = "rt")]
mod extremes;
mod generic;
#[cfg(feature = "rt")]
mod handle;
#[cfg(feature = "tracing")]
mod logs;
#[cfg(feature = "metrics")]
mod measured;
mod model;
mod observers;
mod pacer;
#[cfg(feature = "rt")]
mod panics;
mod polls;
#[cfg(feature = "rt")]
mod requests;
mod script;
mod shutdown;
mod slow;
#[cfg(feature = "rt")]
mod steering;
mod suspended;
mod the_loop;
#[cfg(feature = "rt")]
mod waiters;
mod wakers;
mod wrapped;
