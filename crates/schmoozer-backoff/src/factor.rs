//! Multiplication of whole numbers by a factor that is not one.

/// A factor of at least one, as a whole number and a fraction in units of 2⁻⁶⁴: exactly what the `f64` was, since one of
/// at least 1 has no finer bits than 2⁻⁵².
#[derive(Debug, Clone, Copy)]
pub(crate) struct Factor {
    whole: u64,
    fraction: u64,
}

impl Factor {
    /// Takes apart `factor`, which is finite and at least one. Factors of 2⁶⁴ and more become 2⁶⁴ - 1: either
    /// takes anything but nothing to the end of the range.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::cast_precision_loss,
        reason = "casts from `f64` saturate, and the whole part is what the first is for"
    )]
    pub(crate) const fn new(factor: f64) -> Self {
        const UNITS: f64 = 18_446_744_073_709_551_616.0;
        let whole = factor as u64;
        let fraction = if factor < UNITS {
            (factor - whole as f64) * UNITS
        } else {
            0.0
        };
        Self {
            whole,
            fraction: fraction as u64,
        }
    }

    /// `n` times the factor, to the nearest whole number, at most `u64::MAX`.
    #[inline]
    #[expect(
        clippy::cast_possible_truncation,
        reason = "the halves of a product are what is wanted"
    )]
    pub(crate) fn times(self, n: u64) -> u64 {
        let parts = u128::from(n) * u128::from(self.fraction);
        let rounded = (parts >> 64) as u64 + (parts as u64 >> 63);
        n.saturating_mul(self.whole).saturating_add(rounded)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn products_are_rounded_to_the_nearest() {
        assert_eq!(Factor::new(1.6).times(1_000_000_000), 1_600_000_000);
        assert_eq!(Factor::new(1.5).times(3), 5);
        assert_eq!(Factor::new(1.1).times(10), 11);
        assert_eq!(Factor::new(3.0).times(7), 21);
        assert_eq!(Factor::new(1.0).times(u64::MAX), u64::MAX);
    }

    #[test]
    fn factors_are_exact() {
        assert_eq!(Factor::new(2.0).times(u64::MAX / 2), u64::MAX - 1);
        assert_eq!(
            Factor::new(1.0 + f64::EPSILON).times(1 << 52),
            (1 << 52) + 1
        );
        assert_eq!(
            Factor::new(1.0 + f64::EPSILON).times(1 << 63),
            (1 << 63) + (1 << 11)
        );
        assert_eq!(Factor::new(2_251_799_813_685_248.5).times(2), (1 << 52) + 1);
    }

    #[test]
    fn products_saturate() {
        for factor in [2.0, 2.5, 1e9, 18_446_744_073_709_551_616.0, 1e300, f64::MAX] {
            assert_eq!(Factor::new(factor).times(u64::MAX), u64::MAX, "{factor}");
            assert_eq!(Factor::new(factor).times(0), 0, "{factor}");
        }
        assert_eq!(Factor::new(f64::MAX).times(1), u64::MAX);
        assert_eq!(Factor::new(9_223_372_036_854_775_808.0).times(1), 1 << 63);
    }
}
