//! The contract of the loop, in milliseconds.

use schmoozer_core::Why;

use super::{Ask, Attempt, Case, Kind, Outcome};

const NEVER: u64 = u64::MAX;

/// Where a run is.
struct Model<'a> {
    case: &'a Case,
    now: u64,
    attempts: Vec<u64>,
    requests: std::iter::Peekable<std::slice::Iter<'a, (u64, Ask)>>,
    asked: Option<Ask>,
    /// When the latest attempt began that a request started.
    requested: Option<u64>,
    /// The first failure of the outage, and how many delays it has had.
    outage: Option<(u64, usize)>,
}

type Ended = (Result<(), &'static str>, Why);

impl Model<'_> {
    /// The request that comes before `until`, if one does: it is then, and it is held.
    fn request(&mut self, until: u64, heard: impl Fn(Ask) -> bool) -> Option<Ask> {
        let (at, ask) = *self.requests.next_if(|(at, _)| *at < until)?;
        self.now = at;
        if heard(ask) && self.asked.is_none_or(|asked| asked < ask) {
            self.asked = Some(ask);
        }
        Some(ask)
    }

    /// Waits for the next attempt; returns whether a request starts it.
    fn wait(&mut self, delay: Option<u64>) -> Result<bool, Ended> {
        let not_before = self
            .attempts
            .last()
            .map_or(0, |at| at + self.case.min_interval);
        let due = delay.map_or(NEVER, |delay| not_before.max(self.now + delay));
        loop {
            let mut at = due;
            if self.asked.is_some() {
                let allowed = self.requested.map_or(0, |at| at + 1_000);
                at = at.min(allowed.max(not_before));
            }
            if self.request(at, |_| true).is_none() {
                self.now = self.now.max(at);
                return Ok(self.now < due);
            }
            if self.asked == Some(Ask::Stop) {
                return Err((Ok(()), Why::Shutdown));
            }
        }
    }

    /// One attempt, and the life of its connection; returns the delay until the next.
    fn attempt(&mut self, step: Attempt, by_request: bool) -> Result<Option<u64>, Ended> {
        let began = self.now;
        self.attempts.push(began);
        self.asked = None;
        if by_request {
            self.requested = Some(began);
        }
        let late = self
            .case
            .connect_timeout
            .map_or(NEVER, |limit| began + limit);
        let done = (began + step.takes).min(late);
        loop {
            let restart = match self.asked {
                Some(_) if !by_request => began + self.case.min_interval.max(1_000),
                _ => NEVER,
            };
            if self.request(done.min(restart), |_| true).is_none() {
                let over = began + step.takes;
                if restart < over && restart <= done {
                    self.now = self.now.max(restart);
                    return Ok(None);
                }
                break;
            }
            if self.asked == Some(Ask::Stop) {
                return Err((Ok(()), Why::Shutdown));
            }
        }
        self.now = done;
        if late < began + step.takes {
            return self.failed("late", false);
        }
        match step.kind {
            Kind::Fails => self.failed("refused", false),
            _ if self.asked == Some(Ask::Reconnect) => Ok(None),
            _ => self.life(step),
        }
    }

    fn life(&mut self, step: Attempt) -> Result<Option<u64>, Ended> {
        let up = self.now;
        let (lost, mut told_at, mut over, mut goodbye) = (up + step.uptime, NEVER, NEVER, NEVER);
        self.asked = None;
        let mut dropped = false;
        while self
            .request(lost.min(over).min(goodbye), |ask| ask > Ask::Retry)
            .is_some()
        {
            dropped = self.asked == Some(Ask::Reconnect);
            if dropped {
                break;
            }
            if self.asked.is_some() && told_at == NEVER {
                told_at = self.now;
                let asks = step.goodbye.map(|_| 5_000);
                over = told_at + self.case.grace.or(asks).unwrap_or(0);
                goodbye = step.goodbye.map_or(NEVER, |time| told_at + time);
            }
        }
        if !dropped {
            self.now = lost.min(over).min(goodbye);
        }
        let ready = match (self.case.marked, step.login) {
            (false, _) => Some(up),
            (true, login) if login <= step.uptime => Some(up + login),
            _ => None,
        };
        let ready = ready.filter(|ready| *ready <= self.now && (*ready == up || *ready < told_at));
        let stable = ready.is_some_and(|ready| self.now - ready >= self.case.stable_after);
        if stable {
            self.outage = None;
        }
        let by_itself = !dropped && self.now == lost;
        match (step.kind, self.asked) {
            (Kind::Exits(Err(error)), _) if by_itself => Err((Err(error), Why::Final)),
            (_, Some(Ask::Stop)) => Err((Ok(()), Why::Shutdown)),
            (_, Some(_)) => Ok(None),
            (Kind::Exits(result), None) => Err((result, Why::Exit)),
            (Kind::Renews, None) => {
                let waited = ready.map_or(0, |ready| self.now - ready);
                Ok(Some(self.case.stable_after - waited))
            }
            (_, None) => self.failed("lost", stable),
        }
    }

    fn failed(&mut self, cause: &'static str, stable: bool) -> Result<Option<u64>, Ended> {
        let known = self.outage.filter(|_| !stable);
        let (since, drawn) = known.unwrap_or((self.now, 0));
        self.outage = Some((since, drawn + 1));
        let limit = self.case.give_up_after.unwrap_or(NEVER);
        match self.case.policy.get(drawn) {
            Some(delay) if self.now - since + delay <= limit && limit > 0 => Ok(Some(*delay)),
            _ => Err((Err(cause), Why::GaveUp)),
        }
    }
}

pub(super) fn model(case: &Case) -> Outcome {
    let mut model = Model {
        case,
        now: 0,
        attempts: Vec::new(),
        requests: case.requests.iter().peekable(),
        asked: None,
        requested: None,
        outage: None,
    };
    let mut steps = case.steps.iter();
    let mut step = steps.next().copied().unwrap();
    let mut delay = Some(0);
    let (result, why) = loop {
        let next = model
            .wait(delay)
            .and_then(|by_request| model.attempt(step, by_request));
        match next {
            Ok(next) => delay = next,
            Err(ended) => break ended,
        }
        step = steps.next().copied().unwrap_or(step);
    };
    (model.attempts, result, why, model.now)
}
