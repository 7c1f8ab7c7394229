//! The screen. States differ by their symbols and by colours, which `NO_COLOR` turns off.

use examples::thousands;
use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::style::{Color, Style, Stylize};
use ratatui::text::{Line, Span, Text};
use ratatui::widgets::{Sparkline, SparklineBar};

use crate::fleet::{Glimpse, State, View};
use crate::server::Mode;

// Of Okabe and Ito's palette, which a colour-blind eye tells apart, as near as 256 colours come.
const GREEN: Color = Color::Indexed(36);
const SKY: Color = Color::Indexed(75);
const ORANGE: Color = Color::Indexed(208);
const VERMILION: Color = Color::Indexed(166);
/// The more attempts failed, the redder.
const WAITING: [(u32, Color); 4] = [
    (3, Color::Indexed(220)),
    (7, ORANGE),
    (13, VERMILION),
    (u32::MAX, Color::Indexed(124)),
];

const HELP: &str = "k kill   b blackhole   r revive   p policy   q quit";

pub(crate) fn draw(frame: &mut Frame<'_>, view: &View) {
    let [head, map, legend, title, rates, log, foot] = Layout::vertical([
        Constraint::Length(1),
        Constraint::Min(1),
        Constraint::Length(1),
        Constraint::Length(1),
        Constraint::Length(5),
        Constraint::Length(4),
        Constraint::Length(1),
    ])
    .areas(frame.area());

    let server = match view.server {
        Mode::Up => GREEN,
        Mode::Blackholed | Mode::Killed => VERMILION,
    };
    let connected = thousands(view.count(State::Connected));
    let of = thousands(view.glimpses.len() as u64);
    let headline = Line::from(vec![
        format!("{connected} of {of} connected").bold(),
        format!("   server {}", view.server).fg(server),
        format!("   policy {}", view.policy).into(),
    ]);
    frame.render_widget(headline, head);

    let share = share(view.glimpses.len(), map);
    frame.render_widget(cells(&view.glimpses, share, map), map);

    let mut key = Line::default();
    for state in State::ALL {
        let glimpse = Glimpse { state, attempt: 4 };
        key.push_span(cell(glimpse));
        let count = thousands(view.count(state));
        key.push_span(format!(" {} {count:<8}", state.name()));
    }
    if share > 1 {
        key.push_span(format!("a cell is {share} connectors, the worst off shows"));
    }
    frame.render_widget(key, legend);

    let attempts = format!(
        "{} attempts a second; the server takes {}",
        thousands(view.rate()),
        thousands(view.capacity.into()),
    );
    frame.render_widget(attempts.bold(), title);
    let latest = view.rates.len().saturating_sub(rates.width.into());
    let bars = view.rates[latest..].iter().map(|rate| {
        let is_taken = *rate <= view.capacity.into();
        let color = if is_taken { SKY } else { ORANGE };
        SparklineBar::from(*rate).style(Style::new().fg(color))
    });
    frame.render_widget(Sparkline::default().data(bars), rates);

    let latest = view.log.len().saturating_sub(log.height.into());
    let lines = view.log[latest..]
        .iter()
        .map(|line| Line::raw(line.as_str()));
    frame.render_widget(lines.collect::<Text<'_>>(), log);
    frame.render_widget(HELP.reversed(), foot);
}

/// How many connectors share a cell, so that all fit into `area`.
pub(crate) fn share(connectors: usize, area: Rect) -> usize {
    let cells = usize::from(area.width) * usize::from(area.height);
    connectors.div_ceil(cells.max(1)).max(1)
}

/// A cell for each `share` connectors, which shows the one that is worst off.
fn cells(glimpses: &[Glimpse], share: usize, area: Rect) -> Text<'static> {
    let worst = glimpses.chunks(share).filter_map(|some| some.iter().max());
    let cells: Vec<Span<'_>> = worst.map(|glimpse| cell(*glimpse)).collect();
    let rows = cells.chunks(usize::from(area.width).max(1));
    rows.map(|row| Line::from(row.to_vec())).collect()
}

pub(crate) fn cell(glimpse: Glimpse) -> Span<'static> {
    let (symbol, color) = match glimpse.state {
        State::Connected => ("█", GREEN),
        State::Connecting => ("+", SKY),
        State::Waiting => {
            let shade = WAITING.iter().find(|(most, _)| glimpse.attempt <= *most);
            ("·", shade.map_or(ORANGE, |shade| shade.1))
        }
    };
    Span::styled(symbol, Style::new().fg(color))
}
