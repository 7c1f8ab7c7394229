use std::fmt::Write as _;

use crate::answers::Answers;
use crate::table::show;

/// One line of the summary: a column of a question, and the rows that answer for each contestant.
struct Line {
    what: &'static str,
    question: &'static str,
    column: &'static str,
    rows: [&'static str; 4],
}

const CONTESTANTS: [&str; 4] = ["this", "by hand", "`schmoozer` 0.4.1", "stubborn-io"];

const LINES: &[Line] = &[
    Line {
        what: "a failed attempt: heap allocations",
        question: "loop",
        column: "allocations",
        rows: [
            "schmoozer-core run",
            "bare, cooperative, timed",
            "schmoozer 0.4.1",
            "",
        ],
    },
    Line {
        what: "a task with an idle connection: bytes of heap",
        question: "parked",
        column: "heap",
        rows: [
            "schmoozer-core run",
            "bare",
            "schmoozer 0.4.1",
            "stubborn-io",
        ],
    },
    Line {
        what: "mean wait after outages of 0.5 to 10 s, in s",
        question: "recovery",
        column: "mean",
        rows: ["schmoozer-tcp", "", "schmoozer 0.4.1", "stubborn-io"],
    },
    Line {
        what: "connect past a dead first address, in ms",
        question: "dead-address",
        column: "the first dead",
        rows: ["schmoozer-tcp", "bare", "", "stubborn-io"],
    },
];

/// What matters most, as Markdown.
pub(crate) fn summary(answers: &Answers) -> String {
    let mut table = format!("| | {} |\n", CONTESTANTS.join(" | "));
    let _ = writeln!(table, "|---|{}", "---:|".repeat(CONTESTANTS.len()));
    for line in LINES {
        let shown = line.rows.map(|row| {
            let given_up = answers.get(line.question, row, "given up after");
            match answers.get(line.question, row, line.column) {
                None if given_up.is_some() => format!("over {}", show(given_up)),
                answer => show(answer),
            }
        });
        let _ = writeln!(table, "| {} | {} |", line.what, shown.join(" | "));
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::readme::answers;

    #[test]
    fn each_row_that_is_named_is_there() {
        let answers = answers().expect("answers");
        for line in LINES.iter().filter(|line| answers.asked(line.question)) {
            for row in line.rows.into_iter().filter(|row| !row.is_empty()) {
                assert!(answers.has(line.question, row), "{}, {row}", line.question);
            }
        }
    }
}
