//! Compares the lines that an on-call engineer reads with the events that they are about.

use std::cell::RefCell;
use std::fmt::{Debug, Write};
use std::sync::Once;

use schmoozer_core::{Event, Observer, Why};
use tracing::field::{Field, Visit};
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
            write!(self.0, " {field}={value:?}").unwrap();
        }
    }
}

/// Checks after each event that the loop has logged just what it should have.
pub(super) struct Logged;

impl Logged {
    pub(super) fn new() -> Self {
        static INSTALLED: Once = Once::new();
        INSTALLED.call_once(|| {
            tracing::subscriber::set_global_default(Lines).expect("no other is installed");
        });
        // A loop before this one may have left some.
        LINES.take();
        Self
    }
}

impl Observer for Logged {
    fn on_event(&mut self, event: &Event<'_>) {
        // A test that looks at logs itself has a subscriber of its own.
        if !dispatcher::get_default(Dispatch::is::<Lines>) {
            return;
        }
        let mut lines = LINES.take();
        // These come on their own, between events.
        lines.retain(|line| {
            !line.contains("message=outage goes on")
                && !line.contains("message=connections are renewed before they are stable")
        });
        let expected = match *event {
            Event::Failed {
                cause, attempt: 1, ..
            } => vec![format!("WARN message=outage began error={cause:?}")],
            Event::Stable {
                id,
                outage: Some(outage),
            } => vec![format!(
                "INFO message=outage over id={id} outage={:?} attempts={} error={:?}",
                outage.length.as_secs_f64(),
                outage.attempts,
                outage.last_cause
            )],
            Event::Stopped { stopped } => match (stopped.why, &stopped.cause) {
                (Why::GaveUp, Some(cause)) => {
                    vec![format!("ERROR message=gave up error={cause:?}")]
                }
                (Why::Final, Some(cause)) => vec![format!(
                    "ERROR message=stopped by a final error error={cause:?}"
                )],
                _ => Vec::new(),
            },
            _ => Vec::new(),
        };
        assert_eq!(lines, expected, "after {event:?}");
    }
}
