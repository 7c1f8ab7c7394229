use std::fmt::Write as _;

use crate::answers::Answers;

/// What an answer is to be.
struct Target {
    question: &'static str,
    row: &'static str,
    column: &'static str,
    bound: Bound,
}

enum Bound {
    AtMost(f64),
    AtLeast(f64),
    /// This many times what another row has.
    Times(f64, &'static str),
}
use Bound::{AtLeast, AtMost, Times};

const fn target(
    question: &'static str,
    row: &'static str,
    column: &'static str,
    bound: Bound,
) -> Target {
    Target {
        question,
        row,
        column,
        bound,
    }
}

const RUN: &str = "schmoozer-core run";
const TIMED: &str = "bare, cooperative, timed";
const READY: &str = "instructions, ready";
const LIMITS: &str = "schmoozer-backoff, x1.6 and limits";
const CORE: &str = "schmoozer-core and -backoff";

const TARGETS: &[Target] = &[
    target("loop", RUN, "allocations", AtMost(0.0)),
    target("loop", RUN, READY, Times(1.3, TIMED)),
    target("loop", RUN, "instructions, suspends", Times(1.3, TIMED)),
    target("loop", "schmoozer-core Pacer, flat", "ns", AtMost(100.0)),
    target(
        "loop",
        "schmoozer-core Runner, handle",
        "instructions, suspends",
        AtMost(2_000.0),
    ),
    target("delay", "schmoozer-backoff", "instructions", AtMost(25.0)),
    target("delay", LIMITS, "instructions", AtMost(50.0)),
    target("parked", RUN, "allocations", AtMost(2.001)),
    target("parked", RUN, "ratio", AtMost(1.25)),
    target("dial", "schmoozer-tcp, no options", "ratio", AtLeast(0.97)),
    target(
        "dial",
        "schmoozer-tcp",
        "ratio, the same options",
        AtLeast(0.97),
    ),
    target("dial", "schmoozer-tcp", "allocations", AtMost(2.0)),
    target("dial", "schmoozer-tcp", "bytes", AtMost(288.0)),
    target(
        "recovery",
        "schmoozer-tcp",
        "share of the outage",
        AtMost(0.25),
    ),
    target("recovery", "schmoozer-tcp", "p95", AtMost(1.0)),
    target("retry-now", "schmoozer-core", "median", AtMost(1_000.0)),
    target("retry-now", "schmoozer-core", "worst", AtMost(1_000.0)),
    target(
        "dead-address",
        "schmoozer-tcp",
        "the first dead",
        AtMost(255.0),
    ),
    target(
        "dead-address",
        "schmoozer-tcp",
        "the first refuses",
        AtMost(5.0),
    ),
    target("dead-address", "schmoozer-tcp", "ratio", AtMost(1.2)),
    target(
        "cold-build",
        "schmoozer-backoff alone",
        "crates",
        AtMost(2.0),
    ),
    target("cold-build", CORE, "ratio", AtMost(1.25)),
];

/// A table of the targets of one question, and whether they are reached; nothing where there are none.
pub(crate) fn reached(question: &str, answers: &Answers) -> String {
    let mut table = String::new();
    for target in TARGETS.iter().filter(|target| target.question == question) {
        let Target { row, column, .. } = *target;
        let Some(answer) = answers.get(question, row, column) else {
            continue;
        };
        let Some((bound, reached)) = target.judge(answer, answers) else {
            continue;
        };
        let verdict = if reached { "reached" } else { "**missed**" };
        let _ = writeln!(
            table,
            "| {row}: {column} | {bound} | {answer:.2} | {verdict} |"
        );
    }
    if !table.is_empty() {
        table.insert_str(
            0,
            "| target | | measured | |\n| --- | ---: | ---: | --- |\n",
        );
    }
    table
}

impl Target {
    /// The bound in words, and whether `answer` keeps it.
    fn judge(&self, answer: f64, answers: &Answers) -> Option<(String, bool)> {
        let of = |row| answers.get(self.question, row, self.column);
        Some(match self.bound {
            AtMost(bound) => (format!("at most {bound}"), answer <= bound),
            AtLeast(bound) => (format!("at least {bound}"), answer >= bound),
            Times(times, row) => {
                let bound = times * of(row)?;
                (format!("at most {times} × {row}"), answer <= bound)
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::readme::answers;

    #[test]
    fn what_passes_its_bound_is_missed() {
        let mut answers = Answers::default();
        let mut table = crate::table::Table::new("", &["instructions"]);
        table.row("schmoozer-backoff", [Some(24.0)]);
        table.row(LIMITS, [Some(51.0)]);
        answers.add("delay", &table);
        let shown = reached("delay", &answers);
        assert!(
            shown.contains("| at most 25 | 24.00 | reached |"),
            "{shown}"
        );
        assert!(
            shown.contains("| at most 50 | 51.00 | **missed** |"),
            "{shown}"
        );
        assert_eq!(reached("dial", &answers), "");
    }

    #[test]
    fn each_target_is_about_an_answer_that_there_is() {
        let answers = answers().expect("the answers that the README shows");
        // A question that nobody has asked yet has none.
        for target in TARGETS
            .iter()
            .filter(|target| answers.asked(target.question))
        {
            let Target {
                question,
                row,
                column,
                ..
            } = *target;
            let answer = answers.get(question, row, column);
            let judged = answer.and_then(|answer| target.judge(answer, &answers));
            assert!(judged.is_some(), "{question}, {row}, {column}");
        }
    }
}
