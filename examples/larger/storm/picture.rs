//! What came out, as a picture that is legible on a light and on a dark page.

use std::error::Error;
use std::ops::Range;
use std::path::Path;

use plotters::coord::Shift;
use plotters::coord::ranged1d::{AsRangedCoord, ValueFormatter};
use plotters::prelude::*;
use storm::{Contestant, Outcome, Storm};

type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;
type Drawn = Result<(), Box<dyn Error>>;
/// Seconds, and how many.
type Points = Vec<(f64, f64)>;

/// What attempts are drawn from, since nothing is not on a logarithmic axis.
const LEAST: f64 = 0.1;
const TEXT: RGBColor = RGBColor(128, 128, 128);
const COLORS: [RGBColor; 8] = [
    RGBColor(217, 83, 79),
    RGBColor(232, 145, 45),
    RGBColor(155, 109, 214),
    RGBColor(46, 160, 90),
    RGBColor(140, 140, 140),
    RGBColor(42, 150, 200),
    RGBColor(214, 107, 160),
    RGBColor(160, 130, 60),
];

/// Draws the clients that are back and the attempts over time into `file`, as SVG.
pub(crate) fn draw<'a>(
    file: &Path,
    storm: &Storm,
    all: impl Iterator<Item = &'a (Contestant, Outcome)>,
) -> Drawn {
    let shown = all.filter(|(contestant, _)| contestant.drawn);
    let shown: Vec<_> = shown.take(COLORS.len()).collect();
    let down = storm.outages.first().map_or(0, |away| away.end);
    let end = 2.0 * storm.ideal();

    let series = |points: fn(&Storm, &Outcome, u32, f64) -> Points| -> Vec<Points> {
        let outcomes = shown.iter().map(|(_, outcome)| outcome);
        outcomes
            .map(|outcome| points(storm, outcome, down, end))
            .collect()
    };
    let (back, attempts) = (series(clients_back), series(attempts));
    let most = attempts.iter().flatten().map(|(_, times)| *times);
    let most = 1.5 * most.fold(10.0, f64::max);
    let x = -f64::from(down)..end;

    let root = SVGBackend::new(file, (1_200, 490)).into_drawing_area();
    let (body, foot) = root.split_vertically(430);
    let (left, right) = body.split_horizontally(600);
    let ideal = [(0.0, 0.0), (storm.ideal(), 100.0)];
    let unit = |percent: &f64| format!("{percent} %");
    chart(
        &left,
        ("Clients that are back", &unit),
        (0.0..end, 0.0..100.0),
        &[ideal],
        back,
    )?;
    let taken = [(x.start, 1.0), (x.end, 1.0)];
    let comeback = [(0.0, LEAST), (0.0, most)];
    let unit = |times: &f64| format!("{times}×");
    chart(
        &right,
        ("Attempts a second, over what the server takes", &unit),
        (x, (LEAST..most).log_scale()),
        &[taken, comeback],
        attempts,
    )?;
    for ((place, (contestant, _)), color) in (0..).zip(&shown).zip(COLORS) {
        let (x, y) = (60 + place % 4 * 285, 8 + place / 4 * 24);
        let swatch = [(x, y + 4), (x + 22, y + 8)];
        foot.draw(&Rectangle::new(swatch, color.filled()))?;
        let style = ("sans-serif", 14).into_font().color(&TEXT);
        foot.draw(&Text::new(contestant.name.as_str(), (x + 30, y), style))?;
    }
    root.present()?;
    Ok(())
}

/// How many percent are back, from the return on.
fn clients_back(storm: &Storm, outcome: &Outcome, down: u32, end: f64) -> Points {
    let mut sum = 0;
    let since_return = outcome.back.iter().skip(down as usize);
    let back = since_return.map(|number| {
        sum += number;
        100.0 * f64::from(sum) / f64::from(storm.clients)
    });
    let points = (1_u32..).map(f64::from).zip(back);
    let points = points.take_while(|(second, _)| *second <= end);
    let mut points: Points = [(0.0, 0.0)].into_iter().chain(points).collect();
    points.extend(points.last().map(|(_, back)| (end, *back)));
    points
}

/// Attempts a second, as a multiple of what the server takes.
fn attempts(storm: &Storm, outcome: &Outcome, down: u32, end: f64) -> Points {
    let seconds = (0_u32..).zip(outcome.seconds());
    let points = seconds.map(|(second, attempts)| {
        let times = f64::from(attempts) / f64::from(storm.capacity);
        (f64::from(second) - f64::from(down), times.max(LEAST))
    });
    points.take_while(|(second, _)| *second < end).collect()
}

/// Draws `series` in their colours and `marks` as dashed lines.
fn chart<Y>(
    area: &Area<'_>,
    (caption, unit): (&str, &dyn Fn(&f64) -> String),
    (x, y): (Range<f64>, Y),
    marks: &[[(f64, f64); 2]],
    series: Vec<Points>,
) -> Drawn
where
    Y: AsRangedCoord<Value = f64>,
    Y::CoordDescType: Ranged<ValueType = f64> + ValueFormatter<f64>,
{
    let mut chart = ChartBuilder::on(area)
        .caption(caption, ("sans-serif", 16, &TEXT))
        .margin(10)
        .margin_right(24)
        .x_label_area_size(44)
        .y_label_area_size(54)
        .build_cartesian_2d(x, y)?;
    chart
        .configure_mesh()
        .light_line_style(TRANSPARENT)
        .bold_line_style(TEXT.mix(0.25))
        .axis_style(TEXT)
        .label_style(("sans-serif", 13, &TEXT))
        .x_desc("seconds after the return")
        .x_label_formatter(&|second| format!("{second}"))
        .y_label_formatter(&unit)
        .draw()?;
    for mark in marks {
        chart.draw_series(DashedLineSeries::new(*mark, 5, 4, TEXT.into()))?;
    }
    for (points, color) in series.into_iter().zip(COLORS) {
        chart.draw_series(LineSeries::new(points, color.stroke_width(2)))?;
    }
    Ok(())
}
