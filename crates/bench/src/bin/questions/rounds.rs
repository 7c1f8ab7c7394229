use std::time::{Duration, Instant};

/// How many times each candidate is measured, at least.
pub(crate) const ROUNDS: usize = 11;

/// Measures each candidate once in each of `rounds`, in turn, so that what the machine does meanwhile hits
/// all of them, and another one first in each round; returns the medians.
pub(crate) fn medians<C>(
    rounds: usize,
    candidates: &[C],
    mut measure: impl FnMut(&C) -> f64,
) -> Vec<f64> {
    let mut measured: Vec<Vec<f64>> = candidates.iter().map(|_| Vec::new()).collect();
    for round in 0..rounds {
        for place in 0..candidates.len() {
            let index = (round + place) % candidates.len();
            measured[index].push(measure(&candidates[index]));
        }
    }
    measured.iter_mut().map(|values| median(values)).collect()
}

pub(crate) fn median(values: &mut [f64]) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}

/// The nanoseconds that each of `count` units took.
pub(crate) fn nanoseconds_each(count: u32, work: impl FnOnce()) -> f64 {
    let begin = Instant::now();
    work();
    let elapsed: Duration = begin.elapsed();
    elapsed.as_secs_f64() * 1e9 / f64::from(count)
}
