//! The options of any policy, on one that was chosen at run time.

use core::time::Duration;

use super::PolicyConfig;
use crate::Jitter;
use crate::shape::Shape;

/// These take the place of those of [`Policy`](crate::Policy), which would lie over the policy: a cap would gather what
/// the policy has spread, and a seed would not reach what it draws.
impl PolicyConfig {
    /// Spreads the delays at random, inside what the cap leaves of the window.
    ///
    /// # Panics
    ///
    /// If the share of [`Jitter::Proportional`] is not a number from 0 to 1.
    #[track_caller]
    pub fn jitter(mut self, jitter: Jitter) -> Self {
        self.shape().jitter = jitter.checked();
        self
    }

    /// Bounds each delay, jitter included.
    ///
    /// ```
    /// use std::time::Duration;
    /// use schmoozer_backoff::PolicyConfig;
    ///
    /// let config: PolicyConfig = "exponential:250ms..30s,x2,full".parse()?;
    /// let patient = config.cap(Duration::from_secs(120));
    /// assert_eq!(patient.to_string(), "exponential:250ms..2m,x2,full");
    /// # Ok::<(), schmoozer_backoff::ConfigError>(())
    /// ```
    pub fn cap(mut self, cap: Duration) -> Self {
        self.shape().cap = Some(cap);
        self
    }

    /// Gives up after `retries` delays; 0 never retries.
    pub fn max_retries(mut self, retries: u32) -> Self {
        self.shape().max_retries = Some(retries);
        self
    }

    /// Gives up before the sum of the delays would pass `total`.
    ///
    /// A delay that does not fit is not cut short: the cut would bring every client back at one moment.
    pub fn max_total(mut self, total: Duration) -> Self {
        self.shape().max_total = Some(total);
        self
    }

    /// Puts one delay of zero before all others; [`max_retries`](Self::max_retries) counts it.
    pub fn first_immediate(mut self) -> Self {
        self.shape().first_immediate = true;
        self
    }

    /// Draws the same delays every time. For tests: clients that share a seed come back together.
    pub fn seeded(mut self, seed: u64) -> Self {
        self.shape().seed = Some(seed);
        self
    }

    fn shape(&mut self) -> &mut Shape {
        match self {
            Self::Constant(policy) => &mut policy.shape,
            Self::Linear(policy) => &mut policy.shape,
            Self::Exponential(policy) => &mut policy.shape,
            Self::Fibonacci(policy) => &mut policy.shape,
            Self::Decorrelated(policy) => &mut policy.shape,
            Self::Rounds(policy) => &mut policy.shape,
            Self::Sequence(policy) => &mut policy.shape,
        }
    }
}
