use std::fmt::Write as _;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Command, ExitCode, Stdio};
use std::sync::mpsc::{Sender, channel};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use crate::examples;
use crate::project::Project;

/// Lines that are seen at a time.
const ROWS: usize = 20;
const ROW_HEIGHT: usize = 18;
const WIDTH: usize = 640;
const MARGIN: usize = 16;
/// How long the last lines stay before it begins again.
const HOLD: Duration = Duration::from_secs(6);

/// Draws the pictures of `schmooze` and `fleet` in the README, by running both.
pub(crate) fn run() -> Result<ExitCode> {
    let project = Project::read()?;
    let built = examples::build(&project)?;
    let executable = |name: &str| {
        let found = built.iter().find(|(example, _)| example == name);
        found.map(|(_, path)| path).context("no such example")
    };
    let pictures = project.root().join("examples");

    let lines = record(executable("schmooze")?)?;
    let recording = pictures.join("schmooze.svg");
    project
        .shell
        .write_file(&recording, svg("cargo run --example schmooze", &lines))?;
    println!("drew {}: {} lines", recording.display(), lines.len());

    let screen = pictures.join("larger/fleet.svg");
    let mut fleet = Command::new(executable("fleet")?);
    let status = fleet.args(["--plain", "--svg"]).arg(&screen).status()?;
    if !status.success() {
        bail!("fleet: {status}");
    }
    println!("drew {}", screen.display());
    Ok(ExitCode::SUCCESS)
}

/// What was printed when.
struct Line {
    at: Duration,
    text: String,
}

/// Runs a program without input, and takes down what it prints.
fn record(executable: &Path) -> Result<Vec<Line>> {
    let mut child = Command::new(executable)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()?;
    let start = Instant::now();
    let (print, printed) = channel();
    take_down(child.stdout.take(), start, print.clone());
    take_down(child.stderr.take(), start, print);
    let lines = printed.into_iter().collect();
    let status = child.wait()?;
    if !status.success() {
        bail!("{}: {status}", executable.display());
    }
    Ok(lines)
}

fn take_down(pipe: Option<impl Read + Send + 'static>, start: Instant, print: Sender<Line>) {
    thread::spawn(move || {
        let lines = pipe
            .into_iter()
            .flat_map(|pipe| BufReader::new(pipe).lines());
        for text in lines.map_while(Result::ok) {
            let at = start.elapsed();
            if print.send(Line { at, text }).is_err() {
                return;
            }
        }
    });
}

/// A terminal in which the lines come up from below, each at its time, over and over.
///
/// Where nothing moves, by the reader's wish or for want of CSS, it shows the last of them.
fn svg(command: &str, lines: &[Line]) -> String {
    let whole = lines.last().map_or(HOLD, |line| line.at + HOLD);
    // Lines lie below what is seen, and come up into it.
    let shift = |shown: usize| format!("transform:translateY(-{}px)", shown * ROW_HEIGHT);
    let mut steps = String::new();
    let mut texts = text(0, "prompt", &format!("$ {command}"));
    // The command is there from the start.
    let _ = write!(steps, "0%{{{}}}", shift(1));
    for (shown, line) in (2..).zip(lines) {
        let percent = 100.0 * line.at.as_secs_f64() / whole.as_secs_f64();
        let _ = write!(steps, "{percent:.3}%{{{}}}", shift(shown));
        texts.push_str(&text(shown - 1, class(&line.text), &line.text));
    }
    let end = shift(lines.len() + 1);
    let height = ROWS * ROW_HEIGHT;
    let (outer_width, outer_height) = (WIDTH + 2 * MARGIN, height + 2 * MARGIN);
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {outer_width} {outer_height}\" width=\"{outer_width}\">\n\
         <style>\n\
         text{{font:13px ui-monospace,Menlo,Consolas,'DejaVu Sans Mono',monospace;fill:#d8dce3;white-space:pre}}\n\
         .prompt,.server{{font-weight:bold}}.server{{fill:#5fafff}}.up{{fill:#2fc79a}}.down{{fill:#ff8700}}.wait{{fill:#8a8f98}}\n\
         #lines{{{end};animation:lines {:.3}s step-end infinite}}\n\
         @keyframes lines{{{steps}100%{{{end}}}}}\n\
         @media(prefers-reduced-motion:reduce){{#lines{{animation:none}}}}\n\
         </style>\n\
         <rect width=\"100%\" height=\"100%\" rx=\"8\" fill=\"#14151a\"/>\n\
         <svg x=\"{MARGIN}\" y=\"{MARGIN}\" width=\"{WIDTH}\" height=\"{height}\"><g id=\"lines\">\n{texts}</g></svg>\n\
         </svg>\n",
        whole.as_secs_f64()
    )
}

fn text(place: usize, class: &str, text: &str) -> String {
    let base = (ROWS + place) * ROW_HEIGHT + 13;
    let text = text.replace('&', "&amp;").replace('<', "&lt;");
    format!("<text y=\"{base}\" class=\"{class}\">{text}</text>\n")
}

/// What a line of `schmooze` is about.
fn class(line: &str) -> &'static str {
    let about = [
        ("--- ", "server"),
        ("connected", "up"),
        ("lost", "down"),
        ("failed", "down"),
        ("waiting", "wait"),
        ("connecting", "wait"),
    ];
    let found = about.iter().find(|(begin, _)| line.starts_with(begin));
    found.map_or("plain", |(_, class)| class)
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn each_line_comes_up_at_its_time() {
        let line = |at, text: &str| Line {
            at: Duration::from_secs(at),
            text: text.to_owned(),
        };
        let svg = svg("run", &[line(1, "connected"), line(4, "a < b")]);
        assert!(svg.contains("animation:lines 10.000s"), "{svg}");
        let steps = "0%{transform:translateY(-18px)}10.000%{transform:translateY(-36px)}\
                     40.000%{transform:translateY(-54px)}100%{transform:translateY(-54px)}";
        assert!(svg.contains(steps), "{svg}");
        assert!(
            svg.contains("<text y=\"391\" class=\"up\">connected</text>"),
            "{svg}"
        );
        assert!(svg.contains("class=\"plain\">a &lt; b</text>"), "{svg}");
    }

    #[test]
    fn what_a_program_prints_is_taken_down() {
        let lines = record(Path::new("pwd")).expect("what it printed");
        assert_eq!(lines.len(), 1);
        assert!(record(Path::new("false")).is_err());
    }
}
