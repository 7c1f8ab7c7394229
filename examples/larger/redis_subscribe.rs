//! A subscription to a redis channel that is renewed on every connection: the redis crate, over a stream that we dialled.
//! Shows a client that must be driven while it is used, without a task of its own, and errors that no second try would mend.
//! Without arguments its own server goes down once; `-- redis://HOST:PORT CHANNEL` listens to any redis from version 6 on.

use std::error::Error;
use std::io;
use std::time::Duration;

use clap::Parser;
use examples::outage;
use futures_util::FutureExt;
use larger_examples::FakeRedis;
use redis::aio::MultiplexedConnection;
use redis::{
    AsyncConnectionConfig, ConnectionAddr, ConnectionInfo, ErrorKind, Msg, ProtocolVersion,
    RedisConnectionInfo, RedisError, ServerErrorKind,
};
use schmoozer_backoff::Exponential;
use schmoozer_core::{Connector, End, Event, Runner, Session, closed, connector_fn};
use schmoozer_faults::{Behaviour, Peer};
use schmoozer_tcp::Dialer;
use tokio::sync::mpsc;
use tokio::time::{sleep, timeout};

#[derive(Parser)]
struct Arguments {
    /// The server, as redis://[[USER]:PASSWORD@]HOST[:PORT]
    url: Option<String>,
    /// The channel to listen to
    #[arg(default_value = "news")]
    channel: String,
}

/// How long the server may take to answer.
const PATIENCE: Duration = Duration::from_secs(10);

/// What is missing now, a password or a right, will be missing the next time too.
fn may_pass(error: &RedisError) -> bool {
    let refused = matches!(
        error.kind(),
        ErrorKind::AuthenticationFailed | ErrorKind::Server(ServerErrorKind::NoPerm)
    );
    !refused && !matches!(error.code(), Some("NOAUTH" | "WRONGPASS"))
}

/// Prints each message on `channel`, and ends with `last`, if there is one.
fn subscription(
    dialer: Dialer,
    login: RedisConnectionInfo,
    channel: String,
    last: Option<&'static str>,
) -> impl Connector<Error = RedisError> {
    // Messages come between the answers of one connection in the third version of the protocol only.
    let login = login.set_protocol(ProtocolVersion::RESP3);
    connector_fn(
        move || {
            let (dialer, login) = (dialer.clone(), login.clone());
            let (sender, pushes) = mpsc::unbounded_channel();
            let config = AsyncConnectionConfig::new()
                .set_push_sender(sender)
                .set_response_timeout(Some(PATIENCE));
            let connecting = async move {
                let stream = dialer.dial().await.map_err(io::Error::from)?;
                let connected = MultiplexedConnection::new_with_config(&login, stream, config);
                let (connection, drive) = connected.await?;
                Ok((connection, drive.boxed(), pushes))
            };
            // One that accepts and says nothing is given up, as one that does not accept.
            async {
                let connected = timeout(PATIENCE, connecting).await;
                connected.map_err(io::Error::from)?
            }
        },
        move |(mut connection, drive, mut pushes), session: Session| {
            let channel = channel.clone();
            async move {
                let hear = async {
                    connection.subscribe(&channel).await?;
                    session.ready();
                    println!("subscribed to {channel}");
                    while let Some(push) = pushes.recv().await {
                        let message = Msg::from_push_info(push);
                        let Some(message) = message.as_ref().map(Msg::get_payload_bytes) else {
                            continue;
                        };
                        println!("heard: {}", String::from_utf8_lossy(message));
                        if last.is_some_and(|last| last.as_bytes() == message) {
                            return Ok(End::Exit);
                        }
                    }
                    Err(closed().into())
                };
                // No answer and no message comes unless the connection is driven.
                tokio::select! {
                    ended = hear => ended,
                    () = drive => Err(closed().into()),
                }
            }
        },
        Exponential::default(),
    )
    .ready_when_marked()
    .retry_if(|failure| may_pass(&failure.cause))
}

fn tell(event: &Event<'_>) {
    match event {
        Event::Failed { cause, .. } => println!("{cause}"),
        Event::Waiting { delay, .. } => println!("again in {delay:.0?}"),
        _ => {}
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let Arguments { url, channel } = Arguments::parse();
    let Some(url) = url else {
        return demonstrate(channel).await;
    };
    // Not by clap, whose errors quote what they were given: a password may be in it.
    let url: ConnectionInfo = url.parse()?;
    let ConnectionAddr::Tcp(host, port) = url.addr() else {
        return Err("only redis over TCP without TLS is dialled here".into());
    };
    let dialer = Dialer::new((host.as_str(), *port))?;
    let subscription = subscription(dialer, url.redis_settings().clone(), channel, None);
    Ok(Runner::new(subscription).observer(tell).run().await?)
}

async fn demonstrate(channel: String) -> Result<(), Box<dyn Error>> {
    let redis = FakeRedis::default();
    let fake = redis.clone();
    let service = Behaviour::serve(move |stream| fake.clone().serve(stream));
    let server = Peer::start(service.clone()).await?;

    let subscription = subscription(
        Dialer::new(server.addr())?,
        RedisConnectionInfo::default(),
        channel,
        Some("the sun is out"),
    );
    let runner = Runner::new(subscription).observer(tell);

    let operator = async {
        for message in ["it rains", "it pours"] {
            publish(&redis, message).await;
        }
        sleep(Duration::from_millis(100)).await;
        println!("--- the server goes down");
        outage(&server, &service, Duration::from_millis(700)).await?;
        println!("--- and is back; a channel keeps nothing for those who are away");
        publish(&redis, "the sun is out").await;
        io::Result::Ok(())
    };
    let both = async { tokio::join!(runner.run(), operator) };
    let (subscribed, operated) = timeout(Duration::from_secs(20), both).await?;
    subscribed?;
    operated?;
    match server.counts().accepted {
        2 => Ok(()),
        connections => Err(format!("{connections} connections instead of 2").into()),
    }
}

/// Publishes when somebody is there who hears it.
async fn publish(redis: &FakeRedis, message: &str) {
    while redis.publish(message) == 0 {
        sleep(Duration::from_millis(20)).await;
    }
}
