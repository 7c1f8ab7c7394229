//! The colours: those of Okabe and Ito's palette that a colour-blind eye tells apart, as near as 256 colours come.

use ratatui::style::{Color, Modifier, Style};

use crate::census::{Glimpse, State};
use crate::server::Mode;
use crate::timeline::Kind;

const GREEN: Color = Color::Indexed(36);
const SKY: Color = Color::Indexed(75);
const PURPLE: Color = Color::Indexed(176);
const VERMILION: Color = Color::Indexed(166);
const GREY: Color = Color::Indexed(244);

/// A connection that is new is bright, and settles.
const CONNECTED: [(u64, Color); 3] = [
    (400, Color::Indexed(121)),
    (900, Color::Indexed(79)),
    (u64::MAX, GREEN),
];
/// The more attempts failed, the redder.
const WAITING: [(u32, Color); 4] = [
    (2, Color::Indexed(220)),
    (6, Color::Indexed(208)),
    (12, VERMILION),
    (u32::MAX, Color::Indexed(124)),
];

/// Whether there are colours. Without them, states differ by their symbols alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Palette {
    Colors,
    Plain,
}

impl Palette {
    /// None where `NO_COLOR` is set to anything (<https://no-color.org>).
    pub(crate) fn from_environment() -> Self {
        Self::for_no_color(std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty()))
    }

    pub(crate) const fn for_no_color(no_color: bool) -> Self {
        if no_color { Self::Plain } else { Self::Colors }
    }

    pub(crate) const fn has_colors(self) -> bool {
        matches!(self, Self::Colors)
    }

    fn color(self, color: Color) -> Style {
        match self {
            Self::Colors => Style::new().fg(color),
            Self::Plain => Style::new(),
        }
    }

    pub(crate) fn glimpse(self, glimpse: &Glimpse) -> Style {
        let age = u64::try_from(glimpse.since.as_millis()).unwrap_or(u64::MAX);
        let shade = match glimpse.state {
            State::Connected => CONNECTED
                .iter()
                .find(|(below, _)| age < *below)
                .map(|c| c.1),
            State::Waiting => WAITING
                .iter()
                .find(|(most, _)| glimpse.failures <= *most)
                .map(|shade| shade.1),
            State::Connecting | State::Queued => None,
        };
        shade.map_or(self.state(glimpse.state), |shade| self.color(shade))
    }

    pub(crate) fn state(self, state: State) -> Style {
        self.color(match state {
            State::Connected => GREEN,
            State::Connecting => SKY,
            State::Queued => PURPLE,
            State::Waiting => WAITING[1].1,
        })
    }

    /// What the legend shows of a state: one swatch for each of its shades.
    pub(crate) fn swatches(self, state: State) -> Vec<Style> {
        match state {
            State::Waiting if self.has_colors() => {
                WAITING.iter().map(|shade| self.color(shade.1)).collect()
            }
            state => vec![self.state(state)],
        }
    }

    /// The symbol of a connector that has a character to itself, or more.
    pub(crate) const fn symbol(self, state: State) -> &'static str {
        match (self, state) {
            (Self::Colors, _) | (Self::Plain, State::Connected) => "█",
            (Self::Plain, State::Connecting) => "+",
            (Self::Plain, State::Queued) => "○",
            (Self::Plain, State::Waiting) => "·",
        }
    }

    pub(crate) fn server(self, mode: Mode) -> Style {
        self.color(match mode {
            Mode::Up => GREEN,
            Mode::Blackholed => PURPLE,
            Mode::Killed => VERMILION,
        })
    }

    pub(crate) fn mark(self, kind: Kind) -> Style {
        match kind {
            Kind::Killed => self.server(Mode::Killed),
            Kind::Blackholed => self.server(Mode::Blackholed),
            Kind::Revived | Kind::AllBack => self.server(Mode::Up),
            Kind::Switched => self.faint(),
        }
    }

    /// Attempts a second: within what the server takes, or beyond.
    pub(crate) fn rate(self, rate: u32, capacity: u32) -> Style {
        self.color(if rate <= capacity { SKY } else { WAITING[1].1 })
    }

    pub(crate) fn faint(self) -> Style {
        self.color(GREY)
    }

    pub(crate) const fn strong() -> Style {
        Style::new().add_modifier(Modifier::BOLD)
    }
}
