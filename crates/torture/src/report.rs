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
        let numbers = match &self.fault {
            Some(fault) => format!("{numbers}; {fault}"),
            None => numbers,
        };
        Verdict::new(on, counts && self.fault.is_none(), numbers)
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
    Verdict::new(
        "subscribed",
        least > kills && most <= kills + early + 1,
        numbers,
    )
}

/// The events came in the order of the contract, and no client ended by itself.
pub(crate) fn on_events(clients: &[ClientReport]) -> Verdict {
    let count: u64 = clients.iter().map(|it| it.attempts).sum();
    let fault = clients.iter().find_map(|it| it.fault.as_ref());
    let numbers = match fault {
        Some(fault) => format!("of {count} attempts; {fault}"),
        None => format!("of {count} attempts, each where the contract has it"),
    };
    Verdict::new("events", fault.is_none() && count > 0, numbers)
}

/// Each outage is one warning and one piece of good news; and each time that a listener came back was the
/// end of one.
pub(crate) fn on_outages(teller: &ClientReport, listeners: &[ClientReport]) -> Verdict {
    let all = || listeners.iter().chain([teller]);
    let ended = |it: &ClientReport| it.outages + 1 == u64::from(it.arrivals);
    let outages: u64 = all().map(|it| it.outages).sum();
    let warnings: u32 = all().map(|it| it.warnings).sum();
    let recoveries: u32 = all().map(|it| it.recoveries).sum();
    let holds = all().all(ClientReport::is_told) && listeners.iter().all(ended);
    let numbers = format!("{outages}, with {warnings} WARN and {recoveries} INFO");
    Verdict::new("outages", holds, numbers)
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
    fn an_event_out_of_order_fails_it_in_any_client() {
        let ill = ClientReport {
            fault: Some("out of order".to_owned()),
            ..well()
        };
        assert!(on_events(&[well(), well()]).holds);
        let verdict = on_events(&[well(), ill]).to_string();
        assert_eq!(verdict, "events       FAILED  of 26 attempts; out of order");
    }

    #[test]
    fn an_outage_that_is_not_told_once_or_goes_on_after_the_return_fails_it() {
        assert!(on_outages(&well(), &[well()]).holds);
        for (outages, warnings, recoveries) in [(2, 1, 2), (2, 2, 1), (1, 1, 1)] {
            let listener = ClientReport {
                outages,
                warnings,
                recoveries,
                ..well()
            };
            assert!(!on_outages(&well(), &[listener]).holds);
        }
        let warned = ClientReport {
            warnings: 3,
            ..well()
        };
        let verdict = on_outages(&warned, &[well()]).to_string();
        assert_eq!(verdict, "outages      FAILED  4, with 5 WARN and 4 INFO");
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
}
