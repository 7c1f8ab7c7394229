//! Draws the delays of the policies of `schmoozer-backoff`, and how each jitter spreads them, into
//! `crates/schmoozer-backoff/policies.svg`: `cargo run -p bench --example plot`.
//!
//! The draws are seeded, so the picture changes only when the policies do.

use std::error::Error;
use std::ops::Range;
use std::path::Path;
use std::time::Duration;

use plotters::prelude::*;
use schmoozer_backoff::{
    Constant, Decorrelated, Exponential, Fibonacci, Jitter, Linear, Policy, Rounds, Sequence,
};

const RETRIES: u32 = 12;
const CLIENTS: u64 = 2_000;
const CAP: Duration = Duration::from_secs(30);
const SECOND: Duration = Duration::from_secs(1);

/// The delays of every client at one retry, in seconds.
struct Retry {
    number: f64,
    least: f64,
    mean: f64,
    most: f64,
    some: Vec<f64>,
}

fn retries<P: Policy>(policy: impl Fn(u64) -> P) -> Vec<Retry> {
    let clients: Vec<Vec<f64>> = (0..CLIENTS)
        .map(|seed| {
            policy(seed)
                .into_iter()
                .map(|delay| delay.as_secs_f64())
                .take(RETRIES as usize)
                .collect()
        })
        .collect();
    (1..=RETRIES)
        .zip(0_usize..)
        .map(|(number, n)| {
            let delays: Vec<f64> = clients.iter().map(|delays| delays[n]).collect();
            Retry {
                number: f64::from(number),
                least: delays.iter().copied().fold(f64::INFINITY, f64::min),
                mean: delays.iter().sum::<f64>()
                    / f64::from(u32::try_from(delays.len()).unwrap_or(1)),
                most: delays.iter().copied().fold(0.0, f64::max),
                some: delays[..8].to_vec(),
            }
        })
        .collect()
}

type Area<'a> = DrawingArea<SVGBackend<'a>, plotters::coord::Shift>;

fn panel<P: Policy>(
    area: &Area<'_>,
    title: &str,
    policy: impl Fn(u64) -> P,
) -> Result<(), Box<dyn Error>> {
    const BAND: RGBColor = RGBColor(120, 170, 220);
    const LINE: RGBColor = RGBColor(20, 80, 150);
    let x: Range<f64> = 0.5..f64::from(RETRIES) + 0.5;
    let mut chart = ChartBuilder::on(area)
        .caption(title, ("sans-serif", 17))
        .margin(10)
        .x_label_area_size(40)
        .y_label_area_size(50)
        .build_cartesian_2d(x.clone(), 0.0..33.0)?;
    chart
        .configure_mesh()
        .disable_x_mesh()
        .light_line_style(TRANSPARENT)
        .x_labels(RETRIES as usize)
        .x_desc("number of the retry")
        .x_label_formatter(&|retry| format!("{retry:.0}"))
        .y_desc("delay in seconds")
        .y_labels(4)
        .y_label_formatter(&|seconds| format!("{seconds:.0}"))
        .axis_desc_style(("sans-serif", 13))
        .label_style(("sans-serif", 13))
        .draw()?;

    let retries = retries(policy);
    let upper = retries.iter().map(|retry| (retry.number, retry.most));
    let lower = retries
        .iter()
        .rev()
        .map(|retry| (retry.number, retry.least));
    chart.draw_series([Polygon::new(
        upper.chain(lower).collect::<Vec<_>>(),
        BAND.mix(0.45),
    )])?;
    let cap = CAP.as_secs_f64();
    chart.draw_series(DashedLineSeries::new(
        [(x.start, cap), (x.end, cap)],
        5,
        4,
        BLACK.mix(0.5).into(),
    ))?;
    chart.draw_series(LineSeries::new(
        retries.iter().map(|retry| (retry.number, retry.mean)),
        LINE.stroke_width(2),
    ))?;
    chart.draw_series(retries.iter().flat_map(|retry| {
        retry
            .some
            .iter()
            .map(|delay| Circle::new((retry.number, *delay), 2, LINE.mix(0.6).filled()))
    }))?;
    Ok(())
}

fn main() -> Result<(), Box<dyn Error>> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../schmoozer-backoff/policies.svg");
    let root = SVGBackend::new(&path, (1_500, 640)).into_drawing_area();
    // A background of its own: legible on a dark page, too.
    root.fill(&WHITE)?;
    let (head, body) = root.split_vertically(44);
    let legend = "Delay before each retry, cap 30 s (dashed): the mean, eight clients, and the range of 2,000";
    head.titled(legend, ("sans-serif", 19))?;
    let areas = body.split_evenly((2, 5));

    let exponential = Exponential::new(SECOND).cap(CAP);
    panel(&areas[0], "Constant 5 s", |_| {
        Constant::new(5 * SECOND).cap(CAP)
    })?;
    panel(&areas[1], "Linear 1 s, +2 s", |_| {
        Linear::new(SECOND).step(2 * SECOND).cap(CAP)
    })?;
    panel(&areas[2], "Fibonacci 1 s", |_| {
        Fibonacci::new(SECOND).cap(CAP)
    })?;
    panel(&areas[3], "Exponential 1 s, ×2", |_| exponential)?;
    panel(&areas[4], "Sequence 1, 5, 20 s", |_| {
        Sequence::new([1, 5, 20].map(Duration::from_secs)).cap(CAP)
    })?;
    panel(&areas[5], "Exponential, Full", |seed| {
        exponential.jitter(Jitter::Full).seeded(seed)
    })?;
    panel(&areas[6], "Exponential, Equal", |seed| {
        exponential.jitter(Jitter::Equal).seeded(seed)
    })?;
    panel(&areas[7], "Exponential, Proportional(0.2)", |seed| {
        exponential.jitter(Jitter::Proportional(0.2)).seeded(seed)
    })?;
    panel(&areas[8], "Decorrelated 1 s", |seed| {
        Decorrelated::new(SECOND).cap(CAP).seeded(seed)
    })?;
    panel(&areas[9], "Rounds of 15 s", |seed| {
        Rounds::new(15 * SECOND).cap(CAP).seeded(seed)
    })?;
    root.present()?;
    drop((areas, body, head, root));
    println!("drew {}", path.display());
    Ok(())
}
