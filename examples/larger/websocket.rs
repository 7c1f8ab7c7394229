//! A WebSocket that stays open: pings find a server that went silent, and its close code says whether to come back.
//! Shows errors of one's own, two of them final, and a delay that the server asked for.
//! Without arguments its own server closes it in four ways; `-- HOST:PORT /PATH` talks to any.

use std::error::Error;
use std::io;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use clap::Parser;
use futures_util::{SinkExt, StreamExt, TryFutureExt};
use schmoozer_faults::{Behaviour, Connection, Peer};
use schmoozer_tcp::{Dialer, End, Event, Runner, Session, TcpConnector, closed};
use tokio::net::TcpStream;
use tokio::time::{interval, sleep, timeout};
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::{self, Message};
use tokio_tungstenite::{WebSocketStream, accept_async, client_async};

#[derive(Parser)]
struct Arguments {
    /// The server
    #[arg(value_name = "HOST:PORT")]
    target: Option<String>,
    /// What to ask it for
    #[arg(default_value = "/")]
    path: String,
}

/// A ping goes out this often; a server that has sent nothing for twice as long is gone. (In the
/// demonstration, so as not to keep anybody waiting, a hundredth of it.)
const HEARTBEAT: Duration = Duration::from_secs(20);

#[derive(Debug, thiserror::Error)]
enum Ended {
    #[error(transparent)]
    Network(#[from] io::Error),
    #[error(transparent)]
    Broken(#[from] tungstenite::Error),
    /// The server sent nothing for so long, no pong either.
    #[error("nothing came for {0:?}")]
    Silent(Duration),
    #[error("closed by the server with {0}: {1}")]
    Closed(CloseCode, String),
}

impl Ended {
    /// RFC 6455 §7.4: what the server calls a fault of ours will be one the next time too.
    fn may_pass(&self) -> bool {
        use CloseCode::{Policy, Protocol, Unsupported};
        !matches!(self, Self::Closed(Policy | Protocol | Unsupported, _))
    }

    /// A server that restarts says so; it is no use to come back at once.
    fn asked_delay(&self) -> Option<Duration> {
        let restarts = matches!(self, Self::Closed(CloseCode::Restart | CloseCode::Again, _));
        restarts.then_some(Duration::from_millis(700))
    }
}

async fn listen(
    mut socket: WebSocketStream<TcpStream>,
    session: Session,
    beat: Duration,
) -> Result<End, Ended> {
    let mut heartbeat = interval(beat);
    let mut silent_since = tokio::time::Instant::now();
    loop {
        tokio::select! {
            // What has come already is read before its sender is called silent.
            biased;
            message = socket.next() => {
                silent_since = tokio::time::Instant::now();
                match message.ok_or_else(closed)?? {
                    Message::Text(text) => println!("heard: {text}"),
                    Message::Close(Some(CloseFrame { code: CloseCode::Normal, .. })) => return Ok(End::Exit),
                    Message::Close(Some(CloseFrame { code, reason })) => {
                        return Err(Ended::Closed(code, reason.to_string()));
                    }
                    _ => {}
                }
            }
            _ = heartbeat.tick() => {
                if silent_since.elapsed() > beat * 2 {
                    return Err(Ended::Silent(beat * 2));
                }
                socket.send(Message::Ping(tungstenite::Bytes::new())).await?;
            }
            end = session.stopping() => {
                socket.close(None).await?;
                return Ok(end);
            }
        }
    }
}

async fn keep(target: String, path: String, beat: Duration) -> Result<(), Box<dyn Error>> {
    let dialer = Dialer::new(target.as_str())?;
    let url = format!("ws://{target}{path}");
    // Malformed once, malformed always: not for the loop to find out.
    url.as_str().into_client_request()?;
    let open = move |stream| {
        let opened = client_async(url.clone(), stream);
        opened.map_ok(|(socket, _response)| socket).err_into()
    };
    let link = TcpConnector::upgraded(dialer, open, move |socket, session| {
        listen(socket, session, beat)
    });
    let link = link
        .hint(Ended::asked_delay)
        .retry_if(|failure| failure.cause.may_pass());
    let runner = Runner::new(link)
        .shutdown(tokio::signal::ctrl_c())
        .on_event(|event| match event {
            Event::Connected { .. } => println!("open"),
            Event::Failed { cause, .. } => println!("{cause}"),
            Event::Waiting { delay, .. } => println!("again in {delay:.0?}"),
            _ => {}
        });
    Ok(runner.run().await?)
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let Arguments { target, path } = Arguments::parse();
    if let Some(target) = target {
        return keep(target, path, HEARTBEAT).await;
    }
    let visits = AtomicU32::new(0);
    let server = Peer::start(Behaviour::serve(move |stream| {
        let visit = visits.fetch_add(1, Ordering::Relaxed);
        greet(stream, visit).map_err(io::Error::other)
    }))
    .await?;
    let keeping = keep(server.addr().to_string(), path, HEARTBEAT / 100);
    let ended = timeout(Duration::from_secs(20), keeping).await?;
    let refusal = ended.err().ok_or("the last word was not a refusal")?;
    println!("not tried again: {refusal}");
    match server.counts().accepted {
        4 => Ok(()),
        visits => Err(format!("{visits} visits instead of 4").into()),
    }
}

/// The server: restarts on the first visitor, falls silent on the second, breaks off on the third, and
/// refuses the fourth.
async fn greet(stream: Connection, visit: u32) -> tungstenite::Result<()> {
    let mut socket = accept_async(stream).await?;
    let greeting = format!("hello, visitor {}", visit + 1);
    socket.send(Message::text(greeting)).await?;
    let (code, reason) = match visit {
        0 => (CloseCode::Restart, "back soon"),
        1 => {
            // Nobody answers the pings meanwhile.
            sleep(Duration::from_secs(2)).await;
            return Ok(());
        }
        2 => return Ok(()),
        _ => (CloseCode::Policy, "enough of you"),
    };
    let reason = reason.into();
    socket.close(Some(CloseFrame { code, reason })).await?;
    while socket.next().await.is_some() {}
    Ok(())
}
