//! How a delay is spread out, so that clients that failed together do not come back together.

use fastrand::Rng;

use crate::random::below;

/// Spreads a delay `d` at random, and never past the policy's cap.
///
/// The base delay is cut to the cap first and spread second, inside what the cap leaves of the window: at the cap,
/// where a long outage parks every client, they are spread as widely as before it.
///
/// | | delays are uniform over | mean | at a cap `c` |
/// | --- | --- | --- | --- |
/// | `None` | `d` | `d` | `c` |
/// | `Full` | `0..=d` | `d/2` | `0..=c` |
/// | `Equal` | `d/2..=d` | `3d/4` | `c/2..=c` |
/// | `Proportional(p)` | `d·(1-p)..=d·(1+p)` | `d` | `c·(1-p)..=c` |
///
/// `Full` and `Equal` are those of Marc Brooker's "Exponential Backoff And Jitter" (AWS Architecture Blog, 2015);
/// `Proportional` is what gRPC's connection back-off does.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use schmoozer_backoff::{Constant, Jitter};
///
/// let policy = Constant::new(Duration::from_secs(10)).jitter(Jitter::Proportional(0.2));
/// for delay in policy.into_iter().take(100) {
///     assert!(delay >= Duration::from_secs(8) && delay <= Duration::from_secs(12));
/// }
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Default)]
#[non_exhaustive]
pub enum Jitter {
    /// Leaves delays as they are: every client that failed in one moment tries again in one moment.
    #[default]
    None,
    /// Draws from nothing at all up to the delay: the widest spread, and half the mean delay.
    Full,
    /// Draws from the upper half of the delay: a spread that keeps a minimum.
    Equal,
    /// Draws from this share of the delay below it to the same share above it.
    ///
    /// The share is from 0 to 1; a policy refuses any other (it panics where it is built in code).
    Proportional(f64),
}

impl Jitter {
    /// Returns `self` if its share makes sense.
    ///
    /// # Panics
    ///
    /// If the share of `Proportional` is not a number from 0 to 1.
    #[track_caller]
    pub(crate) const fn checked(self) -> Self {
        if let Self::Proportional(share) = self {
            assert!(
                share >= 0.0 && share <= 1.0,
                "the share of a proportional jitter is from 0 to 1"
            );
        }
        self
    }
}

/// A [`Jitter`] in integers, ready to draw from: each is a share of the delay below it, and perhaps the same share
/// above it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Spread {
    /// In units of 2⁻⁶³, which holds every share down to one in a thousand exactly.
    share: u64,
    both_sides: bool,
}

impl Spread {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::cast_precision_loss,
        reason = "a checked share is from 0 to 1"
    )]
    pub(crate) const fn new(jitter: Jitter) -> Self {
        let (share, both_sides) = match jitter {
            Jitter::None => (0.0, false),
            Jitter::Full => (1.0, false),
            Jitter::Equal => (0.5, false),
            Jitter::Proportional(share) => (share, true),
        };
        Self {
            share: (share * (1_u64 << 63) as f64) as u64,
            both_sides,
        }
    }

    /// The delays that `base`, which is at most `cap`, is spread over.
    #[inline]
    pub(crate) fn window(self, base: u64, cap: u64) -> Window {
        let below = share_of(base, self.share);
        let above = if self.both_sides {
            below.min(cap - base)
        } else {
            0
        };
        Window {
            lowest: base - below,
            count: (below + above).saturating_add(1),
        }
    }
}

/// The delays that a base delay is spread over. It is kept from one delay to the next, because at the cap, where a
/// sequence spends its life, it stays the same.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Window {
    lowest: u64,
    /// How many different delays there are. The longest of 2⁶⁴ is left out: 584 years.
    count: u64,
}

impl Window {
    #[inline]
    pub(crate) fn draw(self, rng: &mut Rng) -> u64 {
        self.lowest + below(rng, self.count)
    }
}

/// `share` of `n`, to the nearest nanosecond.
#[inline]
#[expect(
    clippy::cast_possible_truncation,
    reason = "a share of at most one leaves at most `n`"
)]
fn share_of(n: u64, share: u64) -> u64 {
    ((u128::from(n) * u128::from(share) + (1 << 62)) >> 63) as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn share(share: f64) -> u64 {
        Spread::new(Jitter::Proportional(share)).share
    }

    #[test]
    fn shares_are_exact_to_the_nanosecond() {
        assert_eq!(share_of(1_000_000_000, share(0.2)), 200_000_000);
        assert_eq!(share_of(1_000_000_000, share(0.3)), 300_000_000);
        assert_eq!(share_of(u64::MAX, share(1.0)), u64::MAX);
        assert_eq!(share_of(u64::MAX, share(0.0)), 0);
    }

    #[test]
    #[should_panic(expected = "from 0 to 1")]
    fn a_share_that_is_no_number_is_refused() {
        let _ = Jitter::Proportional(f64::NAN).checked();
    }

    #[test]
    #[should_panic(expected = "from 0 to 1")]
    fn a_share_above_one_is_refused() {
        let _ = Jitter::Proportional(1.01).checked();
    }
}
