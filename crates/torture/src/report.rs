use crate::promises::Kept;
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
        let Self {
            attempts,
            warnings,
            recoveries,
            open,
            ..
        } = self;
        let open = if *open { " (the last goes on)" } else { "" };
        let numbers = format!(
            "{} outages of {outages}{open}, {warnings} WARN, {recoveries} INFO, {attempts} attempts of {at_most} at most",
            self.outages
        );
        let counts = self.outages == outages && self.is_told() && *attempts <= at_most;
        Verdict {
            on,
            holds: counts && self.fault.is_none(),
            numbers: match &self.fault {
                Some(fault) => format!("{numbers}; {fault}"),
                None => numbers,
            },
        }
    }
}

/// Each listener came back after each kill; and once more at most for each `early` one, which came before
/// all were back.
pub(crate) fn on_arrivals(listeners: &[ClientReport], kills: u32, early: u32) -> Verdict {
    let arrivals = || listeners.iter().map(|it| it.arrivals);
    let least = arrivals().min().unwrap_or(0);
    let most = arrivals().max().unwrap_or(0);
    let times = if least == most {
        format!("{least}")
    } else {
        format!("{least} to {most}")
    };
    Verdict {
        on: "subscribed",
        holds: least > kills && most <= kills + early + 1,
        numbers: format!(
            "{} listeners, each {times} times; {kills} kills when all were there, {early} before",
            listeners.len()
        ),
    }
}

/// Nothing was missed that the server had promised to pass on.
pub(crate) fn on_promises(kept: &Kept) -> Verdict {
    let Kept { promised, seen, .. } = kept;
    let numbers = format!("{promised} promised, each listener saw {seen} or more");
    Verdict {
        on: "passed on",
        holds: kept.fault.is_none() && *promised > 0,
        numbers: match &kept.fault {
            Some(fault) => format!("{numbers}; {fault}"),
            None => numbers,
        },
    }
}

/// The events came in the order of the contract, and no client ended by itself.
pub(crate) fn on_events(teller: &ClientReport, listeners: &[ClientReport]) -> Verdict {
    let all = || listeners.iter().chain([teller]);
    let count: u64 = all().map(|it| it.attempts).sum();
    let fault = all().find_map(|it| it.fault.as_ref());
    Verdict {
        on: "events",
        holds: fault.is_none() && count > 0,
        numbers: match fault {
            Some(fault) => format!("of {count} attempts; {fault}"),
            None => format!("of {count} attempts, each where the contract has it"),
        },
    }
}

/// Each outage is one warning and one piece of good news; and each time that a listener came back was the
/// end of one.
pub(crate) fn on_outages(teller: &ClientReport, listeners: &[ClientReport]) -> Verdict {
    let all = || listeners.iter().chain([teller]);
    let ended = |it: &ClientReport| it.outages + 1 == u64::from(it.arrivals);
    let outages: u64 = all().map(|it| it.outages).sum();
    let warnings: u32 = all().map(|it| it.warnings).sum();
    let recoveries: u32 = all().map(|it| it.recoveries).sum();
    Verdict {
        on: "outages",
        holds: all().all(ClientReport::is_told) && listeners.iter().all(ended),
        numbers: format!("{outages}, with {warnings} WARN and {recoveries} INFO"),
    }
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
            open: false,
            fault: None,
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
    fn a_promise_that_was_not_kept_fails_it_and_so_does_none() {
        let kept = |promised, fault: Option<&str>| Kept {
            promised,
            seen: 7,
            fault: fault.map(str::to_owned),
        };
        assert!(on_promises(&kept(7, None)).holds);
        assert!(!on_promises(&kept(0, None)).holds);
        assert_eq!(
            on_promises(&kept(8, Some("listener 1 missed 1"))).to_string(),
            "passed on    FAILED  8 promised, each listener saw 7 or more; listener 1 missed 1"
        );
    }

    #[test]
    fn an_event_out_of_order_fails_it_in_any_client() {
        let ill = || ClientReport {
            fault: Some("out of order".to_owned()),
            ..well()
        };
        assert!(on_events(&well(), &[well()]).holds);
        assert!(!on_events(&well(), &[well(), ill()]).holds);
        let verdict = on_events(&ill(), &[well()]);
        assert_eq!(
            verdict.to_string(),
            "events       FAILED  of 26 attempts; out of order"
        );
    }

    #[test]
    fn a_second_warning_in_an_outage_fails_it_and_so_does_a_lost_one() {
        let warned = |warnings| ClientReport { warnings, ..well() };
        assert!(on_outages(&well(), &[well()]).holds);
        assert!(!on_outages(&well(), &[warned(1)]).holds);
        let verdict = on_outages(&warned(3), &[well()]);
        assert_eq!(
            verdict.to_string(),
            "outages      FAILED  4, with 5 WARN and 4 INFO"
        );
    }

    #[test]
    fn too_many_outages_or_attempts_or_a_missing_line_fail_it() {
        assert!(well().verdict("restart", 2, 13).holds);
        assert!(!well().verdict("restart", 1, 13).holds);
        assert!(!well().verdict("restart", 2, 12).holds);
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

    #[test]
    fn an_outage_that_goes_on_after_the_return_fails_it() {
        let on_and_on = ClientReport {
            recoveries: 1,
            ..well()
        };
        assert!(!on_outages(&well(), &[on_and_on]).holds);
        let merged = ClientReport {
            outages: 1,
            warnings: 1,
            recoveries: 1,
            ..well()
        };
        assert!(!on_outages(&well(), &[merged]).holds);
    }
}
