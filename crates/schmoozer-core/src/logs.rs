//! Logs for people: one WARN when an outage begins, one INFO when it is over, DEBUG in between.

#[cfg(feature = "tracing")]
pub(crate) use with_tracing::{Logs, in_span, span};
#[cfg(not(feature = "tracing"))]
pub(crate) use without::{Logs, in_span, span};

#[cfg(not(feature = "tracing"))]
mod without {
    use crate::{Event, Observer};

    #[derive(Default)]
    pub(crate) struct Logs {}

    impl Observer for Logs {
        fn on_event(&mut self, _: &Event<'_>) {}

        fn enabled(&self) -> bool {
            false
        }
    }

    pub(crate) struct Span;

    pub(crate) fn span<C>(_: &C) -> Span {
        Span
    }

    pub(crate) fn in_span<F>(_: Span, run: F) -> F {
        run
    }
}

#[cfg(feature = "tracing")]
mod with_tracing {
    use std::mem;

    use tracing::field::{Empty, display};
    use tracing::instrument::{Instrument as _, Instrumented};
    use tracing::{Level, Span, debug, enabled, error, error_span, info, info_span, warn};

    use crate::{Connector, Event, Observer};

    #[derive(Default)]
    pub(crate) struct Logs {
        in_outage: bool,
    }

    /// Names the target, in what the loop logs and in what the callbacks do.
    pub(crate) fn span<C: Connector>(connector: &C) -> Span {
        let mut span = info_span!("connector", target = Empty);
        // A warning must name its target also to one who wants nothing else. Not at this level for
        // everybody: the `log` crate would be told an error for each span.
        if span.is_disabled() && enabled!(Level::WARN) {
            span = error_span!("connector", target = Empty);
        }
        if !span.is_disabled() {
            if let Some(target) = connector.display_target() {
                span.record("target", display(target));
            }
        }
        span
    }

    pub(crate) fn in_span<F: Future>(span: Span, run: F) -> Instrumented<F> {
        run.instrument(span)
    }

    impl Observer for Logs {
        fn on_event(&mut self, event: &Event<'_>) {
            log(event);
            // With the cause at hand, and not as the outage's record has it: that is without texts when
            // nobody says that he listens. The `log` crate, which is told by `tracing` when a program has
            // no subscriber, never does.
            match *event {
                Event::Failed { cause, .. } if !mem::replace(&mut self.in_outage, true) => {
                    warn!(error = display(cause), "outage began");
                }
                Event::Recovered { .. } => self.in_outage = false,
                _ => {}
            }
        }

        fn enabled(&self) -> bool {
            enabled!(Level::WARN)
        }
    }

    fn log(event: &Event<'_>) {
        match *event {
            Event::Connecting { attempt } => debug!(attempt, "connecting"),
            Event::Connected { attempt, elapsed } => {
                debug!(attempt, elapsed = elapsed.as_secs_f64(), "connected");
            }
            Event::Failed {
                cause,
                attempt,
                elapsed,
                uptime: None,
            } => debug!(
                attempt,
                elapsed = elapsed.as_secs_f64(),
                error = display(cause),
                "connect failed"
            ),
            Event::Failed {
                cause,
                attempt,
                uptime: Some(uptime),
                ..
            } => debug!(
                attempt,
                uptime = uptime.as_secs_f64(),
                error = display(cause),
                "connection lost"
            ),
            Event::OutageBegan { .. } => {}
            Event::Waiting { delay, attempt, .. } => {
                debug!(attempt, delay = delay.as_secs_f64(), "waiting");
            }
            Event::Recovered { outage } => info!(
                attempt = outage.attempts,
                outage = outage.length.as_secs_f64(),
                error = (!outage.last_cause.is_empty()).then(|| display(&outage.last_cause)),
                "outage over"
            ),
            Event::Reconnecting { uptime } => {
                debug!(uptime = uptime.as_secs_f64(), "reconnecting on request");
            }
            Event::Stopped {
                outage: Some(outage),
                error: Some(error),
            } => error!(
                attempt = outage.attempts,
                outage = outage.length.as_secs_f64(),
                error = display(error),
                "gave up"
            ),
            Event::Stopped {
                error: Some(error), ..
            } => {
                error!(error = display(error), "stopped");
            }
            Event::Stopped { error: None, .. } => debug!("stopped"),
        }
    }
}
