//! What came out, as text.

use std::fmt::Write as _;

use examples::thousands;

use crate::simulation::{Outcome, Storm};

/// Says what was simulated, and what the columns mean.
pub(crate) fn heading(storm: &Storm) -> String {
    let Storm {
        clients,
        down,
        capacity,
        horizon,
        ..
    } = storm;
    format!(
        "{} clients lose a server that is away for {down} s and then takes {} connects a second: {:.1} s at best.\n\
         Attempts over what it takes: in the first second after the loss, in the busiest second and in the busiest\n\
         10 ms after the return; then how many in all, and for each client. Back: seconds after the return; `-` is not\n\
         within {horizon} s.\n",
        thousands((*clients).into()),
        thousands((*capacity).into()),
        storm.ideal(),
    )
}

/// The head of one group of rows.
pub(crate) fn columns(group: &str) -> String {
    let head = format!(
        "{group:<52}{:>8}{:>8}{:>8}{:>14}{:>8}{:>8}{:>8}{:>8}",
        "loss", "return", "10 ms", "attempts", "each", "half", "99 %", "all"
    );
    let line = "─".repeat(head.chars().count());
    format!("{head}\n{line}")
}

/// One policy.
pub(crate) fn row(name: &str, storm: &Storm, outcome: &Outcome) -> String {
    let capacity = f64::from(storm.capacity);
    let mut row = format!("{name:<52}");
    for (attempts, share) in [
        (outcome.first_second(), 1.0),
        (outcome.peak(), 1.0),
        (outcome.burst(), 0.01),
    ] {
        let times = format!("{}×", short(f64::from(attempts) / (capacity * share)));
        let _ = write!(row, "{times:>8}");
    }
    let _ = write!(
        row,
        "{:>14}{:>8.1}",
        thousands(outcome.attempts()),
        outcome.attempts_each(storm)
    );
    for back in [outcome.half, outcome.most, outcome.all] {
        let back = back.map_or("-".to_owned(), |back| short(back.as_secs_f64()));
        let _ = write!(row, "{back:>8}");
    }
    row
}

impl Outcome {
    /// Attempts for each client.
    #[expect(clippy::cast_precision_loss, reason = "no more than one in 2⁵³")]
    pub(crate) fn attempts_each(&self, storm: &Storm) -> f64 {
        self.attempts() as f64 / f64::from(storm.clients)
    }
}

/// Three digits or so.
fn short(number: f64) -> String {
    let digits = match number {
        ..10.0 => 2,
        ..100.0 => 1,
        _ => 0,
    };
    format!("{number:.digits$}")
}
