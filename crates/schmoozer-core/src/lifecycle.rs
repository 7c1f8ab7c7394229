use std::time::Duration;

/// The constants of a connection's life: when it is ready, when it is stable, and how close attempts may be.
///
/// | setting | default | bounds |
/// |---|---|---|
/// | [`stable_after`](Self::stable_after) | 10 s | zero: every ready connection is stable |
/// | [`ready_when_marked`](Self::ready_when_marked) | off: ready when connected | |
/// | [`min_interval`](Self::min_interval) | 10 ms | zero allows a loop without a wait |
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
    /// The defaults in the table above.
    pub const fn new() -> Self {
        Self {
            stable_after: Duration::from_secs(10),
            ready_when_marked: false,
            min_interval: Duration::from_millis(10),
        }
    }

    /// Sets how long a connection must have been ready to be stable. Only a stable connection ends an outage,
    /// restarts the delays and stops the clock of [`Retry::give_up_after`](crate::Retry::give_up_after).
    pub const fn stable_after(mut self, uptime: Duration) -> Self {
        self.stable_after = uptime;
        self
    }

    /// A connection is ready when its handler calls [`Session::ready`](crate::Session::ready), for example after
    /// a login. Without this, it is ready as soon as it is connected.
    pub const fn ready_when_marked(mut self) -> Self {
        self.ready_when_marked = true;
        self
    }

    /// Sets the minimum time between the starts of two attempts, whatever the policy, a hint, a request or a
    /// flapping server asks for.
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
