//! The show on a terminal, steered by keys.

use std::error::Error;
use std::io;
use std::thread;
use std::time::Duration;

use ratatui::DefaultTerminal;
use ratatui::crossterm::event::{self, Event};
use tokio::sync::mpsc;
use tokio::time::{MissedTickBehavior, interval};

use crate::dashboard;
use crate::keys::action;
use crate::palette::Palette;
use crate::show::{Action, Show};

const FRAME: Duration = Duration::from_millis(100);
/// A sample of the attempts is a column of the screen.
const FRAMES_A_SAMPLE: u64 = 2;

/// Draws `show` until a key says to quit, and leaves the terminal as it was, also after a panic.
pub(crate) async fn run(show: Show) -> Result<(), Box<dyn Error>> {
    let mut terminal = ratatui::try_init()?;
    let outcome = play(&mut terminal, show).await;
    ratatui::try_restore()?;
    outcome
}

async fn play(terminal: &mut DefaultTerminal, mut show: Show) -> Result<(), Box<dyn Error>> {
    let palette = Palette::from_environment();
    let mut events = read_events();
    let mut frames = interval(FRAME);
    frames.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut terminated = Box::pin(terminated());
    let mut frame = 0_u64;
    loop {
        tokio::select! {
            _ = frames.tick() => {
                frame += 1;
                if frame % FRAMES_A_SAMPLE == 0 {
                    show.sample();
                }
            }
            event = events.recv() => match event {
                Some(Ok(Event::Key(key))) => match action(key) {
                    Some(Action::Quit) => return Ok(()),
                    Some(action) => show.act(action),
                    None => continue,
                },
                // A new size: the next frame takes it.
                Some(Ok(_)) => {}
                Some(Err(error)) => return Err(error.into()),
                None => return Ok(()),
            },
            () = &mut terminated => return Ok(()),
            error = show.connector_ended() => return Err(error),
        }
        let glimpses = show.glimpses();
        terminal.draw(|frame| dashboard::draw(frame, &show.view(&glimpses), palette))?;
    }
}

/// Reads on a thread of its own, which ends with the program: there is no other way to stop a read.
fn read_events() -> mpsc::UnboundedReceiver<io::Result<Event>> {
    let (send, receive) = mpsc::unbounded_channel();
    thread::spawn(move || {
        loop {
            let event = event::read();
            let failed = event.is_err();
            if send.send(event).is_err() || failed {
                return;
            }
        }
    });
    receive
}

#[cfg(unix)]
async fn terminated() {
    use tokio::signal::unix::{SignalKind, signal};
    match signal(SignalKind::terminate()) {
        Ok(mut signal) => {
            signal.recv().await;
        }
        Err(_) => std::future::pending().await,
    }
}

#[cfg(not(unix))]
async fn terminated() {
    std::future::pending().await
}
