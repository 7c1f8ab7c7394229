//! A connector whose connections live as a test has written it, and what there was to see of it.

use std::collections::VecDeque;
use std::future::{Future, pending};
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use schmoozer_core::{
    ConnResult, Connector, End, Event, Failure, Handle, Lifecycle, Retry, RetryResult, RunResult,
    Runner, Session, run,
};
use schmoozer_faults::{Checked, Checker};
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep};

use crate::checked::checked_by;

pub(crate) fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

pub(crate) fn secs(secs: u64) -> Duration {
    Duration::from_secs(secs)
}

pub(crate) fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap()
}

/// What a handler returns.
pub(crate) type Fate = Result<End, &'static str>;

type Serve = Box<dyn FnOnce(Session) -> Pin<Box<dyn Future<Output = Fate> + Send>> + Send>;

/// One attempt, as it goes. When all are used up, `connect` exits.
pub(crate) struct Step {
    takes: Duration,
    serve: Option<Serve>,
}

/// `connect` fails after this time.
pub(crate) fn fails(after: Duration) -> Step {
    Step {
        takes: after,
        serve: None,
    }
}

/// `connect` never ends.
pub(crate) fn hangs() -> Step {
    fails(Duration::MAX)
}

/// `connect` succeeds at once, and this is the handler.
pub(crate) fn serves<F, S>(serve: F) -> Step
where
    F: FnOnce(Session) -> S + Send + 'static,
    S: Future<Output = Fate> + Send + 'static,
{
    Step {
        takes: Duration::ZERO,
        serve: Some(Box::new(|session| Box::pin(serve(session)))),
    }
}

/// The connection is lost after this time.
pub(crate) fn up(uptime: Duration) -> Step {
    serves(async move |_| {
        sleep(uptime).await;
        Err("lost")
    })
}

/// The connection stays until it is told to end, and then ends as told.
pub(crate) fn stays() -> Step {
    serves(async |session| Ok(session.stopping().await))
}

/// The connection stays, and its handler never asks whether it must end.
pub(crate) fn deaf() -> Step {
    serves(async |_| pending().await)
}

/// The handler ends the connection in good order after this time.
pub(crate) fn ends(after: Duration, end: End) -> Step {
    serves(async move |_| {
        sleep(after).await;
        Ok(end)
    })
}

impl Step {
    /// `connect` takes this long.
    pub(crate) fn takes(mut self, time: Duration) -> Self {
        self.takes = time;
        self
    }
}

/// What there was to see, each with the milliseconds since the script was made.
#[derive(Clone)]
pub(crate) struct Log {
    begin: Instant,
    seen: Arc<Mutex<Seen>>,
}

#[derive(Default)]
struct Seen {
    attempts: Vec<u64>,
    failures: Vec<Failure<&'static str>>,
    events: Vec<String>,
    live: usize,
}

impl Log {
    pub(crate) fn now(&self) -> u64 {
        millis(self.begin.elapsed())
    }

    /// When each `connect` began.
    pub(crate) fn attempts(&self) -> Vec<u64> {
        self.seen.lock().unwrap().attempts.clone()
    }

    /// What `retry_delay` was asked about.
    pub(crate) fn failures(&self) -> Vec<Failure<&'static str>> {
        self.seen.lock().unwrap().failures.clone()
    }

    /// What an observer received.
    pub(crate) fn events(&self) -> Vec<String> {
        self.seen.lock().unwrap().events.clone()
    }

    /// The events that begin with one of these words.
    pub(crate) fn of(&self, words: &[&str]) -> Vec<String> {
        let is_wanted = |line: &String| {
            let (_, event) = line.split_once(' ').unwrap();
            words.iter().any(|word| event.starts_with(word))
        };
        self.events().into_iter().filter(is_wanted).collect()
    }

    /// How many connections there are.
    pub(crate) fn live(&self) -> usize {
        self.seen.lock().unwrap().live
    }

    fn observe(&self, event: &Event<'_>) {
        let line = format!("{} {}", self.now(), brief(event));
        self.seen.lock().unwrap().events.push(line);
    }
}

fn brief(event: &Event<'_>) -> String {
    match *event {
        Event::Connecting { attempt } => format!("connecting {attempt}"),
        Event::Connected { .. } => "connected".to_owned(),
        Event::Ready { .. } => "ready".to_owned(),
        Event::Stable { outage: None, .. } => "stable".to_owned(),
        Event::Stable {
            outage: Some(outage),
            ..
        } => format!(
            "stable after {} and {} attempts: {}, {}",
            millis(outage.length),
            outage.attempts,
            outage.first_cause,
            outage.last_cause
        ),
        Event::Failed {
            cause,
            attempt,
            uptime,
            outage,
        } => {
            let uptime = uptime.map(millis);
            let length = millis(outage.length);
            format!("failed {attempt} {uptime:?} {length}: {cause}")
        }
        Event::Waiting { delay, attempt } => format!("waiting {} {attempt}", millis(delay)),
        Event::Ending { end, .. } => format!("ending {end:?}"),
        Event::Reconnecting { .. } => "reconnecting".to_owned(),
        Event::Stopped { stopped } => {
            let cause = stopped.cause.as_deref().unwrap_or("-");
            format!("stopped {:?} {cause}", stopped.why)
        }
        _ => unreachable!("an event that the tests do not know"),
    }
}

pub(crate) struct Script {
    steps: VecDeque<Step>,
    retry: Retry<Vec<Duration>>,
    lifecycle: Lifecycle,
    /// How long a decision takes.
    decides: Duration,
    checker: Checker,
    log: Log,
}

impl Script {
    pub(crate) fn new(
        steps: impl IntoIterator<Item = Step>,
        delays: impl IntoIterator<Item = Duration>,
    ) -> Self {
        Self {
            steps: steps.into_iter().collect(),
            retry: Retry::new(delays.into_iter().collect()),
            lifecycle: Lifecycle::new(),
            decides: Duration::ZERO,
            checker: Checker::exact(),
            log: Log {
                begin: Instant::now(),
                seen: Arc::default(),
            },
        }
    }

    pub(crate) fn retry(
        mut self,
        set: impl FnOnce(Retry<Vec<Duration>>) -> Retry<Vec<Duration>>,
    ) -> Self {
        self.retry = set(self.retry);
        self
    }

    pub(crate) fn stable_after(mut self, uptime: Duration) -> Self {
        self.lifecycle = self.lifecycle.stable_after(uptime);
        self.checker = self.checker.stable_after(uptime);
        self
    }

    pub(crate) fn min_interval(mut self, interval: Duration) -> Self {
        self.lifecycle = self.lifecycle.min_interval(interval);
        self.checker = self.checker.min_interval(interval);
        self
    }

    /// Something may be asked of the loop.
    pub(crate) fn steered(mut self) -> Self {
        self.checker = self.checker.with_requests();
        self
    }

    /// A pacer or a network may hold attempts up.
    pub(crate) fn held_up(mut self) -> Self {
        self.checker = self.checker.held_up();
        self
    }

    pub(crate) fn ready_when_marked(mut self) -> Self {
        self.lifecycle = self.lifecycle.ready_when_marked();
        self
    }

    pub(crate) fn decides(mut self, time: Duration) -> Self {
        self.decides = time;
        self
    }

    pub(crate) fn log(&self) -> Log {
        self.log.clone()
    }

    /// The full loop, observed and checked.
    pub(crate) fn runner(self) -> Runner<'static, Checked<Self>> {
        let log = self.log();
        let checker = self.checker.clone();
        checked_by(&checker, self).on_event(move |event| log.observe(event))
    }

    pub(crate) fn spawn(self) -> (Log, Handle, JoinHandle<Result<(), &'static str>>) {
        let log = self.log();
        let runner = self.steered().runner();
        let handle = runner.handle();
        (log, handle, tokio::spawn(runner.run()))
    }
}

/// Runs it in both loops, which must decide alike; returns what the full one showed.
pub(crate) async fn both(script: impl Fn() -> Script) -> (Log, Result<(), &'static str>) {
    let plain = script();
    let seen = plain.log();
    let ended = run(plain).await;
    let full = script();
    let log = full.log();
    let result = full.runner().run().await;
    assert_eq!(
        seen.attempts(),
        log.attempts(),
        "the attempts of both loops"
    );
    assert_eq!(
        seen.failures(),
        log.failures(),
        "the failures of both loops"
    );
    assert_eq!(ended, result, "the end of both loops");
    (log, result)
}

/// A connection that is counted while it lives.
pub(crate) struct Connection {
    serve: Serve,
    log: Log,
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.log.seen.lock().unwrap().live -= 1;
    }
}

/// One that is up already, for `starting_with`.
pub(crate) fn connection(step: Step, log: &Log) -> Connection {
    log.seen.lock().unwrap().live += 1;
    Connection {
        serve: step.serve.unwrap(),
        log: log.clone(),
    }
}

impl Connector for Script {
    type Connection = Connection;
    type Error = &'static str;

    async fn connect(&mut self) -> ConnResult<Connection, &'static str> {
        assert_eq!(self.log.live(), 0, "the old connection is gone");
        let now = self.log.now();
        self.log.seen.lock().unwrap().attempts.push(now);
        let Some(step) = self.steps.pop_front() else {
            return ConnResult::Exit(Ok(()));
        };
        if !step.takes.is_zero() {
            sleep(step.takes).await;
        }
        match step.serve {
            Some(_) => ConnResult::Connected(connection(step, &self.log)),
            None => ConnResult::Reconnect("refused"),
        }
    }

    async fn run(
        &mut self,
        mut connection: Connection,
        session: Session,
    ) -> RunResult<&'static str> {
        let serve = std::mem::replace(&mut connection.serve, Box::new(|_| Box::pin(pending())));
        let fate = serve(session).await;
        drop(connection);
        fate.into()
    }

    async fn retry_delay(&mut self, failure: Failure<&'static str>) -> RetryResult<&'static str> {
        self.log.seen.lock().unwrap().failures.push(failure);
        if !self.decides.is_zero() {
            sleep(self.decides).await;
        }
        self.retry.on_failure(failure)
    }

    fn lifecycle(&self) -> Lifecycle {
        self.lifecycle
    }
}
