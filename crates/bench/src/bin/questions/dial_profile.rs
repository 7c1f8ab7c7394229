use std::collections::BTreeMap;
use std::fs;
use std::process::Command;

use anyhow::{Context, Result, ensure};
use bench::{Acceptor, DIALS, instructions};
use tokio::runtime::Builder;

use crate::process::{in_parallel, sibling};
use crate::table::Table;

/// What a dial asks of the kernel, in the order in which it does.
const CALLS: &[(&str, &[&str])] = &[
    ("socket", &["socket"]),
    ("setsockopt", &["setsockopt"]),
    ("connect", &["connect"]),
    ("epoll", &["epoll_ctl", "epoll_wait"]),
    ("getsockopt", &["getsockopt"]),
    ("getsockname", &["getsockname"]),
    ("close", &["close"]),
];

/// Where the time of a dial goes, on the thread that dials.
pub(crate) fn ask(quick: bool) -> Result<Table> {
    let mut columns = vec!["us, user", "us, kernel", "instructions, user"];
    columns.extend(CALLS.iter().map(|(name, _)| *name));
    columns.push("other calls");
    let mut table = Table::new(
        "Where a connect to a literal loopback address spends its time; calls of the kernel for each",
        &columns,
    );
    let dials = if quick { 5_000 } else { 40_000 };
    let runtime = Builder::new_current_thread().enable_all().build()?;
    let acceptor = Acceptor::start()?;
    let probe = sibling("probe")?;
    let probe = probe.as_path();
    let counts = in_parallel(DIALS, |dial| instructions(probe, &["dial", dial.name]).ok());
    for (dial, counted) in DIALS.iter().zip(counts) {
        let dialer = dial.dialer(acceptor.addr());
        let before = processor_time();
        for _ in 0..dials {
            dialer(&runtime)?;
        }
        let after = processor_time();
        let micros = |part: fn((f64, f64)) -> f64| {
            let spent = part(after?) - part(before?);
            Some(spent * 1e6 / f64::from(dials))
        };
        let mut row = vec![micros(|time| time.0), micros(|time| time.1), counted];
        row.extend(calls(dial.name)?);
        table.row(dial.name, row);
    }
    Ok(table)
}

/// The seconds that this thread has spent in user space and in the kernel; Linux says it in hundredths.
fn processor_time() -> Option<(f64, f64)> {
    let stat = fs::read_to_string("/proc/thread-self/stat").ok()?;
    // The name of the thread, in parentheses, may hold anything.
    let (_, fields) = stat.rsplit_once(')')?;
    let mut ticks = fields.split_whitespace().skip(11);
    let mut seconds = || Some(ticks.next()?.parse::<f64>().ok()? / 100.0);
    Some((seconds()?, seconds()?))
}

/// How many calls of each kind one dial makes; nothing where strace is not installed.
fn calls(name: &str) -> Result<Vec<Option<f64>>> {
    const FEW: u32 = 50;
    const MANY: u32 = 250;

    let (Some(few), Some(many)) = (counted(name, FEW)?, counted(name, MANY)?) else {
        return Ok(vec![None; CALLS.len() + 1]);
    };
    let each = |calls: &[&str]| {
        let sum =
            |counted: &Counted| -> f64 { calls.iter().filter_map(|call| counted.get(*call)).sum() };
        (sum(&many) - sum(&few)) / f64::from(MANY - FEW)
    };
    let mut row: Vec<f64> = CALLS.iter().map(|(_, calls)| each(calls)).collect();
    let all: Vec<&str> = many.keys().map(String::as_str).collect();
    row.push(each(&all) - row.iter().sum::<f64>());
    Ok(row.into_iter().map(Some).collect())
}

type Counted = BTreeMap<String, f64>;

/// Counts the calls of the first thread alone, which is the one that dials.
fn counted(name: &str, dials: u32) -> Result<Option<Counted>> {
    let probe = sibling("probe")?;
    let mut strace = Command::new("strace");
    strace.arg("-c").arg(probe).args(["dial", name]);
    let Ok(output) = strace.arg(dials.to_string()).output() else {
        return Ok(None);
    };
    let printed = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "strace: {printed}");
    parse(&printed).map(Some)
}

/// Reads what `strace -c` prints: a line a call, with its number fourth and its name last.
fn parse(printed: &str) -> Result<Counted> {
    let lines = printed.lines().filter(|line| {
        let first = line.split_whitespace().next().unwrap_or_default();
        first.parse::<f64>().is_ok() && !line.ends_with("total")
    });
    let call = |line: &str| {
        let fields: Vec<&str> = line.split_whitespace().collect();
        let (number, name) = fields.get(3).zip(fields.last())?;
        Some(((*name).to_owned(), number.parse().ok()?))
    };
    lines
        .map(|line| call(line).with_context(|| line.to_owned()))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_call_is_counted_also_when_some_of_it_failed() {
        let printed = "\
% time     seconds  usecs/call     calls    errors syscall
------ ----------- ----------- --------- --------- ----------------
 60.00    0.000060           6        10        10 connect
 40.00    0.000040           4         5           close
------ ----------- ----------- --------- --------- ----------------
100.00    0.000100           6        15        10 total
";
        let counted = parse(printed).expect("a table");
        assert_eq!(
            counted.into_iter().collect::<Vec<_>>(),
            [("close".to_owned(), 5.0), ("connect".to_owned(), 10.0)]
        );
    }
}
