//! The loop against a model of its contract: whatever the connector does, whatever handles ask, and when.

use std::future::Future;
use std::sync::Arc;

use proptest::collection::vec;
use proptest::prelude::*;
use schmoozer_core::{Delays, Handle, Runner, run};
use tokio::time::{Instant, sleep_until};

use crate::event_order::EventOrder;
use crate::script::{Script, Step, ms};

/// All times are multiples of this many milliseconds, but for those of requests: no request comes in the
/// same moment as anything else.
const GRID: u64 = 64;

#[derive(Debug, Clone, Copy, PartialEq)]
enum Ask {
    RetryNow,
    Reconnect,
    Shutdown,
}

#[derive(Debug, Clone)]
struct Case {
    steps: Vec<Step>,
    policy: Vec<u64>,
    reset_after: u64,
    give_up_after: Option<u64>,
    at_least: u64,
    grace: u64,
    /// In the order of their times.
    requests: Vec<(u64, Ask)>,
}

/// When each `connect` began, how the loop ended, and when.
type Outcome = (Vec<u64>, Result<(), &'static str>, u64);

fn model(case: &Case) -> Outcome {
    // The first request between two moments that is one of these.
    let asked = |from: u64, until: u64, which: &[Ask]| {
        let mut requests = case.requests.iter();
        requests
            .find(|(at, ask)| from < *at && *at < until && which.contains(ask))
            .copied()
    };
    let mut steps = case.steps.iter();
    let (mut attempts, mut now) = (Vec::new(), 0);
    let (mut drawn, mut outage_since, mut afresh) = (0, None, true);
    loop {
        attempts.push(now);
        let (error, spent, lasted) = match *steps.next().unwrap() {
            Step::Exits(result) => return (attempts, result, now),
            Step::Fails(after) => {
                let spent = millis(after);
                if let Some((at, _)) = asked(now, now + spent, &[Ask::Shutdown]) {
                    return (attempts, Ok(()), at);
                }
                ("refused", spent, false)
            }
            ref up @ (Step::Up(uptime) | Step::Good(uptime)) => {
                let spent = millis(uptime);
                match asked(now, now + spent, &[Ask::Reconnect, Ask::Shutdown]) {
                    Some((at, Ask::Reconnect)) => {
                        (now, afresh) = (at, true);
                        continue;
                    }
                    Some((at, _)) => {
                        return (attempts, Ok(()), (at + case.grace).min(now + spent));
                    }
                    None => (
                        "lost",
                        spent,
                        matches!(up, Step::Good(_)) || spent >= case.reset_after,
                    ),
                }
            }
        };
        now += spent;
        if afresh || lasted {
            (drawn, outage_since, afresh) = (0, None, false);
        }
        let Some(&policy) = case.policy.get(drawn) else {
            return (attempts, Err(error), now);
        };
        drawn += 1;
        let floor = case.at_least.saturating_sub(spent);
        let mut delay = policy;
        if let Some(limit) = case.give_up_after {
            let left = limit.saturating_sub(now - *outage_since.get_or_insert(now));
            if left == 0 || left < floor {
                return (attempts, Err(error), now);
            }
            delay = delay.min(left);
        }
        let until = now + delay.max(floor);
        match asked(now, until, &[Ask::RetryNow, Ask::Reconnect, Ask::Shutdown]) {
            Some((at, Ask::Shutdown)) => return (attempts, Ok(()), at),
            Some((at, _)) => now = at,
            None => now = until,
        }
    }
}

fn millis(duration: std::time::Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap()
}

fn paused<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .unwrap()
        .block_on(future)
}

fn script(case: &Case) -> Script {
    let policy = case.policy.iter().map(|delay| ms(*delay)).collect();
    let mut delays = Delays::new(policy)
        .reset_after(ms(case.reset_after))
        .at_least(ms(case.at_least));
    if let Some(limit) = case.give_up_after {
        delays = delays.give_up_after(ms(limit));
    }
    Script::new(case.steps.clone(), delays)
}

/// Without options, and so without anybody who could ask for something.
fn left_alone(case: &Case) -> Outcome {
    paused(async {
        let mut script = script(case);
        let begin = Instant::now();
        let result = run(&mut script).await;
        (script.attempts(), result, millis(begin.elapsed()))
    })
}

fn real(case: &Case) -> Outcome {
    paused(async {
        let script = script(case);
        let attempts = Arc::clone(&script.attempts);
        let begin = Instant::now();
        let runner = Runner::new(script)
            .grace(ms(case.grace))
            .observer(EventOrder::exact().waits_may_be_cut());
        let handle = runner.handle();
        let asking = tokio::spawn(ask(handle.clone(), begin, case.requests.clone()));
        let result = runner.run().await;
        let ended = millis(begin.elapsed());
        asking.abort();
        let attempts = attempts.lock().unwrap().clone();
        assert_eq!(
            handle.stats().attempts,
            u64::try_from(attempts.len()).unwrap()
        );
        (attempts, result, ended)
    })
}

async fn ask(handle: Handle, begin: Instant, requests: Vec<(u64, Ask)>) {
    for (at, ask) in requests {
        sleep_until(begin + ms(at)).await;
        match ask {
            Ask::RetryNow => handle.retry_now(),
            Ask::Reconnect => handle.reconnect(),
            Ask::Shutdown => handle.shutdown(),
        }
    }
}

/// A multiple of the grid, small more often than not.
fn grid() -> impl Strategy<Value = u64> {
    prop_oneof![0..4_u64, 0..40_u64].prop_map(|times| times * GRID)
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        3 => grid().prop_map(|after| Step::Fails(ms(after))),
        3 => grid().prop_map(|uptime| Step::Up(ms(uptime))),
        1 => grid().prop_map(|uptime| Step::Good(ms(uptime))),
    ]
}

fn requests() -> impl Strategy<Value = Vec<(u64, Ask)>> {
    let ask = prop_oneof![
        4 => Just(Ask::RetryNow),
        4 => Just(Ask::Reconnect),
        1 => Just(Ask::Shutdown),
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
        mut steps in vec(step(), 0..12),
        last in prop_oneof![Just(Ok(())), Just(Err("no"))],
        policy in vec(grid(), 0..12),
        reset_after in grid(),
        give_up_after in proptest::option::of(grid()),
        at_least in grid(),
        grace in grid(),
        requests in requests(),
    ) -> Case {
        steps.push(Step::Exits(last));
        Case { steps, policy, reset_after, give_up_after, at_least, grace, requests }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_loop_does_what_the_model_does(mut case in case()) {
        prop_assert_eq!(real(&case), model(&case));
        case.requests.clear();
        prop_assert_eq!(left_alone(&case), model(&case));
    }
}
