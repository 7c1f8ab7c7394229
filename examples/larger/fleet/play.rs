//! The show: by itself it kills and blackholes the server and revives it; on a terminal, a key takes over.

use std::error::Error;
use std::fmt::Write as _;
use std::io::{self, Write as _};
use std::time::{Duration, Instant};

use examples::thousands;
use ratatui::DefaultTerminal;
use ratatui::crossterm::event::{self, Event, KeyCode, KeyEvent, KeyEventKind, KeyModifiers};
use tokio::time::sleep;

use crate::fleet::{Action, Fleet, State, View};
use crate::screen::draw;
use crate::server::Mode;

const FRAME: Duration = Duration::from_millis(200);
/// How long all may take to come back.
const PATIENCE: Duration = Duration::from_secs(120);

/// What is done once all are back, or if there is a time, that long after what was done before.
const SCRIPT: [(Option<Duration>, Action); 5] = [
    (None, Action::Turn(Mode::Killed)),
    (Some(Duration::from_secs(2)), Action::Turn(Mode::Up)),
    (None, Action::Turn(Mode::Blackholed)),
    (Some(Duration::from_secs(4)), Action::Turn(Mode::Up)),
    (None, Action::Quit),
];

/// Draws the fleet on `terminal`, or else prints a line a second, until the script ends or a key says so.
pub(crate) async fn play(
    fleet: &mut Fleet,
    mut terminal: Option<DefaultTerminal>,
) -> Result<(), Box<dyn Error>> {
    let terminated = tokio::spawn(terminated());
    let mut script = SCRIPT.into_iter().peekable();
    let (mut printed, mut line) = (0, Instant::now());
    loop {
        let key = if let Some(terminal) = &mut terminal {
            terminal.draw(|frame| draw(frame, &fleet.view))?;
            pressed(FRAME)?
        } else {
            sleep(FRAME).await;
            None
        };
        fleet.sample()?;
        let mut action = key;
        if key.is_some() {
            // From here on it is the operator's.
            script.by_ref().for_each(drop);
        } else if let Some((delay, next)) = script.peek() {
            let (since, are_all_back) = fleet.progress();
            if delay.map_or(are_all_back, |delay| since >= delay) {
                action = Some(*next);
                script.next();
            } else if since > PATIENCE {
                return Err(format!("not all are back after {} s", since.as_secs()).into());
            }
        }
        if terminal.is_none() {
            if line.elapsed() >= Duration::from_secs(1) || action.is_some() {
                line = Instant::now();
                writeln!(io::stdout(), "{}", summary(&fleet.view))?;
            }
            printed += print(&fleet.view.log[printed..])?;
        }
        match action {
            Some(Action::Quit) => return Ok(()),
            Some(action) => fleet.act(action).await?,
            None => {}
        }
        if terminated.is_finished() {
            return Ok(terminated.await??);
        }
    }
}

/// Prints what happened, and returns how much that was.
pub(crate) fn print(log: &[String]) -> io::Result<usize> {
    for line in log {
        writeln!(io::stdout(), "--- {line}")?;
    }
    Ok(log.len())
}

fn summary(view: &View) -> String {
    let mut line = format!("server {:<11}", view.server);
    for state in State::ALL {
        // Writing to a string does not fail.
        let _ = write!(line, "{:>7} {}", thousands(view.count(state)), state.name());
    }
    let rate = thousands(view.rate());
    line + &format!("{rate:>8} attempts a second")
}

/// Waits for a key, and returns what it does.
fn pressed(patience: Duration) -> io::Result<Option<Action>> {
    if !event::poll(patience)? {
        return Ok(None);
    }
    Ok(match event::read()? {
        Event::Key(key) => action(key),
        // A new size: the next frame takes it.
        _ => None,
    })
}

pub(crate) fn action(key: KeyEvent) -> Option<Action> {
    if key.kind == KeyEventKind::Release {
        return None;
    }
    match (key.code, key.modifiers.contains(KeyModifiers::CONTROL)) {
        (KeyCode::Char('c'), true) | (KeyCode::Char('q') | KeyCode::Esc, false) => {
            Some(Action::Quit)
        }
        (KeyCode::Char('k'), false) => Some(Action::Turn(Mode::Killed)),
        (KeyCode::Char('b'), false) => Some(Action::Turn(Mode::Blackholed)),
        (KeyCode::Char('r'), false) => Some(Action::Turn(Mode::Up)),
        (KeyCode::Char('p'), false) => Some(Action::NextPolicy),
        _ => None,
    }
}

/// Waits for what ends a program from outside, so that the terminal is left as it was.
async fn terminated() -> io::Result<()> {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        signal(SignalKind::terminate())?.recv().await;
    }
    #[cfg(windows)]
    tokio::signal::windows::ctrl_break()?.recv().await;
    Ok(())
}
