use std::fmt::Write as _;

use crate::answers::Answers;
use crate::table::show;

/// One line of the summary: a column of a question, and the rows that answer for each contestant.
struct Line {
    what: &'static str,
    question: &'static str,
    column: &'static str,
    rows: [&'static str; 5],
}

const CONTESTANTS: [&str; 5] = [
    "this",
    "by hand",
    "`schmoozer` 0.4.1",
    "stubborn-io",
    "backon",
];

const LINES: &[Line] = &[
    Line {
        what: "a failed attempt: instructions",
        question: "loop",
        column: "instructions, suspends",
        rows: [
            "schmoozer-core run",
            "bare, cooperative, timed",
            "schmoozer 0.4.1",
            "",
            "backon, no sleep",
        ],
    },
    Line {
        what: "a failed attempt: allocations",
        question: "loop",
        column: "allocations",
        rows: [
            "schmoozer-core run",
            "bare, cooperative, timed",
            "schmoozer 0.4.1",
            "",
            "backon, no sleep",
        ],
    },
    Line {
        what: "a jittered delay: instructions",
        question: "delay",
        column: "instructions",
        rows: ["schmoozer-backoff", "by hand", "", "", "backon"],
    },
    Line {
        what: "a parked connector: bytes of heap",
        question: "parked",
        column: "heap",
        rows: [
            "schmoozer-core run",
            "bare",
            "schmoozer 0.4.1",
            "stubborn-io",
            "",
        ],
    },
    Line {
        what: "a connect: bytes allocated",
        question: "dial",
        column: "bytes",
        rows: [
            "schmoozer-tcp",
            "bare, the same options",
            "schmoozer 0.4.1",
            "stubborn-io",
            "",
        ],
    },
    Line {
        what: "connects a second without options, of those by hand",
        question: "dial",
        column: "ratio",
        rows: [
            "schmoozer-tcp, no options",
            "bare",
            "schmoozer 0.4.1",
            "stubborn-io",
            "",
        ],
    },
    Line {
        what: "wait after an outage of 0.5 to 10 s: mean, s",
        question: "recovery",
        column: "mean",
        rows: ["schmoozer-tcp", "", "schmoozer 0.4.1", "stubborn-io", ""],
    },
    Line {
        what: "connect past a dead first address, ms",
        question: "dead-address",
        column: "the first dead",
        rows: ["schmoozer-tcp", "bare", "", "stubborn-io", ""],
    },
    Line {
        what: "a first build with TCP, of that of tokio alone",
        question: "cold-build",
        column: "ratio",
        rows: ["schmoozer-tcp", "", "schmoozer 0.4.1", "stubborn-io", ""],
    },
    Line {
        what: "a first build without, of that of tokio alone",
        question: "cold-build",
        column: "ratio",
        rows: [
            "schmoozer-core and -backoff",
            "tokio alone",
            "",
            "",
            "backon",
        ],
    },
];

/// What matters most, as Markdown.
pub(crate) fn summary(answers: &Answers) -> String {
    let mut table = format!("| | {} |\n", CONTESTANTS.join(" | "));
    let _ = writeln!(table, "| --- |{}", " ---: |".repeat(CONTESTANTS.len()));
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
