//! The one line that says why a dial failed.

use std::fmt::{self, Display, Formatter, Write};
use std::io::ErrorKind;

use crate::transient::Phase;
use crate::{DialError, Target, Tried};

/// How many steps, and how many endpoints, a line names before it only counts the rest.
const NAMED: usize = 4;
/// How much a line takes of one name, or of the words of a resolver or the system, in bytes.
const LONGEST_PART: usize = 96;

impl Display for DialError {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let line = &mut Bounded::new(f, Self::LONGEST_MESSAGE);
        let tried = match self {
            Self::Resolve { target, source } => {
                return write!(line, "could not resolve {}: {}", Part(target), Part(source));
            }
            Self::NoAddress { target, family } => {
                let of_family = family.of_protocol();
                return write!(line, "{} has no address{of_family}", Part(target));
            }
            Self::Timeout { tried, .. } | Self::AllFailed { tried } => tried,
        };
        let mut targets: Vec<&Target> = Vec::new();
        for step in tried {
            if !targets.contains(&&step.target) {
                targets.push(&step.target);
            }
        }
        line.write_str("could not connect to ")?;
        names(&targets, line)?;
        if let Self::Timeout { after, .. } = self {
            write!(line, " within {after:?}")?;
        }
        line.write_str(": ")?;
        match &tried[..] {
            // The endpoint is this very address: once is enough.
            [only] if only.target.literal().is_some() => line.write_str(&only.reason()),
            steps => list(steps.iter(), ", ", line),
        }
    }
}

/// Writes the line of one step: `192.0.2.1:5432 refused`.
impl Display for Tried {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self.addr {
            Some(addr) => write!(f, "{addr} {}", self.reason()),
            None => write!(f, "{} not resolved: {}", Part(&self.target), self.reason()),
        }
    }
}

impl Tried {
    /// Returns what went wrong, in the fewest words that an operator needs.
    fn reason(&self) -> String {
        let error = Part(&self.error);
        let words = match (self.phase, self.error.kind()) {
            (Phase::Option(option), _) => return format!("{option}: {error}"),
            // What came with its own words keeps them; the system's get shorter ones where it helps.
            _ if self.error.get_ref().is_some() => return error.to_string(),
            (_, ErrorKind::TimedOut) => "timed out",
            (Phase::Bind, ErrorKind::AddrNotAvailable) => "the local address is not ours",
            (Phase::Bind, ErrorKind::AddrInUse) | (Phase::Connect, ErrorKind::AddrNotAvailable) => {
                "no local port left"
            }
            (Phase::Connect, ErrorKind::ConnectionRefused) => "refused",
            (Phase::Connect, ErrorKind::ConnectionReset) => "reset",
            (Phase::Connect, ErrorKind::HostUnreachable) => "no route to host",
            (Phase::Connect, ErrorKind::NetworkUnreachable) => "network unreachable",
            (Phase::Connect, ErrorKind::PermissionDenied) => "not permitted",
            _ => return error.to_string(),
        };
        words.to_owned()
    }
}

/// Names endpoints: `db1.example.com:5432 or db2.example.com:5432`.
pub(crate) fn names(targets: &[&Target], out: &mut impl Write) -> fmt::Result {
    list(targets.iter().map(Part), " or ", out)
}

/// Writes the first items, and how many more there are.
fn list<T: Display>(
    items: impl ExactSizeIterator<Item = T>,
    between: &str,
    out: &mut impl Write,
) -> fmt::Result {
    let more = items.len().saturating_sub(NAMED);
    for (i, item) in items.take(NAMED).enumerate() {
        write!(out, "{}{item}", if i > 0 { between } else { "" })?;
    }
    match more {
        0 => Ok(()),
        more => write!(out, "{between}{more} more"),
    }
}

/// Something foreign to this crate, cut at [`LONGEST_PART`].
struct Part<T>(T);

impl<T: Display> Display for Part<T> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(Bounded::new(f, LONGEST_PART), "{}", self.0)
    }
}

/// Passes text on as one line, and cuts it with an ellipsis once it is too long.
struct Bounded<'a, 'b> {
    out: &'a mut Formatter<'b>,
    /// How many bytes may follow before the ellipsis; `None` after it.
    left: Option<usize>,
}

const ELLIPSIS: char = '…';

impl<'a, 'b> Bounded<'a, 'b> {
    fn new(out: &'a mut Formatter<'b>, limit: usize) -> Self {
        let left = limit.checked_sub(ELLIPSIS.len_utf8());
        Self { out, left }
    }
}

impl Write for Bounded<'_, '_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for c in text.chars() {
            let Some(left) = self.left else {
                return Ok(());
            };
            self.left = left.checked_sub(c.len_utf8());
            // Also what breaks a line or turns its direction without being a control character.
            let plain =
                !c.is_control() && !matches!(c, '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
            let shown = if plain { c } else { ' ' };
            self.out.write_char(self.left.map_or(ELLIPSIS, |_| shown))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::io;
    use std::time::Duration;

    use super::*;
    use crate::Family;

    fn step(target: &str, addr: Option<&str>, error: io::Error) -> Tried {
        Tried {
            target: target.parse().expect("a good target"),
            addr: addr.map(|addr| addr.parse().expect("a good address")),
            error,
            elapsed: Duration::from_millis(1),
            phase: if addr.is_some() {
                Phase::Connect
            } else {
                Phase::Lookup
            },
        }
    }

    fn refused(target: &str, addr: &str) -> Tried {
        step(target, Some(addr), ErrorKind::ConnectionRefused.into())
    }

    #[test]
    fn every_address_is_named_with_its_own_error() {
        let db = "db.example.com:5432";
        let tried = vec![
            refused(db, "192.0.2.1:5432"),
            step(
                db,
                Some("[2001:db8::1]:5432"),
                ErrorKind::HostUnreachable.into(),
            ),
        ];
        assert_eq!(
            DialError::AllFailed { tried }.to_string(),
            "could not connect to db.example.com:5432: 192.0.2.1:5432 refused, [2001:db8::1]:5432 no route to host"
        );
    }

    #[test]
    fn a_literal_target_is_named_once() {
        let tried = vec![refused("127.0.0.1:80", "127.0.0.1:80")];
        assert_eq!(
            DialError::AllFailed { tried }.to_string(),
            "could not connect to 127.0.0.1:80: refused"
        );
    }

    #[test]
    fn several_endpoints_are_all_named() {
        let tried = vec![
            refused("192.0.2.1:80", "192.0.2.1:80"),
            step("b.example:80", None, io::Error::other("no such name")),
        ];
        assert_eq!(
            DialError::AllFailed { tried }.to_string(),
            "could not connect to 192.0.2.1:80 or b.example:80: \
             192.0.2.1:80 refused, b.example:80 not resolved: no such name"
        );
    }

    #[test]
    fn a_timeout_says_how_long_and_what_was_under_way() {
        let tried = vec![step(
            "a.example:80",
            Some("192.0.2.1:80"),
            ErrorKind::TimedOut.into(),
        )];
        assert_eq!(
            DialError::Timeout {
                after: Duration::from_secs(10),
                tried
            }
            .to_string(),
            "could not connect to a.example:80 within 10s: 192.0.2.1:80 timed out"
        );
    }

    #[test]
    fn a_failed_lookup_repeats_the_resolver() {
        let target = Target::try_from("a.example:80").expect("a good target");
        let source = io::Error::other("Name or service not known");
        assert_eq!(
            DialError::Resolve {
                target: target.clone(),
                source
            }
            .to_string(),
            "could not resolve a.example:80: Name or service not known"
        );
        assert_eq!(
            DialError::NoAddress {
                target: target.clone(),
                family: Family::Any
            }
            .to_string(),
            "a.example:80 has no address"
        );
        let family = Family::V6;
        assert_eq!(
            DialError::NoAddress { target, family }.to_string(),
            "a.example:80 has no address of IPv6"
        );
    }

    #[test]
    fn error_99_reads_by_what_was_being_done() {
        let mut step = step(
            "192.0.2.1:80",
            Some("192.0.2.1:80"),
            ErrorKind::AddrNotAvailable.into(),
        );
        assert_eq!(step.to_string(), "192.0.2.1:80 no local port left");
        step.phase = Phase::Bind;
        assert_eq!(
            step.to_string(),
            "192.0.2.1:80 the local address is not ours"
        );
    }

    #[cfg(any(target_os = "linux", windows))]
    #[test]
    fn the_systems_errors_are_told_in_few_words() {
        let told = |number| {
            let error = io::Error::from_raw_os_error(number);
            step("192.0.2.1:80", Some("192.0.2.1:80"), error).to_string()
        };
        // Of Linux and of Windows.
        for (linux, windows, words) in [
            (111, 10_061, "refused"),
            (104, 10_054, "reset"),
            (110, 10_060, "timed out"),
            (113, 10_065, "no route to host"),
            (101, 10_051, "network unreachable"),
            (1, 10_013, "not permitted"),
            (13, 10_013, "not permitted"),
            (99, 10_049, "no local port left"),
        ] {
            let number = if cfg!(windows) { windows } else { linux };
            assert_eq!(told(number), format!("192.0.2.1:80 {words}"));
        }
        // The rest in the system's own words.
        let rest = if cfg!(windows) { 10_024 } else { 24 };
        let words = Part(io::Error::from_raw_os_error(rest)).to_string();
        assert_eq!(told(rest), format!("192.0.2.1:80 {words}"));
    }

    #[test]
    fn the_message_is_one_line_of_bounded_length() {
        let long = |c: &str| step("a.example:80", None, io::Error::other(c.repeat(10_000)));
        let few = DialError::AllFailed {
            tried: vec![long("é"), long("\n")],
        }
        .to_string();
        assert!(
            few.len() <= DialError::LONGEST_MESSAGE,
            "{} bytes",
            few.len()
        );
        assert!(!few.contains('\n'));

        let host = format!("{}example", "a.".repeat(100));
        let many = (0..1_000).map(|i| {
            step(
                &format!("{i}.{host}:80"),
                None,
                io::Error::other("x".repeat(999)),
            )
        });
        let many = DialError::AllFailed {
            tried: many.collect(),
        }
        .to_string();
        assert_eq!(many.len(), DialError::LONGEST_MESSAGE);
        assert!(many.ends_with('…'));
    }

    /// Row 62: what a resolver says cannot break the line or send an escape sequence.
    #[test]
    fn the_words_of_others_are_plain_text() {
        let error = io::Error::other("a\x1b[31m\nb\u{2028}c\u{202e}d\u{2066}e");
        assert_eq!(
            step("a.example:80", None, error).to_string(),
            "a.example:80 not resolved: a [31m b c d e"
        );
    }

    #[test]
    fn what_is_not_named_is_counted() {
        let tried = (1..=6)
            .map(|i| refused("a.example:80", &format!("192.0.2.{i}:80")))
            .collect();
        assert_eq!(
            DialError::AllFailed { tried }.to_string(),
            "could not connect to a.example:80: 192.0.2.1:80 refused, 192.0.2.2:80 refused, \
             192.0.2.3:80 refused, 192.0.2.4:80 refused, 2 more"
        );
    }
}
