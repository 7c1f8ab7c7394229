use std::time::Duration;

use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::buffer::{Buffer, Cell};
use ratatui::layout::Size;
use ratatui::style::Color;

use crate::census::{Glimpse, State};
use crate::dashboard::draw;
use crate::fitting;
use crate::map::Grid;
use crate::palette::Palette;
use crate::server::Mode;
use crate::show::View;
use crate::timeline::{Kind, Timeline};

/// Of each eight, five are connected, one is connecting, one queued and one waiting.
fn glimpses(count: usize) -> Vec<Glimpse> {
    let states = [State::Connecting, State::Queued, State::Waiting];
    let glimpse = |number: usize| Glimpse {
        state: states.get(number % 8).copied().unwrap_or(State::Connected),
        failures: 3,
        since: Duration::from_secs(5),
    };
    (0..count).map(glimpse).collect()
}

fn timeline() -> Timeline {
    let mut timeline = Timeline::default();
    for n in 0..100 {
        if n == 80 {
            let at = Duration::from_millis(16_500);
            let sentence = "the server is killed".to_owned();
            timeline.mark(at, Kind::Killed, "killed".to_owned(), sentence);
        }
        timeline.sample(n * 100, Duration::from_secs(1));
    }
    timeline
}

fn screen(width: u16, height: u16, palette: Palette) -> Buffer {
    let (glimpses, timeline) = (glimpses(2_000), timeline());
    let view = View {
        glimpses: &glimpses,
        timeline: &timeline,
        server: Mode::Killed,
        server_since: Duration::from_millis(4_200),
        capacity: 400,
        policy: "Exponential::default()",
        pace: Some(300),
    };
    let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
    terminal.draw(|frame| draw(frame, &view, palette)).unwrap();
    terminal.backend().buffer().clone()
}

fn lines(screen: &Buffer) -> Vec<String> {
    let row = |row: &[Cell]| row.iter().map(Cell::symbol).collect();
    screen
        .content
        .chunks(screen.area.width.into())
        .map(row)
        .collect()
}

#[test]
fn it_says_how_many_are_connected_what_the_server_does_and_which_key_does_what() {
    for (width, height) in [(80, 24), (120, 40), (200, 60)] {
        for palette in [Palette::Colors, Palette::Plain] {
            let text = lines(&screen(width, height, palette)).join("\n");
            for said in [
                "1,250 of 2,000 connected",
                "✕ server killed 4 s ago",
                "connecting 250",
                "queued 250",
                "waiting 250",
                "at most 9,900",
                "✕ killed",
                "policy Exponential::default()",
                "pacer 300 a second",
                " k  kill   b  blackhole   r  revive   p  policy   c  pacer   q  quit",
            ] {
                assert!(
                    text.contains(said),
                    "{width}x{height} lacks {said:?}:\n{text}"
                );
            }
        }
    }
}

#[test]
fn a_large_screen_has_a_log() {
    let text = lines(&screen(200, 60, Palette::Colors)).join("\n");
    assert!(text.contains("16.5 s  ✕ the server is killed"), "{text}");
}

#[test]
fn any_size_is_drawn_and_the_headline_comes_first() {
    for width in [1, 5, 20, 39, 40, 80, 300] {
        for height in [1, 2, 4, 5, 6, 8, 12, 13, 15, 33, 80] {
            for palette in [Palette::Colors, Palette::Plain] {
                let lines = lines(&screen(width, height, palette));
                let first = lines.iter().find(|line| !line.trim().is_empty());
                assert!(
                    first.unwrap().trim_start().starts_with('1'),
                    "{width}x{height}"
                );
            }
        }
    }
}

#[test]
fn cells_are_as_large_as_they_fit() {
    let shape = |width, height, palette| {
        let grid = Grid::fitting(2_000, Size::new(width, height), palette);
        (grid.share, grid.height)
    };
    // 98 squares a row; 116 characters a row; 76 halves a row; three connectors a half.
    assert_eq!(shape(196, 40, Palette::Colors), (1, 21));
    assert_eq!(shape(116, 22, Palette::Colors), (1, 18));
    assert_eq!(shape(76, 14, Palette::Colors), (1, 14));
    assert_eq!(shape(40, 10, Palette::Colors), (3, 9));
    assert_eq!(shape(76, 14, Palette::Plain), (2, 14));
    assert_eq!(shape(0, 0, Palette::Colors).1, 0);
}

#[test]
fn each_connector_has_the_colour_of_its_state() {
    let colors = |screen: &Buffer, color: Color| {
        let halves = screen.content.iter().filter(|cell| cell.symbol() == "▀");
        halves
            .map(|cell| usize::from(cell.fg == color) + usize::from(cell.bg == color))
            .sum::<usize>()
    };
    let screen = screen(80, 24, Palette::Colors);
    for (state, count) in State::ALL.into_iter().zip([1_250, 250, 250, 250]) {
        let color = Palette::Colors.state(state).fg.unwrap();
        assert_eq!(colors(&screen, color), count, "{state:?}");
    }
}

#[test]
fn without_colours_there_are_none_and_symbols_tell_the_states_apart() {
    let screen = screen(200, 60, Palette::Plain);
    assert!(
        screen
            .content
            .iter()
            .all(|cell| (cell.fg, cell.bg) == (Color::Reset, Color::Reset))
    );
    let lines = lines(&screen);
    let map = lines.iter().position(|line| line.contains("connecting"));
    let map = lines[..map.unwrap()].concat();
    for (state, count) in State::ALL.into_iter().zip([1_250, 250, 250, 250]) {
        let symbol = Palette::Plain.symbol(state);
        // Squares are two characters wide.
        assert_eq!(map.matches(symbol).count(), 2 * count, "{state:?}");
    }
}

#[test]
fn more_failures_are_another_colour() {
    let style = |failures| {
        let glimpse = Glimpse {
            state: State::Waiting,
            failures,
            since: Duration::ZERO,
        };
        Palette::Colors.glimpse(&glimpse)
    };
    assert_eq!(style(0), style(1));
    assert_ne!(style(2), style(3));
    assert_ne!(style(12), style(13));
    assert_eq!(style(13), style(u32::MAX));
}

#[test]
fn the_limit_on_open_files_bounds_the_fleet_and_is_told_where_more_was_asked_for() {
    assert_eq!(fitting(None, 2_000, 1_000_000), Ok(2_000));
    assert_eq!(fitting(None, 2_000, 1_024), Ok(480));
    let refused = fitting(Some(2_000), 2_000, 1_024).unwrap_err();
    assert_eq!(
        refused,
        "the limit on open files is 1,024, which is enough for 480 connectors; `ulimit -n` raises it"
    );
    assert!(fitting(None, 2_000, 60).is_err());
}
