//! How the [full loop](crate::full) waits, for anything, and what cuts a wait short.

use std::future::{Future, pending, poll_fn};
use std::ops::ControlFlow::{self, Break, Continue};
use std::pin::{Pin, pin};
use std::task::Poll;
use std::time::Duration;

use tokio::time::Instant;

use crate::Event;
use crate::full::{Full, REQUEST_INTERVAL};
use crate::session::Session;
use crate::shared::{Ask, DECADES, after};
use crate::yield_now::yield_now;

impl Full<'_> {
    /// Waits before the next attempt: for its delay or a request, for the network, and for the pacer. Returns whether a
    /// request starts it; nothing when the loop must stop.
    pub(crate) async fn wait(&mut self, delay: Option<Duration>) -> Option<bool> {
        let asked = self.asked();
        if asked == Some(Ask::Stop) {
            return None;
        }
        let now = Instant::now();
        let delay = delay.map(|delay| self.judge.at_least(delay, || now).min(DECADES));
        let due = delay.map(|delay| after(now, delay));
        // The very first attempt begins at once.
        let mut shown = due;
        if self.judge.attempt() > 0 || delay != Some(Duration::ZERO) {
            let mut wait = delay;
            if asked.is_some() {
                shown = self.due(due);
                wait = shown.map(|at| at.saturating_duration_since(now));
            }
            if delay.is_some() || wait > Some(Duration::ZERO) {
                self.tell_waiting(now, wait.unwrap_or_default());
            } else {
                let attempt = self.judge.next_attempt();
                self.report.shared.waits(Some(now), attempt, now);
            }
            if wait == Some(Duration::ZERO) {
                yield_now().await;
            }
        }
        let mut requested = self.until_due(due, shown).await?;
        let admitted = std::mem::take(&mut self.admitted);
        if let Some(pacer) = self.pacer.clone().filter(|_| !admitted) {
            while let Err(earliest) = pacer.try_admit() {
                let now = Instant::now();
                self.tell_waiting(now, earliest.saturating_duration_since(now));
                // What is let through must begin at once: one that is offline gives up its turn.
                let look = |this: &mut Self| match this.unless_stopping() {
                    Continue(again) if this.may_connect() => Continue(again),
                    _ => Break(()),
                };
                let admitted = self.until(pin!(pacer.admit()), None, look).await;
                // The network may have gone in this very moment.
                poll_fn(|cx| {
                    self.signals.look(cx, &mut self.judge);
                    Poll::Ready(())
                })
                .await;
                if admitted.is_ok() && self.unless_stopping().is_continue() && self.may_connect() {
                    break;
                }
                requested |= self.until_due(Some(now), Some(now)).await?;
            }
        }
        Some(requested)
    }

    /// When the next attempt may begin, as requests have it now.
    pub(crate) fn due(&self, due: Option<Instant>) -> Option<Instant> {
        if self.asked().is_none() {
            return due;
        }
        let mut allowed = self.judge.not_before();
        if let Some(requested) = self.requested {
            allowed = allowed.max(requested + REQUEST_INTERVAL);
        }
        Some(due.map_or(allowed, |due| due.min(allowed)))
    }

    /// Waits until an attempt is `due`. The status says `shown` until now.
    async fn until_due(
        &mut self,
        due: Option<Instant>,
        mut shown: Option<Instant>,
    ) -> Option<bool> {
        let look = |this: &mut Self| {
            let at = match this.asked() {
                Some(Ask::Stop) => return Break(None),
                _ if !this.may_connect() => {
                    // The pacer's turn was for now.
                    this.admitted = false;
                    None
                }
                None => due,
                Some(_) => this.due(due),
            };
            let now = Instant::now();
            if at.is_some_and(|at| at <= now) {
                return Break(Some(due.is_none_or(|due| due > now)));
            }
            if at != shown {
                shown = at;
                this.report.shared.waits(at, this.judge.next_attempt(), now);
            }
            Continue(at)
        };
        match self.until(pin!(pending()), None, look).await {
            Ok(never) => never,
            Err(requested) => requested,
        }
    }

    /// Whether the network is there, or is not needed.
    fn may_connect(&self) -> bool {
        self.held || self.signals.is_online()
    }

    fn tell_waiting(&mut self, now: Instant, delay: Duration) {
        let attempt = self.judge.next_attempt();
        let waiting = Event::Waiting { delay, attempt };
        self.report.tell(now, &waiting);
    }

    /// Waits for `step`, and listens meanwhile. `look` is called whenever something may have changed: it ends the wait, or
    /// says when it wants to look again.
    pub(crate) async fn until<F: Future, T>(
        &mut self,
        mut step: Pin<&mut F>,
        session: Option<&Session>,
        mut look: impl FnMut(&mut Self) -> ControlFlow<T, Option<Instant>>,
    ) -> Result<F::Output, T> {
        poll_fn(|cx| {
            if let Some(session) = session {
                session.polling(cx);
            }
            if let Poll::Ready(output) = step.as_mut().poll(cx) {
                return Poll::Ready(Ok(output));
            }
            session.map(Session::polled);
            self.signals.look(cx, &mut self.judge);
            self.report.shared.waker.listen(cx);
            loop {
                let again = match look(self) {
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
        self.report.shared.asked()
    }

    pub(crate) fn unless_stopping(&self) -> ControlFlow<(), Option<Instant>> {
        if self.asked() == Some(Ask::Stop) {
            return Break(());
        }
        Continue(None)
    }

    /// Whether the loop was told to stop, also in this moment.
    pub(crate) async fn is_stopping(&mut self) -> bool {
        poll_fn(|cx| {
            self.signals.look_at_shutdown(cx);
            Poll::Ready(())
        })
        .await;
        self.asked() == Some(Ask::Stop)
    }
}

/// The earlier of two moments that may never come.
pub(crate) fn earlier(one: Option<Instant>, other: Option<Instant>) -> Option<Instant> {
    match (one, other) {
        (Some(one), Some(other)) => Some(one.min(other)),
        (one, other) => one.or(other),
    }
}
