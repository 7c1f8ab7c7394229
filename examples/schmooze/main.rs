//! A netcat that stays connected: `schmooze HOST:PORT` reconnects with back-off when the link is lost.
//! Shows a dialer, a connector with its own handler, and an observer that tells what happens to the link.
//! Without arguments it takes an echo server of its own down and up again, and ends by itself.

mod demonstration;
mod report;

use std::fmt;
use std::io;
use std::net::IpAddr;
use std::process::exit;
use std::sync::Arc;
use std::time::Duration;

use clap::Parser;
use schmoozer_backoff::{Exponential, Jitter};
use schmoozer_core::{Delays, Health, Runner};
use schmoozer_tcp::{DialError, Dialer, Keepalive, TcpConnector};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, duplex};
use tokio::net::{TcpStream, tcp::OwnedWriteHalf};
use tokio::sync::Mutex;

use crate::demonstration::{Server, demonstration};
use crate::report::Reporter;

/// A netcat that stays connected.
///
/// Standard input goes to the server, and what the server sends goes to standard output, byte for byte.
/// When the link is lost, schmooze reconnects with growing delays, and tells on standard error what
/// happens. Standard input is not sent while there is no link, so nothing typed meanwhile is lost. What
/// was sent at the moment of the break may be: the system takes bytes before the server has them.
///
/// The end of input is passed on to the server; what still comes is printed, and schmooze exits with 0.
/// It exits with 1 when it gives up, 2 on a malformed target, and 130 on Ctrl-C.
///
/// Without a target it demonstrates itself against a server of its own.
#[derive(Debug, Clone, Parser)]
struct Args {
    /// Where to connect to; of several, the one whose turn it is
    #[arg(value_name = "HOST:PORT")]
    targets: Vec<String>,
    /// Says nothing but why it gave up
    #[arg(short, long)]
    quiet: bool,
    /// Says also which attempt it is and how long each took
    #[arg(short, long, conflicts_with = "quiet")]
    verbose: bool,
    /// The first delay between two attempts; it doubles from there, with jitter
    #[arg(long, value_name = "TIME", default_value = "100ms", value_parser = humantime::parse_duration)]
    initial_delay: Duration,
    /// The longest delay between two attempts
    #[arg(long, value_name = "TIME", default_value = "10s", value_parser = humantime::parse_duration)]
    cap: Duration,
    /// Gives up after this many retries in one outage
    #[arg(long, value_name = "COUNT")]
    attempts: Option<u32>,
    /// Gives up when an outage has lasted this long
    #[arg(long, value_name = "TIME", value_parser = humantime::parse_duration)]
    give_up_after: Option<Duration>,
    /// How long one connect may take, name resolution included
    #[arg(long, value_name = "TIME", default_value = "10s", value_parser = humantime::parse_duration)]
    connect_timeout: Duration,
    /// How long an address may take before the next one is tried beside it
    #[arg(long, value_name = "TIME", default_value = "250ms", value_parser = humantime::parse_duration)]
    attempt_delay: Duration,
    /// Silence after which the peer is probed
    #[arg(long, value_name = "TIME", default_value = "15s", value_parser = humantime::parse_duration)]
    keepalive: Duration,
    /// The local address to connect from
    #[arg(long, value_name = "ADDRESS")]
    bind: Option<IpAddr>,
}

#[tokio::main]
async fn main() {
    let mut args = Args::parse();
    let demonstrate = args.targets.is_empty();
    let server = if demonstrate {
        let server = Server::start();
        args.targets.push(server.addr.to_string());
        Some(server)
    } else {
        None
    };
    let dialer = match dialer(&args) {
        Ok(dialer) => dialer,
        Err(error) => fail(2, &error),
    };
    let reporter = Reporter::new(&args);
    tokio::spawn(async {
        if tokio::signal::ctrl_c().await.is_ok() {
            exit(130);
        }
    });
    let Some(server) = server else {
        let link = link(&args, dialer, tokio::io::stdin(), tokio::io::stdout());
        let result = Runner::new(link).observer(reporter).run().await;
        // Not by returning: a thread that reads standard input would be waited for.
        match result {
            Ok(()) => exit(0),
            Err(error) => fail(1, &error),
        }
    };
    let (typed, input) = duplex(1024);
    let (output, printed) = duplex(1024);
    let runner = Runner::new(link(&args, dialer, input, output)).observer(reporter);
    let handle = runner.handle();
    let (result, ()) = tokio::join!(runner.run(), demonstration(server, handle, typed, printed));
    if let Err(error) = result {
        fail(1, &error);
    }
}

fn fail(code: i32, error: &dyn fmt::Display) -> ! {
    eprintln!("schmooze: {error}");
    exit(code)
}

fn dialer(args: &Args) -> Result<Dialer, schmoozer_tcp::InvalidTarget> {
    Ok(Dialer::any_of(args.targets.iter().map(String::as_str))?
        .timeout(args.connect_timeout)
        .attempt_delay(args.attempt_delay)
        .keepalive(Keepalive::new().idle(args.keepalive))
        .local_addr(args.bind))
}

/// Why the link is not up.
#[derive(Debug)]
enum Fault {
    Dial(DialError),
    Link(io::Error),
    /// Nobody reads what we print: no reconnect helps.
    Output(io::Error),
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Dial(error) => error.fmt(f),
            Self::Link(error) => error.fmt(f),
            Self::Output(error) => write!(f, "standard output: {error}"),
        }
    }
}

impl From<DialError> for Fault {
    fn from(error: DialError) -> Self {
        Self::Dial(error)
    }
}

/// The connector: dials, and lets `input` and `output` talk over each connection in turn.
fn link<I, O>(
    args: &Args,
    dialer: Dialer,
    input: I,
    output: O,
) -> impl schmoozer_core::Connector<Error = Fault>
where
    I: AsyncRead + Send + Unpin + 'static,
    O: AsyncWrite + Send + Unpin + 'static,
{
    let policy = Exponential::new(args.initial_delay.min(args.cap))
        .cap(args.cap)
        .jitter(Jitter::Equal)
        .max_retries(args.attempts.unwrap_or(u32::MAX));
    let delays = Delays::new(policy).give_up_after(args.give_up_after.unwrap_or(Duration::MAX));
    let health = delays.health();
    let ends = Arc::new(Mutex::new((Input::new(input), output)));
    TcpConnector::new(dialer, move |stream| {
        let (ends, health) = (Arc::clone(&ends), health.clone());
        async move {
            let (input, output) = &mut *ends.lock().await;
            talk(stream, input, output, &health).await
        }
    })
    .delays(delays)
    .retry_if(|fault| match fault {
        Fault::Dial(error) => error.is_transient(),
        Fault::Link(_) => true,
        Fault::Output(_) => false,
    })
}

/// What is to be sent. Outlives each connection, so that what was read and not sent goes to the next.
struct Input<I> {
    from: I,
    pending: Vec<u8>,
    ended: bool,
}

impl<I: AsyncRead + Unpin> Input<I> {
    fn new(from: I) -> Self {
        Self {
            from,
            pending: Vec::new(),
            ended: false,
        }
    }

    /// Takes one step: reads a chunk, or sends some of it. True when there is no more to send.
    /// Nothing is lost when it is dropped.
    async fn step(&mut self, to: &mut OwnedWriteHalf) -> io::Result<bool> {
        if self.pending.is_empty() && !self.ended {
            self.pending.reserve(16 * 1024);
            self.ended = self.from.read_buf(&mut self.pending).await? == 0;
        }
        if self.pending.is_empty() {
            to.shutdown().await?;
            return Ok(true);
        }
        let sent = to.write(&self.pending).await?;
        self.pending.drain(..sent);
        Ok(false)
    }
}

async fn talk<I, O>(
    stream: TcpStream,
    input: &mut Input<I>,
    output: &mut O,
    health: &Health,
) -> Result<(), Fault>
where
    I: AsyncRead + Unpin,
    O: AsyncWrite + Unpin,
{
    let (mut from, mut to) = stream.into_split();
    let mut received = vec![0; 16 * 1024];
    let mut half_closed = false;
    loop {
        tokio::select! {
            read = from.read(&mut received) => match read.map_err(Fault::Link)? {
                0 if half_closed => return Ok(()),
                0 => return Err(Fault::Link(io::Error::new(io::ErrorKind::UnexpectedEof, "closed by the peer"))),
                count => {
                    // It answers: the link counts as good, and the next outage is a new one.
                    health.mark();
                    output.write_all(&received[..count]).await.map_err(Fault::Output)?;
                    output.flush().await.map_err(Fault::Output)?;
                }
            },
            done = input.step(&mut to), if !half_closed => half_closed = done.map_err(Fault::Link)?,
        }
    }
}
