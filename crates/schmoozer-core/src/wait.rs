//! How the [full loop](crate::full) waits, and what ends a wait early.

use std::convert::Infallible;
use std::future::{Future, pending, poll_fn};
use std::ops::ControlFlow::{self, Break, Continue};
use std::pin::{Pin, pin};
use std::task::Poll;
use std::time::Duration;

use tokio::time::Instant;

use crate::full::{Full, REQUEST_INTERVAL};
use crate::session::Session;
use crate::shared::{Ask, LONGEST_WAIT, State};
use crate::yield_now::yield_now;
use crate::{Connector, Event};

impl<C: Connector> Full<'_, C> {
    /// Waits until the delay is over or a request arrives, and the network is online. Then waits for the pacer. If `delay`
    /// is `None`, the attempt starts as soon as [`REQUEST_INTERVAL`] and `min_interval` allow. Returns `Some(true)` if a
    /// request starts the attempt, `Some(false)` if its delay is over, and `None` if the loop must stop.
    pub(crate) async fn wait(&mut self, delay: Option<Duration>) -> Option<bool> {
        // `is_stopping` also polls the network. If it is offline, the start is unknown, so the wait below is announced.
        if delay.is_none() && self.is_stopping().await {
            return None;
        }
        let now = Instant::now();
        let delay = delay.map(|delay| self.judge.at_least(delay, || now).min(LONGEST_WAIT));
        let due = delay.map(|delay| now + delay);
        let at = self.next_start(due).continue_value()?;
        // A first attempt that is due now has no wait to announce.
        if self.judge.attempt > 0 || due != Some(now) {
            let wait = match at {
                // If the start is `due`, the wait is `delay`. A subtraction takes 40 instructions, so it is skipped.
                Some(at) if Some(at) != due => at.saturating_duration_since(now),
                _ => delay.unwrap_or_default(),
            };
            if delay.is_some() || !wait.is_zero() || at.is_none() {
                self.announce_waiting(now, wait);
            } else {
                // A request starts this attempt now, so only the status changes.
                self.set_waiting(Some(now));
            }
            if wait.is_zero() {
                yield_now().await;
            }
        }
        let requested = self.until_due(due).await?;
        let Some(pacer) = self.options.pacer.clone() else {
            return Some(requested);
        };
        while let Err(earliest) = pacer.try_admit() {
            let now = Instant::now();
            self.announce_waiting(now, earliest.saturating_duration_since(now));
            // An admitted attempt must start at once. If the network goes offline, this wait ends, and the loop asks the
            // pacer again later.
            let check = |this: &mut Self| match this.next_start(Some(now))? {
                Some(_) => Continue(None),
                None => Break(()),
            };
            let admitted = self.until(pin!(pacer.admit()), None, check).await;
            // The network may have gone offline in the meantime.
            if !self.is_stopping().await && admitted.is_ok() && check(self).is_continue() {
                break;
            }
            self.until_due(Some(now)).await?;
        }
        Some(requested)
    }

    /// Returns when the next attempt may start, or `Break` if the loop must stop. Without a pending request, that is `due`.
    /// A request can make it earlier, but not before [`REQUEST_INTERVAL`] and `min_interval` allow. `None` means that the
    /// time is unknown, as while offline. The network does not matter if the connector already holds the next connection.
    #[inline]
    pub(crate) fn next_start(&self, due: Option<Instant>) -> ControlFlow<(), Option<Instant>> {
        Continue(match self.asked() {
            Some(Ask::Stop) => return Break(()),
            _ if self.signals.offline.is_some() && !self.held => None,
            None => due,
            Some(_) => {
                let allowed = self.requested.map(|at| at + REQUEST_INTERVAL);
                earlier(due, allowed.max(Some(self.judge.not_before())))
            }
        })
    }

    /// Waits until the time that [`next_start`](Self::next_start) returns. Returns `Some(true)` if that is before `due`, or if
    /// `due` is `None`. Returns `None` if the loop must stop.
    async fn until_due(&mut self, due: Option<Instant>) -> Option<bool> {
        let mut shown = due;
        let check = |this: &mut Self| {
            let at = this.next_start(due).map_break(|()| None)?;
            let now = Instant::now();
            if at.is_some_and(|at| at <= now) {
                return Break(Some(due.is_none_or(|due| due > now)));
            }
            if at != shown {
                shown = at;
                this.set_waiting(at);
            }
            Continue(at)
        };
        let Err(requested) = self.until(pin!(pending::<Infallible>()), None, check).await;
        requested
    }

    /// Shows in the status that the loop waits until this time, or until an unknown time. Observers receive no event.
    pub(crate) fn set_waiting(&mut self, until: Option<Instant>) {
        let attempt = self.judge.next_attempt();
        let wait = |state: &mut State| state.wait(until, attempt, Instant::now());
        self.report.shared.change(wait);
    }

    /// Sends [`Event::Waiting`] to observers, and shows the wait in the status.
    fn announce_waiting(&mut self, now: Instant, delay: Duration) {
        let attempt = self.judge.next_attempt();
        let waiting = Event::Waiting { delay, attempt };
        self.report.tell(now, &waiting);
    }

    /// Waits for `step`. Until it is ready, calls `check` each time something may have changed. If `check` returns
    /// `Break`, the wait ends with that value as an `Err`. After `Continue(Some(at))`, `check` is called again no later than
    /// `at`. `session` is that of the connection, if `step` is its handler. Its changes wake this wait.
    pub(crate) async fn until<F: Future, T>(
        &mut self,
        mut step: Pin<&mut F>,
        session: Option<&Session>,
        mut check: impl FnMut(&mut Self) -> ControlFlow<T, Option<Instant>>,
    ) -> Result<F::Output, T> {
        poll_fn(|cx| {
            // If both are ready, the request to stop is recorded before the step's output is returned.
            self.signals.poll_shutdown(cx, &self.report.shared);
            session.inspect(|session| session.listen(cx));
            if let Poll::Ready(output) = step.as_mut().poll(cx) {
                return Poll::Ready(Ok(output));
            }
            session.map(Session::polled);
            self.signals.look(cx, &self.report.shared, &mut self.judge);
            self.report.shared.listen(cx);
            // The alarm has one time: the earlier of what `check` asks for and the next log line about the outage.
            loop {
                let again = match check(self) {
                    Break(why) => return Poll::Ready(Err(why)),
                    Continue(again) => earlier(again, self.report.reminder()),
                };
                if !again.is_some_and(|at| self.signals.poll_alarm(cx, at)) {
                    return Poll::Pending;
                }
                self.report.remind();
            }
        })
        .await
    }

    pub(crate) fn asked(&self) -> Option<Ask> {
        self.report.shared.state().asked
    }

    /// Polls the shutdown future and the network. Then returns whether the loop must stop.
    pub(crate) async fn is_stopping(&mut self) -> bool {
        poll_fn(|cx| {
            self.signals.poll_shutdown(cx, &self.report.shared);
            self.signals.look(cx, &self.report.shared, &mut self.judge);
            Poll::Ready(self.asked() == Some(Ask::Stop))
        })
        .await
    }
}

/// Returns the earlier of two times. Ignores a `None`, and returns `None` if both are.
pub(crate) fn earlier(one: Option<Instant>, other: Option<Instant>) -> Option<Instant> {
    match (one, other) {
        (Some(one), Some(other)) => Some(one.min(other)),
        (one, other) => one.or(other),
    }
}
