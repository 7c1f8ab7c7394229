//! The map: a cell for each connector, as large as they fit.

use ratatui::buffer::Buffer;
use ratatui::layout::{Rect, Size};
use ratatui::style::Style;
use ratatui::widgets::Widget;

use crate::census::Glimpse;
use crate::palette::Palette;

/// How the cells lie in an area.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Grid {
    cell: Cell,
    /// Cells in a row.
    columns: usize,
    /// Connectors in a cell.
    pub(crate) share: usize,
    /// Lines of the terminal.
    pub(crate) height: u16,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Cell {
    /// Two characters, which is a square.
    Square,
    /// A character.
    Character,
    /// Half a character, which is a small square.
    Half,
}

impl Cell {
    /// How many fit in an area.
    fn grid(self, area: Size) -> (usize, usize) {
        let (width, height) = (usize::from(area.width), usize::from(area.height));
        match self {
            Self::Square => (width / 2, height),
            Self::Character => (width, height),
            Self::Half => (width, 2 * height),
        }
    }
}

impl Grid {
    /// Takes the largest cells with which all `connectors` fit into `area`; if none do, several share a cell.
    pub(crate) fn fitting(connectors: usize, area: Size, palette: Palette) -> Self {
        let cells: &[Cell] = if palette.has_colors() {
            &[Cell::Square, Cell::Character, Cell::Half]
        } else {
            // Two halves of a character can differ by their colours alone.
            &[Cell::Square, Cell::Character]
        };
        let fits = |cell: &&Cell| {
            let (columns, rows) = cell.grid(area);
            columns * rows >= connectors
        };
        let cell = *cells.iter().find(fits).unwrap_or(&cells[cells.len() - 1]);
        let (columns, rows) = cell.grid(area);
        let share = connectors.div_ceil((columns * rows).max(1)).max(1);
        let rows = connectors.div_ceil(share).div_ceil(columns.max(1));
        let lines = if cell == Cell::Half {
            rows.div_ceil(2)
        } else {
            rows
        };
        Self {
            cell,
            columns,
            share,
            height: u16::try_from(lines).map_or(area.height, |lines| lines.min(area.height)),
        }
    }
}

/// Draws the connectors in a grid; of those that share a cell, the one that is worst off.
pub(crate) struct Map<'a> {
    pub(crate) glimpses: &'a [Glimpse],
    pub(crate) grid: Grid,
    pub(crate) palette: Palette,
}

impl Widget for Map<'_> {
    fn render(self, area: Rect, buffer: &mut Buffer) {
        let Grid {
            cell,
            columns,
            share,
            ..
        } = self.grid;
        let shown = self.glimpses.chunks(share).filter_map(|shared| {
            shared
                .iter()
                .max_by_key(|glimpse| (glimpse.state, glimpse.failures))
        });
        for (number, glimpse) in shown.enumerate() {
            let (column, row) = (number % columns.max(1), number / columns.max(1));
            let (x, y) = match cell {
                Cell::Square => (2 * column, row),
                Cell::Character => (column, row),
                Cell::Half => (column, row / 2),
            };
            let at = u16::try_from(x).ok().zip(u16::try_from(y).ok());
            let at = at.map(|(x, y)| (area.x.saturating_add(x), area.y.saturating_add(y)));
            let Some(at) = at.filter(|at| area.contains((*at).into())) else {
                continue;
            };
            let style = self.palette.glimpse(glimpse);
            let symbol = self.palette.symbol(glimpse.state);
            match (cell, style.fg) {
                (Cell::Square, _) => {
                    buffer.set_string(at.0, at.1, symbol.repeat(2), style);
                }
                (Cell::Character, _) => {
                    buffer.set_string(at.0, at.1, symbol, style);
                }
                (Cell::Half, _) if row % 2 == 0 => {
                    buffer.set_string(at.0, at.1, "▀", style);
                }
                (Cell::Half, color) => {
                    let style = color.map_or(Style::new(), |color| Style::new().bg(color));
                    buffer.set_style(Rect::new(at.0, at.1, 1, 1), style);
                }
            }
        }
    }
}
