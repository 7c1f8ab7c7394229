//! What happened when: attempts over time, and what was done to the server.

use std::collections::VecDeque;
use std::time::Duration;

/// A quarter of an hour.
const SAMPLES: usize = 4_500;
const MARKS: usize = 200;

/// The attempts of the last while, and what happened meanwhile.
#[derive(Debug, Default)]
pub(crate) struct Timeline {
    /// Attempts a second in each sample, the latest last.
    rates: VecDeque<u32>,
    taken: u64,
    marks: VecDeque<Mark>,
}

/// Something that happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Mark {
    pub(crate) kind: Kind,
    /// When, since the start.
    pub(crate) at: Duration,
    /// How many samples had been taken.
    sample: u64,
    /// In one word, and in a sentence.
    pub(crate) word: String,
    pub(crate) sentence: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Killed,
    Blackholed,
    Revived,
    AllBack,
    Switched,
}

impl Timeline {
    /// Adds the attempts that there were in `span`.
    pub(crate) fn sample(&mut self, attempts: u64, span: Duration) {
        let millis = u64::try_from(span.as_millis()).unwrap_or(u64::MAX).max(1);
        let rate = attempts.saturating_mul(1_000) / millis;
        self.rates.push_back(rate.try_into().unwrap_or(u32::MAX));
        self.taken += 1;
        if self.rates.len() > SAMPLES {
            self.rates.pop_front();
        }
    }

    pub(crate) fn mark(&mut self, at: Duration, kind: Kind, word: String, sentence: String) {
        self.marks.push_back(Mark {
            kind,
            at,
            sample: self.taken,
            word,
            sentence,
        });
        if self.marks.len() > MARKS {
            self.marks.pop_front();
        }
    }

    /// The latest `count` samples, or as many as there are, the latest last.
    pub(crate) fn rates(&self, count: usize) -> impl Iterator<Item = u32> {
        let skipped = self.rates.len().saturating_sub(count);
        self.rates.iter().skip(skipped).copied()
    }

    /// Each mark and how many samples ago it was, the latest last.
    pub(crate) fn marks(&self) -> impl DoubleEndedIterator<Item = (u64, &Mark)> {
        self.marks
            .iter()
            .map(|mark| (self.taken - mark.sample, mark))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sample_is_a_rate_and_a_mark_stays_where_it_was() {
        let mut timeline = Timeline::default();
        timeline.sample(10, Duration::from_millis(200));
        let at = Duration::from_secs(1);
        timeline.mark(at, Kind::Killed, "killed".to_owned(), String::new());
        timeline.sample(1, Duration::from_millis(250));
        timeline.sample(3, Duration::ZERO);
        assert_eq!(timeline.rates(2).collect::<Vec<_>>(), [4, 3_000]);
        assert_eq!(timeline.rates(9).next(), Some(50));
        assert_eq!(timeline.marks().next().map(|(ago, _)| ago), Some(2));
    }

    #[test]
    fn it_forgets_what_is_long_ago() {
        let mut timeline = Timeline::default();
        for n in 0..10_000 {
            timeline.sample(n, Duration::from_secs(1));
            timeline.mark(Duration::ZERO, Kind::Switched, n.to_string(), String::new());
        }
        assert_eq!(timeline.rates(usize::MAX).count(), SAMPLES);
        assert_eq!(timeline.rates(1).next(), Some(9_999));
        assert_eq!(timeline.marks().count(), MARKS);
        assert_eq!(timeline.marks().last().map(|(ago, _)| ago), Some(0));
    }
}
