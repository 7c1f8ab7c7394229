//! What came out, as text.

use std::fmt::Write as _;

use examples::thousands;

use storm::{Outcome, Storm};

/// Says what was simulated, and what the columns mean.
pub(crate) fn heading(storm: &Storm) -> String {
    let Storm {
        clients,
        capacity,
        horizon,
        ..
    } = storm;
    let down = storm.outages.first().map_or(0, |away| away.end);
    format!(
        "{} clients lose a server that is away for {down} s and then takes {} connects a second: {:.1} s at best.\n\
         Attempts over what it takes: in the first second after the loss, in the busiest second and in the busiest\n\
         10 ms after the return; then how many in all, for each client, and in the busiest millisecond since the loss.\n\
         Back: seconds after the return; `-` is not within {horizon} s.\n",
        thousands((*clients).into()),
        thousands((*capacity).into()),
        storm.ideal(),
    )
}

/// The head of one group of rows.
pub(crate) fn columns(group: &str) -> String {
    let head = format!(
        "{group:<52}{:>8}{:>8}{:>8}{:>14}{:>8}{:>10}{:>8}{:>8}{:>8}",
        "loss", "return", "10 ms", "attempts", "each", "1 ms", "half", "99 %", "all"
    );
    let line = "─".repeat(head.chars().count());
    format!("{head}\n{line}")
}

/// One policy, from the last crash on.
pub(crate) fn row(name: &str, storm: &Storm, outcome: &Outcome) -> String {
    let last = outcome.phases.len().saturating_sub(1);
    let capacity = f64::from(storm.capacity);
    let mut row = format!("{name:<52}");
    for (attempts, share) in [
        (outcome.first_second(last), 1.0),
        (outcome.peak(last), 1.0),
        (outcome.burst(last), 0.01),
    ] {
        let times = format!("{}×", short(f64::from(attempts) / (capacity * share)));
        let _ = write!(row, "{times:>8}");
    }
    let attempts = outcome.attempts_in(last);
    let _ = write!(
        row,
        "{:>14}{:>8.1}{:>10}",
        thousands(attempts),
        each(attempts, storm),
        thousands(outcome.lockstep(last).into()),
    );
    let phase = outcome.phases.get(last);
    for back in [
        phase.and_then(|phase| phase.half),
        phase.and_then(|phase| phase.most),
        phase.and_then(|phase| phase.all),
    ] {
        let back = back.map_or("-".to_owned(), |back| short(back.as_secs_f64()));
        let _ = write!(row, "{back:>8}");
    }
    row
}

/// Attempts for each client.
#[expect(clippy::cast_precision_loss, reason = "no more than one in 2⁵³")]
fn each(attempts: u64, storm: &Storm) -> f64 {
    attempts as f64 / f64::from(storm.clients)
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
