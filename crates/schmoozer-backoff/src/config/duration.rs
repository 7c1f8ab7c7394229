//! Durations as people write them.

use core::fmt;
use core::time::Duration;
use std::format;
use std::string::String;

use super::fault::{ConfigError, Fault, may_hold_secret, quoted};

const UNITS: [(&str, u128); 9] = [
    ("d", 86_400_000_000_000),
    ("h", 3_600_000_000_000),
    ("min", 60_000_000_000),
    ("m", 60_000_000_000),
    ("s", 1_000_000_000),
    ("ms", 1_000_000),
    ("us", 1_000),
    ("µs", 1_000),
    ("ns", 1),
];

/// More digits than the longest duration has nanoseconds.
const MOST_DIGITS: usize = 30;

/// Reads a duration as the configurations of this crate have it: numbers with units, such as `250ms`, `1.5s` or `1m30s`.
///
/// ```
/// use std::time::Duration;
/// use schmoozer_backoff::{format_duration, parse_duration};
///
/// let duration = parse_duration("1m30s")?;
/// assert_eq!(duration, Duration::from_secs(90));
/// assert_eq!(format_duration(duration), "90s");
/// # Ok::<(), schmoozer_backoff::ConfigError>(())
/// ```
///
/// # Errors
///
/// Says what is wrong, and which units there are. The text is quoted only where that cannot hold a secret.
pub fn parse_duration(text: &str) -> Result<Duration, ConfigError> {
    parse(text).map_err(|fault| ConfigError::new(text, fault))
}

/// Writes a duration as [`parse_duration`] reads it: exactly, in the largest unit up to hours that divides it.
#[must_use]
pub fn format_duration(duration: Duration) -> String {
    let mut text = String::new();
    // Writing to a string does not fail.
    let _ = write(&mut text, duration);
    text
}

/// Reads numbers with units, one after the other: `250ms`, `1.5s`, `1m30s`.
pub(super) fn parse(text: &str) -> Result<Duration, Fault> {
    if text.is_empty() || may_hold_secret(text) {
        return Err(Fault::new("expected a duration such as 250ms", 0..0));
    }
    let too_long = || Fault::new("the duration is too long", 0..text.len());
    let mut total: u128 = 0;
    let mut at = 0;
    while at < text.len() {
        let (nanos, length) = parse_part(&text[at..]).map_err(|fault| fault.offset(at))?;
        total = total.checked_add(nanos).ok_or_else(too_long)?;
        at += length;
    }
    let seconds = u64::try_from(total / 1_000_000_000).map_err(|_| too_long())?;
    // The remainder of a division by a billion fits.
    Ok(Duration::new(
        seconds,
        u32::try_from(total % 1_000_000_000).unwrap_or(0),
    ))
}

/// Reads one number with its unit, and returns its nanoseconds and its length in bytes.
fn parse_part(text: &str) -> Result<(u128, usize), Fault> {
    let number_length = text
        .find(|c: char| !c.is_ascii_digit() && c != '.')
        .unwrap_or(text.len());
    let (number, rest) = text.split_at(number_length);
    let unit_length = rest
        .find(|c: char| c.is_ascii_digit() || c == '.')
        .unwrap_or(rest.len());
    let unit = &rest[..unit_length];
    let length = number_length + unit_length;
    let not_a_duration = || {
        Fault::new(
            format!(
                "{} is no duration, which is a number and a unit such as 250ms",
                quoted(text)
            ),
            0..text.len(),
        )
    };

    let (whole, fraction) = number.split_once('.').unwrap_or((number, "0"));
    let fraction = match fraction.trim_end_matches('0') {
        "" if !fraction.is_empty() => "0",
        significant => significant,
    };
    let digits = |text: &str| match text.len() {
        1..=MOST_DIGITS => text.parse::<u128>().map_err(|_| not_a_duration()),
        _ => Err(not_a_duration()),
    };
    let (whole, scaled) = (digits(whole)?, digits(fraction)?);
    let Some((_, nanos)) = UNITS.iter().find(|(name, _)| *name == unit) else {
        let message = if unit.is_empty() {
            "the duration has no unit: expected ns, us, ms, s, m, h or d".into()
        } else {
            format!(
                "{} is no unit of time: expected ns, us, ms, s, m, h or d",
                quoted(unit)
            )
        };
        return Err(Fault::new(message, number_length..length));
    };

    let too_long = || Fault::new("the duration is too long", 0..length);
    let too_fine = || Fault::new("the duration is finer than a nanosecond", 0..length);
    let whole = whole.checked_mul(*nanos).ok_or_else(too_long)?;
    let denominator = 10_u128.pow(u32::try_from(fraction.len()).unwrap_or(0));
    let numerator = scaled.checked_mul(*nanos).ok_or_else(too_fine)?;
    if numerator % denominator != 0 {
        return Err(too_fine());
    }
    Ok((
        whole
            .checked_add(numerator / denominator)
            .ok_or_else(too_long)?,
        length,
    ))
}

/// Writes what [`format_duration`] returns.
pub(super) fn write(out: &mut impl fmt::Write, duration: Duration) -> fmt::Result {
    let nanos = duration.as_nanos();
    if nanos == 0 {
        return out.write_str("0s");
    }
    let units = [
        ("h", 3_600_000_000_000),
        ("m", 60_000_000_000),
        ("s", 1_000_000_000),
        ("ms", 1_000_000),
        ("us", 1_000),
    ];
    let (unit, size) = units
        .into_iter()
        .find(|(_, size)| nanos % size == 0)
        .unwrap_or(("ns", 1));
    write!(out, "{}{unit}", nanos / size)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn nanos(text: &str) -> Result<u128, String> {
        parse(text)
            .map(|duration| duration.as_nanos())
            .map_err(|fault| fault.message)
    }

    #[test]
    fn every_unit_is_read() {
        let durations = ["1d", "1h", "1m", "1min", "1s", "1ms", "1us", "1µs", "1ns"]
            .map(|text| nanos(text).unwrap_or(0));
        let expected = [
            86_400_000_000_000,
            3_600_000_000_000,
            60_000_000_000,
            60_000_000_000,
            1_000_000_000,
        ];
        assert_eq!(durations[..5], expected);
        assert_eq!(durations[5..], [1_000_000, 1_000, 1_000, 1]);
    }

    #[test]
    fn parts_and_fractions_add_up_exactly() {
        assert_eq!(nanos("1m30s"), Ok(90_000_000_000));
        assert_eq!(nanos("1.5s"), Ok(1_500_000_000));
        assert_eq!(nanos("0.1s"), Ok(100_000_000));
        assert_eq!(nanos("0s"), Ok(0));
        assert_eq!(
            nanos("18446744073709551615.999999999s"),
            Ok(Duration::MAX.as_nanos())
        );
    }

    #[test]
    fn nonsense_is_refused_in_words() {
        let no_unit = "the duration has no unit: expected ns, us, ms, s, m, h or d";
        assert_eq!(nanos("5"), Err(no_unit.into()));
        assert_eq!(
            nanos("5 s"),
            Err("` s` is no unit of time: expected ns, us, ms, s, m, h or d".into())
        );
        assert_eq!(
            nanos("0.0000000001s"),
            Err("the duration is finer than a nanosecond".into())
        );
        assert_eq!(
            nanos("18446744073709551616s"),
            Err("the duration is too long".into())
        );
        assert_eq!(
            nanos("999999999999999999999999999999d"),
            Err("the duration is too long".into())
        );
        for text in ["s", "-1s", "1..2s", ".5s", "5.s", "1e3s", "+1s"] {
            assert!(nanos(text).is_err(), "{text}");
        }
    }

    #[test]
    fn durations_are_written_in_the_largest_unit_that_is_exact() {
        let texts = [
            "0s",
            "250ms",
            "1500ms",
            "90s",
            "2m",
            "36h",
            "1000001us",
            "1000000001ns",
        ];
        for text in texts {
            assert_eq!(
                parse(text)
                    .map(format_duration)
                    .map_err(|fault| fault.message),
                Ok(text.into())
            );
        }
    }
}
