//! The screen as a picture, for where there is no terminal.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io;

use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::buffer::{Buffer, Cell};
use ratatui::style::{Color, Modifier};

use crate::dashboard;
use crate::palette::Palette;
use crate::show::View;

const COLUMNS: u16 = 100;
const ROWS: u16 = 37;
/// The size of a character, in pixels.
const WIDTH: f64 = 8.4;
const HEIGHT: f64 = 16.8;

const INK: &str = "#d8dce3";
const PAPER: &str = "#14151a";

/// Blocks, from an eighth of a character to all of it, from the bottom up.
const BLOCKS: &str = "▁▂▃▄▅▆▇█";

/// Draws the screen that `view` is, as SVG.
pub(crate) fn svg(view: &View<'_>) -> io::Result<String> {
    let mut terminal = Terminal::new(TestBackend::new(COLUMNS, ROWS))?;
    terminal.draw(|frame| dashboard::draw(frame, view, Palette::Colors))?;
    Ok(svg_of(terminal.backend().buffer()))
}

fn svg_of(screen: &Buffer) -> String {
    let mut blocks = Blocks::default();
    let mut texts = String::new();
    for (y, row) in (0..).zip(screen.content.chunks(screen.area.width.into())) {
        let mut x = 0;
        for run in row.chunk_by(|a, b| a.style() == b.style()) {
            let text: String = run.iter().map(Cell::symbol).collect();
            let reversed = run[0].modifier.contains(Modifier::REVERSED);
            let (ink, paper) = if reversed {
                (PAPER.to_owned(), Some(INK.to_owned()))
            } else {
                let ink = color(run[0].fg).unwrap_or_else(|| INK.to_owned());
                (ink, color(run[0].bg))
            };
            if let Some(paper) = paper {
                blocks.add(&paper, x, 8 * y, run.len(), 8);
            }
            for (place, symbol) in (x..).zip(text.chars()) {
                if let Some((top, height)) = block(symbol) {
                    blocks.add(&ink, place, 8 * y + top, 1, height);
                }
            }
            let bold = run[0].modifier.contains(Modifier::BOLD);
            write_text(&mut texts, (x, y), &text, &ink, bold);
            x += run.len();
        }
    }
    let (width, height) = (f64::from(COLUMNS) * WIDTH, f64::from(ROWS) * HEIGHT);
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width:.0} {height:.0}\" \
         font-family=\"ui-monospace, Menlo, Consolas, 'DejaVu Sans Mono', monospace\" font-size=\"14\">\n\
         <rect width=\"100%\" height=\"100%\" rx=\"8\" fill=\"{PAPER}\"/>\n\
         <g transform=\"scale({WIDTH} {:.3})\" shape-rendering=\"crispEdges\">\n{}</g>\n{texts}</svg>\n",
        HEIGHT / 8.0,
        blocks.paths()
    )
}

/// Which eighths of a character's height a block fills: the first from the top, and how many.
fn block(symbol: char) -> Option<(usize, usize)> {
    if symbol == '▀' {
        return Some((0, 4));
    }
    let eighths = BLOCKS.chars().position(|block| block == symbol)? + 1;
    Some((8 - eighths, eighths))
}

/// Rectangles by their colour, in characters across and eighths of characters down.
#[derive(Default)]
struct Blocks {
    colors: BTreeMap<String, Vec<[usize; 4]>>,
}

impl Blocks {
    fn add(&mut self, color: &str, x: usize, y: usize, width: usize, height: usize) {
        let blocks = self.colors.entry(color.to_owned()).or_default();
        match blocks.last_mut() {
            Some([left, top, length, tall]) if (*top, *tall, *left + *length) == (y, height, x) => {
                *length += width;
            }
            _ => blocks.push([x, y, width, height]),
        }
    }

    fn paths(&self) -> String {
        let mut paths = String::new();
        for (color, blocks) in &self.colors {
            let _ = write!(paths, "<path fill=\"{color}\" d=\"");
            for [x, y, width, height] in blocks {
                let _ = write!(paths, "M{x} {y}h{width}v{height}h-{width}z");
            }
            paths.push_str("\"/>\n");
        }
        paths
    }
}

/// Writes words at their places, so that a font of another width does not move them.
fn write_text(texts: &mut String, (x, y): (usize, usize), text: &str, ink: &str, bold: bool) {
    let cells: Vec<char> = text.chars().collect();
    let is_text = |cell: &char| *cell != ' ' && block(*cell).is_none();
    let mut place = x;
    for word in cells.chunk_by(|a, b| is_text(a) == is_text(b)) {
        if is_text(&word[0]) {
            let left = whole(place) * WIDTH;
            let base = whole(y) * HEIGHT + 13.0;
            let length = whole(word.len()) * WIDTH;
            let weight = if bold { " font-weight=\"bold\"" } else { "" };
            let word = word.iter().collect::<String>();
            let word = word.replace('&', "&amp;").replace('<', "&lt;");
            let _ = writeln!(
                texts,
                "<text x=\"{left:.1}\" y=\"{base:.1}\" textLength=\"{length:.1}\" fill=\"{ink}\"{weight}>{word}</text>"
            );
        }
        place += word.len();
    }
}

fn whole(number: usize) -> f64 {
    u32::try_from(number).unwrap_or(u32::MAX).into()
}

/// The usual colours of a terminal with 256; those that it lets its user choose are not used.
fn color(color: Color) -> Option<String> {
    let Color::Indexed(index) = color else {
        return None;
    };
    let [red, green, blue] = match index {
        232.. => [8 + 10 * (index - 232); 3],
        index => {
            let cube = index.saturating_sub(16);
            let level = |step: u8| if step == 0 { 0 } else { 55 + 40 * step };
            [level(cube / 36), level(cube / 6 % 6), level(cube % 6)]
        }
    };
    Some(format!("#{red:02x}{green:02x}{blue:02x}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_are_those_of_a_terminal() {
        assert_eq!(color(Color::Indexed(36)).as_deref(), Some("#00af87"));
        assert_eq!(color(Color::Indexed(166)).as_deref(), Some("#d75f00"));
        assert_eq!(color(Color::Indexed(244)).as_deref(), Some("#808080"));
        assert_eq!(color(Color::Reset), None);
    }

    #[test]
    fn what_is_on_the_screen_is_in_the_picture() {
        let mut screen = Buffer::with_lines(["a<b █▀", "▂"]);
        screen[(4, 0)].fg = Color::Indexed(36);
        screen[(5, 0)].fg = Color::Indexed(36);
        screen[(5, 0)].bg = Color::Indexed(244);
        let svg = svg_of(&screen);
        assert!(svg.contains(">a&lt;b</text>"), "{svg}");
        assert!(
            svg.contains("<path fill=\"#00af87\" d=\"M4 0h1v8h-1zM5 0h1v4h-1z\"/>"),
            "{svg}"
        );
        assert!(
            svg.contains("<path fill=\"#808080\" d=\"M5 0h1v8h-1z\"/>"),
            "{svg}"
        );
        assert!(
            svg.contains("<path fill=\"#d8dce3\" d=\"M0 14h1v2h-1z\"/>"),
            "{svg}"
        );
    }
}
