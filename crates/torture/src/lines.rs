use std::fmt::Debug;
use std::sync::atomic::{AtomicU32, Ordering};

use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Level, Metadata, Subscriber};

/// Counts what the loop logs for people: its warnings, and the ends of outages.
#[derive(Debug, Default)]
pub(crate) struct Lines {
    warnings: AtomicU32,
    recoveries: AtomicU32,
}

impl Lines {
    pub(crate) fn warnings(&self) -> u32 {
        self.warnings.load(Ordering::Relaxed)
    }

    pub(crate) fn recoveries(&self) -> u32 {
        self.recoveries.load(Ordering::Relaxed)
    }
}

/// Whether the message is that of a recovery, and not that an outage goes on.
struct IsRecovery(bool);

impl Visit for IsRecovery {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.0 |= field.name() == "message" && format!("{value:?}") == "outage over";
    }
}

impl Subscriber for Lines {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target().starts_with("schmoozer") && *metadata.level() <= Level::INFO
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        if *event.metadata().level() == Level::WARN {
            self.warnings.fetch_add(1, Ordering::Relaxed);
        }
        let mut recovery = IsRecovery(false);
        event.record(&mut recovery);
        self.recoveries
            .fetch_add(recovery.0.into(), Ordering::Relaxed);
    }

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}
