use std::time::Duration;

/// Settings for the life of a connection: when it is ready, when it is stable, and the minimum time between attempts.
///
/// | setting | default | notes |
/// |---|---|---|
/// | [`stable_after`](Self::stable_after) | 10 s | with zero, every ready connection is stable |
/// | [`ready_when_marked`](Self::ready_when_marked) | off | without it, a connection is ready when it is connected |
/// | [`min_interval`](Self::min_interval) | 10 ms | with zero, a delay policy can start attempts without any wait |
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use schmoozer_core::Lifecycle;
///
/// const LOGIN: Lifecycle = Lifecycle::new()
///     .ready_when_marked()
///     .stable_after(Duration::from_secs(30));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
pub struct Lifecycle {
    pub(crate) stable_after: Duration,
    pub(crate) ready_when_marked: bool,
    pub(crate) min_interval: Duration,
}

impl Lifecycle {
    /// Returns the defaults in the table above.
    pub const fn new() -> Self {
        Self {
            stable_after: Duration::from_secs(10),
            ready_when_marked: false,
            min_interval: Duration::from_millis(10),
        }
    }

    /// Sets for how long a connection must be ready to become stable.
    ///
    /// Only a stable connection ends an outage, restarts the delays, and stops the clock of
    /// [`Retry::give_up_after`](crate::Retry::give_up_after).
    pub const fn stable_after(mut self, uptime: Duration) -> Self {
        self.stable_after = uptime;
        self
    }

    /// Makes a connection ready when its handler calls [`Session::ready`](crate::Session::ready), for example after a
    /// login. Without this setting, a connection is ready as soon as it is connected.
    pub const fn ready_when_marked(mut self) -> Self {
        self.ready_when_marked = true;
        self
    }

    /// Sets the minimum time between the starts of two attempts. The loop keeps this time even if the delay policy, a
    /// hint or a request asks for less, or if a server flaps.
    pub const fn min_interval(mut self, interval: Duration) -> Self {
        self.min_interval = interval;
        self
    }
}

impl Default for Lifecycle {
    fn default() -> Self {
        Self::new()
    }
}
