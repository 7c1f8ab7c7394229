//! Both loops against a model of their contract: whatever the connector does, whatever handles ask, and when.
//! The model says which events come, and when. What they hold, the checker compares.

use std::time::Duration;

use proptest::{collection, option, prelude::*, sample::select};
use schmoozer_core::{Handle, Lifecycle, Retry, RunResult, run};
use schmoozer_faults::{Checker, Recorder, Script, Step};
use tokio::time::{Instant, sleep_until};

use crate::checked::{checked_by, ms, secs};

/// All times are multiples of this, but for those of requests: no request comes in the same moment as anything else.
const GRID: Duration = Duration::from_millis(125);
const NEVER: Duration = Duration::MAX;

/// What handles ask, the weightiest last. A connection that is up satisfies the first.
const ASKS: [fn(&Handle); 4] = [
    Handle::retry_now,
    Handle::renew,
    Handle::reconnect,
    Handle::shutdown,
];
const RECONNECT: usize = 2;
const STOP: usize = 3;

/// How long `connect` takes; what the handler returns, unless `connect` fails, and after which time by itself; when it
/// marks its connection as ready; and how long its goodbye takes, for which a handler that asks has 5 s.
type Attempt = (Duration, Handled, Duration, Option<Duration>);
type Handled = (Option<RunResult<&'static str>>, Duration);

struct Case {
    steps: Vec<Attempt>,
    policy: Vec<Duration>,
    marked: bool,
    stable_after: Duration,
    min_interval: Duration,
    give_up_after: Duration,
    connect_timeout: Duration,
    /// When it is asked for which of `ASKS`, in order.
    requests: Vec<(Duration, usize)>,
}

/// What `run` returned and when, and the first word of each event. Of the plain loop only attempts are seen.
type Outcome = (Result<(), &'static str>, Duration, Vec<(Duration, String)>);

#[tokio::main(flavor = "current_thread", start_paused = true)]
async fn played(case: &Case, full: bool) -> Outcome {
    let steps = case.steps.iter();
    let steps = steps.map(|&(takes, (result, uptime), login, goodbye)| {
        let step = match result {
            None => Step::fails(takes),
            Some(RunResult::Reconnect(error)) => Step::up(uptime).with(error),
            Some(RunResult::Renew) => Step::renews(uptime),
            Some(RunResult::Exit(result)) => Step::exits(result),
        };
        let step = step.connect_takes(takes).ready_after(login);
        goodbye.map_or(step, |time| step.goodbye(time))
    });
    let (stable, apart) = (case.stable_after, case.min_interval);
    let life = Lifecycle::new().stable_after(stable).min_interval(apart);
    let life = [life, life.ready_when_marked()][usize::from(case.marked)];
    let retry = Retry::new(case.policy.clone()).give_up_after(case.give_up_after);
    let script = Script::new(steps, retry).lifecycle(life);
    let (log, recorder, begin) = (script.log(), Recorder::new(), Instant::now());
    if !full {
        let (result, attempts) = (run(script).await, log.attempts().into_iter());
        let told = attempts.map(|at| (at, "connecting".to_owned()));
        return (result, begin.elapsed(), told.collect());
    }
    let checker = Checker::exact().stable_after(stable).min_interval(apart);
    let runner = checked_by(&checker.with_requests(), script).observer(recorder.clone());
    let runner = runner.connect_timeout_with(case.connect_timeout, || "late");
    let (handle, task) = runner.spawn();
    for (at, ask) in &case.requests {
        sleep_until(begin + *at).await;
        ASKS[*ask](&handle);
    }
    let result = task.await.unwrap();
    let told = recorder.events().into_iter().map(|(at, event)| {
        let text = event.as_event().to_string();
        (at, text.split([' ', ',']).next().unwrap().to_owned())
    });
    let told: Vec<_> = told.collect();
    (result, told.last().unwrap().0, told)
}

/// A run, as far as it has come.
#[derive(Default)]
struct Model {
    now: Duration,
    told: Vec<(Duration, String)>,
    /// How many requests have come, and the weightiest that holds.
    requests: usize,
    asked: Option<usize>,
    /// When the next attempt may begin, and when by a request.
    not_before: Duration,
    allowed: Duration,
    /// The first failure of the outage, and how many delays it has had.
    outage: Option<(Duration, usize)>,
}

/// The delay before the next attempt, none where only a request starts it; or the end, and its first word.
type Next = Result<Option<Duration>, (Result<(), &'static str>, &'static str)>;

impl Model {
    fn tell(&mut self, at: Duration, word: &str) {
        self.told.push((at, word.to_owned()));
    }

    fn request(&mut self, case: &Case, until: Duration) -> Option<(Duration, usize)> {
        let next = case.requests.get(self.requests);
        let request = next.filter(|(at, _)| *at < until).copied();
        self.requests += usize::from(request.is_some());
        request
    }

    /// Lets time pass until then, or until that time if anything but a stop is `asked`.
    fn pass(&mut self, case: &Case, then: Duration, asked: Duration) -> Next {
        while let Some((at, ask)) = self.request(case, self.asked.map_or(then, |_| asked)) {
            (self.now, self.asked) = (at, self.asked.max(Some(ask)));
            if ask == STOP {
                return Err((Ok(()), "shut"));
            }
        }
        self.now = self.now.max(self.asked.map_or(then, |_| asked));
        Ok(None)
    }

    /// The wait after a delay, and the next attempt.
    fn attempt(&mut self, case: &Case, delay: Option<Duration>, step: Attempt) -> Next {
        let due = delay.map_or(NEVER, |delay| self.not_before.max(self.now + delay));
        let soon = due.min(self.not_before.max(self.allowed));
        if !self.told.is_empty() && (delay.is_some() || soon > self.now) {
            self.tell(self.now, "attempt");
        }
        self.pass(case, due, soon)?;
        let (began, by_request) = (self.now, self.now < due);
        self.tell(began, "connecting");
        (self.not_before, self.asked) = (began + case.min_interval, None);
        let mut restart = self.not_before.max(began + secs(1));
        if by_request {
            (self.allowed, restart) = (began + secs(1), NEVER);
        }
        let done = began + step.0;
        let over = done.min(began.saturating_add(case.connect_timeout));
        self.pass(case, over, over.min(restart))?;
        match step.1.0 {
            _ if self.asked.is_some() && restart <= self.now && self.now < done => Ok(None),
            _ if over < done => self.failed(case, "connect", "late"),
            None => self.failed(case, "connect", "refused"),
            Some(_) if self.asked == Some(RECONNECT) => Ok(None),
            Some(result) => self.life(case, step, result),
        }
    }

    fn life(&mut self, case: &Case, step: Attempt, result: RunResult<&'static str>) -> Next {
        let (_, (_, uptime), login, goodbye) = step;
        let (up, mut end, mut told_to) = (self.now, self.now + uptime, NEVER);
        self.tell(up, "connected");
        self.asked = None;
        let grace = goodbye.map_or(ms(0), |time| time.min(secs(5)));
        while let Some((at, ask)) = self.request(case, end) {
            if Some(ask) > self.asked.max(Some(0)) {
                let left = if ask == RECONNECT { ms(0) } else { grace };
                self.tell(at, ["", "ending", "reconnecting", "ending"][ask]);
                (end, told_to, self.asked) = (end.min(at + left), told_to.min(at), Some(ask));
            }
        }
        self.now = end;
        let ready = up + if case.marked { login } else { ms(0) };
        let ready = Some(ready).filter(|ready| *ready <= end && *ready < told_to);
        self.told.extend(ready.map(|at| (at, "ready".to_owned())));
        let stable = ready.map_or(NEVER, |at| at + case.stable_after);
        if stable <= end {
            self.tell(stable, "stable");
            self.outage = None;
        }
        if self.asked.is_none() && matches!(result, RunResult::Renew | RunResult::Exit(Ok(()))) {
            self.tell(end, "ending");
        }
        match (self.asked, result) {
            (Some(STOP), _) => Err((Ok(()), "shut")),
            (Some(_), _) => Ok(None),
            (None, RunResult::Reconnect(error)) => self.failed(case, "connection", error),
            (None, RunResult::Exit(result)) => Err((result, "ended")),
            (None, RunResult::Renew) => Ok(Some(stable.saturating_sub(end).min(case.stable_after))),
        }
    }

    fn failed(&mut self, case: &Case, event: &'static str, error: &'static str) -> Next {
        self.tell(self.now, event);
        let (since, drawn) = self.outage.unwrap_or((self.now, 0));
        self.outage = Some((since, drawn + 1));
        match case.policy.get(drawn) {
            Some(delay) if self.now + *delay <= since + case.give_up_after => Ok(Some(*delay)),
            _ => Err((Err(error), "gave")),
        }
    }
}

fn model(case: &Case) -> Outcome {
    let (mut model, mut steps) = (Model::default(), case.steps.iter());
    let ended = steps.try_fold(Some(ms(0)), |delay, step| model.attempt(case, delay, *step));
    let (result, last) = ended.expect_err("the last step exits");
    model.tell(model.now, last);
    model.told.sort_by_key(|(at, _)| *at);
    (result, model.now, model.told)
}

/// Less than so many times the grid, little more often than not.
fn grid(most: u32) -> impl Strategy<Value = Duration> {
    prop_oneof![0..4_u32, 0..most].prop_map(|times| times * GRID)
}

fn attempt() -> impl Strategy<Value = Attempt> {
    // `connect` hangs, one time in ten.
    let takes = prop_oneof![9 => grid(40), 1 => Just(8_000 * GRID)];
    let lost = grid(40).prop_map(|uptime| (Some(RunResult::Reconnect("lost")), uptime));
    // Before it is stable: the delay after that is random.
    let renewed = grid(4).prop_map(|uptime| (Some(RunResult::Renew), uptime));
    let result = prop_oneof![2 => Just((None, ms(0))), 2 => lost, 1 => renewed];
    (takes, result, grid(40), option::of(grid(80)))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn the_loops_do_what_the_model_does(
        (mut steps, result) in (collection::vec(attempt(), 0..12), select(vec![Ok(()), Err("no")])),
        (policy, give_up_after) in (collection::vec(grid(40), 0..12), grid(160).prop_map(|limit| GRID + limit)),
        (stable_after, min_interval) in (grid(40).prop_map(|uptime| 4 * GRID + uptime), grid(40)),
        (marked, connect_timeout) in (any::<bool>(), prop_oneof![grid(40), Just(NEVER)]),
        asks in collection::btree_map(0..200_u32, select(vec![0, 1, 2, 0, 1, 2, STOP]), 0..12),
    ) {
        steps.push((ms(0), (Some(RunResult::Exit(result)), ms(0)), ms(0), None));
        // Each has its own place between the moments of the grid, and what it starts keeps to that place.
        let asks = asks.into_iter().zip(1..);
        let requests = asks.map(|((at, ask), place)| (at * GRID + ms(place), ask)).collect();
        let mut case = Case {
            steps, policy, marked, stable_after, min_interval, give_up_after, connect_timeout, requests,
        };
        prop_assert_eq!(played(&case, true), model(&case));
        case.requests.clear();
        case.connect_timeout = NEVER;
        let (result, ended, mut told) = model(&case);
        told.retain(|(_, word)| word == "connecting");
        prop_assert_eq!(played(&case, false), (result, ended, told));
    }
}
