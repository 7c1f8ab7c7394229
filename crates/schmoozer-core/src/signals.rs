use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::sync::watch;
use tokio::time::{Instant, Sleep, sleep_until};

use crate::Connector;
use crate::judge::Judge;
use crate::runner::Options;
use crate::shared::{Ask, Shared};

pub(crate) type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// What the full loop listens to while it does anything, besides requests: the shutdown, the network, and its alarm clock.
pub(crate) struct Signals<'a> {
    shutdown: Option<BoxFuture<'a, ()>>,
    /// The next change of the network, where there may be one.
    network: Option<Change>,
    /// When the offline time began that the judge does not know yet. [`account`](Self::account) moves it to now. `None` while
    /// online.
    pub(crate) offline: Option<Instant>,
    alarm: Pin<Box<Sleep>>,
}

/// Resolves to whether the network is online, and to the receiver unless its sender was dropped.
type Change = BoxFuture<'static, (bool, Option<watch::Receiver<bool>>)>;

impl<'a> Signals<'a> {
    pub(crate) fn new<C: Connector>(options: &mut Options<'a, C>) -> Self {
        Self {
            shutdown: options.shutdown.take(),
            network: options.online.take().map(|mut online| {
                // The current value counts as a change.
                online.mark_changed();
                next(online)
            }),
            offline: None,
            alarm: Box::pin(sleep_until(Instant::now())),
        }
    }

    /// Polls the shutdown future. When it is ready, requests a stop.
    #[inline]
    pub(crate) fn poll_shutdown(&mut self, cx: &mut Context<'_>, shared: &Shared) {
        if let Some(shutdown) = &mut self.shutdown {
            if shutdown.as_mut().poll(cx).is_ready() {
                self.shutdown = None;
                shared.request(Ask::Stop, None);
            }
        }
    }

    /// Polls the network. Notes its changes, and requests a retry when it is back online.
    #[inline]
    pub(crate) fn look(&mut self, cx: &mut Context<'_>, shared: &Shared, judge: &mut Judge) {
        if self.network.is_some() {
            self.poll_network(cx, shared, judge);
        }
    }

    fn poll_network(&mut self, cx: &mut Context<'_>, shared: &Shared, judge: &mut Judge) {
        while let Some(change) = &mut self.network {
            let Poll::Ready((online, receiver)) = change.as_mut().poll(cx) else {
                break;
            };
            self.network = receiver.map(next);
            let was_online = self.offline.is_none();
            if online != was_online {
                self.account(judge);
                self.offline = (!online).then(Instant::now);
                shared.state().offline = !online;
                if online {
                    shared.request(Ask::Retry, None);
                }
            }
        }
    }

    /// Reports the offline time up to now to the judge.
    #[inline]
    pub(crate) fn account(&mut self, judge: &mut Judge) {
        if let Some(since) = &mut self.offline {
            let now = Instant::now();
            judge.offline(std::mem::replace(since, now), now);
        }
    }

    /// Returns whether `at` has come. If not, wakes the task then.
    pub(crate) fn poll_alarm(&mut self, cx: &mut Context<'_>, at: Instant) -> bool {
        if self.alarm.deadline() != at {
            self.alarm.as_mut().reset(at);
        }
        self.alarm.as_mut().poll(cx).is_ready()
    }
}

/// Waits for the next change of the network. If the sender was dropped, reports the network as online, without a receiver.
fn next(mut online: watch::Receiver<bool>) -> Change {
    Box::pin(async move {
        let has_sender = online.changed().await.is_ok();
        let is_online = !has_sender || *online.borrow_and_update();
        (is_online, has_sender.then_some(online))
    })
}
