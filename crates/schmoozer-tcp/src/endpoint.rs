//! The addresses of one endpoint, while more of them may still arrive.

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::time::{Sleep, sleep};

use crate::answers::Next;
use crate::memory::Memory;
use crate::record::{Record, Step};
use crate::{Answers, Dialer, Family};

/// How long an IPv4 address waits for an IPv6 one (RFC 8305 §3, "Resolution Delay").
const RESOLUTION_DELAY: Duration = Duration::from_millis(50);

type Lookup<'a> = Pin<Box<dyn Future<Output = io::Result<()>> + Send + 'a>>;

/// Yields the addresses of an endpoint, in the order to try them.
pub(crate) struct Endpoint<'a> {
    answers: Arc<Answers>,
    lookup: Option<(Lookup<'a>, Step<'a>)>,
    resolution_delay: Option<Pin<Box<Sleep>>>,
    family: Family,
    memory: &'a Memory,
}

impl<'a> Endpoint<'a> {
    pub(crate) fn new(dialer: &'a Dialer, number: usize, record: &'a Record) -> Self {
        let target = &dialer.targets[number];
        let (answers, lookup) = if let Some(addr) = target.literal() {
            let answers = Arc::new(Answers::default());
            answers.push(addr);
            answers.complete();
            (answers, None)
        } else {
            let answers = Arc::new(Answers::of(dialer.family, dialer.timeout));
            let found = Arc::clone(&answers);
            let lookup: Lookup<'a> =
                Box::pin(async move { dialer.resolver.resolve(target, &found).await });
            (answers, Some((lookup, record.begin(target, None))))
        };
        Self {
            answers,
            lookup,
            resolution_delay: None,
            family: dialer.family,
            memory: &dialer.memory,
        }
    }

    /// Yields the next address, if it may, or `None` when there are no more.
    pub(crate) fn poll_next(
        &mut self,
        cx: &mut Context<'_>,
        may_start: bool,
    ) -> Poll<Option<SocketAddr>> {
        if let Some((lookup, _)) = &mut self.lookup {
            if let Poll::Ready(result) = lookup.as_mut().poll(cx) {
                let found = self.answers.complete();
                self.memory.resolved(&found);
                if let Some((_, step)) = self.lookup.take() {
                    step.looked_up(result, &found, self.family);
                }
            }
        }
        if !may_start {
            return Poll::Pending;
        }
        loop {
            let delay = self.resolution_delay.as_mut();
            let delay_is_over = delay.is_some_and(|delay| delay.as_mut().poll(cx).is_ready());
            let behind = |addr| self.memory.is_behind(addr);
            match self.answers.next(delay_is_over, behind) {
                Next::Try(addr) => return Poll::Ready(Some(addr)),
                Next::End => return Poll::Ready(None),
                Next::WaitBriefly if self.resolution_delay.is_none() => {
                    self.resolution_delay = Some(Box::pin(sleep(RESOLUTION_DELAY)));
                }
                Next::Wait | Next::WaitBriefly => return Poll::Pending,
            }
        }
    }
}
