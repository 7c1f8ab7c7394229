//! The show for pipes: a line a second, through a kill, a black hole and what comes after each.

use std::error::Error;
use std::fmt::Write as _;
use std::fs;
use std::io::{self, Write as _};
use std::path::Path;
use std::time::Duration;

use examples::thousands;
use tokio::time::{Instant, MissedTickBehavior, interval};

use crate::census::{State, counts};
use crate::picture;
use crate::server::Mode;
use crate::show::{Action, Show};

const LINE: Duration = Duration::from_secs(1);
const SAMPLE: Duration = Duration::from_millis(200);
/// How long all may take to come back.
const PATIENCE: Duration = Duration::from_secs(120);

/// Prints `show`, while the server is killed and blackholed, and each time revived.
///
/// Fails if not all come back. The picture is of the moment when after the kill three of five are back.
pub(crate) async fn run(mut show: Show, mut picture: Option<&Path>) -> Result<(), Box<dyn Error>> {
    let mut printer = Printer::default();
    printer.until_all_are_back(&mut show).await?;
    for (action, length) in [(Action::Kill, 2), (Action::Blackhole, 4)] {
        show.act(action);
        printer
            .watch(&mut show, Duration::from_secs(length))
            .await?;
        show.act(Action::Revive);
        if let Some(file) = picture.take() {
            printer.go_on(&mut show, PATIENCE, most_are_back).await?;
            let glimpses = show.glimpses();
            fs::write(file, picture::svg(&show.view(&glimpses))?)?;
        }
        printer.until_all_are_back(&mut show).await?;
    }
    Ok(())
}

fn most_are_back(show: &Show) -> bool {
    let glimpses = show.glimpses();
    5 * counts(&glimpses)[State::Connected as usize] >= 3 * glimpses.len()
}

#[derive(Default)]
struct Printer {
    /// Marks of the timeline that are printed.
    marks: usize,
}

impl Printer {
    async fn until_all_are_back(&mut self, show: &mut Show) -> Result<(), Box<dyn Error>> {
        self.go_on(show, PATIENCE, Show::is_complete).await?;
        if show.is_complete() {
            Ok(())
        } else {
            Err(format!("not all are back after {} s", PATIENCE.as_secs()).into())
        }
    }

    async fn watch(&mut self, show: &mut Show, length: Duration) -> Result<(), Box<dyn Error>> {
        self.go_on(show, length, |_| false).await
    }

    async fn go_on(
        &mut self,
        show: &mut Show,
        length: Duration,
        done: impl Fn(&Show) -> bool,
    ) -> Result<(), Box<dyn Error>> {
        let end = Instant::now() + length;
        let mut samples = interval(SAMPLE);
        samples.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut line = Instant::now();
        while Instant::now() < end {
            tokio::select! {
                _ = samples.tick() => show.sample(),
                error = show.connector_ended() => return Err(error),
            }
            let is_done = done(show);
            if line.elapsed() >= LINE || is_done {
                line = Instant::now();
                Self::print_line(show)?;
            }
            self.print_marks(show)?;
            if is_done {
                break;
            }
        }
        Ok(())
    }

    fn print_line(show: &Show) -> io::Result<()> {
        let glimpses = show.glimpses();
        let view = show.view(&glimpses);
        let server = match view.server {
            Mode::Up => "up",
            Mode::Blackholed => "blackholed",
            Mode::Killed => "killed",
        };
        let mut line = format!("server {server:<11}");
        for (state, count) in State::ALL.into_iter().zip(counts(&glimpses)) {
            let _ = write!(line, "{:>7} {}", thousands(count as u64), state.name());
        }
        let rate = view.timeline.rates(5).map(u64::from).sum::<u64>() / 5;
        let _ = write!(line, "{:>8} attempts a second", thousands(rate));
        writeln!(io::stdout(), "{line}")
    }

    fn print_marks(&mut self, show: &Show) -> io::Result<()> {
        for (_, mark) in show.timeline().marks().skip(self.marks) {
            let at = mark.at.as_secs_f64();
            writeln!(io::stdout(), "--- {at:.1} s: {}", mark.sentence)?;
            self.marks += 1;
        }
        Ok(())
    }
}
