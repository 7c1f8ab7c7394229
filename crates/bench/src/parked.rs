use std::future::pending;
use std::hint::black_box;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;
use std::{future, io};

use schmoozer_core::{ConnResult, Connector, Failure, RetryResult, RunResult, Session};
use schmoozer_peer::async_trait;
use stubborn_io::tokio::{StubbornIo, UnderlyingIo};
use tokio::io::{AsyncRead, ReadBuf};
use tokio::time::sleep;

use crate::attempt::Refused;

/// What a connector has of its own.
type Own = [u8; 64];

/// Every way to keep a connection that has nothing to do.
pub const PARKED: &[Parked] = &[
    Parked {
        name: "bare",
        spawn: || spawn(bare()),
    },
    Parked {
        name: "schmoozer-core run",
        spawn: || spawn(schmoozer_core::run(Link::new())),
    },
    Parked {
        name: "schmoozer 0.4.1",
        spawn: || spawn(schmoozer_peer::run(Link::new())),
    },
    Parked {
        name: "stubborn-io",
        spawn: || spawn(stubborn()),
    },
];

/// A task that has connected, and whose connection then stays silent for ever.
#[derive(Debug, Clone, Copy)]
pub struct Parked {
    /// The crate, or that it is written by hand.
    pub name: &'static str,
    spawn: fn() -> usize,
}

impl Parked {
    /// Spawns one such task on the runtime that this is called on, and returns the size of its future.
    #[must_use]
    pub fn spawn(&self) -> usize {
        (self.spawn)()
    }
}

fn spawn<F>(task: F) -> usize
where
    F: Future<Output: Send + 'static> + Send + 'static,
{
    let size = size_of_val(&task);
    drop(tokio::spawn(task));
    size
}

struct Link {
    own: Own,
}

impl Link {
    const fn new() -> Self {
        Self { own: [1; 64] }
    }
}

/// The loop by hand: it connects, serves the connection, and waits before it does so again.
fn bare() -> impl Future<Output = ()> + Send {
    let mut link = Link::new();
    async move {
        loop {
            black_box(&mut link.own);
            let cause = match future::ready(Ok::<(), Refused>(())).await {
                Ok(()) => pending::<Refused>().await,
                Err(cause) => cause,
            };
            sleep(Duration::from_secs(u64::from(cause.0))).await;
        }
    }
}

impl Connector for Link {
    type Connection = ();
    type Error = Refused;

    async fn connect(&mut self) -> ConnResult<(), Refused> {
        black_box(&mut self.own);
        ConnResult::Connected(())
    }

    async fn run(&mut self, (): (), _: Session) -> RunResult<Refused> {
        RunResult::Reconnect(pending().await)
    }

    async fn retry_delay(&mut self, failure: Failure<Refused>) -> RetryResult<Refused> {
        RetryResult::After(Duration::from_secs(u64::from(failure.cause.0)))
    }
}

#[async_trait]
impl schmoozer_peer::Connector for Link {
    type ConnType = ();
    type Error = Refused;

    async fn connect(&mut self) -> schmoozer_peer::ConnResult<(), Refused> {
        black_box(&mut self.own);
        schmoozer_peer::ConnResult::Connected(())
    }

    async fn retry_delay(&mut self) -> schmoozer_peer::RunResult<Refused> {
        sleep(Duration::from_secs(111)).await;
        schmoozer_peer::RunResult::Reconnect
    }

    async fn run(&mut self, (): ()) -> schmoozer_peer::RunResult<Refused> {
        pending().await
    }
}

async fn stubborn() {
    if let Ok(mut link) = StubbornIo::<Link, ()>::connect(()).await {
        future::poll_fn(|context| {
            let mut byte = [0];
            Pin::new(&mut link).poll_read(context, &mut ReadBuf::new(&mut byte))
        })
        .await
        .ok();
    }
}

impl UnderlyingIo<()> for Link {
    fn establish((): ()) -> Pin<Box<dyn Future<Output = io::Result<Self>> + Send>> {
        Box::pin(future::ready(Ok(Self::new())))
    }
}

impl AsyncRead for Link {
    fn poll_read(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
        _: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        black_box(self.own);
        Poll::Pending
    }
}
