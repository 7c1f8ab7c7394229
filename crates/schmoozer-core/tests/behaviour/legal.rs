//! Walks the state machine in [`Event`]'s documentation over the events of a loop.

use std::time::Duration;

use schmoozer_core::{Event, Observer};

/// An observer that panics at the first event which cannot come now.
#[derive(Debug, Default)]
pub(crate) struct Legal {
    state: State,
    attempt: u32,
    in_outage: bool,
    /// The connection that is up, or was up last, counted as good.
    lasted: bool,
}

#[derive(Debug, Default, Clone, Copy, PartialEq)]
enum State {
    #[default]
    Start,
    Connecting,
    Connected,
    Failed,
    Waiting,
    Reconnecting,
    Stopped,
}

impl Observer for Legal {
    fn on_event(&mut self, event: &Event<'_>) {
        self.state = self
            .next(event)
            .unwrap_or_else(|| panic!("{event:?} after {self:?}"));
    }
}

impl Legal {
    /// The state after `event`; `None` when it cannot come now.
    fn next(&mut self, event: &Event<'_>) -> Option<State> {
        use State::{Connected, Connecting, Failed, Reconnecting, Start, Stopped, Waiting};
        let up = self.state == Connected;
        let (legal, next) = match *event {
            Event::Connecting { attempt } => {
                // Only the loop knows whether a connection had lasted that was dropped without an outage before.
                let anew = self.state == Reconnecting && !self.in_outage && attempt == 1;
                self.attempt = if anew { 1 } else { self.attempt + 1 };
                self.lasted = false;
                let ready = matches!(self.state, Start | Waiting | Reconnecting);
                (ready && attempt == self.attempt, Connecting)
            }
            Event::Connected { attempt, .. } => {
                let connecting = self.state == Connecting;
                (connecting && attempt == self.attempt, Connected)
            }
            Event::Recovered { outage } => {
                let legal = up && self.in_outage && outage.attempts == self.attempt;
                (self.in_outage, self.lasted) = (false, true);
                (legal, Connected)
            }
            Event::Failed {
                attempt, uptime, ..
            } => {
                // Zero says that the connection had lasted, which is told before if there was an outage.
                if attempt == 0 {
                    (self.attempt, self.lasted) = (0, true);
                }
                let from = if uptime.is_some() {
                    up
                } else {
                    self.state == Connecting
                };
                let counted = attempt == self.attempt;
                (from && counted && !(self.lasted && self.in_outage), Failed)
            }
            Event::OutageBegan { outage } => {
                let legal = self.state == Failed && !self.in_outage;
                self.in_outage = true;
                (legal && outage.attempts == self.attempt, Failed)
            }
            Event::Waiting { attempt, .. } => {
                let legal = self.state == Failed && self.in_outage;
                (legal && attempt == self.attempt, Waiting)
            }
            Event::Reconnecting { .. } => {
                if self.lasted {
                    self.attempt = 0;
                }
                (up, Reconnecting)
            }
            Event::Stopped { outage, .. } => {
                let legal = self.state != Stopped && outage.is_some() == self.in_outage;
                (legal, Stopped)
            }
            _ => (false, Stopped),
        };
        legal.then_some(next)
    }
}

const CONNECTING: Event<'_> = Event::Connecting { attempt: 1 };
const REFUSED: Event<'_> = Event::Failed {
    cause: &"refused",
    attempt: 1,
    elapsed: Duration::ZERO,
    uptime: None,
};
const CONNECTED: Event<'_> = Event::Connected {
    attempt: 1,
    elapsed: Duration::ZERO,
};
const RECONNECTING: Event<'_> = Event::Reconnecting {
    uptime: Duration::ZERO,
};
const STOPPED: Event<'_> = Event::Stopped {
    outage: None,
    error: None,
};

fn is_legal(events: &[Event<'_>]) -> bool {
    let mut legal = Legal::default();
    events.iter().all(|event| match legal.next(event) {
        Some(state) => {
            legal.state = state;
            true
        }
        None => false,
    })
}

#[test]
fn what_cannot_come_is_refused() {
    assert!(is_legal(&[
        CONNECTING,
        CONNECTED,
        RECONNECTING,
        CONNECTING,
        STOPPED
    ]));
    assert!(is_legal(&[STOPPED]));
    assert!(is_legal(&[CONNECTING, REFUSED]));
    for illegal in [
        &[CONNECTED][..],
        &[REFUSED],
        &[CONNECTING, CONNECTING],
        &[CONNECTING, CONNECTED, CONNECTED],
        &[CONNECTING, CONNECTED, CONNECTING],
        // That is how a connection is lost, not how it is refused.
        &[CONNECTING, CONNECTED, REFUSED],
        &[CONNECTING, RECONNECTING],
        &[CONNECTING, REFUSED, CONNECTING],
        &[Event::Connecting { attempt: 2 }],
        &[STOPPED, STOPPED],
        &[STOPPED, CONNECTING],
    ] {
        assert!(!is_legal(illegal), "{illegal:?}");
    }
}
