//! A subscription to a redis channel that is renewed on every connection: the redis crate, over a stream that we dialled.
//! Shows a client that must be driven while it is used, without a task of its own, and errors that no second try would mend.
//! Without arguments its own server goes down once; `-- redis://HOST:PORT CHANNEL` listens to any redis from version 6 on.

use std::error::Error;
use std::future::pending;
use std::io;
use std::time::Duration;

use clap::Parser;
use examples::outage;
use futures_util::FutureExt;
use larger_examples::FakeRedis;
use redis::aio::MultiplexedConnection;
use redis::{
    AsyncConnectionConfig, ConnectionAddr, ConnectionInfo, ErrorKind, Msg, ProtocolVersion,
    PushInfo, PushKind, RedisConnectionInfo, RedisError, RedisResult, ServerErrorKind,
};
use schmoozer_backoff::Exponential;
use schmoozer_core::{Connector, End, Event, Runner, Session, closed, connector_fn};
use schmoozer_faults::{Behaviour, Peer};
use schmoozer_tcp::Dialer;
use tokio::sync::{mpsc, oneshot};
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

/// Hands each message on `channel` to `heard`.
fn subscription(
    dialer: Dialer,
    login: RedisConnectionInfo,
    channel: String,
    heard: impl Fn(String) + Clone + Send + Sync + 'static,
) -> impl Connector<Error = RedisError> {
    // Messages come between the answers of one connection in the third version of the protocol only.
    let login = login.set_protocol(ProtocolVersion::RESP3);
    connector_fn(
        move || {
            let (dialer, login, heard) = (dialer.clone(), login.clone(), heard.clone());
            let hear = move |push: PushInfo| {
                let message = Some(push).filter(|push| push.kind == PushKind::Message);
                if let Some(message) = message.and_then(Msg::from_push_info) {
                    heard(String::from_utf8_lossy(message.get_payload_bytes()).into_owned());
                }
                Ok::<_, RedisError>(())
            };
            let config = AsyncConnectionConfig::new()
                .set_push_sender(hear)
                .set_response_timeout(Some(PATIENCE));
            let connecting = async move {
                let stream = dialer.dial().await.map_err(io::Error::from)?;
                let (connection, drive) =
                    MultiplexedConnection::new_with_config(&login, stream, config).await?;
                Ok((connection, drive.boxed()))
            };
            // One that accepts and says nothing is given up, as one that does not accept.
            async {
                timeout(PATIENCE, connecting)
                    .await
                    .map_err(io::Error::from)?
            }
        },
        move |(mut connection, drive), session: Session| {
            let channel = channel.clone();
            async move {
                let subscribe = async {
                    connection.subscribe(&channel).await?;
                    session.ready();
                    println!("subscribed to {channel}");
                    pending::<RedisResult<End>>().await
                };
                // No answer and no message comes unless the connection is driven.
                tokio::select! {
                    refused = subscribe => refused,
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
    let print = |message| println!("heard: {message}");
    let subscription = subscription(dialer, url.redis_settings().clone(), channel, print);
    Ok(Runner::new(subscription).observer(tell).run().await?)
}

async fn demonstrate(channel: String) -> Result<(), Box<dyn Error>> {
    let redis = FakeRedis::new();
    let fake = redis.clone();
    let service = Behaviour::serve(move |stream| fake.clone().serve(stream));
    let server = Peer::start(service.clone()).await?;

    let (told, mut heard) = mpsc::unbounded_channel();
    let subscription = subscription(
        Dialer::new(server.addr())?,
        RedisConnectionInfo::default(),
        channel.clone(),
        move |message| {
            println!("heard: {message}");
            // Nobody counts any more when the demonstration has ended.
            let _ = told.send(message);
        },
    );
    let (over, ended) = oneshot::channel::<()>();
    let runner = Runner::new(subscription).observer(tell).shutdown(ended);

    let operator = async {
        for message in ["it rains", "it pours"] {
            publish(&redis, &channel, message).await;
        }
        sleep(Duration::from_millis(100)).await;
        println!("--- the server goes down");
        outage(&server, &service, Duration::from_millis(700)).await?;
        println!("--- and is back; a channel keeps nothing for those who are away");
        publish(&redis, &channel, "the sun is out").await;
        let mut all = Vec::new();
        while all.last().is_none_or(|last| last != "the sun is out") {
            all.extend(heard.recv().await);
        }
        drop(over);
        io::Result::Ok(all)
    };
    let both = async { tokio::join!(runner.run(), operator) };
    let (subscribed, all) = timeout(Duration::from_secs(20), both).await?;
    subscribed?;
    match (all?.len(), redis.subscriptions()) {
        (3, 2) => Ok(()),
        counts => Err(format!("messages heard and subscriptions: {counts:?}").into()),
    }
}

/// Publishes when somebody is there who hears it.
async fn publish(redis: &FakeRedis, channel: &str, message: &str) {
    while redis.publish(channel, message) == 0 {
        sleep(Duration::from_millis(20)).await;
    }
}
