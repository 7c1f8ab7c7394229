//! What every policy has in common: how its delays are spread, bounded and counted.

use core::time::Duration;

use crate::Jitter;

/// The options that any policy takes, gathered in one place so that their order does not matter.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Shape {
    pub(crate) jitter: Jitter,
    pub(crate) cap: Option<Duration>,
    pub(crate) max_retries: Option<u32>,
    pub(crate) max_total: Option<Duration>,
    pub(crate) first_immediate: bool,
    pub(crate) seed: Option<u64>,
}

impl Shape {
    /// No jitter, no bounds.
    pub(crate) const PLAIN: Self = Self {
        jitter: Jitter::None,
        cap: None,
        max_retries: None,
        max_total: None,
        first_immediate: false,
        seed: None,
    };
}

/// Writes the options of [`Policy`](crate::Policy) as inherent `const` methods of a type with a `shape`. They take
/// the place of the trait's, so that a policy stays what it is, may be a `const` item, and keeps its jitter under its
/// cap in whichever order the two were given.
macro_rules! options {
    ($($name:tt)+) => {
        impl $($name)+ {
            /// Spreads the delays at random, inside what the cap leaves of the window.
            ///
            /// # Panics
            ///
            /// If the share of [`Jitter::Proportional`](crate::Jitter::Proportional) is not a number from 0 to 1.
            #[track_caller]
            pub const fn jitter(mut self, jitter: $crate::Jitter) -> Self {
                self.shape.jitter = jitter.checked();
                self
            }

            /// Bounds each delay, jitter included.
            pub const fn cap(mut self, cap: ::core::time::Duration) -> Self {
                self.shape.cap = Some(cap);
                self
            }

            /// Gives up after `retries` delays; 0 never retries.
            pub const fn max_retries(mut self, retries: u32) -> Self {
                self.shape.max_retries = Some(retries);
                self
            }

            /// Gives up before the sum of the delays would pass `total`.
            ///
            /// A delay that does not fit is not cut short: the cut would bring every client back at one moment.
            pub const fn max_total(mut self, total: ::core::time::Duration) -> Self {
                self.shape.max_total = Some(total);
                self
            }

            /// Puts one delay of zero before all others; [`max_retries`](Self::max_retries) counts it.
            pub const fn first_immediate(mut self) -> Self {
                self.shape.first_immediate = true;
                self
            }

            /// Draws the same jitter every time. For tests: clients that share a seed come back together.
            pub const fn seeded(mut self, seed: u64) -> Self {
                self.shape.seed = Some(seed);
                self
            }
        }
    };
}

pub(crate) use options;
