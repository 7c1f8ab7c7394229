//! What happens to the link, told on standard error.

use std::io::{self, IsTerminal as _};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};
use schmoozer_core::{Event, Observer};
use tokio::time::{Instant, sleep};

use crate::Args;

/// Tells on standard error what happens to the link.
pub(crate) struct Reporter {
    quiet: bool,
    verbose: bool,
    targets: String,
    down_since: Option<Instant>,
    countdown: Option<ProgressBar>,
}

impl Reporter {
    pub(crate) fn new(args: &Args) -> Self {
        Self {
            quiet: args.quiet,
            verbose: args.verbose,
            targets: args.targets.join(", "),
            down_since: None,
            countdown: None,
        }
    }

    fn count_down(&mut self, delay: Duration) {
        if !io::stderr().is_terminal() {
            return eprintln!("waiting {}", short(delay));
        }
        let bar = ProgressBar::new_spinner();
        if let Ok(style) = ProgressStyle::with_template("{spinner} {msg}") {
            bar.set_style(style);
        }
        self.countdown = Some(bar.clone());
        tokio::spawn(async move {
            let until = Instant::now() + delay;
            while !bar.is_finished() {
                let left = until.saturating_duration_since(Instant::now());
                bar.set_message(format!("waiting {:.1} s", left.as_secs_f64()));
                bar.tick();
                sleep(Duration::from_millis(100)).await;
            }
        });
    }
}

impl Observer for Reporter {
    fn on_event(&mut self, event: &Event<'_>) {
        if self.quiet {
            return;
        }
        if let Some(bar) = self.countdown.take() {
            bar.finish_and_clear();
        }
        match *event {
            Event::Connecting { attempt } if self.verbose => {
                eprintln!("connecting to {}, attempt {attempt}", self.targets);
            }
            Event::Connecting { .. } => eprintln!("connecting to {}", self.targets),
            Event::Connected { attempt, elapsed } => {
                let took = if self.verbose {
                    format!(" in {}", short(elapsed))
                } else {
                    String::new()
                };
                match self.down_since {
                    None => eprintln!("connected{took}"),
                    Some(since) => eprintln!(
                        "connected again{took} after {attempt} attempt{} and an outage of {}",
                        if attempt == 1 { "" } else { "s" },
                        short(since.elapsed())
                    ),
                }
            }
            Event::Recovered { .. } => self.down_since = None,
            Event::Failed {
                cause,
                uptime: None,
                ..
            } => eprintln!("failed: {cause}"),
            Event::Failed {
                cause,
                uptime: Some(uptime),
                ..
            } => {
                eprintln!("lost after {}: {cause}", short(uptime));
            }
            Event::OutageBegan { outage } => self.down_since = Some(outage.since),
            Event::Waiting { delay, .. } => self.count_down(delay),
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
