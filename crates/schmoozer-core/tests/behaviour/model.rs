//! Both loops against a model of their contract: whatever the connector does, whatever handles ask, and when.

use std::time::Duration;

use proptest::collection::vec;
use proptest::option::of;
use proptest::prelude::*;
use schmoozer_core::{Handle, Lifecycle, Retry, Why, run};
use schmoozer_faults::{Checker, Script, Step};
use tokio::time::{Instant, sleep_until};

use crate::checked::{checked_by, ms};

mod contract;

use contract::model;

/// All times are multiples of this many milliseconds, but for those of requests: no request comes in the same moment as
/// anything else.
const GRID: u64 = 125;

/// The weightiest last.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd)]
enum Ask {
    Retry,
    Renew,
    Reconnect,
    Stop,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Kind {
    Fails,
    Lost,
    Renews,
    Exits(Result<(), &'static str>),
}

/// A step of the script: all that happens in one attempt.
#[derive(Debug, Clone, Copy)]
struct Attempt {
    takes: u64,
    kind: Kind,
    uptime: u64,
    login: u64,
    goodbye: Option<u64>,
}

#[derive(Debug, Clone)]
struct Case {
    steps: Vec<Attempt>,
    policy: Vec<u64>,
    give_up_after: Option<u64>,
    marked: bool,
    stable_after: u64,
    min_interval: u64,
    connect_timeout: Option<u64>,
    grace: Option<u64>,
    /// In the order of their times.
    requests: Vec<(u64, Ask)>,
}

/// When each `connect` began, how the loop ended, and when.
type Outcome = (Vec<u64>, Result<(), &'static str>, Why, u64);

fn script(case: &Case) -> Script<Vec<Duration>> {
    let steps = case.steps.iter().map(|attempt| {
        let uptime = ms(attempt.uptime);
        let step = match attempt.kind {
            Kind::Fails => Step::fails(ms(0)),
            Kind::Lost => Step::up(uptime),
            Kind::Renews => Step::renews(uptime),
            Kind::Exits(result) => Step::exits(result),
        };
        let step = step
            .connect_takes(ms(attempt.takes))
            .ready_after(ms(attempt.login));
        attempt.goodbye.map_or(step, |time| step.goodbye(ms(time)))
    });
    let mut retry = Retry::new(case.policy.iter().copied().map(ms).collect());
    if let Some(limit) = case.give_up_after {
        retry = retry.give_up_after(ms(limit));
    }
    let mut lifecycle = Lifecycle::new()
        .stable_after(ms(case.stable_after))
        .min_interval(ms(case.min_interval));
    if case.marked {
        lifecycle = lifecycle.ready_when_marked();
    }
    Script::new(steps, retry).lifecycle(lifecycle)
}

fn paused<T>(future: impl Future<Output = T>) -> T {
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    let runtime = runtime.enable_time().start_paused(true).build();
    runtime.unwrap().block_on(future)
}

fn millis(times: &[Duration]) -> Vec<u64> {
    let millis = times.iter().map(Duration::as_millis);
    millis
        .map(|millis| u64::try_from(millis).unwrap())
        .collect()
}

/// Without options: the plain loop, where `tracing` is off.
fn left_alone(case: &Case) -> (Vec<u64>, Result<(), &'static str>, u64) {
    paused(async {
        let script = script(case);
        let (log, begin) = (script.log(), Instant::now());
        let result = run(script).await;
        (
            millis(&log.attempts()),
            result,
            millis(&[begin.elapsed()])[0],
        )
    })
}

fn real(case: &Case) -> Outcome {
    paused(async {
        let script = script(case);
        let (log, begin) = (script.log(), Instant::now());
        let checker = Checker::exact()
            .with_requests()
            .stable_after(ms(case.stable_after))
            .min_interval(ms(case.min_interval));
        let mut runner = checked_by(&checker, script);
        if let Some(limit) = case.connect_timeout {
            runner = runner.connect_timeout_with(ms(limit), || "late");
        }
        if let Some(grace) = case.grace {
            runner = runner.grace(ms(grace));
        }
        let handle = runner.handle();
        let asking = tokio::spawn(ask(handle.clone(), begin, case.requests.clone()));
        let result = runner.run().await;
        let ended = millis(&[begin.elapsed()])[0];
        asking.abort();
        (
            millis(&log.attempts()),
            result,
            handle.stopped().await.why,
            ended,
        )
    })
}

async fn ask(handle: Handle, begin: Instant, requests: Vec<(u64, Ask)>) {
    for (at, ask) in requests {
        sleep_until(begin + ms(at)).await;
        match ask {
            Ask::Retry => handle.retry_now(),
            Ask::Renew => handle.renew(),
            Ask::Reconnect => handle.reconnect(),
            Ask::Stop => handle.shutdown(),
        }
    }
}

/// A multiple of the grid, small more often than not.
fn grid() -> impl Strategy<Value = u64> {
    prop_oneof![0..4_u64, 0..40_u64].prop_map(|times| times * GRID)
}

prop_compose! {
    fn attempt()(
        kind in prop_oneof![3 => Just(Kind::Fails), 3 => Just(Kind::Lost), 1 => Just(Kind::Renews)],
        takes in grid(),
        uptime in grid(),
        login in grid(),
        goodbye in of(grid().prop_map(|time| 2 * time)),
    ) -> Attempt {
        Attempt { takes, kind, uptime, login, goodbye }
    }
}

fn requests() -> impl Strategy<Value = Vec<(u64, Ask)>> {
    let ask = prop_oneof![
        4 => Just(Ask::Retry),
        4 => Just(Ask::Renew),
        4 => Just(Ask::Reconnect),
        1 => Just(Ask::Stop),
    ];
    vec((0..200_u64, ask), 0..12).prop_map(|mut requests| {
        requests.sort_by_key(|(at, _)| *at);
        // Each has its own place between the moments of the grid, and what it starts keeps to that place.
        let places = (1..).zip(requests);
        places
            .map(|(place, (at, ask))| (at * GRID + place, ask))
            .collect()
    })
}

prop_compose! {
    fn case()(
        mut steps in vec(attempt(), 0..12),
        last in prop_oneof![Just(Ok(())), Just(Err("no"))],
        policy in vec(grid(), 0..12),
        give_up_after in of(grid()),
        marked in any::<bool>(),
        stable_after in grid().prop_map(|after| after.max(GRID)),
        min_interval in grid(),
        connect_timeout in of(grid()),
        grace in of(grid()),
        requests in requests(),
    ) -> Case {
        for step in &mut steps {
            if step.kind == Kind::Renews {
                // The delay after a stable connection is random.
                step.uptime = step.uptime.min(stable_after - GRID);
            }
        }
        let takes = connect_timeout.map_or(0, |limit: u64| limit.min(GRID));
        steps.push(Attempt { takes, kind: Kind::Exits(last), uptime: 0, login: 0, goodbye: None });
        Case { steps, policy, give_up_after, marked, stable_after, min_interval, connect_timeout, grace, requests }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_loops_do_what_the_model_does(mut case in case()) {
        prop_assert_eq!(real(&case), model(&case));
        case.requests.clear();
        case.connect_timeout = None;
        let (attempts, result, _, ended) = model(&case);
        prop_assert_eq!(left_alone(&case), (attempts, result, ended));
    }
}
