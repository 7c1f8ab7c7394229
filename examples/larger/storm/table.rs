//! What came out, as text.

use examples::thousands;
use storm::{Outcome, Storm};

/// Says what was simulated, and what the columns mean.
pub(crate) fn heading(storm: &Storm) -> String {
    let down = storm.outages.first().map_or(0, |away| away.end);
    format!(
        "{} clients lose a server that is away for {down} s and then takes {} connects a second: {:.1} s at best.\n\
         Attempts over what it takes: in the first second after the loss, in the busiest second and in the busiest\n\
         10 ms after the return; then how many in all, for each client, and in the busiest millisecond since the loss.\n\
         Back: seconds after the return; `-` is not within {} s.\n",
        thousands(storm.clients.into()),
        thousands(storm.capacity.into()),
        storm.ideal(),
        storm.horizon,
    )
}

/// The head of one group of rows.
pub(crate) fn columns(group: &str) -> String {
    let columns = [
        "loss", "return", "10 ms", "attempts", "each", "1 ms", "half", "99 %", "all",
    ];
    let head = aligned(group, columns.map(str::to_owned));
    let line = "─".repeat(head.chars().count());
    format!("{head}\n{line}")
}

/// One policy, from the last crash on.
pub(crate) fn row(name: &str, storm: &Storm, outcome: &Outcome) -> String {
    let last = outcome.phases.len().saturating_sub(1);
    let phase = outcome.phases.get(last);
    let times = |attempts: u32, share: f64| {
        let taken = f64::from(storm.capacity) * share;
        format!("{}×", short(f64::from(attempts) / taken))
    };
    let back = |back: Option<std::time::Duration>| {
        back.map_or("-".to_owned(), |back| short(back.as_secs_f64()))
    };
    let attempts = outcome.attempts_in(last);
    let columns = [
        times(outcome.first_second(last), 1.0),
        times(outcome.peak(last), 1.0),
        times(outcome.burst(last), 0.01),
        thousands(attempts),
        each(attempts, storm),
        thousands(outcome.lockstep(last).into()),
        back(phase.and_then(|phase| phase.half)),
        back(phase.and_then(|phase| phase.most)),
        back(phase.and_then(|phase| phase.all)),
    ];
    aligned(name, columns)
}

fn aligned(name: &str, columns: [String; 9]) -> String {
    let widths = [8, 8, 8, 14, 8, 10, 8, 8, 8];
    let columns = columns.into_iter().zip(widths);
    let columns = columns.map(|(column, width)| format!("{column:>width$}"));
    format!("{name:<52}{}", columns.collect::<String>())
}

/// Attempts for each client, to a tenth.
fn each(attempts: u64, storm: &Storm) -> String {
    let tenths = (attempts * 10 + u64::from(storm.clients) / 2) / u64::from(storm.clients);
    format!("{}.{}", tenths / 10, tenths % 10)
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
