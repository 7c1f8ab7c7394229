use std::time::Instant;

/// How far a count of attempts has gone over a rate, in the worst of all stretches of time.
///
/// In no stretch of `t` seconds may there be more than `rate × t + burst`. Of all stretches that end
/// with the latest attempt, the worst is known from the one before it, so that none has to be kept: a
/// leaky bucket.
#[derive(Debug)]
pub(crate) struct Bound {
    per_second: f64,
    level: f64,
    worst: f64,
    latest: Option<Instant>,
}

impl Bound {
    pub(crate) fn new(per_second: u32) -> Self {
        Self {
            per_second: per_second.into(),
            level: 0.0,
            worst: 0.0,
            latest: None,
        }
    }

    /// Counts an attempt at `now`, which is not before the latest.
    pub(crate) fn count(&mut self, now: Instant) {
        if let Some(latest) = self.latest.replace(now) {
            let since = now.saturating_duration_since(latest).as_secs_f64();
            self.level = (self.level - since * self.per_second).max(0.0);
        }
        self.level += 1.0;
        self.worst = self.worst.max(self.level);
    }

    /// The most attempts over the rate in any stretch: the smallest burst that allows them all.
    pub(crate) fn worst(&self) -> f64 {
        self.worst
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn worst(millis: &[u64]) -> f64 {
        let begin = Instant::now();
        let mut bound = Bound::new(10);
        for &millis in millis {
            bound.count(begin + Duration::from_millis(millis));
        }
        bound.worst()
    }

    /// All stretches, one by one.
    fn worst_of_all(millis: &[u64]) -> f64 {
        let mut worst = 0.0_f64;
        for (first, begin) in millis.iter().enumerate() {
            for (last, end) in millis.iter().enumerate().skip(first) {
                let count = u32::try_from(last - first + 1).unwrap();
                let seconds = Duration::from_millis(end - begin).as_secs_f64();
                worst = worst.max(f64::from(count) - 10.0 * seconds);
            }
        }
        worst
    }

    #[test]
    fn the_worst_stretch_is_found_wherever_it_is() {
        let mut rng = fastrand::Rng::with_seed(1);
        for _ in 0..100 {
            let mut now = 0;
            let attempts: Vec<u64> = std::iter::repeat_with(|| {
                now += rng.u64(0..250) * u64::from(rng.bool());
                now
            })
            .take(40)
            .collect();
            let (seen, true_one) = (worst(&attempts), worst_of_all(&attempts));
            assert!(
                (seen - true_one).abs() < 1e-6,
                "{seen} {true_one} {attempts:?}"
            );
        }
    }
}
