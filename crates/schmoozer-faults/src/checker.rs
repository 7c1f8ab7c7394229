use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use schmoozer_core::{Connector, Event, Handle, Observer, Runner};
use tokio::time::Instant;

use crate::agreement::agrees;
#[cfg(feature = "tracing")]
use crate::logged;
#[cfg(feature = "metrics")]
use crate::measured::Measured;
use crate::order::Order;
use crate::{Checked, Tally};

/// An observer that panics at the first event that the contract of the loop does not allow at that point.
///
/// It walks the state machine in the documentation of [`Event`]: the order of events, the numbers of attempts and
/// connections, uptimes, and the records of outages. A [`runner`](Self::runner) is checked further. Its connector's
/// calls and decisions must be those that the events tell, and after each event its handle must say the same. So must
/// its logs and its metrics, where a test asks for that by `logs` and `metrics`.
///
/// | | compared with the events |
/// |---|---|
/// | decisions | the failure that the policy receives; the delay or the end that follows |
/// | status, counts | attempts, connections, failures, outages, uptime; the outage and its causes; why it stopped |
/// | logs | a WARN where an outage begins, an INFO where it is over, an ERROR where the loop ends by itself |
/// | metrics | all counters, the gauge, and each duration |
///
/// Cheap to clone; the clones are one checker. Check one run with it.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use schmoozer_faults::{Checker, Script, Step};
///
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() {
/// let script = Script::new([Step::up(Duration::from_secs(60))], [Duration::from_secs(5)]);
/// let checker = Checker::exact();
/// let runner = checker.runner(script).shutdown(tokio::time::sleep(Duration::from_secs(70)));
/// assert_eq!(runner.run().await, Ok(()));
/// assert_eq!(checker.tally().outages, 1);
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct Checker {
    state: Arc<Mutex<State>>,
}

#[derive(Debug)]
struct State {
    order: Order,
    tally: Tally,
    handle: Option<Handle>,
    #[cfg(feature = "tracing")]
    logged: bool,
    #[cfg(feature = "metrics")]
    measured: Option<Measured>,
}

impl State {
    fn take(&mut self, at: Instant, event: &Event<'_>) -> Result<(), String> {
        self.order.take(at, event)?;
        self.tally.take(at, event);
        if let Some(handle) = &self.handle {
            agrees(handle, &self.order, &self.tally, at, event)?;
        }
        #[cfg(feature = "tracing")]
        if self.logged {
            logged::agrees(event)?;
        }
        #[cfg(feature = "metrics")]
        if let Some(measured) = &mut self.measured {
            measured.agrees(event, &self.tally, self.order.slack)?;
        }
        Ok(())
    }
}

impl Checker {
    /// For paused time: the times in events are exact.
    #[must_use]
    pub fn exact() -> Self {
        Self::within(Duration::ZERO)
    }

    /// For real time: the times in events may be off by `slack`.
    #[must_use]
    pub fn within(slack: Duration) -> Self {
        Self {
            state: Arc::new(Mutex::new(State {
                order: Order::within(slack),
                tally: Tally::default(),
                handle: None,
                #[cfg(feature = "tracing")]
                logged: false,
                #[cfg(feature = "metrics")]
                measured: None,
            })),
        }
    }

    /// Expects each connection to be stable this time after it became ready. Default: 10 s.
    #[must_use]
    pub fn stable_after(self, uptime: Duration) -> Self {
        self.state().order.stable_after = uptime;
        self
    }

    /// Expects the starts of attempts to be at least this far apart. Default: 10 ms.
    #[must_use]
    pub fn min_interval(self, interval: Duration) -> Self {
        self.state().order.min_interval = interval;
        self
    }

    /// Requests may come: they cut waits short, and restart attempts and connections.
    #[must_use]
    pub fn with_requests(self) -> Self {
        self.state().order.requests = true;
        self
    }

    /// Attempts may be late: held up by a pacer, by a network that is away, or by a machine that sleeps.
    #[must_use]
    pub fn held_up(self) -> Self {
        self.state().order.held_up = true;
        self
    }

    /// Compares the logs at INFO and above too: their order, their texts and the values in them. Needs the feature
    /// `tracing` of `schmoozer-core` as well: without it there are no logs, and the first outage is a fault.
    ///
    /// Installs a subscriber for the whole process, once. On a thread that has one of its own, logs are not compared.
    /// Loops that run on one thread at the same time must all be checked, or none of them.
    ///
    /// # Panics
    ///
    /// Panics when the process has another global subscriber.
    #[cfg(feature = "tracing")]
    #[must_use]
    pub fn logs(self) -> Self {
        logged::listen();
        self.state().logged = true;
        self
    }

    /// Compares the metrics too that `make` makes: `|| Metrics::new("db")`. That type needs the feature `metrics` of
    /// `schmoozer-core`.
    ///
    /// The checker hands it the events. What it measures goes to a recorder of the checker's own.
    #[cfg(feature = "metrics")]
    #[must_use]
    pub fn metrics<O: Observer + 'static>(self, make: impl FnOnce() -> O) -> Self {
        self.state().measured = Some(Measured::new(make));
        self
    }

    /// Compares from now on, after each event, what this handle says: one of the runner that this observes. A
    /// [`runner`](Self::runner) needs no call.
    #[must_use]
    pub fn handle(self, handle: Handle) -> Self {
        self.state().handle = Some(handle);
        self
    }

    /// Makes a runner whose decisions, events and status are checked, and what else was asked for.
    pub fn runner<'a, C: Connector>(&self, connector: C) -> Runner<'a, Checked<C>> {
        let runner = Runner::new(self.connector(connector)).observer(self.clone());
        let _ = self.clone().handle(runner.handle());
        runner
    }

    /// Compares the calls of `connector`, and its decisions, with the events. The checker must be the first observer of
    /// its run.
    pub fn connector<C: Connector>(&self, connector: C) -> Checked<C> {
        self.state().order.decisions = true;
        Checked {
            connector,
            checker: self.clone(),
        }
    }

    /// Returns what the events add up to so far.
    #[must_use]
    pub fn tally(&self) -> Tally {
        self.state().tally.clone()
    }

    /// Takes one more event, which came `at` this time.
    ///
    /// # Errors
    ///
    /// Says what is wrong with the event, there and then.
    pub fn check(&self, at: Instant, event: &Event<'_>) -> Result<(), String> {
        let mut state = self.state();
        let phase = state.order.phase;
        let taken = state.take(at, event);
        taken.map_err(|why| format!("{why}: {event:?} after {phase:?}"))
    }

    pub(crate) fn ensure(&self, check: impl FnOnce(&mut Order) -> Result<(), &'static str>) {
        let checked = check(&mut self.state().order);
        if let Err(fault) = checked {
            panic!("the contract is broken: {fault}");
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Observer for Checker {
    fn on_event(&mut self, event: &Event<'_>) {
        if let Err(fault) = self.check(Instant::now(), event) {
            panic!("an illegal event: {fault}");
        }
    }
}
