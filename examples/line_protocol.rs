//! A protocol of lines, framed by tokio-util: a login on each connection, and a goodbye on shutdown.
//! Shows a connection that is ready after its login, an error that is final, and a handler that hears when it must stop.
//! Without arguments it talks to its own server, which goes down once; `-- HOST:PORT NAME` to any that speaks as that one does.

use std::error::Error;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use clap::Parser;
use examples::outage;
use futures_util::{SinkExt, StreamExt, TryFutureExt};
use schmoozer_faults::{Behaviour, Connection, Peer};
use schmoozer_tcp::{Dialer, End, Event, Runner, Session, TcpConnector, closed};
use tokio::io::AsyncRead;
use tokio::net::TcpStream;
use tokio::time::error::Elapsed;
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

type Lines<S> = Framed<S, LinesCodec>;

#[derive(Debug, thiserror::Error)]
enum Fault {
    #[error(transparent)]
    Network(#[from] io::Error),
    #[error(transparent)]
    Lines(#[from] LinesCodecError),
    #[error("the login took more than {LOGIN:?}")]
    Slow(#[from] Elapsed),
    #[error("not understood: {0}")]
    Garbled(String),
    /// The same name will be refused again.
    #[error("{REFUSAL}")]
    Refused,
}

/// What the server says to a name that it does not know.
const REFUSAL: &str = "who are you?";

/// How long the login may take.
const LOGIN: Duration = Duration::from_secs(5);

/// Logs in, says that the connection is ready, and prints the news until it must stop.
async fn converse(stream: TcpStream, session: Session, name: String) -> Result<End, Fault> {
    // A line without end must not fill the memory.
    let mut lines = Framed::new(stream, LinesCodec::new_with_max_length(1024));
    // Nothing else ends a login that hangs.
    timeout(LOGIN, log_in(&mut lines, &name)).await??;
    session.ready();
    println!("logged in");
    loop {
        tokio::select! {
            news = heard(&mut lines) => println!("heard: {}", news?),
            end = session.stopping() => {
                lines.send("goodbye").await?;
                println!("said goodbye, heard: {}", heard(&mut lines).await?);
                return Ok(end);
            }
        }
    }
}

async fn log_in(lines: &mut Lines<TcpStream>, name: &str) -> Result<(), Fault> {
    lines.send(format!("login {name}")).await?;
    match heard(lines).await?.as_str() {
        "welcome" => Ok(()),
        REFUSAL => Err(Fault::Refused),
        other => Err(Fault::Garbled(other.to_owned())),
    }
}

async fn heard<S: AsyncRead + Unpin>(lines: &mut Lines<S>) -> Result<String, Fault> {
    Ok(lines.next().await.ok_or_else(closed)??)
}

/// Keeps a conversation with `target` until `leave` resolves.
async fn keep(
    target: String,
    name: String,
    leave: impl Future + Send,
) -> Result<(), Box<dyn Error>> {
    let link = TcpConnector::new(Dialer::new(target)?, move |stream, session| {
        converse(stream, session, name.clone())
    });
    let link = link
        .ready_when_marked()
        .retry_if(|failure| !matches!(failure.cause, Fault::Refused));
    let runner = Runner::new(link).shutdown(leave).on_event(|event| {
        if let Event::Failed { cause, .. } = event {
            println!("{cause}");
        }
    });
    Ok(runner.run().await.map_err(|fault| fault.to_string())?)
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let Arguments { target, name } = Arguments::parse();
    match target {
        Some(target) => keep(target, name, tokio::signal::ctrl_c()).await,
        None => demonstrate().await,
    }
}

async fn demonstrate() -> Result<(), Box<dyn Error>> {
    // Logins and goodbyes.
    let counts = Arc::new([const { AtomicU32::new(0) }; 2]);
    let counted = Arc::clone(&counts);
    let service = Behaviour::serve(move |stream| {
        tell_news(stream, Arc::clone(&counted)).map_err(io::Error::other)
    });
    let server = Peer::start(service.clone()).await?;
    let target = server.addr().to_string();

    let leave = CancellationToken::new();
    let operator = async {
        sleep(Duration::from_millis(300)).await;
        println!("--- the server goes down for half a second");
        outage(&server, &service, Duration::from_millis(500)).await?;
        sleep(Duration::from_millis(1_500)).await;
        println!("--- time to leave");
        leave.cancel();
        io::Result::Ok(())
    };
    let keeping = keep(target.clone(), "ann".to_owned(), leave.cancelled());
    let (kept, operated) = tokio::join!(keeping, operator);
    kept?;
    operated?;

    println!("--- with a name that the server does not know");
    let refused = keep(target, "eve".to_owned(), std::future::pending::<()>()).await;
    let refusal = refused.err().ok_or("the server let eve in")?;
    println!("not tried again: {refusal}");
    match counts.each_ref().map(|count| count.load(Ordering::Relaxed)) {
        [2, 1] => Ok(()),
        counts => Err(format!("logins and goodbyes: {counts:?}").into()),
    }
}

/// The server: knows ann, and has news for her five times a second.
async fn tell_news(stream: Connection, counts: Arc<[AtomicU32; 2]>) -> Result<(), Fault> {
    let [logins, goodbyes] = counts.as_ref();
    let mut lines = Framed::new(stream, LinesCodec::new_with_max_length(1024));
    if heard(&mut lines).await? != "login ann" {
        return Ok(lines.send(REFUSAL).await?);
    }
    logins.fetch_add(1, Ordering::Relaxed);
    lines.send("welcome").await?;
    loop {
        tokio::select! {
            said = heard(&mut lines) => if said? == "goodbye" {
                goodbyes.fetch_add(1, Ordering::Relaxed);
                return Ok(lines.send("farewell").await?);
            },
            () = sleep(Duration::from_millis(200)) => lines.send("it rains").await?,
        }
    }
}
