use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use backon::Retryable as _;
use schmoozer_peer::async_trait;
use schmoozer_peer::tcpconn::{KillSwitch, SimpleTcpConnector};
use schmoozer_tcp::{Dialer, End, Event, Runner, TcpConnector, closed};
use stubborn_io::ReconnectOptions;
use stubborn_io::tokio::{StubbornIo, UnderlyingIo};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWriteExt as _, ReadBuf};
use tokio::net::TcpStream;

use crate::seen::Seen;

/// Something that stays connected, with the settings that it comes with.
#[derive(Debug, Clone, Copy)]
pub struct Client {
    /// The crate, and what it was told.
    pub name: &'static str,
    /// Stays connected to this address or name, and notes its attempts.
    pub run: fn(String, Seen) -> Running,
}

/// Ends when the client gives up.
pub type Running = Pin<Box<dyn Future<Output = io::Result<()>> + Send>>;

macro_rules! client {
    ($name:literal, $run:expr) => {
        Client {
            name: $name,
            run: |target, seen| Box::pin($run(target, seen)),
        }
    };
}

/// Ours, and its peers.
pub const CLIENTS: &[Client] = &[
    client!("schmoozer-tcp", ours),
    client!("schmoozer 0.4.1", schmoozer_0_4),
    client!("stubborn-io", |target, seen| stubborn(target, seen, true)),
    client!("stubborn-io, told not to exit", |target, seen| {
        stubborn(target, seen, false)
    }),
    client!("a loop with backon", backon),
    client!("a loop with tokio-retry2", tokio_retry2),
    client!("a loop with backoff", backoff),
];

/// Logs in, and reads until the end, which is an error to it.
async fn serve(mut stream: TcpStream) -> io::Result<End> {
    log_in(&mut stream).await?;
    while stream.read(&mut [0; 64]).await? > 0 {}
    Err(closed())
}

async fn log_in(stream: &mut TcpStream) -> io::Result<()> {
    stream.write_all(b"it is me\n").await
}

async fn connect(target: &str, seen: &Seen) -> io::Result<TcpStream> {
    seen.begins();
    let result = TcpStream::connect(target).await;
    seen.ends(result.is_ok());
    result
}

async fn ours(target: String, seen: Seen) -> io::Result<()> {
    let dialer = Dialer::new(target).map_err(io::Error::other)?;
    Runner::new(TcpConnector::new(dialer, async |stream, _| {
        serve(stream).await
    }))
    .on_event(|event| match event {
        Event::Connecting { .. } => seen.begins(),
        Event::Connected { .. } => seen.ends(true),
        Event::Waiting { .. } => seen.ends(false),
        _ => {}
    })
    .run()
    .await
}

async fn schmoozer_0_4(target: String, seen: Seen) -> io::Result<()> {
    let serve = |stream, _| async {
        // Why it broke is of no use to this version.
        let _ = serve(stream).await;
        schmoozer_peer::RunResult::Reconnect
    };
    let connector = SimpleTcpConnector::new(target, KillSwitch::new(), Box::new(serve));
    schmoozer_peer::run(Counted(connector, seen)).await
}

/// A connector whose attempts are seen.
struct Counted<C>(C, Seen);

#[async_trait]
impl<C: schmoozer_peer::Connector + Send> schmoozer_peer::Connector for Counted<C> {
    type ConnType = C::ConnType;
    type Error = C::Error;

    async fn connect(&mut self) -> schmoozer_peer::ConnResult<C::ConnType, C::Error> {
        self.1.begins();
        let result = self.0.connect().await;
        self.1
            .ends(matches!(result, schmoozer_peer::ConnResult::Connected(_)));
        result
    }

    async fn retry_delay(&mut self) -> schmoozer_peer::RunResult<C::Error> {
        self.0.retry_delay().await
    }

    async fn run(&mut self, connection: C::ConnType) -> schmoozer_peer::RunResult<C::Error> {
        self.0.run(connection).await
    }
}

async fn stubborn(target: String, seen: Seen, exits: bool) -> io::Result<()> {
    let options = ReconnectOptions::new().with_exit_if_first_connect_fails(exits);
    let connecting = StubbornIo::<Stream, _>::connect_with_options((target, seen), options);
    let mut stream = connecting.await?;
    while stream.read(&mut [0; 64]).await? > 0 {}
    Err(closed())
}

/// A stream that stubborn-io keeps, and whose attempts are seen.
struct Stream(TcpStream);

impl UnderlyingIo<(String, Seen)> for Stream {
    fn establish(
        (target, seen): (String, Seen),
    ) -> Pin<Box<dyn Future<Output = io::Result<Self>> + Send>> {
        Box::pin(async move {
            let mut stream = connect(&target, &seen).await?;
            log_in(&mut stream).await?;
            Ok(Self(stream))
        })
    }
}

impl AsyncRead for Stream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_read(context, buffer)
    }
}

/// A loop around a retried connect, which connects again when a connection broke.
async fn in_a_loop<F>(retried: impl Fn() -> F + Send) -> io::Result<()>
where
    F: Future<Output = io::Result<TcpStream>> + Send,
{
    loop {
        let stream = retried().await?;
        // That it broke is why there is a next one.
        let _ = serve(stream).await;
    }
}

async fn backon(target: String, seen: Seen) -> io::Result<()> {
    let dial = || connect(&target, &seen);
    in_a_loop(|| async { dial.retry(backon::ExponentialBuilder::default()).await }).await
}

async fn tokio_retry2(target: String, seen: Seen) -> io::Result<()> {
    let dial = || async { Ok(connect(&target, &seen).await?) };
    in_a_loop(|| {
        let policy = tokio_retry2::strategy::ExponentialFactorBackoff::from_millis(500, 2.0);
        tokio_retry2::Retry::spawn(policy, dial)
    })
    .await
}

async fn backoff(target: String, seen: Seen) -> io::Result<()> {
    let dial = || async { Ok(connect(&target, &seen).await?) };
    in_a_loop(|| backoff::future::retry(backoff::ExponentialBackoff::default(), dial)).await
}
