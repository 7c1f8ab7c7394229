//! What each key does.

use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyEventKind, KeyModifiers};

use crate::show::Action;

/// The keys as the bottom line of the screen shows them.
pub(crate) const HELP: [(&str, &str); 6] = [
    ("k", "kill"),
    ("b", "blackhole"),
    ("r", "revive"),
    ("p", "policy"),
    ("c", "pacer"),
    ("q", "quit"),
];

pub(crate) fn action(key: KeyEvent) -> Option<Action> {
    if key.kind == KeyEventKind::Release {
        return None;
    }
    match (key.code, key.modifiers.contains(KeyModifiers::CONTROL)) {
        (KeyCode::Char('c'), true) | (KeyCode::Char('q') | KeyCode::Esc, false) => {
            Some(Action::Quit)
        }
        (KeyCode::Char('k'), false) => Some(Action::Kill),
        (KeyCode::Char('b'), false) => Some(Action::Blackhole),
        (KeyCode::Char('r'), false) => Some(Action::Revive),
        (KeyCode::Char('p'), false) => Some(Action::NextPolicy),
        (KeyCode::Char('c'), false) => Some(Action::SwitchPacer),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pressed(code: KeyCode, modifiers: KeyModifiers) -> Option<Action> {
        action(KeyEvent::new(code, modifiers))
    }

    #[test]
    fn each_key_that_the_screen_names_does_something_else() {
        let actions = HELP.map(|(key, _)| {
            let key = key.chars().next().unwrap();
            pressed(KeyCode::Char(key), KeyModifiers::NONE)
        });
        let expected = [
            Action::Kill,
            Action::Blackhole,
            Action::Revive,
            Action::NextPolicy,
            Action::SwitchPacer,
            Action::Quit,
        ];
        assert_eq!(actions, expected.map(Some));
    }

    #[test]
    fn three_keys_quit() {
        for (code, modifiers) in [
            (KeyCode::Char('q'), KeyModifiers::NONE),
            (KeyCode::Esc, KeyModifiers::NONE),
            (KeyCode::Char('c'), KeyModifiers::CONTROL),
        ] {
            assert_eq!(pressed(code, modifiers), Some(Action::Quit));
        }
    }

    #[test]
    fn other_keys_and_releases_do_nothing() {
        assert_eq!(pressed(KeyCode::Char('x'), KeyModifiers::NONE), None);
        assert_eq!(pressed(KeyCode::Char('k'), KeyModifiers::CONTROL), None);
        let mut key = KeyEvent::new(KeyCode::Char('k'), KeyModifiers::NONE);
        key.kind = KeyEventKind::Release;
        assert_eq!(action(key), None);
    }
}
