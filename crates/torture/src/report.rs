use crate::verdict::Verdict;

/// How a client fared with its server.
#[derive(Debug, Default, Clone)]
pub(crate) struct ClientReport {
    /// How often it was ready: logged in, and subscribed to what it is for.
    pub(crate) arrivals: u32,
    pub(crate) attempts: u64,
    pub(crate) outages: u64,
    /// The last outage went on when it was stopped.
    pub(crate) open: bool,
    pub(crate) warnings: u32,
    pub(crate) recoveries: u32,
    /// How many numbered requests were answered, if it sent such.
    pub(crate) answered: Option<u64>,
    /// What is wrong with its end, or with the first event that was out of order.
    pub(crate) fault: Option<String>,
}

impl ClientReport {
    /// Each outage is one warning, and one recovery unless it still goes on.
    fn is_told(&self) -> bool {
        let over = self.outages - u64::from(self.open);
        self.outages == u64::from(self.warnings) && over == u64::from(self.recoveries)
    }

    /// There were so many outages, each told once, within so many attempts.
    pub(crate) fn verdict(&self, on: &'static str, outages: u64, at_most: u64) -> Verdict {
        let open = if self.open { " (the last goes on)" } else { "" };
        let mut numbers = format!(
            "{} outages of {outages}{open}, {} WARN, {} INFO, {} attempts of {at_most} at most",
            self.outages, self.warnings, self.recoveries, self.attempts
        );
        if let Some(count) = self.answered {
            numbers = format!("{numbers}, {count} requests answered, in order");
        }
        if let Some(fault) = &self.fault {
            numbers = format!("{numbers}; {fault}");
        }
        let counts = self.outages == outages && self.is_told() && self.attempts <= at_most;
        let holds = counts && self.answered != Some(0) && self.fault.is_none();
        Verdict::new(on, holds, numbers)
    }
}

/// Each listener came back after each kill; and once more at most for each `early` one, which came before
/// all were back.
pub(crate) fn on_arrivals(listeners: &[ClientReport], kills: u32, early: u32) -> Verdict {
    let arrivals = || listeners.iter().map(|it| it.arrivals);
    let least = arrivals().min().unwrap_or(0);
    let most = arrivals().max().unwrap_or(0);
    let numbers = format!(
        "{} listeners, each {least} to {most} times; {kills} kills when all were there, {early} before",
        listeners.len()
    );
    let holds = least > kills && most <= kills + early + 1;
    Verdict::new("subscribed", holds, numbers)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Killed twice, and came back each time.
    fn well() -> ClientReport {
        ClientReport {
            arrivals: 3,
            outages: 2,
            warnings: 2,
            recoveries: 2,
            attempts: 13,
            ..ClientReport::default()
        }
    }

    #[test]
    fn a_listener_that_did_not_subscribe_again_fails_it() {
        let listeners = |arrivals| [well(), ClientReport { arrivals, ..well() }];
        assert!(on_arrivals(&listeners(3), 2, 0).holds);
        assert!(on_arrivals(&listeners(4), 2, 1).holds);
        assert!(!on_arrivals(&listeners(4), 2, 0).holds);
        assert!(!on_arrivals(&[], 2, 0).holds);
        let verdict = on_arrivals(&listeners(2), 2, 1);
        assert_eq!(
            verdict.to_string(),
            "subscribed   FAILED  2 listeners, each 2 to 3 times; 2 kills when all were there, 1 before"
        );
    }

    #[test]
    fn too_many_outages_or_attempts_a_line_that_is_missing_and_a_fault_fail_it() {
        assert!(well().verdict("restart", 2, 13).holds);
        assert!(!well().verdict("restart", 1, 13).holds);
        assert!(!well().verdict("restart", 2, 12).holds);
        let ill = |change: fn(&mut ClientReport)| {
            let mut report = well();
            change(&mut report);
            !report.verdict("restart", 2, 13).holds
        };
        assert!(ill(|it| it.fault = Some("out of order".to_owned())));
        assert!(ill(|it| it.answered = Some(0)));
        assert!(ill(|it| it.warnings = 3));
        assert!(ill(|it| it.recoveries = 1));
        let open = ClientReport {
            open: true,
            ..well()
        };
        let verdict = open.verdict("restart", 2, 13);
        assert_eq!(
            verdict.to_string(),
            "restart      FAILED  2 outages of 2 (the last goes on), 2 WARN, 2 INFO, 13 attempts of 13 at most"
        );
    }
}
