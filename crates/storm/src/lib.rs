//! Simulates fleets of clients that lose one server and all want it back: with real delay policies, and no clock.
//!
//! A [`Storm`] says what happens: how many clients there are, when the server is away, how many connects it takes a
//! second, and by which rules of the reconnect loop the clients live. [`simulate`] gives each client a policy and
//! returns an [`Outcome`]: every attempt, counted by the millisecond, and when the clients were back.
//!
//! The example `storm` prints tables of it, the tests of this crate hold policies to their figures, and the
//! documentation of `schmoozer-backoff` quotes it.
//!
//! ```
//! use schmoozer_backoff::Rounds;
//! use storm::{Storm, simulate};
//!
//! let storm = Storm::new(10_000, 1_000, 5);
//! let rounds = Rounds::for_fleet(10_000, 1_000);
//! let outcome = simulate(&storm, |client| rounds.seeded(client).into_iter());
//! let back = outcome.phases[0].most.expect("99 % are back");
//! assert!(back.as_secs_f64() < 12.5);
//! ```

#![forbid(unsafe_code)]

mod contestants;
mod outcome;
mod scene;
mod simulation;

pub use contestants::{Contestant, ours, peers, rounds};
pub use outcome::{Outcome, Phase};
pub use scene::{Rules, Start, Storm};
pub use simulation::simulate;
