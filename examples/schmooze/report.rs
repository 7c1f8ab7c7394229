//! What happens to the link, told on standard error.

use std::time::Duration;

use schmoozer_tcp::{End, Event, Observer, Target};
use tokio::time::Instant;

use crate::{Args, tell};

/// Tells on standard error what happens to the link.
pub(crate) struct Reporter {
    quiet: bool,
    verbose: bool,
    targets: String,
    /// The attempt that is under way, and when it began.
    attempt: (u32, Instant),
    /// When the outage began that is not over.
    down_since: Option<Instant>,
}

impl Reporter {
    pub(crate) fn new(args: &Args, targets: &[Target]) -> Self {
        let targets: Vec<_> = targets.iter().map(Target::to_string).collect();
        Self {
            quiet: args.quiet,
            verbose: args.verbose,
            targets: targets.join(", "),
            attempt: (1, Instant::now()),
            down_since: None,
        }
    }

    fn connected(&self) {
        let (attempt, began) = self.attempt;
        let took = format!(" in {}", short(began.elapsed()));
        let took = if self.verbose { &took } else { "" };
        match self.down_since {
            None => tell(format_args!("connected{took}")),
            Some(since) => tell(format_args!(
                "connected again{took} after {attempt} attempt{} and an outage of {}",
                if attempt == 1 { "" } else { "s" },
                short(since.elapsed())
            )),
        }
    }
}

impl Observer for Reporter {
    fn on_event(&mut self, event: &Event<'_>) {
        if self.quiet {
            return;
        }
        match *event {
            Event::Connecting { attempt } => {
                self.attempt = (attempt, Instant::now());
                let number = format!(", attempt {attempt}");
                let number = if self.verbose { &number } else { "" };
                tell(format_args!("connecting to {}{number}", self.targets));
            }
            Event::Connected { .. } => self.connected(),
            Event::Stable { .. } => self.down_since = None,
            Event::Failed {
                cause,
                uptime,
                outage,
                ..
            } => {
                self.down_since = Some(outage.since);
                match uptime {
                    None => tell(format_args!("failed: {cause}")),
                    Some(uptime) => tell(format_args!("lost after {}: {cause}", short(uptime))),
                }
            }
            Event::Waiting { delay, .. } if !delay.is_zero() => {
                tell(format_args!("waiting {}", short(delay)));
            }
            Event::Ending {
                end: End::Renew, ..
            } => tell("the first target works again"),
            _ => {}
        }
    }
}

fn short(time: Duration) -> String {
    if time < Duration::from_secs(1) {
        format!("{} ms", time.as_millis())
    } else {
        format!("{:.1} s", time.as_secs_f64())
    }
}
