//! A netcat that stays connected: `schmooze HOST:PORT` reconnects with back-off when the link is lost.
//! Shows a dialer that learns, a state that outlives connections, failing back, and an observer that tells what happens.
//! Without arguments it loses one of its own three servers and returns to it, and ends by itself.

mod configuration;
mod demonstration;
mod report;
mod talk;

use std::fmt;
use std::io::{self, Write as _};
use std::net::IpAddr;
use std::path::PathBuf;
use std::process::exit;
use std::time::Duration;

use clap::Parser;
use schmoozer_backoff::parse_duration;
use schmoozer_tcp::{Runner, TcpConnector};
use tokio::io::{AsyncRead, AsyncWrite, duplex, split};

use crate::configuration::Settings;
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
/// a malformed configuration, and with 130 on Ctrl-C.
///
/// Settings come from the file, then from variables such as `SCHMOOZE_TARGETS` and `SCHMOOZE_RECONNECT_GIVE_UP_AFTER`, then
/// from the command line; the last one counts.
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
    /// A TOML file: the table [upstream] is a `DialerConfig`, [upstream.reconnect] a `ReconnectConfig`
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// The delays between attempts, such as exponential:250ms..30s,full
    #[arg(long)]
    policy: Option<String>,
    /// The first delay between two attempts, instead of a policy; it doubles from there, with jitter
    #[arg(long, value_name = "TIME", value_parser = parse_duration, conflicts_with = "policy")]
    initial_delay: Option<Duration>,
    /// The longest delay between two attempts
    #[arg(long, value_name = "TIME", value_parser = parse_duration)]
    cap: Option<Duration>,
    /// Gives up after this many retries in one outage
    #[arg(long, value_name = "COUNT")]
    attempts: Option<u32>,
    /// Gives up when an outage has lasted this long, or never [default: never]
    #[arg(long, value_name = "TIME")]
    give_up_after: Option<String>,
    /// How long a link must last to end an outage [default: 10s]
    #[arg(long, value_name = "TIME")]
    stable_after: Option<String>,
    /// Returns to the first target when that works again: looks this often
    #[arg(long, value_name = "TIME", value_parser = parse_duration)]
    failback: Option<Duration>,
    /// How long one connect may take, name resolution included, or none for no limit [default: 10s]
    #[arg(long, value_name = "TIME")]
    connect_timeout: Option<String>,
    /// How long an address may take before the next one is tried beside it [default: 250ms]
    #[arg(long, value_name = "TIME")]
    attempt_delay: Option<String>,
    /// Silence after which the peer is probed [default: 30s]
    #[arg(long, value_name = "TIME")]
    keepalive: Option<String>,
    /// The local address to connect from
    #[arg(long, value_name = "ADDRESS")]
    bind: Option<IpAddr>,
}

#[tokio::main]
async fn main() {
    tokio::spawn(async {
        if tokio::signal::ctrl_c().await.is_ok() {
            exit(130);
        }
    });
    // Not by returning: a thread that reads standard input would be waited for.
    exit(match run(Args::parse()).await {
        Ok(()) => 0,
        Err((code, error)) => {
            tell(format_args!("schmooze: {error}"));
            code
        }
    });
}

type Input = dyn AsyncRead + Send + Unpin;
type Output = dyn AsyncWrite + Send + Unpin;

/// Fails with an exit code and the reason.
async fn run(mut args: Args) -> Result<(), (i32, String)> {
    let failed = |error: io::Error| (1, error.to_string());
    let mut settings = Settings::read(&args).map_err(|error| (2, error))?;
    let (input, output, own): (Box<Input>, Box<Output>, _) = if settings.dialer.targets.is_empty() {
        let servers = demonstration::start(&mut args, &mut settings).await;
        let (terminal, link) = duplex(1024);
        let (input, output) = split(link);
        let own = Some((servers.map_err(failed)?, terminal));
        (Box::new(input), Box::new(output), own)
    } else {
        let (input, output) = (tokio::io::stdin(), tokio::io::stdout());
        (Box::new(input), Box::new(output), None)
    };
    let dialer = settings
        .dialer
        .dialer()
        .map_err(|error| (2, error.to_string()))?;
    let dialer = dialer.local_addr(args.bind);
    let reporter = Reporter::new(&args, dialer.targets());
    let talk = Talk::new(input, output, args.verbose);
    let mut link = TcpConnector::with_state(dialer, talk, Talk::serve)
        .reconnect(&settings.reconnect)
        .retry_if(|failure| matches!(failure.cause, Fault::Link(_)));
    if let Some(every) = args.failback {
        link = link.failback(every);
    }
    let runner = Runner::new(link).observer(reporter);
    let handle = runner.handle();
    let shown = async {
        match own {
            None => Ok(()),
            Some((servers, terminal)) => {
                let shown = demonstration::show(servers, terminal, handle).await;
                shown.map_err(failed)
            }
        }
    };
    let kept = async { runner.run().await.map_err(|fault| (1, fault.to_string())) };
    tokio::try_join!(kept, shown)?;
    Ok(())
}

/// Prints a line to standard error. What is no longer read there is no reason to stop.
fn tell(line: impl fmt::Display) {
    let _ = writeln!(io::stderr(), "{line}");
}
