use std::time::Duration;

/// One attempt of a [`Script`](crate::Script): how its `connect` ends, and what its connection does.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use schmoozer_faults::Step;
///
/// // Takes 2 s to connect, logs in for 1 s, and is lost a minute after it came up.
/// let step = Step::up(Duration::from_secs(60))
///     .connect_takes(Duration::from_secs(2))
///     .ready_after(Duration::from_secs(1));
/// # let _ = step;
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
pub struct Step {
    pub(crate) connect_takes: Option<Duration>,
    pub(crate) connect: Outcome,
    /// How long the connection is up. `None`: until the loop ends it.
    pub(crate) uptime: Option<Duration>,
    pub(crate) ready_after: Option<Duration>,
    pub(crate) goodbye: Option<Duration>,
    pub(crate) end: Ends,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    Connects,
    Fails(&'static str),
    Exits(Result<(), &'static str>),
}

/// How a connection ends by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ends {
    Lost(&'static str),
    Renews,
    Exits(Result<(), &'static str>),
}

impl Step {
    const fn new(connect: Outcome, uptime: Option<Duration>, end: Ends) -> Self {
        Self {
            connect_takes: Some(Duration::ZERO),
            connect,
            uptime,
            ready_after: None,
            goodbye: None,
            end,
        }
    }

    /// `connect` fails after this time, with `"refused"`.
    pub const fn fails(after: Duration) -> Self {
        Self::new(Outcome::Fails("refused"), None, Ends::Renews).connect_takes(after)
    }

    /// `connect` never returns.
    pub const fn hangs() -> Self {
        let mut step = Self::fails(Duration::ZERO);
        step.connect_takes = None;
        step
    }

    /// `connect` returns [`Exit`](schmoozer_core::ConnResult::Exit) with this at once.
    pub const fn refuses(result: Result<(), &'static str>) -> Self {
        Self::new(Outcome::Exits(result), None, Ends::Renews)
    }

    /// The connection comes up at once, and is lost after this time, with `"lost"`.
    pub const fn up(uptime: Duration) -> Self {
        Self::new(Outcome::Connects, Some(uptime), Ends::Lost("lost"))
    }

    /// The connection comes up at once, and stays until the loop ends it.
    pub const fn stays() -> Self {
        Self::new(Outcome::Connects, None, Ends::Renews).goodbye(Duration::ZERO)
    }

    /// The connection comes up at once, and its handler asks for a new one after this time.
    pub const fn renews(uptime: Duration) -> Self {
        Self::new(Outcome::Connects, Some(uptime), Ends::Renews)
    }

    /// The connection comes up at once, and its handler exits at once with this.
    pub const fn exits(result: Result<(), &'static str>) -> Self {
        Self::new(Outcome::Connects, Some(Duration::ZERO), Ends::Exits(result))
    }

    /// `connect` takes this time.
    pub const fn connect_takes(mut self, time: Duration) -> Self {
        self.connect_takes = Some(time);
        self
    }

    /// The handler marks its connection as ready this time after it came up, if it is still up then.
    pub const fn ready_after(mut self, login: Duration) -> Self {
        self.ready_after = Some(login);
        self
    }

    /// The handler waits for [`Session::stopping`](schmoozer_core::Session::stopping), and returns this time after
    /// that. Without this setting it does not wait for it.
    pub const fn goodbye(mut self, time: Duration) -> Self {
        self.goodbye = Some(time);
        self
    }

    /// The error that the step fails with, in place of `"refused"` or `"lost"`.
    pub const fn with(mut self, cause: &'static str) -> Self {
        if let Outcome::Fails(_) = self.connect {
            self.connect = Outcome::Fails(cause);
        }
        if let Ends::Lost(_) = self.end {
            self.end = Ends::Lost(cause);
        }
        self
    }
}
