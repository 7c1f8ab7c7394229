//! Draws the delays of the policies of `schmoozer-backoff`, and how each jitter spreads them, into
//! `crates/schmoozer-backoff/policies.svg`: `cargo run -p bench --example plot`.
//!
//! The draws are seeded, so the picture changes only when the policies do.

use std::fmt::Write as _;
use std::time::Duration;
use std::{fs, io};

use schmoozer_backoff::{
    Constant, Decorrelated, Exponential, Fibonacci, Jitter, Linear, Policy, Rounds, Sequence,
};

const RETRIES: u32 = 12;
const CLIENTS: u64 = 2_000;
const CAP: Duration = Duration::from_secs(30);
const SECOND: Duration = Duration::from_secs(1);

/// Where a retry and a delay in seconds are in a panel of 300 by 298.
fn point(retry: f64, delay: f64) -> String {
    format!("{:.1},{:.1}", 43.0 + 20.0 * retry, 248.0 - 6.5 * delay)
}

/// Draws a panel: the range of the delays of all clients at each retry, their mean, and eight of them.
fn panel<P: Policy>(title: &str, policy: impl Fn(u64) -> P) -> String {
    let mut text = format!("<text x=\"173\" y=\"27\" font-size=\"17\">{title}</text>\n");
    for delay in [0.0, 10.0, 20.0, 30.0] {
        let (left, right) = (point(0.5, delay), point(12.5, delay));
        let line = ["#ddd", "#777\" stroke-dasharray=\"5 4"][usize::from(delay > 25.0)];
        let _ = writeln!(text, "<path d=\"M{left}L{right}\" stroke=\"{line}\"/>");
        let y = 252.0 - 6.5 * delay;
        let _ = writeln!(text, "<text x=\"36\" y=\"{y}\">{delay:.0}</text>");
    }
    let (mut least, mut most, mut mean, mut dots) = (vec![], vec![], vec![], String::new());
    let mut clients: Vec<_> = (0..CLIENTS).map(|seed| policy(seed).into_iter()).collect();
    for retry in (1..=RETRIES).map(f64::from) {
        let drawn = clients.iter_mut().filter_map(Iterator::next);
        let drawn: Vec<f64> = drawn.map(|delay| delay.as_secs_f64()).collect();
        let shortest = drawn.iter().copied().fold(f64::INFINITY, f64::min);
        least.push(point(retry, shortest));
        most.push(point(retry, drawn.iter().copied().fold(0.0, f64::max)));
        mean.push(point(retry, drawn.iter().sum::<f64>() / 2_000.0));
        for delay in &drawn[..8] {
            let _ = write!(dots, "M{}h0", point(retry, *delay));
        }
        let x = 43.0 + 20.0 * retry;
        let _ = writeln!(text, "<text x=\"{x}\" y=\"266\">{retry:.0}</text>");
    }
    least.reverse();
    let (range, mean) = ([most, least].concat().join(" "), mean.join(" "));
    text + &format!(
        "<polygon points=\"{range}\" fill=\"#78aadc\" fill-opacity=\"0.45\"/>\n\
         <polyline points=\"{mean}\" fill=\"none\" stroke=\"#145096\" stroke-width=\"2\"/>\n\
         <path d=\"{dots}\" stroke=\"#145096\" stroke-opacity=\"0.6\" stroke-width=\"4\" stroke-linecap=\"round\"/>\n\
         <text x=\"173\" y=\"286\">number of the retry</text>\n\
         <text transform=\"translate(18 150) rotate(-90)\">delay in seconds</text>\n"
    )
}

fn main() -> io::Result<()> {
    let exponential = Exponential::new(SECOND).cap(CAP);
    let jittered = |jitter| move |seed| exponential.jitter(jitter).seeded(seed);
    let panels = [
        panel("Constant 5 s", |_| Constant::new(5 * SECOND).cap(CAP)),
        panel("Linear 1 s, +2 s", |_| {
            Linear::new(SECOND).step(2 * SECOND).cap(CAP)
        }),
        panel("Fibonacci 1 s", |_| Fibonacci::new(SECOND).cap(CAP)),
        panel("Exponential 1 s, ×2", |_| exponential),
        panel("Sequence 1, 5, 20 s", |_| {
            Sequence::new([1, 5, 20].map(Duration::from_secs)).cap(CAP)
        }),
        panel("Exponential, Full", jittered(Jitter::Full)),
        panel("Exponential, Equal", jittered(Jitter::Equal)),
        panel(
            "Exponential, Proportional(0.2)",
            jittered(Jitter::Proportional(0.2)),
        ),
        panel("Decorrelated 1 s", |seed| {
            Decorrelated::new(SECOND).cap(CAP).seeded(seed)
        }),
        panel("Rounds of 15 s", |seed| {
            Rounds::new(15 * SECOND).cap(CAP).seeded(seed)
        }),
    ];
    // A background of its own: legible on a dark page, too.
    let mut picture = "<svg width=\"1500\" height=\"640\" viewBox=\"0 0 1500 640\" xmlns=\"http://www.w3.org/2000/svg\" \
         font-family=\"sans-serif\" font-size=\"13\" text-anchor=\"middle\">\n\
         <rect width=\"1500\" height=\"640\" fill=\"#fff\"/>\n<text x=\"750\" y=\"29\" font-size=\"19\">Delay before \
         each retry, cap 30 s (dashed): the mean, eight clients, and the range of 2,000</text>\n"
        .to_owned();
    for (index, panel) in panels.iter().enumerate() {
        let (x, y) = (300 * (index % 5), 44 + 298 * (index / 5));
        let _ = writeln!(picture, "<g transform=\"translate({x} {y})\">\n{panel}</g>");
    }
    let path = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../schmoozer-backoff/policies.svg"
    );
    fs::write(path, picture + "</svg>\n")?;
    println!("drew {path}");
    Ok(())
}
