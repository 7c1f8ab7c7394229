//! What came out, as a picture that is legible on a light and on a dark page.

use std::error::Error;
use std::ops::Range;
use std::path::Path;

use plotters::coord::Shift;
use plotters::prelude::*;

use storm::{Contestant, Outcome, Storm};

type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;
type Drawn = Result<(), Box<dyn Error>>;
/// Seconds, and how many.
type Points = Vec<(f64, f64)>;

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
pub(crate) fn draw(
    file: &Path,
    storm: &Storm,
    contestants: &[&Contestant],
    outcomes: &[Outcome],
) -> Drawn {
    let shown: Vec<(&str, &Outcome)> = contestants
        .iter()
        .zip(outcomes)
        .filter(|(contestant, _)| contestant.drawn)
        .map(|(contestant, outcome)| (contestant.name.as_str(), outcome))
        .take(COLORS.len())
        .collect();
    let root = SVGBackend::new(file, (1_200, 470)).into_drawing_area();
    let (body, foot) = root.split_vertically(410);
    let (left, right) = body.split_horizontally(600);
    clients_back(&left, storm, &shown)?;
    attempts(&right, storm, &shown)?;
    legend(&foot, &shown)?;
    root.present()?;
    Ok(())
}

/// Seconds that the server is away.
fn down(storm: &Storm) -> u32 {
    storm.outages.first().map_or(0, |away| away.end)
}

fn clients_back(area: &Area<'_>, storm: &Storm, shown: &[(&str, &Outcome)]) -> Drawn {
    let end = 2.0 * storm.ideal();
    let series = shown.iter().map(|(_, outcome)| {
        let mut sum = 0;
        let since_return = outcome.back.iter().skip(down(storm) as usize);
        let back = since_return.map(|number| {
            sum += number;
            100.0 * f64::from(sum) / f64::from(storm.clients)
        });
        let points = (1_u32..).map(f64::from).zip(back);
        let mut points: Points = points.take_while(|(second, _)| *second <= end).collect();
        points.insert(0, (0.0, 0.0));
        points.extend(points.last().map(|(_, back)| (end, *back)));
        points
    });
    let mut chart = ChartBuilder::on(area)
        .caption(
            "Clients that are back, in %, seconds after the return",
            ("sans-serif", 16, &TEXT),
        )
        .margin(10)
        .margin_right(24)
        .x_label_area_size(26)
        .y_label_area_size(44)
        .build_cartesian_2d(0.0..end, 0.0..100.0)?;
    chart
        .configure_mesh()
        .light_line_style(TRANSPARENT)
        .bold_line_style(TEXT.mix(0.25))
        .axis_style(TEXT)
        .label_style(("sans-serif", 13, &TEXT))
        .x_label_formatter(&|second| format!("{second}"))
        .y_label_formatter(&|back| format!("{back}"))
        .draw()?;
    let ideal = [(0.0, 0.0), (storm.ideal(), 100.0)];
    chart.draw_series(DashedLineSeries::new(ideal, 5, 4, TEXT.into()))?;
    for (points, color) in series.zip(COLORS) {
        chart.draw_series(LineSeries::new(points, color.stroke_width(2)))?;
    }
    Ok(())
}

fn attempts(area: &Area<'_>, storm: &Storm, shown: &[(&str, &Outcome)]) -> Drawn {
    const LEAST: f64 = 0.1;
    let down = f64::from(down(storm));
    let x: Range<f64> = -down..2.0 * storm.ideal();
    let series: Vec<Points> = shown
        .iter()
        .map(|(_, outcome)| {
            let times = |attempts: u32| f64::from(attempts) / f64::from(storm.capacity);
            let seconds = (0_u32..).zip(outcome.seconds());
            seconds
                .map(|(second, attempts)| (f64::from(second) - down, times(attempts).max(LEAST)))
                .take_while(|(second, _)| *second < x.end)
                .collect()
        })
        .collect();
    let most = series.iter().flatten().map(|(_, times)| *times);
    let most = most.fold(10.0, f64::max);
    let mut chart = ChartBuilder::on(area)
        .caption(
            "Attempts a second over what the server takes, seconds after the return",
            ("sans-serif", 16, &TEXT),
        )
        .margin(10)
        .margin_right(24)
        .x_label_area_size(26)
        .y_label_area_size(50)
        .build_cartesian_2d(x.clone(), (LEAST..most * 1.5).log_scale())?;
    chart
        .configure_mesh()
        .light_line_style(TRANSPARENT)
        .bold_line_style(TEXT.mix(0.25))
        .axis_style(TEXT)
        .label_style(("sans-serif", 13, &TEXT))
        .x_label_formatter(&|second| format!("{second}"))
        .y_label_formatter(&|times| format!("{times}×"))
        .draw()?;
    let taken = [(x.start, 1.0), (x.end, 1.0)];
    chart.draw_series(DashedLineSeries::new(taken, 5, 4, TEXT.into()))?;
    let back = [(0.0, LEAST), (0.0, most * 1.5)];
    chart.draw_series(DashedLineSeries::new(back, 2, 4, TEXT.into()))?;
    for (points, color) in series.into_iter().zip(COLORS) {
        chart.draw_series(LineSeries::new(points, color.stroke_width(2)))?;
    }
    Ok(())
}

fn legend(area: &Area<'_>, shown: &[(&str, &Outcome)]) -> Drawn {
    for ((place, (name, _)), color) in shown.iter().enumerate().zip(COLORS) {
        let column = i32::try_from(place % 4)?;
        let row = i32::try_from(place / 4)?;
        let (x, y) = (60 + column * 285, 8 + row * 24);
        area.draw(&Rectangle::new(
            [(x, y + 4), (x + 22, y + 8)],
            color.filled(),
        ))?;
        area.draw(&Text::new(
            *name,
            (x + 30, y),
            ("sans-serif", 14).into_font().color(&TEXT),
        ))?;
    }
    Ok(())
}
