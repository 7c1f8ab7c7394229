//! The real loop and the real delays over a simulated network that breaks.
//!
//! [`simulate`] takes a seed, and all else follows from it: how many clients there are, what delays they
//! have, when links are cut, held and healed, when the server crashes, hangs up or falls silent, when
//! clients crash, and when their handles are asked for something; [`play()`] takes a plan. Hosts, links and
//! time are turmoil's; what runs on the clients is a [`Runner`](schmoozer_core::Runner) with
//! [`Retry`](schmoozer_core::Retry), over a transport of its own.
//!
//! What must hold, whatever the seed:
//!
//! - the events come in the order of the contract, with the right numbers and times, and the handle says the same;
//! - each delay is the one that the policy has next, and is waited for unless the client's own handle
//!   was asked to cut it short within the last second;
//! - no client ever has two connections, and the old one is gone before the next dial;
//! - once all is healed, each client is connected within one cap and one connect timeout, and stays so;
//! - a shutdown is the end.

mod link;
mod monitor;
mod plan;
mod play;

pub use plan::Plan;
pub use play::{Outcome, play, simulate};
