//! How the [full loop](crate::full) waits, and what ends a wait early.

use std::future::{Future, pending, poll_fn};
use std::ops::ControlFlow::{self, Break, Continue};
use std::pin::{Pin, pin};
use std::task::Poll;
use std::time::Duration;

use tokio::time::Instant;

use crate::Event;
use crate::full::{Full, REQUEST_INTERVAL};
use crate::session::Session;
use crate::shared::{Ask, LONGEST_WAIT, after};
use crate::yield_now::yield_now;

impl Full<'_> {
    /// Waits before the next attempt: for its delay or a request, then for the network and the pacer. Without a delay, the
    /// attempt waits only for the time that requests may start one. Returns whether a request starts the attempt, or
    /// `None` if the loop must stop.
    pub(crate) async fn wait(&mut self, delay: Option<Duration>) -> Option<bool> {
        let asked = self.asked();
        if asked == Some(Ask::Stop) {
            return None;
        }
        let now = Instant::now();
        let delay = delay.map(|delay| self.judge.at_least(delay, || now).min(LONGEST_WAIT));
        let due = delay.map(|delay| after(now, delay));
        // The first attempt is not announced: it has no delay.
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
                // An attempt that the pacer admits must start at once. If the network is offline, it gives up its turn.
                let look = |this: &mut Self| match this.unless_stopping() {
                    Continue(again) if this.may_connect() => Continue(again),
                    _ => Break(()),
                };
                let admitted = self.until(pin!(pacer.admit()), None, look).await;
                // Looks again: the network may have gone in the meantime.
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

    /// Returns when the next attempt may start, with the requests so far. `due` is the time without them.
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

    /// Waits until the next attempt may start: when it is `due`, or earlier on a request. The status shows `shown` so far.
    /// Returns as [`wait`](Self::wait) does.
    async fn until_due(
        &mut self,
        due: Option<Instant>,
        mut shown: Option<Instant>,
    ) -> Option<bool> {
        let look = |this: &mut Self| {
            let at = match this.asked() {
                Some(Ask::Stop) => return Break(None),
                _ if !this.may_connect() => {
                    // The pacer's admission was for an attempt at once.
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

    /// Whether the network is online, or is not needed because the next connection is held already.
    fn may_connect(&self) -> bool {
        self.held || self.signals.is_online()
    }

    fn tell_waiting(&mut self, now: Instant, delay: Duration) {
        let attempt = self.judge.next_attempt();
        let waiting = Event::Waiting { delay, attempt };
        self.report.tell(now, &waiting);
    }

    /// Waits for `step`, and calls `look` each time something may have changed meanwhile. `Break` ends the wait with an
    /// `Err`. `Continue` names the time of the next call, if there is one.
    pub(crate) async fn until<F: Future, T>(
        &mut self,
        mut step: Pin<&mut F>,
        session: Option<&Session>,
        mut look: impl FnMut(&mut Self) -> ControlFlow<T, Option<Instant>>,
    ) -> Result<F::Output, T> {
        poll_fn(|cx| {
            if let Poll::Ready(output) = step.as_mut().poll(cx) {
                return Poll::Ready(Ok(output));
            }
            session.inspect(|session| session.listen(cx));
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

    /// Whether the loop must stop. Asks the shutdown future first.
    pub(crate) async fn is_stopping(&mut self) -> bool {
        poll_fn(|cx| {
            self.signals.look_at_shutdown(cx);
            Poll::Ready(())
        })
        .await;
        self.asked() == Some(Ask::Stop)
    }
}

/// Returns the earlier of two times. `None` is never.
pub(crate) fn earlier(one: Option<Instant>, other: Option<Instant>) -> Option<Instant> {
    match (one, other) {
        (Some(one), Some(other)) => Some(one.min(other)),
        (one, other) => one.or(other),
    }
}
