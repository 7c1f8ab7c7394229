//! What the loop, the delays and the runner do, in paused time: exactly.

mod checked;
mod delays;
mod dropping;
mod events;
#[cfg(feature = "rt")]
mod extremes;
mod generic;
mod inference;
#[cfg(feature = "rt")]
mod model;
mod observers;
#[cfg(feature = "rt")]
mod panics;
mod polls;
mod retrying;
mod shutdown;
mod slow;
mod slow_decision;
#[cfg(feature = "rt")]
mod steering;
mod suspended;
mod the_loop;
mod wakers;
mod wrapped;
