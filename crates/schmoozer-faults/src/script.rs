use std::collections::VecDeque;
use std::fmt;
use std::future::pending;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use schmoozer_core::{
    ConnResult, Connector, Failure, Lifecycle, Retry, RetryResult, RunResult, Session,
};
use tokio::time::{Instant, sleep};

use crate::Step;
use crate::race::{Either, race};
use crate::step::{Ends, Outcome};

/// A connector that goes through its [`Step`]s, the last one again and again.
///
/// It opens no socket: in tokio's paused time an outage of a week takes a moment, and every delay is exact. It decides
/// on failures by a [`Retry`], and its errors are texts.
///
/// # Panics
///
/// `connect` panics when the connection before is still there.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use schmoozer_core::run;
/// use schmoozer_faults::{Script, Step};
///
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() {
/// let steps = [
///     Step::fails(Duration::ZERO),
///     Step::up(Duration::from_secs(60)),
///     Step::exits(Ok(())),
/// ];
/// let script = Script::new(steps, [1, 2, 4].map(Duration::from_secs));
/// let log = script.log();
/// assert_eq!(run(script).await, Ok(()));
/// assert_eq!(log.attempts(), [0, 1, 62].map(Duration::from_secs));
/// # }
/// ```
pub struct Script<P: IntoIterator> {
    steps: VecDeque<Step>,
    retry: Retry<P>,
    lifecycle: Lifecycle,
    target: Option<String>,
    log: ScriptLog,
}

/// What a [`Script`] has seen. Cheap to clone; it stays when the script is gone.
#[derive(Debug, Clone)]
pub struct ScriptLog {
    seen: Arc<Mutex<Seen>>,
    begin: Instant,
}

#[derive(Debug, Default)]
struct Seen {
    attempts: Vec<Duration>,
    failures: Vec<Failure<&'static str>>,
    live: usize,
}

impl ScriptLog {
    /// Returns when each `connect` was called, counted from when the script was made.
    #[must_use]
    pub fn attempts(&self) -> Vec<Duration> {
        self.seen().attempts.clone()
    }

    /// Returns the failures that the script had to decide on.
    #[must_use]
    pub fn failures(&self) -> Vec<Failure<&'static str>> {
        self.seen().failures.clone()
    }

    /// Returns the number of connections that are up now.
    #[must_use]
    pub fn live(&self) -> usize {
        self.seen().live
    }

    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The connection of a [`Script`]: counted while it lives.
#[derive(Debug)]
pub struct ScriptConnection {
    step: Step,
    log: ScriptLog,
}

impl ScriptConnection {
    fn new(step: Step, log: ScriptLog) -> Self {
        log.seen().live += 1;
        Self { step, log }
    }
}

impl Drop for ScriptConnection {
    fn drop(&mut self) {
        self.log.seen().live -= 1;
    }
}

impl<P: Clone + IntoIterator<Item = Duration>> Script<P> {
    /// Goes through `steps`, and decides by `retry`, or by a bare policy. Without steps, `connect` never returns.
    pub fn new(steps: impl IntoIterator<Item = Step>, retry: impl Into<Retry<P>>) -> Self {
        Self {
            steps: steps.into_iter().collect(),
            retry: retry.into(),
            lifecycle: Lifecycle::new(),
            target: Some("script".to_owned()),
            log: ScriptLog {
                seen: Arc::default(),
                begin: Instant::now(),
            },
        }
    }

    /// Sets the constants of its connections' lives.
    #[must_use]
    pub fn lifecycle(mut self, lifecycle: Lifecycle) -> Self {
        self.lifecycle = lifecycle;
        self
    }

    /// Sets its name in logs, `"script"` by default.
    #[must_use]
    pub fn target(mut self, target: impl Into<Option<String>>) -> Self {
        self.target = target.into();
        self
    }

    /// Replaces the steps that are left.
    pub fn set_steps(&mut self, steps: impl IntoIterator<Item = Step>) {
        self.steps = steps.into_iter().collect();
    }

    /// A connection as this step would have made it: what a program may start with.
    #[must_use]
    pub fn connection(&self, step: Step) -> ScriptConnection {
        ScriptConnection::new(step, self.log.clone())
    }

    /// Returns a log that also shows what happens later.
    #[must_use]
    pub fn log(&self) -> ScriptLog {
        self.log.clone()
    }

    fn next_step(&mut self) -> Step {
        match self.steps.len() {
            0 => Step::hangs(),
            1 => self.steps[0],
            _ => self.steps.pop_front().unwrap_or(Step::hangs()),
        }
    }
}

impl<P> Connector for Script<P>
where
    P: Clone + IntoIterator<Item = Duration> + Send,
    P::IntoIter: Send,
{
    type Connection = ScriptConnection;
    type Error = &'static str;

    async fn connect(&mut self) -> ConnResult<ScriptConnection, &'static str> {
        let step = self.next_step();
        {
            let mut seen = self.log.seen();
            seen.attempts.push(self.log.begin.elapsed());
            let live = seen.live;
            drop(seen);
            assert_eq!(live, 0, "the old connection is gone");
        }
        match step.connect_takes {
            Some(Duration::ZERO) => {}
            Some(time) => sleep(time).await,
            None => pending().await,
        }
        match step.connect {
            Outcome::Connects => ConnResult::Connected(self.connection(step)),
            Outcome::Fails(cause) => ConnResult::Reconnect(cause),
            Outcome::Exits(result) => ConnResult::Exit(result),
        }
    }

    async fn run(
        &mut self,
        connection: ScriptConnection,
        session: Session,
    ) -> RunResult<&'static str> {
        let step = connection.step;
        let life = async {
            let mut left = step.uptime;
            if let Some(login) = step.ready_after {
                sleep(left.map_or(login, |uptime| uptime.min(login))).await;
                if left.is_none_or(|uptime| login <= uptime) {
                    session.ready();
                }
                left = left.map(|uptime| uptime.saturating_sub(login));
            }
            match left {
                Some(Duration::ZERO) => {}
                Some(left) => sleep(left).await,
                None => pending().await,
            }
            match step.end {
                Ends::Lost(cause) => RunResult::Reconnect(cause),
                Ends::Renews => RunResult::Renew,
                Ends::Exits(result) => RunResult::Exit(result),
            }
        };
        let Some(goodbye) = step.goodbye else {
            return life.await;
        };
        let told = async {
            let end = session.stopping().await;
            sleep(goodbye).await;
            RunResult::from(Ok(end))
        };
        match race(life, told).await {
            Either::First(result) | Either::Second(result) => result,
        }
    }

    async fn retry_delay(&mut self, failure: Failure<&'static str>) -> RetryResult<&'static str> {
        self.log.seen().failures.push(failure);
        self.retry.on_failure(failure)
    }

    fn display_target(&self) -> Option<String> {
        self.target.clone()
    }

    fn lifecycle(&self) -> Lifecycle {
        self.lifecycle
    }
}

impl<P: IntoIterator + fmt::Debug> fmt::Debug for Script<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Script")
            .field("steps", &self.steps)
            .field("retry", &self.retry)
            .finish_non_exhaustive()
    }
}
