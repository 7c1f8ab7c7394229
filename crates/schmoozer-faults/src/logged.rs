//! Compares the lines that an on-call engineer reads with the events that they are about.

use std::cell::RefCell;
use std::fmt::{Debug, Write};
use std::sync::Once;

use schmoozer_core::{Event, Why};
use tracing::field::{Field, Visit};
use tracing::level_filters::LevelFilter;
use tracing::span::{Attributes, Id, Record};
use tracing::{Dispatch, Level, Metadata, Subscriber, dispatcher};

thread_local! {
    /// The lines at INFO and above that this thread's loops have logged since their last event.
    static LINES: RefCell<Vec<String>> = const { RefCell::new(Vec::new()) };
}

/// Keeps lines, each with its level, its fields and their values.
struct Lines;

impl Subscriber for Lines {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        *metadata.level() <= Level::INFO && metadata.target() == "schmoozer"
    }

    fn max_level_hint(&self) -> Option<LevelFilter> {
        Some(LevelFilter::INFO)
    }

    fn event(&self, event: &tracing::Event<'_>) {
        let mut line = Line(event.metadata().level().to_string());
        event.record(&mut line);
        LINES.with_borrow_mut(|lines| lines.push(line.0));
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

struct Line(String);

impl Visit for Line {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        if field.name() != "connector" {
            // Writing to a string does not fail.
            let _ = write!(self.0, " {field}={value:?}");
        }
    }
}

/// Listens to the logs of the process, and forgets what this thread's loops have logged until now.
pub(crate) fn listen() {
    static INSTALLED: Once = Once::new();
    INSTALLED.call_once(|| {
        tracing::subscriber::set_global_default(Lines)
            .expect("the process has no other global subscriber");
    });
    LINES.take();
}

/// Says where the lines since the last event are not those of this one.
pub(crate) fn agrees(event: &Event<'_>) -> Result<(), String> {
    let mut lines = LINES.take();
    // A test that looks at logs itself has a subscriber of its own.
    if !dispatcher::get_default(Dispatch::is::<Lines>) {
        return Ok(());
    }
    // These come on their own, between events.
    lines.retain(|line| {
        !line.contains("message=outage goes on")
            && !line.contains("message=connections are renewed before they are stable")
    });
    let expected = expected(event);
    if lines.iter().eq(&expected) {
        return Ok(());
    }
    Err(format!("the log: {lines:?}, not {expected:?}"))
}

/// The line at INFO or above that tells of this event, if one does.
fn expected(event: &Event<'_>) -> Option<String> {
    match *event {
        Event::Failed {
            cause, attempt: 1, ..
        } => Some(format!("WARN message=outage began error={cause:?}")),
        Event::Stable {
            id,
            outage: Some(outage),
        } => {
            let (length, attempts) = (outage.length.as_secs_f64(), outage.attempts);
            let error = match outage.last_cause.as_str() {
                "" => String::new(),
                cause => format!(" error={cause:?}"),
            };
            let line = "INFO message=outage over";
            Some(format!(
                "{line} id={id} outage={length:?} attempts={attempts}{error}"
            ))
        }
        Event::Stopped { stopped } => {
            let line = match stopped.why {
                Why::GaveUp => "ERROR message=gave up",
                Why::Final => "ERROR message=stopped by a final error",
                _ => return None,
            };
            let cause = stopped.cause.as_ref();
            Some(match cause {
                Some(cause) => format!("{line} error={cause:?}"),
                None => line.to_owned(),
            })
        }
        _ => None,
    }
}
