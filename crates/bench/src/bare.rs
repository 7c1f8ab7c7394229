//! The loops that somebody writes who needs no crate: what ours are measured against.

use std::fmt::Write as _;
use std::future::poll_fn;
use std::hint::black_box;
use std::mem;
use std::task::Poll;
use std::time::Duration;

use tokio::time::{Instant, sleep};

use crate::attempt::{Refused, attempt};

pub(crate) async fn flat<const SUSPENDS: bool>() {
    while let Err(cause) = attempt::<SUSPENDS>().await {
        black_box(cause);
    }
}

/// As [`flat`], and writes down each cause, into a text that is there already.
pub(crate) async fn flat_with_a_text<const SUSPENDS: bool>() {
    let mut text = String::with_capacity(64);
    while let Err(cause) = attempt::<SUSPENDS>().await {
        text.clear();
        black_box(write!(text, "{cause}").is_ok());
        black_box(&text);
    }
}

/// The same loop over three methods that a user would write as a type, without a trait. It lets other tasks run between
/// two attempts, measures how long each attempt took, and knows how long the outage has lasted: all that a failure of
/// ours tells. It reads the clock twice.
pub(crate) async fn recorded<const SUSPENDS: bool>() {
    let mut link = Link::<SUSPENDS> { failed: 0 };
    let mut outage = None;
    loop {
        let began = Instant::now();
        let cause = match link.connect().await {
            Ok(()) => match link.run().await {
                Ok(()) => return,
                Err(cause) => cause,
            },
            Err(cause) => cause,
        };
        let now = Instant::now();
        black_box(now - began);
        black_box(now - *outage.get_or_insert(now));
        let delay = link.retry_delay(cause).await;
        if delay.is_zero() {
            yield_now().await;
        } else {
            sleep(delay).await;
        }
    }
}

struct Link<const SUSPENDS: bool> {
    failed: u32,
}

impl<const SUSPENDS: bool> Link<SUSPENDS> {
    async fn connect(&mut self) -> Result<(), Refused> {
        attempt::<SUSPENDS>().await
    }

    #[expect(
        clippy::unused_async,
        reason = "all three are async, as a connector's are"
    )]
    async fn run(&mut self) -> Result<(), Refused> {
        Ok(())
    }

    #[expect(
        clippy::unused_async,
        reason = "all three are async, as a connector's are"
    )]
    async fn retry_delay(&mut self, cause: Refused) -> Duration {
        black_box(cause);
        self.failed = self.failed.saturating_add(1);
        black_box(Duration::ZERO)
    }
}

async fn yield_now() {
    let mut yielded = false;
    poll_fn(|cx| {
        if mem::replace(&mut yielded, true) {
            return Poll::Ready(());
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}
