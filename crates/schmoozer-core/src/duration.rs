use std::fmt;
use std::time::Duration;

/// Shows a duration as a person would say it: its two largest units, and milliseconds under a second.
pub(crate) struct Spoken(pub(crate) Duration);

impl fmt::Display for Spoken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = self.0.as_secs();
        let (large, unit, small, rest) = match seconds {
            0 => return write!(f, "{}ms", self.0.subsec_millis()),
            1..60 => return write!(f, "{}.{}s", seconds, self.0.subsec_millis() / 100),
            60..3600 => (seconds / 60, "m", seconds % 60, "s"),
            3600..86_400 => (seconds / 3600, "h", seconds / 60 % 60, "m"),
            _ => (seconds / 86_400, "d", seconds / 3600 % 24, "h"),
        };
        write!(f, "{large}{unit}")?;
        match small {
            0 => Ok(()),
            small => write!(f, " {small}{rest}"),
        }
    }
}
