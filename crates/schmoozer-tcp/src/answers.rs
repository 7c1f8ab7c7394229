//! The addresses of one name, in the order to try them.

use std::net::SocketAddr;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use crate::Family;

/// How many addresses of one name a dial tries; the next dial begins with the others.
const LONGEST: usize = 64;
/// How many addresses of one family are kept, so that dials remember all of a name; what comes after is left out.
const KEPT: usize = 512;

/// Collects the addresses of one name and hands them to the dialer in the order to try them.
///
/// Families take turns, beginning with that of the first address (RFC 8305 §4). An IPv4 address that
/// arrives alone waits 50 ms for an IPv6 one, unless the lookup ends before (§3). So does an address whose
/// last connection failed, for a better one. An address that was pushed already is left out, and so is what comes after
/// the first 512 of a family. A dial tries 64 addresses at most, and the next one begins with those that it left.
#[derive(Debug, Default)]
pub struct Answers {
    family: Family,
    #[cfg_attr(not(feature = "hickory"), expect(dead_code, reason = "hickory asks"))]
    time: Option<Duration>,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    answers: Vec<Answer>,
    complete: bool,
    /// Whether an IPv4 address had to wait for an IPv6 one, which then goes first.
    waited: bool,
    /// Whether the address taken last was of IPv6; `None` before the first.
    last_was_v6: Option<bool>,
}

#[derive(Debug)]
struct Answer {
    addr: SocketAddr,
    taken: bool,
}

/// What there is to try next.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Next {
    /// This address.
    Try(SocketAddr),
    /// Nothing until another answer arrives.
    Wait,
    /// Nothing until another answer arrives or the resolution delay is over.
    WaitBriefly,
    /// Nothing any more.
    End,
}

impl Answers {
    /// Collects addresses of this family alone, for a dial that takes so long at most.
    pub(crate) fn of(family: Family, time: Option<Duration>) -> Self {
        Self {
            family,
            time,
            ..Self::default()
        }
    }

    /// How long a lookup may take, so that there is time left to connect: three quarters of the dial's.
    #[cfg(feature = "hickory")]
    pub(crate) fn time_for_lookup(&self) -> Duration {
        self.time.unwrap_or(Duration::from_secs(10)) / 4 * 3
    }

    /// Adds an address.
    pub fn push(&self, addr: SocketAddr) {
        if !self.family.has(addr) {
            return;
        }
        self.with(|state| {
            let same_family = |answer: &&Answer| answer.addr.is_ipv6() == addr.is_ipv6();
            let known = state.answers.iter().any(|answer| answer.addr == addr);
            if !known && state.answers.iter().filter(same_family).count() < KEPT {
                state.answers.push(Answer { addr, taken: false });
            }
        });
    }

    /// Marks that the lookup has ended, and returns all addresses.
    pub(crate) fn complete(&self) -> Vec<SocketAddr> {
        self.with(|state| {
            state.complete = true;
            state.answers.iter().map(|answer| answer.addr).collect()
        })
    }

    /// Takes the next address to try. Those that go `behind` come after the others.
    pub(crate) fn next(
        &self,
        resolution_delay_is_over: bool,
        behind: impl Fn(SocketAddr) -> bool,
    ) -> Next {
        self.with(|state| {
            let may_wait = !state.complete && !resolution_delay_is_over;
            state.next(may_wait, self.family, behind)
        })
    }

    fn with<T>(&self, f: impl FnOnce(&mut State) -> T) -> T {
        f(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl State {
    fn next(
        &mut self,
        may_wait: bool,
        family: Family,
        behind: impl Fn(SocketAddr) -> bool,
    ) -> Next {
        let untaken: Vec<usize> = (0..self.answers.len())
            .filter(|&i| !self.answers[i].taken)
            .collect();
        if untaken.is_empty() || self.answers.len() - untaken.len() >= LONGEST {
            return if self.complete { Next::End } else { Next::Wait };
        }
        let mut from: Vec<usize> = untaken
            .iter()
            .copied()
            .filter(|&i| !behind(self.answers[i].addr))
            .collect();
        let v6_is_there = self.answers.iter().any(|answer| answer.addr.is_ipv6());
        let v6_may_come = self.last_was_v6.is_none() && !v6_is_there && family != Family::V4;
        if may_wait && (v6_may_come || from.is_empty()) {
            self.waited |= v6_may_come;
            return Next::WaitBriefly;
        }
        if from.is_empty() {
            from = untaken;
        }
        let is_v6 = |&i: &usize| self.answers[i].addr.is_ipv6();
        let v6_next = match self.last_was_v6 {
            Some(v6) => !v6,
            None => self.waited || is_v6(&from[0]),
        };
        let next = from.iter().find(|i| is_v6(i) == v6_next);
        let answer = &mut self.answers[*next.unwrap_or(&from[0])];
        answer.taken = true;
        self.last_was_v6 = Some(answer.addr.is_ipv6());
        Next::Try(answer.addr)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn addr(text: &str) -> SocketAddr {
        text.parse().expect("a good address")
    }

    fn answers(texts: &[&str]) -> Answers {
        let answers = Answers::default();
        for text in texts {
            answers.push(addr(text));
        }
        answers
    }

    fn drain(answers: &Answers) -> Vec<String> {
        let mut order = Vec::new();
        while let Next::Try(addr) = answers.next(false, |_| false) {
            order.push(addr.to_string());
        }
        order
    }

    #[test]
    fn families_take_turns_beginning_with_the_resolvers_first() {
        let v6_first = answers(&["[::1]:1", "[::2]:1", "[::3]:1", "1.0.0.1:1", "1.0.0.2:1"]);
        v6_first.complete();
        assert_eq!(
            drain(&v6_first),
            ["[::1]:1", "1.0.0.1:1", "[::2]:1", "1.0.0.2:1", "[::3]:1"]
        );
        let v4_first = answers(&["1.0.0.1:1", "1.0.0.2:1", "[::1]:1"]);
        v4_first.complete();
        assert_eq!(drain(&v4_first), ["1.0.0.1:1", "[::1]:1", "1.0.0.2:1"]);
        assert_eq!(v4_first.next(false, |_| false), Next::End);
    }

    #[test]
    fn an_ipv4_address_alone_waits_and_lets_an_ipv6_one_go_first() {
        let answers = answers(&["1.0.0.1:1"]);
        assert_eq!(answers.next(false, |_| false), Next::WaitBriefly);
        answers.push(addr("[::1]:1"));
        answers.complete();
        assert_eq!(drain(&answers), ["[::1]:1", "1.0.0.1:1"]);
    }

    #[test]
    fn an_ipv4_address_waits_no_longer_than_the_resolution_delay_or_the_lookup() {
        let late = answers(&["1.0.0.1:1"]);
        assert_eq!(late.next(false, |_| false), Next::WaitBriefly);
        assert_eq!(late.next(true, |_| false), Next::Try(addr("1.0.0.1:1")));
        assert_eq!(late.next(true, |_| false), Next::Wait);
        let ended = answers(&["1.0.0.1:1"]);
        assert_eq!(ended.next(false, |_| false), Next::WaitBriefly);
        ended.complete();
        assert_eq!(ended.next(false, |_| false), Next::Try(addr("1.0.0.1:1")));
    }

    #[test]
    fn an_ipv6_address_waits_for_nothing() {
        let answers = answers(&["[::1]:1"]);
        assert_eq!(answers.next(false, |_| false), Next::Try(addr("[::1]:1")));
        answers.push(addr("[::2]:1"));
        answers.push(addr("1.0.0.1:1"));
        assert_eq!(drain(&answers), ["1.0.0.1:1", "[::2]:1"]);
    }

    #[test]
    fn an_address_is_tried_once() {
        let answers = answers(&["[::1]:1", "[::1]:1", "[::1]:2"]);
        assert_eq!(answers.next(false, |_| false), Next::Try(addr("[::1]:1")));
        answers.push(addr("[::1]:1"));
        assert_eq!(drain(&answers), ["[::1]:2"]);
    }

    #[test]
    fn a_flood_of_answers_is_bounded() {
        let answers = Answers::default();
        (0..10_000).for_each(|i| answers.push(SocketAddr::from(([10, 0, 0, 1], i))));
        answers.complete();
        assert_eq!(drain(&answers).len(), LONGEST);
    }

    /// Row 45: families take turns before the list is cut (RFC 8305 §4 and §5).
    #[test]
    fn a_flood_of_one_family_does_not_crowd_the_other_out() {
        let answers = Answers::default();
        (1..=200).for_each(|i| answers.push(SocketAddr::from(([0, 0, 0, 0, 0, 0, 0, i], 1))));
        answers.push(addr("1.0.0.1:1"));
        answers.complete();
        let order = drain(&answers);
        assert_eq!((order.len(), order[1].as_str()), (LONGEST, "1.0.0.1:1"));
    }

    #[test]
    fn addresses_of_another_family_are_left_out_and_not_waited_for() {
        let v4 = Answers::of(Family::V4, None);
        v4.push(addr("[::1]:1"));
        v4.push(addr("1.0.0.1:1"));
        assert_eq!(drain(&v4), ["1.0.0.1:1"]);
        let v6 = Answers::of(Family::V6, None);
        v6.push(addr("1.0.0.1:1"));
        v6.push(addr("[::1]:1"));
        assert_eq!(v6.complete(), [addr("[::1]:1")]);
    }

    #[test]
    fn what_goes_behind_comes_last_and_waits_for_something_better() {
        let failed = [addr("[::1]:1"), addr("1.0.0.1:1")];
        let behind = |addr| failed.contains(&addr);
        let answers = answers(&["[::1]:1", "1.0.0.1:1"]);
        assert_eq!(answers.next(false, behind), Next::WaitBriefly);
        answers.push(addr("1.0.0.2:1"));
        for next in ["1.0.0.2:1", "[::1]:1", "1.0.0.1:1"] {
            assert_eq!(answers.next(true, behind), Next::Try(addr(next)));
        }
        assert_eq!(answers.next(true, behind), Next::Wait);
    }

    #[test]
    fn nothing_is_tried_before_the_first_answer() {
        let answers = Answers::default();
        assert_eq!(answers.next(true, |_| false), Next::Wait);
        answers.complete();
        assert_eq!(answers.next(true, |_| false), Next::End);
    }
}
