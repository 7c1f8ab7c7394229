//! Multiplication of whole numbers by a factor that is not one.

/// A factor of at least one, as an integer and a power of two: `mantissa / 2^shift`, exactly what the `f64` was.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Factor {
    /// Two, by far the most frequent.
    Two,
    Other {
        mantissa: u64,
        shift: u32,
    },
}

impl Factor {
    /// Takes apart `factor`, which is finite and at least one. Factors of 2⁶⁴ and more become 2⁶⁴ - 1: either
    /// takes anything but nothing to the end of the range.
    pub(crate) fn new(factor: f64) -> Self {
        const FRACTION_BITS: u32 = f64::MANTISSA_DIGITS - 1;
        let bits = factor.to_bits();
        let exponent = ((bits >> FRACTION_BITS) & 0x7FF) as u32 - 1023;
        let fraction = bits & ((1 << FRACTION_BITS) - 1) | (1 << FRACTION_BITS);
        match exponent {
            1 if fraction == 1 << FRACTION_BITS => Self::Two,
            0..=63 => Self::Other {
                mantissa: fraction << 11,
                shift: 63 - exponent,
            },
            _ => Self::Other {
                mantissa: u64::MAX,
                shift: 0,
            },
        }
    }

    /// `n` times the factor, to the nearest whole number, at most `u64::MAX`.
    #[inline]
    pub(crate) fn times(self, n: u64) -> u64 {
        match self {
            Self::Two => n.saturating_mul(2),
            Self::Other { mantissa, shift } => {
                let half = (1_u128 << shift) >> 1;
                let product = (u128::from(n) * u128::from(mantissa) + half) >> shift;
                u64::try_from(product).unwrap_or(u64::MAX)
            }
        }
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
    fn two_is_like_any_other() {
        let two = Factor::Other {
            mantissa: 1 << 63,
            shift: 62,
        };
        for n in [0, 1, 2, u64::MAX / 2, u64::MAX / 2 + 1, u64::MAX] {
            assert_eq!(Factor::new(2.0).times(n), two.times(n), "{n}");
        }
        assert!(matches!(Factor::new(2.0), Factor::Two));
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
