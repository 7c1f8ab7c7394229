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
    /// Since when the network has been gone, so far as the judge does not know.
    pub(crate) offline: Option<Instant>,
    alarm: Pin<Box<Sleep>>,
}

/// Whether the network is there, and the receiver again unless the sender is gone.
type Change = BoxFuture<'static, (bool, Option<watch::Receiver<bool>>)>;

impl<'a> Signals<'a> {
    pub(crate) fn new<C: Connector>(options: &mut Options<'a, C>) -> Self {
        Self {
            shutdown: options.shutdown.take(),
            network: options.online.take().map(|mut online| {
                // What it is now is a change too.
                online.mark_changed();
                next(online)
            }),
            offline: None,
            alarm: Box::pin(sleep_until(Instant::now())),
        }
    }

    /// Hands on the shutdown if it has come, and wakes the task when it comes.
    #[inline]
    pub(crate) fn poll_shutdown(&mut self, cx: &mut Context<'_>, shared: &Shared) {
        if let Some(shutdown) = &mut self.shutdown {
            if shutdown.as_mut().poll(cx).is_ready() {
                self.shutdown = None;
                shared.request(Ask::Stop, None);
            }
        }
    }

    /// Hands on what has come from the network, and wakes the task when more comes.
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

    /// Lets the judge know of the time offline until now.
    #[inline]
    pub(crate) fn account(&mut self, judge: &mut Judge) {
        if let Some(since) = &mut self.offline {
            let now = Instant::now();
            judge.offline(std::mem::replace(since, now), now);
        }
    }

    /// Whether it is `at` that time; if not, the task is woken then.
    pub(crate) fn poll_alarm(&mut self, cx: &mut Context<'_>, at: Instant) -> bool {
        if self.alarm.deadline() != at {
            self.alarm.as_mut().reset(at);
        }
        self.alarm.as_mut().poll(cx).is_ready()
    }
}

/// The next change. A sender that is gone says that it is there.
fn next(mut online: watch::Receiver<bool>) -> Change {
    Box::pin(async move {
        let has_sender = online.changed().await.is_ok();
        let is_online = !has_sender || *online.borrow_and_update();
        (is_online, has_sender.then_some(online))
    })
}
