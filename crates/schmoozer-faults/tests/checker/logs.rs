//! Logs that say something else than the events.

use schmoozer_core::{Event, Outage, Runner, Why};
use schmoozer_faults::{Checker, OwnedEvent, Recorder, Script, Step};
use tokio::time::Instant;
use tracing::Level;

use crate::events::{Events, run};
use crate::secs;

/// A line as the loop logs it.
#[derive(Debug, Clone)]
struct Line {
    level: Level,
    message: &'static str,
    error: Option<String>,
    /// Of an outage that is over: the connection, the length and the attempts.
    over: Option<(u64, f64, u32)>,
}

impl Line {
    fn new(level: Level, message: &'static str, error: Option<&str>) -> Self {
        Self {
            level,
            message,
            error: error.map(str::to_owned),
            over: None,
        }
    }

    fn log(&self) {
        let (message, error) = (self.message, self.error.as_deref());
        let (id, outage, attempts) = match self.over {
            Some((id, outage, attempts)) => (Some(id), Some(outage), Some(attempts)),
            None => (None, None, None),
        };
        // The level is part of where an event is written.
        macro_rules! log {
            ($level:ident) => {
                tracing::$level!(
                    target: "schmoozer", connector = "c", id, outage, attempts, error, "{message}"
                )
            };
        }
        match self.level {
            Level::ERROR => log!(error),
            Level::WARN => log!(warn),
            Level::INFO => log!(info),
            _ => log!(debug),
        }
    }
}

/// The lines that belong to an event.
fn story(event: &OwnedEvent) -> Vec<Line> {
    let over = |id, outage: &Outage| Line {
        over: Some((id, outage.length.as_secs_f64(), outage.attempts)),
        ..Line::new(Level::INFO, "outage over", Some(&outage.last_cause))
    };
    match event.as_event() {
        Event::Failed {
            attempt: 1, cause, ..
        } => vec![Line::new(Level::WARN, "outage began", Some(cause))],
        Event::Stable {
            id,
            outage: Some(outage),
        } => vec![over(id, outage)],
        Event::Stopped { stopped } => {
            let cause = stopped.cause.as_deref();
            match stopped.why {
                Why::GaveUp => vec![Line::new(Level::ERROR, "gave up", cause)],
                Why::Final => {
                    vec![Line::new(Level::ERROR, "stopped by a final error", cause)]
                }
                _ => Vec::new(),
            }
        }
        _ => Vec::new(),
    }
}

/// A run of this one step that ends by itself.
async fn ends(step: Step) -> Events {
    let (begin, recorder) = (Instant::now(), Recorder::new());
    let runner = Runner::new(Script::new([step], [])).observer(recorder.clone());
    assert!(runner.run().await.is_err());
    let events = recorder.events().into_iter();
    events.map(|(at, event)| (begin + at, event)).collect()
}

/// Three runs: outages that are over, one that gives up, and one that ends by a final error.
async fn runs() -> [Events; 3] {
    let gives_up = ends(Step::fails(secs(1))).await;
    [
        run().await,
        gives_up,
        ends(Step::refuses(Err("no entry"))).await,
    ]
}

/// What the checker says to these events, each after its lines.
fn verdict(events: &Events, lines: &[Vec<Line>]) -> Result<(), String> {
    let checker = Checker::exact().with_requests().logs();
    let mut told = events.iter().zip(lines);
    told.try_for_each(|((at, event), lines)| {
        lines.iter().for_each(Line::log);
        checker.check(*at, &event.as_event())
    })
}

/// How many lines there are, of which each is found out when `change` changes what was logged at its event.
async fn found_out(change: impl Fn(&mut Vec<Line>)) -> usize {
    let mut found = 0;
    for events in runs().await {
        let lines: Vec<_> = events.iter().map(|(_, event)| story(event)).collect();
        for wrong in (0..lines.len()).filter(|at| !lines[*at].is_empty()) {
            let mut told = lines.clone();
            change(&mut told[wrong]);
            let fault = verdict(&events, &told).expect_err("found out");
            assert!(fault.starts_with("the log: ["), "{fault}");
            found += 1;
        }
    }
    found
}

#[tokio::test(start_paused = true)]
async fn logs_that_tell_what_the_events_tell_pass() {
    let mut logged = Vec::new();
    for events in runs().await {
        let lines: Vec<_> = events.iter().map(|(_, event)| story(event)).collect();
        assert_eq!(verdict(&events, &lines), Ok(()));
        logged.extend(lines.concat().iter().map(|line| line.message));
    }
    let (began, over) = ("outage began", "outage over");
    let ends = ["gave up", "stopped by a final error"];
    assert_eq!(logged, [began, over, began, began, ends[0], ends[1]]);
}

#[tokio::test(start_paused = true)]
async fn a_line_that_is_missing_or_comes_twice_is_found_out() {
    assert_eq!(found_out(Vec::clear).await, 6);
    assert_eq!(found_out(|lines| lines.push(lines[0].clone())).await, 6);
}

#[tokio::test(start_paused = true)]
async fn a_line_with_another_level_text_or_cause_is_found_out() {
    let level = found_out(|lines| {
        lines[0].level = match lines[0].level {
            Level::WARN => Level::ERROR,
            Level::INFO => Level::DEBUG,
            _ => Level::WARN,
        };
    });
    assert_eq!(level.await, 6);
    assert_eq!(
        found_out(|lines| lines[0].message = "outage ended").await,
        6
    );
    assert_eq!(
        found_out(|lines| lines[0].error = Some("else".into())).await,
        6
    );
    assert_eq!(found_out(|lines| lines[0].error = None).await, 6);
}

#[tokio::test(start_paused = true)]
async fn an_outage_that_the_log_tells_otherwise_is_found_out() {
    type Change = fn(&mut (u64, f64, u32));
    let changes: [Change; 3] = [
        |(id, _, _)| *id += 1,
        |(_, length, _)| *length += 1e-9,
        |(_, _, attempts)| *attempts += 1,
    ];
    for change in changes {
        let events = run().await;
        let mut lines: Vec<_> = events.iter().map(|(_, event)| story(event)).collect();
        let mut logged = lines.iter_mut().flatten();
        change(logged.find_map(|line| line.over.as_mut()).expect("one"));
        let fault = verdict(&events, &lines).expect_err("found out");
        assert!(fault.starts_with("the log: [\"INFO "), "{fault}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_line_without_an_event_is_found_out_but_not_one_that_comes_between() {
    let events = run().await;
    let lines: Vec<_> = events.iter().map(|(_, event)| story(event)).collect();
    for (at, _) in lines.iter().enumerate().filter(|(_, own)| own.is_empty()) {
        let mut told = lines.clone();
        told[at] = vec![Line::new(Level::WARN, "outage began", Some("refused"))];
        assert!(verdict(&events, &told).is_err());
        told[at] = vec![Line::new(Level::INFO, "outage goes on", Some("refused"))];
        assert_eq!(verdict(&events, &told), Ok(()));
    }
}

#[tokio::test(start_paused = true)]
async fn logs_that_go_to_another_subscriber_are_not_compared() {
    let events = run().await;
    let nothing = vec![Vec::new(); events.len()];
    let other = tracing::subscriber::NoSubscriber::default();
    let passed = tracing::subscriber::with_default(other, || verdict(&events, &nothing));
    assert_eq!(passed, Ok(()));
    assert!(verdict(&events, &nothing).is_err());
}
