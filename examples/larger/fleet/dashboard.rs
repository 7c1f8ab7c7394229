//! All of the screen. It is laid out anew for each frame, and what has no room is left out.

use examples::thousands;
use ratatui::Frame;
use ratatui::layout::{Alignment, Constraint, Layout, Margin, Rect, Size};
use ratatui::style::{Modifier, Style};
use ratatui::text::{Line, Span};
use ratatui::widgets::{Sparkline, SparklineBar};

use crate::census::{State, counts};
use crate::keys::HELP;
use crate::map::{Grid, Map};
use crate::palette::Palette;
use crate::server::Mode;
use crate::show::View;
use crate::timeline::{Kind, Mark};

/// How many lines each part has.
struct Heights {
    headline: u16,
    bar: u16,
    map: u16,
    legend: u16,
    title: u16,
    rates: u16,
    marks: u16,
    log: u16,
    settings: u16,
    help: u16,
    /// Between two groups of parts.
    gap: u16,
}

/// Draws `view` on all of `frame`.
pub(crate) fn draw(frame: &mut Frame<'_>, view: &View<'_>, palette: Palette) {
    let mut area = frame.area();
    if area.width >= 40 {
        area = area.inner(Margin::new(2, u16::from(area.height >= 30)));
    }
    let (heights, grid) = heights(view, area.as_size(), palette);
    let Heights { gap, .. } = heights;
    let parts = [
        heights.headline,
        heights.bar,
        gap,
        heights.map,
        gap,
        heights.legend,
        gap,
        heights.title,
        heights.rates,
        heights.marks,
        gap,
        heights.log,
    ];
    let parts = parts.into_iter().map(Constraint::Length);
    let foot = [
        Constraint::Fill(1),
        Constraint::Length(heights.settings),
        Constraint::Length(heights.help),
    ];
    let lines = Layout::vertical(parts.chain(foot)).split(area);

    headline(frame, lines[0], view, palette);
    bar(frame, lines[1], view, palette);
    if heights.map > 0 {
        let map = Map {
            glimpses: view.glimpses,
            grid,
            palette,
        };
        frame.render_widget(map, lines[3]);
    }
    legend(frame, lines[5], view, &grid, palette);
    title(frame, lines[7], view, palette);
    rates(frame, lines[8], view, palette);
    marks(frame, lines[9], view, palette);
    log(frame, lines[11], view, palette);
    settings(frame, lines[13], view, palette);
    help(frame, lines[14], palette);
}

/// The map comes first, then what it is read by; attempts and the log take what is left over.
fn heights(view: &View<'_>, area: Size, palette: Palette) -> (Heights, Grid) {
    let Size { width, height } = area;
    let mut heights = Heights {
        headline: 1,
        bar: u16::from(height >= 8),
        map: 0,
        legend: u16::from(height >= 6),
        title: u16::from(height >= 14),
        rates: if height >= 14 { 3 } else { 0 },
        marks: u16::from(height >= 16),
        log: 0,
        settings: u16::from(height >= 10),
        help: u16::from(height >= 5),
        gap: u16::from(height >= 34),
    };
    let taken = |heights: &Heights| {
        let Heights {
            headline,
            bar,
            map,
            legend,
            title,
            rates,
            marks,
            log,
            settings,
            help,
            gap,
        } = heights;
        headline + bar + map + legend + title + rates + marks + log + settings + help + 5 * gap
    };
    let left = height.saturating_sub(taken(&heights));
    let grid = Grid::fitting(view.glimpses.len(), Size::new(width, left), palette);
    heights.map = grid.height;
    let left = height.saturating_sub(taken(&heights));
    heights.rates += (left / 2).min(9) * u16::from(heights.rates > 0);
    heights.log = height.saturating_sub(taken(&heights)) * heights.gap;
    (heights, grid)
}

fn headline(frame: &mut Frame<'_>, area: Rect, view: &View<'_>, palette: Palette) {
    let connected = counts(view.glimpses)[State::Connected as usize];
    let all = connected == view.glimpses.len();
    let strong = palette.server(if all { Mode::Up } else { view.server });
    let line = Line::from(vec![
        Span::styled(number(connected), strong.patch(Palette::strong())),
        Span::styled(
            format!(" of {} connected", number(view.glimpses.len())),
            Palette::strong(),
        ),
    ]);
    let (symbol, what) = match view.server {
        Mode::Up => ("●", format!("server up, takes {} a second", view.capacity)),
        Mode::Blackholed => (
            "◌",
            format!(
                "server blackholed for {:.0?} s",
                view.server_since.as_secs()
            ),
        ),
        Mode::Killed => (
            "✕",
            format!("server killed {:.0?} s ago", view.server_since.as_secs()),
        ),
    };
    let server = Span::styled(
        format!("{symbol} {what}"),
        palette.server(view.server).patch(Palette::strong()),
    );
    let room = usize::from(area.width).saturating_sub(line.width());
    frame.render_widget(line, area);
    if room > server.width() {
        frame.render_widget(Line::from(server).alignment(Alignment::Right), area);
    }
}

/// The share of each state.
fn bar(frame: &mut Frame<'_>, area: Rect, view: &View<'_>, palette: Palette) {
    let width = usize::from(area.width);
    let (mut seen, mut drawn) = (0, 0);
    let shares = State::ALL
        .iter()
        .zip(counts(view.glimpses))
        .map(|(state, count)| {
            seen += count;
            let upto = width * seen / view.glimpses.len().max(1);
            let length = upto - drawn;
            drawn = upto;
            let symbol = match state {
                State::Connected => "━",
                _ if palette.has_colors() => "━",
                _ => "╌",
            };
            Span::styled(symbol.repeat(length), palette.state(*state))
        });
    frame.render_widget(shares.collect::<Line<'_>>(), area);
}

fn legend(frame: &mut Frame<'_>, area: Rect, view: &View<'_>, grid: &Grid, palette: Palette) {
    let mut line = Line::default();
    for (state, count) in State::ALL.into_iter().zip(counts(view.glimpses)) {
        // Nobody can be queued while there is no pacer.
        if state == State::Queued && view.pace.is_none() && count == 0 {
            continue;
        }
        for swatch in palette.swatches(state) {
            line.push_span(Span::styled(legend_symbol(palette, state), swatch));
        }
        line.push_span(format!(" {} ", state.name()));
        line.push_span(Span::styled(
            format!("{:<7}", number(count)),
            Palette::strong(),
        ));
    }
    let mut note = String::new();
    if palette.has_colors() {
        note.push_str("redder after more attempts");
    }
    if grid.share > 1 {
        note = format!("a cell is {} connectors, the worst off shows", grid.share);
    }
    let room = usize::from(area.width).saturating_sub(line.width());
    frame.render_widget(line, area);
    if room >= note.len() {
        let note = Span::styled(note, palette.faint());
        frame.render_widget(Line::from(note).alignment(Alignment::Right), area);
    }
}

/// A swatch must not look like a bar.
const fn legend_symbol(palette: Palette, state: State) -> &'static str {
    if palette.has_colors() {
        "■"
    } else {
        palette.symbol(state)
    }
}

fn title(frame: &mut Frame<'_>, area: Rect, view: &View<'_>, palette: Palette) {
    let rates: Vec<u32> = view.timeline.rates(area.width.into()).collect();
    let now: u32 = rates.iter().rev().take(5).sum::<u32>() / 5;
    let most = rates.iter().copied().max().unwrap_or(0);
    let line = Line::from(vec![
        Span::styled(
            format!("{} attempts a second", number(now as usize)),
            Palette::strong(),
        ),
        Span::styled(
            format!("   at most {}", number(most as usize)),
            palette.faint(),
        ),
    ]);
    let room = usize::from(area.width).saturating_sub(line.width());
    frame.render_widget(line, area);
    let note = Line::from(vec![
        Span::styled("■", palette.rate(0, 1)),
        Span::styled(" within ", palette.faint()),
        Span::styled("■", palette.rate(1, 0)),
        Span::styled(" beyond what the server takes", palette.faint()),
    ]);
    if palette.has_colors() && room > note.width() {
        frame.render_widget(note.alignment(Alignment::Right), area);
    }
}

fn rates(frame: &mut Frame<'_>, area: Rect, view: &View<'_>, palette: Palette) {
    let mut bars: Vec<SparklineBar> = view
        .timeline
        .rates(area.width.into())
        .map(|rate| {
            let bar = SparklineBar::from(u64::from(rate));
            bar.style(palette.rate(rate, view.capacity))
        })
        .collect();
    // Now is always on the right.
    let absent = usize::from(area.width).saturating_sub(bars.len());
    bars.splice(0..0, std::iter::repeat_n(SparklineBar::from(0), absent));
    frame.render_widget(Sparkline::default().data(bars), area);
}

/// Under the attempts, what happened at that moment.
fn marks(frame: &mut Frame<'_>, area: Rect, view: &View<'_>, palette: Palette) {
    let mut right = area.width;
    for (ago, mark) in view.timeline.marks().rev() {
        let Some(column) = u16::try_from(ago.max(1))
            .ok()
            .and_then(|ago| area.width.checked_sub(ago))
        else {
            return;
        };
        if column >= right {
            continue;
        }
        let room = usize::from(right - column);
        let mut text = Line::from(format!("{} {}", symbol(mark.kind), mark.word));
        if text.width() >= room {
            text = Line::from(symbol(mark.kind));
        }
        let place = Rect {
            x: area.x + column,
            width: right - column,
            ..area
        };
        frame.render_widget(text.style(palette.mark(mark.kind)), place);
        right = column;
    }
}

fn log(frame: &mut Frame<'_>, area: Rect, view: &View<'_>, palette: Palette) {
    let last: Vec<&Mark> = view
        .timeline
        .marks()
        .rev()
        .map(|(_, mark)| mark)
        .take(area.height.into())
        .collect();
    for (mark, line) in last.into_iter().rev().zip(area.rows()) {
        let text = Line::from(vec![
            Span::styled(
                format!("{:>6.1} s  ", mark.at.as_secs_f64()),
                palette.faint(),
            ),
            Span::styled(
                format!("{} {}", symbol(mark.kind), mark.sentence),
                palette.mark(mark.kind),
            ),
        ]);
        frame.render_widget(text, line);
    }
}

const fn symbol(kind: Kind) -> &'static str {
    match kind {
        Kind::Killed => "✕",
        Kind::Blackholed => "◌",
        Kind::Revived => "▲",
        Kind::AllBack => "✓",
        Kind::Switched => "◆",
    }
}

fn settings(frame: &mut Frame<'_>, area: Rect, view: &View<'_>, palette: Palette) {
    let pace = view.pace.map_or("off".to_owned(), |rate| {
        format!("{} a second", number(rate as usize))
    });
    let line = Line::from(vec![
        Span::styled("policy ", palette.faint()),
        Span::raw(view.policy),
        Span::styled("   pacer ", palette.faint()),
        Span::raw(pace),
    ]);
    frame.render_widget(line, area);
}

fn help(frame: &mut Frame<'_>, area: Rect, palette: Palette) {
    let key = Style::new().add_modifier(Modifier::REVERSED);
    let mut line = Line::default();
    for (name, what) in HELP {
        line.push_span(Span::styled(format!(" {name} "), key));
        line.push_span(Span::styled(format!(" {what}  "), palette.faint()));
    }
    frame.render_widget(line, area);
}

fn number(number: usize) -> String {
    thousands(number as u64)
}
