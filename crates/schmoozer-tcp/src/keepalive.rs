//! How the kernel looks for a peer that has vanished from an idle connection.

use std::io;
use std::time::Duration;

use socket2::{SockRef, TcpKeepalive};

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
/// On Linux a [user timeout](crate::Dialer::user_timeout) overrides `count`: the connection then fails at the first probe
/// after that timeout, however many probes are left. The one that [`dead_after`](crate::Dialer::dead_after) sets is made
/// long enough for a keepalive that you set, so set `user_timeout(None)` as well if you want keepalive alone.
///
/// The bounds are Linux's (tcp(7)). Systems that have no setting for `interval` or `count` keep
/// their own. Windows before version 1703, such as Server 2016, sends ten probes.
///
/// ```
/// use std::time::Duration;
/// use schmoozer_tcp::Keepalive;
///
/// const PATIENT: Keepalive = Keepalive::new().idle(Duration::from_secs(60)).count(5);
/// assert_eq!(PATIENT.finds_a_dead_peer_in(), Duration::from_secs(85));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
pub struct Keepalive {
    pub(crate) idle: Duration,
    pub(crate) interval: Duration,
    pub(crate) count: u32,
}

impl Keepalive {
    /// Makes a setting with the defaults: 15 s idle, then 3 probes 5 s apart.
    pub const fn new() -> Self {
        Self {
            idle: Duration::from_secs(15),
            interval: Duration::from_secs(5),
            count: 3,
        }
    }

    /// Sets how long a connection is idle before the first probe.
    pub const fn idle(mut self, idle: Duration) -> Self {
        self.idle = whole_seconds(idle);
        self
    }

    /// Sets the time between two probes.
    pub const fn interval(mut self, interval: Duration) -> Self {
        self.interval = whole_seconds(interval);
        self
    }

    /// Sets how many probes may go unanswered.
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
        let probing = self.interval.saturating_mul(self.count);
        self.idle.saturating_add(probing)
    }

    /// Makes the setting that finds a dead peer within this time, as far as whole seconds allow: it is idle for half of
    /// it. A twentieth is left for the kernel's timers, which are coarse.
    pub(crate) fn within(limit: Duration) -> Self {
        let limit = limit.as_secs();
        let idle = (limit / 2).max(1);
        let interval = (limit - limit / 20).saturating_sub(idle) / 3;
        Self::new()
            .idle(Duration::from_secs(idle))
            .interval(Duration::from_secs(interval))
    }

    pub(crate) fn set(self, socket: &SockRef<'_>) -> io::Result<()> {
        let option = TcpKeepalive::new().with_time(self.idle);
        #[cfg(any(
            target_os = "android",
            target_os = "dragonfly",
            target_os = "freebsd",
            target_os = "illumos",
            target_os = "linux",
            target_os = "netbsd",
            target_os = "windows",
            target_vendor = "apple",
        ))]
        let option = option.with_interval(self.interval).with_retries(self.count);
        without_a_count(socket.set_tcp_keepalive(&option))
    }
}

impl Default for Keepalive {
    fn default() -> Self {
        Self::new()
    }
}

/// Windows before version 1703, such as Server 2016, lacks the count alone, which is set last: the rest holds.
fn without_a_count(result: io::Result<()>) -> io::Result<()> {
    result.or_else(|error| match error.raw_os_error() {
        Some(10_042) if cfg!(windows) => Ok(()),
        _ => Err(error),
    })
}

/// Rounds up, because a fraction that is cut off would turn half a second into an invalid zero.
const fn whole_seconds(duration: Duration) -> Duration {
    let begun = (duration.subsec_nanos() > 0) as u64;
    Duration::from_secs(match duration.as_secs().saturating_add(begun) {
        0 => 1,
        seconds @ 1..=32_767 => seconds,
        _ => 32_767,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_count_that_windows_lacks_is_left_out_and_no_other_error_is() {
        let result = |number| without_a_count(Err(io::Error::from_raw_os_error(number)));
        // WSAENOPROTOOPT, and WSAEINVAL.
        assert_eq!(result(10_042).is_ok(), cfg!(windows));
        assert!(result(10_022).is_err());
    }

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
                (Duration::from_secs(taken), Duration::from_secs(taken))
            );
        }
        for (given, taken) in [(0, 1), (1, 1), (127, 127), (u32::MAX, 127)] {
            assert_eq!(Keepalive::new().count(given).count, taken);
        }
    }

    #[test]
    fn a_dead_peer_is_found_within_the_limit() {
        for (limit, idle, interval) in [(60, 30, 9), (10, 5, 1), (7, 3, 1), (4, 2, 1), (1, 1, 1)] {
            let keepalive = Keepalive::within(Duration::from_secs(limit));
            let expected = Keepalive {
                idle: Duration::from_secs(idle),
                interval: Duration::from_secs(interval),
                count: 3,
            };
            assert_eq!(keepalive, expected);
            let found = keepalive.finds_a_dead_peer_in();
            assert!(found <= Duration::from_secs(limit.max(5)), "{limit}");
        }
        let longest = Keepalive::within(Duration::MAX);
        assert_eq!(
            [longest.idle, longest.interval],
            [Duration::from_secs(32_767); 2]
        );
        assert_eq!(
            Keepalive::within(Duration::ZERO),
            Keepalive::within(Duration::from_secs(1))
        );
    }

    #[test]
    fn the_defaults_find_a_dead_peer_in_thirty_seconds() {
        assert_eq!(
            Keepalive::default().finds_a_dead_peer_in(),
            Duration::from_secs(30)
        );
    }
}
