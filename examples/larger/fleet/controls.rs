//! What is switched while the fleet runs: the policy and the pacer.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use schmoozer_backoff::{Constant, Exponential, PolicyConfig, Rounds};
use schmoozer_core::{InvalidPacer, Pacer};

/// Shared by all connectors of the fleet; each asks before it draws a delay, and before it dials.
#[derive(Debug)]
pub(crate) struct Controls {
    policies: Vec<(String, PolicyConfig)>,
    chosen: AtomicUsize,
    pacer: Pacer,
    rate: u32,
    paced: AtomicBool,
}

impl Controls {
    /// Begins with `policy`, or else with the default, and with the pacer on if it has a `pace`.
    pub(crate) fn new(
        clients: u32,
        capacity: u32,
        policy: Option<PolicyConfig>,
        pace: Option<u32>,
    ) -> Result<Self, InvalidPacer> {
        let rounds = Rounds::for_fleet(clients.into(), capacity.into());
        let together = Constant::new(Duration::from_secs(2));
        let mut policies: Vec<(String, PolicyConfig)> = vec![
            (
                "Exponential::default()".to_owned(),
                Exponential::default().into(),
            ),
            (
                format!("Rounds::for_fleet({clients}, {capacity})"),
                rounds.into(),
            ),
            ("Exponential::grpc()".to_owned(), Exponential::grpc().into()),
            ("2 s, no jitter".to_owned(), together.into()),
        ];
        if let Some(policy) = policy {
            policies.insert(0, (policy.to_string(), policy));
        }
        let rate = pace.unwrap_or(capacity);
        let pacer = Pacer::per_second(rate).burst((rate / 10).max(1))?;
        Ok(Self {
            policies,
            chosen: AtomicUsize::new(0),
            pacer,
            rate,
            paced: AtomicBool::new(pace.is_some()),
        })
    }

    /// What the policy is called that is chosen now.
    pub(crate) fn policy(&self) -> &str {
        &self.policies[self.chosen()].0
    }

    pub(crate) fn next_policy(&self) {
        let next = (self.chosen() + 1) % self.policies.len();
        self.chosen.store(next, Ordering::Relaxed);
    }

    fn chosen(&self) -> usize {
        self.chosen.load(Ordering::Relaxed)
    }

    /// The pacer, while it is on.
    pub(crate) fn pacer(&self) -> Option<&Pacer> {
        self.paced.load(Ordering::Relaxed).then_some(&self.pacer)
    }

    /// How many attempts a second the pacer lets through, while it is on.
    pub(crate) fn pace(&self) -> Option<u32> {
        self.pacer().map(|_| self.rate)
    }

    pub(crate) fn switch_pacer(&self) {
        self.paced.fetch_xor(true, Ordering::Relaxed);
    }
}

/// A delay policy that is another one after each switch, from the next delay on.
#[derive(Debug, Clone)]
pub(crate) struct Chosen(pub(crate) Arc<Controls>);

impl IntoIterator for Chosen {
    type Item = Duration;
    type IntoIter = ChosenDelays;

    fn into_iter(self) -> ChosenDelays {
        let chosen = self.0.chosen();
        let delays = self.0.policies[chosen].1.clone().into_iter();
        ChosenDelays {
            controls: self.0,
            chosen,
            delays,
        }
    }
}

#[derive(Debug)]
pub(crate) struct ChosenDelays {
    controls: Arc<Controls>,
    chosen: usize,
    delays: <PolicyConfig as IntoIterator>::IntoIter,
}

impl Iterator for ChosenDelays {
    type Item = Duration;

    fn next(&mut self) -> Option<Duration> {
        if self.chosen != self.controls.chosen() {
            *self = Chosen(Arc::clone(&self.controls)).into_iter();
        }
        self.delays.next()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_switch_of_the_policy_holds_from_the_next_delay_on() {
        let policy: PolicyConfig = "constant:7s".parse().unwrap();
        let controls = Arc::new(Controls::new(2_000, 400, Some(policy), None).unwrap());
        let mut delays = Chosen(Arc::clone(&controls)).into_iter();
        assert_eq!(controls.policy(), "constant:7s");
        assert_eq!(delays.next(), Some(Duration::from_secs(7)));
        for name in [
            "Exponential::default()",
            "Rounds::for_fleet(2000, 400)",
            "Exponential::grpc()",
            "2 s, no jitter",
        ] {
            controls.next_policy();
            assert_eq!(controls.policy(), name);
        }
        assert_eq!(delays.next(), Some(Duration::from_secs(2)));
        controls.next_policy();
        assert_eq!(delays.next(), Some(Duration::from_secs(7)));
    }

    #[tokio::test]
    async fn the_pacer_is_on_from_the_start_where_a_rate_is_given() {
        let controls = Controls::new(10, 5, None, Some(3)).unwrap();
        assert_eq!(controls.pace(), Some(3));
        controls.switch_pacer();
        assert_eq!(controls.pace(), None);
        let controls = Controls::new(10, 5, None, None).unwrap();
        assert_eq!(controls.pace(), None);
        controls.switch_pacer();
        assert_eq!(controls.pace(), Some(5));
    }
}
