use std::future::{self, Future};
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use backon::Retryable as _;
use schmoozer_peer::async_trait;
use schmoozer_peer::tcpconn::{KillSwitch, SimpleTcpConnector};
use schmoozer_tcp::{Dialer, End, Event, Runner, TcpConnector};
use stubborn_io::ReconnectOptions;
use stubborn_io::tokio::{StubbornIo, UnderlyingIo};
use tokio::io::{AsyncBufReadExt as _, AsyncRead, AsyncReadExt as _, AsyncWriteExt as _};
use tokio::io::{BufReader, ReadBuf};
use tokio::net::TcpStream;

use crate::fault::Fault;
use crate::reconnect::tower;
use crate::seen::Seen;

/// Something that stays connected, as it comes.
pub(crate) struct Client {
    pub(crate) name: &'static str,
    /// Speaks NATS: a server that says nothing is none to it.
    nats: bool,
    /// Redials without a pause, and takes the processor from everybody beside it.
    pub(crate) hurries: bool,
    pub(crate) run: fn(target: String, login: bool, seen: Seen) -> Running,
}

type Running = Pin<Box<dyn Future<Output = io::Result<()>> + Send>>;

impl Client {
    pub(crate) fn goes_through(&self, fault: Fault) -> bool {
        !self.nats || fault == Fault::LoginThenClose
    }
}

pub(crate) const CLIENTS: &[Client] = &[
    client("schmoozer-tcp", |target, login, seen| {
        Box::pin(ours(target, login, seen))
    }),
    client("schmoozer 0.4.1", |target, login, seen| {
        Box::pin(schmoozer_0_4(target, login, seen))
    }),
    client("stubborn-io", |target, login, seen| {
        Box::pin(stubborn(target, login, seen, ReconnectOptions::new()))
    }),
    client("stubborn-io, told not to exit", |target, login, seen| {
        let options = ReconnectOptions::new().with_exit_if_first_connect_fails(false);
        Box::pin(stubborn(target, login, seen, options))
    }),
    client("a loop with backon", |target, login, seen| {
        Box::pin(backon(target, login, seen))
    }),
    Client {
        name: "a loop with tower's reconnect",
        nats: false,
        hurries: true,
        run: |target, login, seen| Box::pin(tower(target, login, seen)),
    },
    Client {
        name: "async-nats",
        nats: true,
        hurries: false,
        run: |target, _, seen| Box::pin(nats(target, seen)),
    },
];

const fn client(name: &'static str, run: fn(String, bool, Seen) -> Running) -> Client {
    Client {
        name,
        nats: false,
        hurries: false,
        run,
    }
}

/// Uses a connection: logs in where that is asked, and reads until the end, which is an error to it.
pub(crate) async fn serve(stream: TcpStream, login: bool) -> io::Result<()> {
    let mut stream = BufReader::new(stream);
    let mut line = String::new();
    if login {
        stream.read_line(&mut line).await?;
        stream.write_all(b"CONNECT {}\r\nPING\r\n").await?;
    }
    while stream.read_line(&mut line).await? > 0 {
        line.clear();
    }
    Err(io::ErrorKind::UnexpectedEof.into())
}

async fn ours(target: String, login: bool, seen: Seen) -> io::Result<()> {
    let dialer = Dialer::new(target).map_err(io::Error::other)?;
    let link = TcpConnector::new(dialer, async |stream, _| {
        serve(stream, login).await.map(|()| End::Exit)
    });
    Runner::new(link)
        .on_event(|event| match event {
            Event::Connecting { .. } => seen.begins(),
            Event::Connected { .. } => seen.ends(&Ok::<_, ()>(())),
            Event::Waiting { .. } => seen.ends(&Err::<(), _>(())),
            _ => {}
        })
        .run()
        .await
}

async fn schmoozer_0_4(target: String, login: bool, seen: Seen) -> io::Result<()> {
    let serve = move |stream, _| async move {
        match serve(stream, login).await {
            Ok(()) => schmoozer_peer::RunResult::Exit(Ok(())),
            Err(_) => schmoozer_peer::RunResult::Reconnect,
        }
    };
    let connector = SimpleTcpConnector::new(target, KillSwitch::new(), Box::new(serve));
    schmoozer_peer::run(Counted(connector, seen)).await
}

/// A connector whose attempts are seen.
struct Counted<C>(C, Seen);

#[async_trait]
impl<C> schmoozer_peer::Connector for Counted<C>
where
    C: schmoozer_peer::Connector<ConnType = TcpStream, Error = io::Error> + Send,
{
    type ConnType = TcpStream;
    type Error = io::Error;

    async fn connect(&mut self) -> schmoozer_peer::ConnResult<TcpStream, io::Error> {
        self.1.begins();
        let result = self.0.connect().await;
        let connected = matches!(result, schmoozer_peer::ConnResult::Connected(_));
        self.1.ends(&connected.then_some(()).ok_or(()));
        result
    }

    async fn retry_delay(&mut self) -> schmoozer_peer::RunResult<io::Error> {
        self.0.retry_delay().await
    }

    async fn run(&mut self, stream: TcpStream) -> schmoozer_peer::RunResult<io::Error> {
        self.0.run(stream).await
    }
}

pub(crate) async fn connect(target: &str, seen: &Seen) -> io::Result<TcpStream> {
    seen.begins();
    let result = TcpStream::connect(target).await;
    seen.ends(&result);
    result
}

async fn stubborn(
    target: String,
    login: bool,
    seen: Seen,
    options: ReconnectOptions,
) -> io::Result<()> {
    let target = (target, login, seen);
    let connecting = StubbornIo::<Stream, _>::connect_with_options(target, options);
    let mut stream = connecting.await?;
    while stream.read(&mut [0; 64]).await? > 0 {}
    Err(io::ErrorKind::UnexpectedEof.into())
}

/// A stream that stubborn-io keeps, and whose attempts are seen.
struct Stream(TcpStream);

impl UnderlyingIo<(String, bool, Seen)> for Stream {
    fn establish(
        (target, login, seen): (String, bool, Seen),
    ) -> Pin<Box<dyn Future<Output = io::Result<Self>> + Send>> {
        Box::pin(async move {
            let mut stream = connect(&target, &seen).await?;
            if login {
                stream.write_all(b"CONNECT {}\r\nPING\r\n").await?;
            }
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

async fn backon(target: String, login: bool, seen: Seen) -> io::Result<()> {
    loop {
        let dial = || connect(&target, &seen);
        let stream = dial.retry(backon::ExponentialBuilder::default()).await?;
        // That it broke is why it is made anew.
        let _ = serve(stream, login).await;
    }
}

async fn nats(target: String, seen: Seen) -> io::Result<()> {
    seen.begins();
    let result = async_nats::connect(target).await.map_err(io::Error::other);
    seen.ends(&result);
    let _client = result?;
    future::pending().await
}
