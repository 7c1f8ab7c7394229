use std::sync::Arc;
use std::time::Duration;

use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::buffer::Cell;
use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyEventKind, KeyModifiers};
use ratatui::layout::Rect;

use crate::connector::{Chosen, Policies};
use crate::fitting;
use crate::fleet::{Action, Glimpse, State, View};
use crate::play::action;
use crate::screen::{cell, draw, share};
use crate::server::Mode;

/// The screen's lines, with 2,000 connectors of which in each eight five are connected.
fn screen(width: u16, height: u16) -> Vec<String> {
    let states = [State::Connecting, State::Waiting, State::Waiting];
    let glimpse = |number: usize| Glimpse {
        state: states.get(number % 8).copied().unwrap_or(State::Connected),
        attempt: 3,
    };
    let view = View {
        glimpses: (0..2_000).map(glimpse).collect(),
        rates: vec![0, 1_000, 2_000, 3_000, 4_000],
        log: vec!["16.5 s: the server is killed".to_owned()],
        server: Mode::Killed,
        capacity: 400,
        policy: "Exponential::default()".to_owned(),
    };
    let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
    terminal.draw(|frame| draw(frame, &view)).unwrap();
    let cells = &terminal.backend().buffer().content;
    let rows = cells.chunks(width.into());
    rows.map(|row| row.iter().map(Cell::symbol).collect())
        .collect()
}

#[test]
fn the_screen_says_how_all_are_and_which_key_does_what() {
    for (width, height) in [(80, 24), (200, 60)] {
        let text = screen(width, height).join("\n");
        for said in [
            "1,250 of 2,000 connected   server killed   policy Exponential::default()",
            "+ connecting 250",
            "· waiting 500",
            "2,000 attempts a second; the server takes 400",
            "16.5 s: the server is killed",
            "k kill   b blackhole   r revive   p policy   q quit",
        ] {
            assert!(
                text.contains(said),
                "{width}x{height} lacks {said:?}:\n{text}"
            );
        }
    }
}

#[test]
fn each_connector_has_a_cell_where_there_is_room() {
    let lines = screen(200, 60);
    let legend = lines.iter().position(|line| line.contains("connecting"));
    let map = lines[1..legend.unwrap()].concat();
    let counts = ["█", "+", "·"].map(|symbol| map.matches(symbol).count());
    assert_eq!(counts, [1_250, 250, 500]);
    assert_eq!(share(2_000, Rect::new(0, 1, 50, 40)), 1);
    assert_eq!(share(2_000, Rect::new(0, 1, 50, 39)), 2);
}

#[test]
fn any_size_is_drawn() {
    for width in [1, 5, 20, 40, 300] {
        for height in [1, 2, 4, 6, 12, 13, 33, 80] {
            assert_eq!(screen(width, height).len(), usize::from(height));
        }
    }
    assert_eq!(share(2_000, Rect::ZERO), 2_000);
}

#[test]
fn of_those_in_a_cell_the_worst_off_shows_and_more_failures_are_another_colour() {
    let waiting = |attempt| Glimpse {
        state: State::Waiting,
        attempt,
    };
    let connected = Glimpse {
        state: State::Connected,
        attempt: 9,
    };
    assert!(waiting(3) > waiting(2) && waiting(1) > connected);
    assert_eq!(cell(waiting(1)), cell(waiting(3)));
    assert_ne!(cell(waiting(3)), cell(waiting(4)));
    assert_ne!(cell(waiting(13)), cell(waiting(u32::MAX)));
}

#[test]
fn keys_switch_faults_and_releases_do_nothing() {
    let (none, control) = (KeyModifiers::NONE, KeyModifiers::CONTROL);
    for (code, modifiers, expected) in [
        (KeyCode::Char('k'), none, Some(Action::Turn(Mode::Killed))),
        (
            KeyCode::Char('b'),
            none,
            Some(Action::Turn(Mode::Blackholed)),
        ),
        (KeyCode::Char('r'), none, Some(Action::Turn(Mode::Up))),
        (KeyCode::Char('p'), none, Some(Action::NextPolicy)),
        (KeyCode::Char('q'), none, Some(Action::Quit)),
        (KeyCode::Esc, none, Some(Action::Quit)),
        (KeyCode::Char('c'), control, Some(Action::Quit)),
        (KeyCode::Char('c'), none, None),
        (KeyCode::Char('k'), control, None),
    ] {
        let mut key = KeyEvent::new(code, modifiers);
        assert_eq!(action(key), expected, "{key:?}");
        key.kind = KeyEventKind::Release;
        assert_eq!(action(key), None, "{key:?}");
    }
}

#[test]
fn a_switch_of_the_policy_holds_from_the_next_outage_on() {
    let first = "constant:7s".parse().unwrap();
    let policies = Policies::new(2_000, 400, Some(first));
    let first_delay = || Chosen(Arc::clone(&policies)).into_iter().next();
    assert_eq!(first_delay(), Some(Duration::from_secs(7)));
    for _ in 0..4 {
        policies.next();
    }
    assert_eq!(first_delay(), Some(Duration::from_secs(2)));
    policies.next();
    assert_eq!(first_delay(), Some(Duration::from_secs(7)));
}

#[test]
fn the_limit_on_open_files_bounds_the_fleet_and_is_told_where_more_was_asked_for() {
    assert_eq!(fitting(None, 1_000_000), Ok(2_000));
    assert_eq!(fitting(None, 1_024), Ok(480));
    assert_eq!(fitting(Some(480), 1_024), Ok(480));
    let refused = fitting(Some(481), 1_024).unwrap_err();
    assert_eq!(
        refused,
        "the limit on open files is 1,024, which is enough for 480 connectors; `ulimit -n` raises it"
    );
}
