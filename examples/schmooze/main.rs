//! A netcat that stays connected: `schmooze HOST:PORT` reconnects with back-off when the link is lost.
//! Shows a dialer that learns, a state that outlives connections, failing back, and an observer that tells what happens.
//! Without arguments it loses one of its own three servers and returns to it, and ends by itself.

mod demonstration;
mod report;
mod talk;

use std::fmt;
use std::io::{self, Write as _};
use std::net::IpAddr;
use std::process::exit;
use std::time::Duration;

use clap::Parser;
use schmoozer_backoff::{Exponential, Jitter};
use schmoozer_tcp::{Connector, Dialer, InvalidTarget, Keepalive, Retry, Runner, TcpConnector};
use tokio::io::{AsyncRead, AsyncWrite, duplex};

use crate::demonstration::{Servers, demonstration};
use crate::report::Reporter;
use crate::talk::{Fault, Talk};

/// A netcat that stays connected.
///
/// Standard input goes to the server, and what the server sends goes to standard output, byte for byte.
/// When the link is lost, schmooze reconnects with growing delays, and tells on standard error what
/// happens. Standard input is not sent while there is no link, so nothing typed meanwhile is lost. What
/// was sent at the moment of the break may be: the system takes bytes before the server has them.
///
/// The end of input is passed on to the server; what still comes is printed, and schmooze exits with 0.
/// It exits with 1 when it gives up, or when a link broke before what was sent over it was answered. It exits with 2 on
/// a malformed target, and with 130 on Ctrl-C.
///
/// Without a target it demonstrates itself against servers of its own.
#[derive(Debug, Clone, Parser)]
struct Args {
    /// Where to connect to; of several, the first that works
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
    /// How long a link must last to end an outage
    #[arg(long, value_name = "TIME", default_value = "10s", value_parser = humantime::parse_duration)]
    stable_after: Duration,
    /// Returns to the first target when that works again: looks this often
    #[arg(long, value_name = "TIME", value_parser = humantime::parse_duration)]
    failback: Option<Duration>,
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
    let servers = if args.targets.is_empty() {
        let servers = Servers::start().await;
        let servers = servers.unwrap_or_else(|error| fail(1, &error));
        servers.set(&mut args);
        Some(servers)
    } else {
        None
    };
    let dialer = dialer(&args).unwrap_or_else(|error| fail(2, &error));
    let reporter = Reporter::new(&args);
    tokio::spawn(async {
        if tokio::signal::ctrl_c().await.is_ok() {
            exit(130);
        }
    });
    let Some(servers) = servers else {
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
    let demonstrated = async {
        if let Err(error) = demonstration(servers, handle, typed, printed).await {
            fail(1, &error);
        }
    };
    let (result, ()) = tokio::join!(runner.run(), demonstrated);
    if let Err(error) = result {
        fail(1, &error);
    }
}

/// Prints a line to standard error. What is no longer read there is no reason to stop.
fn tell(line: impl fmt::Display) {
    let _ = writeln!(io::stderr(), "{line}");
}

fn fail(code: i32, error: &dyn fmt::Display) -> ! {
    tell(format_args!("schmooze: {error}"));
    exit(code)
}

fn dialer(args: &Args) -> Result<Dialer, InvalidTarget> {
    Ok(Dialer::any_of(args.targets.iter().map(String::as_str))?
        .timeout(args.connect_timeout)
        .attempt_delay(args.attempt_delay)
        .keepalive(Keepalive::new().idle(args.keepalive))
        .local_addr(args.bind))
}

/// The connector: dials, and lets `input` and `output` talk over each connection in turn.
fn link<I, O>(args: &Args, dialer: Dialer, input: I, output: O) -> impl Connector<Error = Fault>
where
    I: AsyncRead + Send + Unpin + 'static,
    O: AsyncWrite + Send + Unpin + 'static,
{
    let policy = Exponential::new(args.initial_delay.min(args.cap))
        .cap(args.cap)
        .jitter(Jitter::Equal)
        .max_retries(args.attempts.unwrap_or(u32::MAX));
    let retry = Retry::new(policy).give_up_after(args.give_up_after.unwrap_or(Duration::MAX));
    let talk = Talk::new(input, output, args.verbose);
    let link = TcpConnector::with_state(dialer, talk, Talk::serve)
        .retry(retry)
        .stable_after(args.stable_after)
        .retry_if(|failure| matches!(failure.cause, Fault::Link(_)));
    match args.failback {
        Some(every) => link.failback(every),
        None => link,
    }
}
