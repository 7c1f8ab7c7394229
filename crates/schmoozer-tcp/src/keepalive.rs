//! How the kernel looks for a peer that has vanished from an idle connection.

use std::time::Duration;

use socket2::TcpKeepalive;

/// Sets when the kernel probes an idle connection, and when it gives the peer up.
///
/// A peer that vanished without a word (power cut, cable pulled, a NAT that forgot) is found
/// [`idle`](Self::idle) + [`interval`](Self::interval) × [`count`](Self::count) after the last byte
/// that came from it: with the defaults, 15 s + 5 s × 3 = 30 s. A pending read then fails with
/// [`TimedOut`](std::io::ErrorKind::TimedOut).
///
/// | value | default | taken as |
/// | --- | --- | --- |
/// | `idle` | 15 s | whole seconds, rounded up, 1 to 32,767 |
/// | `interval` | 5 s | whole seconds, rounded up, 1 to 32,767 |
/// | `count` | 3 | 1 to 127 |
///
/// The bounds are Linux's (tcp(7)). Systems that have no setting for `interval` or `count` keep
/// their own.
///
/// ```
/// use std::time::Duration;
/// use schmoozer_tcp::Keepalive;
///
/// const PATIENT: Keepalive = Keepalive::new().idle(Duration::from_secs(60)).count(5);
/// assert_eq!(PATIENT.finds_a_dead_peer_in(), Duration::from_secs(85));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Keepalive {
    idle: u32,
    interval: u32,
    count: u32,
}

impl Keepalive {
    /// Makes a setting with the defaults: 15 s idle, then 3 probes 5 s apart.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            idle: 15,
            interval: 5,
            count: 3,
        }
    }

    /// Sets how long a connection is idle before the first probe.
    #[must_use]
    pub const fn idle(mut self, idle: Duration) -> Self {
        self.idle = whole_seconds(idle);
        self
    }

    /// Sets the time between two probes.
    #[must_use]
    pub const fn interval(mut self, interval: Duration) -> Self {
        self.interval = whole_seconds(interval);
        self
    }

    /// Sets how many probes may go unanswered.
    #[must_use]
    pub const fn count(mut self, count: u32) -> Self {
        self.count = match count {
            0 => 1,
            1..=127 => count,
            _ => 127,
        };
        self
    }

    /// Returns the time from the last byte of a vanished peer to the error.
    #[must_use]
    pub const fn finds_a_dead_peer_in(&self) -> Duration {
        Duration::from_secs(self.idle as u64 + self.interval as u64 * self.count as u64)
    }

    pub(crate) fn as_socket_option(self) -> TcpKeepalive {
        let option = TcpKeepalive::new().with_time(Duration::from_secs(self.idle.into()));
        #[cfg(any(
            target_os = "android",
            target_os = "freebsd",
            target_os = "ios",
            target_os = "linux",
            target_os = "macos",
            target_os = "windows",
        ))]
        let option = option
            .with_interval(Duration::from_secs(self.interval.into()))
            .with_retries(self.count);
        option
    }
}

impl Default for Keepalive {
    fn default() -> Self {
        Self::new()
    }
}

/// Rounds up, because a fraction that is cut off would turn half a second into an invalid zero.
const fn whole_seconds(duration: Duration) -> u32 {
    const LONGEST: u32 = 32_767;
    if duration.as_secs() >= LONGEST as u64 {
        return LONGEST;
    }
    #[expect(
        clippy::cast_possible_truncation,
        reason = "less than 32,767, as checked above"
    )]
    let seconds = duration.as_secs() as u32 + (duration.subsec_nanos() > 0) as u32;
    if seconds == 0 { 1 } else { seconds }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_kernel_would_refuse_is_brought_within_its_bounds() {
        for (given, taken) in [
            (Duration::ZERO, 1),
            (Duration::from_millis(1), 1),
            (Duration::from_millis(1_001), 2),
            (Duration::from_secs(32_767), 32_767),
            (Duration::MAX, 32_767),
        ] {
            assert_eq!(
                (
                    Keepalive::new().idle(given).idle,
                    Keepalive::new().interval(given).interval
                ),
                (taken, taken)
            );
        }
        for (given, taken) in [(0, 1), (1, 1), (127, 127), (u32::MAX, 127)] {
            assert_eq!(Keepalive::new().count(given).count, taken);
        }
    }

    #[test]
    fn the_defaults_find_a_dead_peer_in_thirty_seconds() {
        assert_eq!(
            Keepalive::default().finds_a_dead_peer_in(),
            Duration::from_secs(30)
        );
    }
}
