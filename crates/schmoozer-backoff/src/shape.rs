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

/// What each option does, for all the places where it is one.
macro_rules! about {
    (jitter) => {
        "Spreads the delays at random, inside what the cap leaves of the window.

# Panics

If the share of [`Jitter::Proportional`](crate::Jitter::Proportional) is not a number from 0 to 1."
    };
    (cap) => {
        "Bounds each delay, jitter included."
    };
    (max_retries) => {
        "Gives up after `retries` delays; 0 never retries."
    };
    (max_total) => {
        "Gives up before the sum of the delays would pass `total`.

A delay that no longer fits ends the retries; it is not cut, which would bring all clients back at one moment. Attempts
take time as well, which is not counted: see [`Policy::max_total`](crate::Policy::max_total)."
    };
    (first_immediate) => {
        "Puts one delay of zero before all others; [`max_retries`](Self::max_retries) counts it."
    };
    (seeded) => {
        "Draws the same delays every time. For tests: clients that share a seed come back together."
    };
}

/// Writes the options of [`Policy`](crate::Policy) as inherent `const` methods of a type with a `shape`. They take
/// the place of the trait's, so that a policy stays what it is, may be a `const` item, and keeps its jitter under its
/// cap in whichever order the two were given.
macro_rules! options {
    ($($name:tt)+) => {
        impl $($name)+ {
            #[doc = $crate::shape::about!(jitter)]
            #[track_caller]
            pub const fn jitter(mut self, jitter: $crate::Jitter) -> Self {
                self.shape.jitter = jitter.checked();
                self
            }

            #[doc = $crate::shape::about!(cap)]
            pub const fn cap(mut self, cap: ::core::time::Duration) -> Self {
                self.shape.cap = Some(cap);
                self
            }

            #[doc = $crate::shape::about!(max_retries)]
            pub const fn max_retries(mut self, retries: u32) -> Self {
                self.shape.max_retries = Some(retries);
                self
            }

            #[doc = $crate::shape::about!(max_total)]
            pub const fn max_total(mut self, total: ::core::time::Duration) -> Self {
                self.shape.max_total = Some(total);
                self
            }

            #[doc = $crate::shape::about!(first_immediate)]
            pub const fn first_immediate(mut self) -> Self {
                self.shape.first_immediate = true;
                self
            }

            #[doc = $crate::shape::about!(seeded)]
            pub const fn seeded(mut self, seed: u64) -> Self {
                self.shape.seed = Some(seed);
                self
            }
        }
    };
}

pub(crate) use {about, options};
