use std::collections::VecDeque;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use schmoozer_core::{
    ConnResult, Connector, Delays, Failure, Health, RetryResult, RunResult, Runner,
};
use tokio::time::{Instant, sleep};

use crate::event_order::EventOrder;

pub(crate) fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

pub(crate) fn secs(secs: u64) -> Duration {
    Duration::from_secs(secs)
}

/// A runner whose events are checked, in paused time.
pub(crate) fn checked<C: Connector>(connector: C) -> Runner<C, (), (), ((), EventOrder)> {
    Runner::new(connector).observer(EventOrder::exact())
}

/// One attempt, as it goes.
#[derive(Debug, Clone)]
pub(crate) enum Step {
    /// `connect` fails after this time.
    Fails(Duration),
    /// `connect` succeeds at once, and the connection is lost after this time.
    Up(Duration),
    /// As `Up`, marked as good from the beginning.
    Good(Duration),
    /// `connect` succeeds at once, and `run` exits with this.
    Exits(Result<(), &'static str>),
}

pub(crate) type Policy = Vec<Duration>;

/// A connector that goes through its steps, the last one again and again, and writes down the
/// milliseconds at which each `connect` began.
pub(crate) struct Script {
    pub(crate) steps: VecDeque<Step>,
    pub(crate) delays: Delays<Policy>,
    pub(crate) attempts: Arc<Mutex<Vec<u64>>>,
    pub(crate) failures: Arc<Mutex<Vec<Failure<&'static str>>>>,
    pub(crate) live: Arc<AtomicUsize>,
    pub(crate) health: Health,
    begin: Instant,
}

impl Script {
    pub(crate) fn new(steps: impl IntoIterator<Item = Step>, delays: Delays<Policy>) -> Self {
        let health = delays.health();
        Self {
            steps: steps.into_iter().collect(),
            delays,
            attempts: Arc::default(),
            failures: Arc::default(),
            live: Arc::default(),
            health,
            begin: Instant::now(),
        }
    }

    pub(crate) fn attempts(&self) -> Vec<u64> {
        self.attempts.lock().unwrap().clone()
    }
}

/// A connection that is counted while it lives.
#[derive(Debug)]
pub(crate) struct Live(Step, Arc<AtomicUsize>);

impl Drop for Live {
    fn drop(&mut self) {
        self.1.fetch_sub(1, Ordering::SeqCst);
    }
}

impl Connector for Script {
    type Connection = Live;
    type Error = &'static str;

    async fn connect(&mut self) -> ConnResult<Live, &'static str> {
        assert_eq!(
            self.live.load(Ordering::SeqCst),
            0,
            "the old connection is gone"
        );
        let now = self.begin.elapsed().as_millis();
        self.attempts
            .lock()
            .unwrap()
            .push(u64::try_from(now).unwrap());
        let step = match self.steps.len() {
            1 => self.steps[0].clone(),
            _ => self.steps.pop_front().unwrap(),
        };
        if let Step::Fails(after) = step {
            sleep(after).await;
            return ConnResult::Reconnect("refused");
        }
        self.live.fetch_add(1, Ordering::SeqCst);
        ConnResult::Connected(Live(step, Arc::clone(&self.live)))
    }

    async fn run(&mut self, connection: Live) -> RunResult<&'static str> {
        match connection.0 {
            Step::Exits(result) => return RunResult::Exit(result),
            Step::Up(uptime) => sleep(uptime).await,
            Step::Good(uptime) => {
                self.health.mark();
                sleep(uptime).await;
            }
            Step::Fails(_) => unreachable!("was no connection"),
        }
        RunResult::Reconnect("lost")
    }

    async fn retry_delay(&mut self, failure: Failure<&'static str>) -> RetryResult<&'static str> {
        self.failures.lock().unwrap().push(failure);
        self.delays.on_failure(failure)
    }

    fn display_target(&self) -> Option<String> {
        Some("script".to_owned())
    }

    fn health(&self) -> Health {
        self.delays.health()
    }
}
