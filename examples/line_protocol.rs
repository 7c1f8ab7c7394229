//! A protocol of lines, framed by tokio-util: a login on each connection, and a goodbye on shutdown.
//! Shows when a connection counts as good, an error that is not worth another attempt, and the grace period.
//! Without arguments it talks to its own server, which goes down once; `-- HOST:PORT NAME` to any that speaks as that one does.

use std::error::Error;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use clap::Parser;
use examples::Server;
use futures_util::{SinkExt, StreamExt};
use schmoozer_backoff::Exponential;
use schmoozer_core::{Delays, Event, Health, Runner};
use schmoozer_tcp::{Dialer, TcpConnector};
use tokio::net::TcpStream;
use tokio::time::{sleep, timeout};
use tokio_util::codec::{Framed, LinesCodec, LinesCodecError};
use tokio_util::sync::CancellationToken;

#[derive(Parser)]
struct Arguments {
    /// The server to log in to
    #[arg(value_name = "HOST:PORT")]
    target: Option<String>,
    /// The name to log in with
    #[arg(default_value = "ann")]
    name: String,
}

type Lines = Framed<TcpStream, LinesCodec>;

/// What the server says to a name that it does not know.
const REFUSAL: &str = "who are you?";

/// How long the login may take.
const PATIENCE: Duration = Duration::from_secs(5);

/// Logs in, says that the connection is good, and prints the news until it is told to leave.
async fn converse(
    stream: TcpStream,
    name: &str,
    health: &Health,
    leave: &CancellationToken,
) -> io::Result<()> {
    // A line without end must not fill the memory.
    let mut lines = Framed::new(stream, LinesCodec::new_with_max_length(1024));
    // A server that lets one in and says nothing is as good as down.
    timeout(PATIENCE, log_in(&mut lines, name)).await??;
    health.mark();
    println!("logged in");
    loop {
        tokio::select! {
            news = heard(&mut lines) => println!("heard: {}", news?),
            () = leave.cancelled() => {
                lines.send("goodbye").await.map_err(told)?;
                println!("said goodbye, heard: {}", heard(&mut lines).await?);
                return Ok(());
            }
        }
    }
}

async fn log_in(lines: &mut Lines, name: &str) -> io::Result<()> {
    lines.send(format!("login {name}")).await.map_err(told)?;
    match heard(lines).await?.as_str() {
        "welcome" => Ok(()),
        // The same name will be refused again: this kind is not retried.
        REFUSAL => Err(io::Error::new(io::ErrorKind::PermissionDenied, REFUSAL)),
        // Cut short, or garbled: this one is.
        other => Err(io::Error::new(io::ErrorKind::InvalidData, other)),
    }
}

async fn heard(lines: &mut Lines) -> io::Result<String> {
    match lines.next().await {
        Some(line) => line.map_err(told),
        None => Err(io::ErrorKind::UnexpectedEof.into()),
    }
}

fn told(error: LinesCodecError) -> io::Error {
    match error {
        LinesCodecError::Io(error) => error,
        LinesCodecError::MaxLineLengthExceeded => io::Error::new(io::ErrorKind::InvalidData, error),
    }
}

/// Keeps a conversation with `target` until `leave` is cancelled.
async fn keep(
    target: String,
    name: String,
    leave: CancellationToken,
) -> Result<(), Box<dyn Error>> {
    let delays = Delays::new(Exponential::default());
    let health = delays.health();
    let told_to_leave = leave.clone();
    let connector = TcpConnector::new(Dialer::new(target)?, move |stream| {
        let (name, health, leave) = (name.clone(), health.clone(), leave.clone());
        async move { converse(stream, &name, &health, &leave).await }
    })
    .delays(delays);
    let tell = |event: &Event<'_>| {
        if let Event::Failed { cause, .. } = event {
            println!("{cause}");
        }
    };
    let runner = Runner::new(connector)
        .shutdown(told_to_leave.cancelled())
        .grace(Duration::from_secs(2))
        .observer(tell);
    Ok(runner.run().await?)
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let Arguments { target, name } = Arguments::parse();
    let leave = CancellationToken::new();
    let Some(target) = target else {
        return demonstrate(leave).await;
    };
    let interrupted = leave.clone();
    tokio::spawn(async move {
        if tokio::signal::ctrl_c().await.is_ok() {
            interrupted.cancel();
        }
    });
    keep(target, name, leave).await
}

async fn demonstrate(leave: CancellationToken) -> Result<(), Box<dyn Error>> {
    let (logins, goodbyes) = (Arc::new(AtomicU32::new(0)), Arc::new(AtomicU32::new(0)));
    let counted = (Arc::clone(&logins), Arc::clone(&goodbyes));
    let mut server = Server::start(move |stream| tell_news(stream, counted.clone()))?;
    let target = server.addr().to_string();

    let leaving = leave.clone();
    let operator = async {
        sleep(Duration::from_millis(300)).await;
        println!("--- the server goes down for half a second");
        server.goes_down_for(Duration::from_millis(500)).await?;
        sleep(Duration::from_millis(1_500)).await;
        println!("--- time to leave");
        leaving.cancel();
        io::Result::Ok(())
    };
    let (kept, operated) = tokio::join!(keep(target.clone(), "ann".to_owned(), leave), operator);
    kept?;
    operated?;

    println!("--- with a name that the server does not know");
    let refused = keep(target, "eve".to_owned(), CancellationToken::new()).await;
    let refusal = refused.err().ok_or("the server let eve in")?;
    println!("not tried again: {refusal}");
    let counts = [&logins, &goodbyes].map(|count| count.load(Ordering::Relaxed));
    if counts == [2, 1] {
        Ok(())
    } else {
        Err(format!("logins and goodbyes: {counts:?}").into())
    }
}

/// The server: knows ann, and has news for her five times a second.
async fn tell_news(
    stream: TcpStream,
    (logins, goodbyes): (Arc<AtomicU32>, Arc<AtomicU32>),
) -> io::Result<()> {
    let mut lines = Framed::new(stream, LinesCodec::new_with_max_length(1024));
    if heard(&mut lines).await? != "login ann" {
        return lines.send(REFUSAL).await.map_err(told);
    }
    logins.fetch_add(1, Ordering::Relaxed);
    lines.send("welcome").await.map_err(told)?;
    loop {
        tokio::select! {
            said = heard(&mut lines) => if said? == "goodbye" {
                goodbyes.fetch_add(1, Ordering::Relaxed);
                return lines.send("farewell").await.map_err(told);
            },
            () = sleep(Duration::from_millis(200)) => lines.send("it rains").await.map_err(told)?,
        }
    }
}
