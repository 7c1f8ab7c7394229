//! Renews LISTEN on every connection and catches up by id, so that no row is missed (where one session inserts: see `follow`).
//! Shows a state that outlives connections, and errors that no second try would mend.
//! Without arguments its own server goes down once; `-- postgres://USER@HOST/DATABASE` reads any (`--help` says which table).

use std::error::Error;
use std::future::poll_fn;
use std::io;
use std::time::Duration;

use clap::Parser;
use examples::outage;
use larger_examples::FakePostgres;
use schmoozer_backoff::Exponential;
use schmoozer_core::{ConnectTimeout, End, Event, Runner, Session, closed, connector_with};
use schmoozer_faults::{Behaviour, Peer};
use schmoozer_tcp::{DialError, Dialer, Order};
use tokio::net::TcpStream;
use tokio::sync::Notify;
use tokio::time::{sleep, timeout};
use tokio_postgres::config::{Host, SslMode};
use tokio_postgres::tls::NoTlsStream;
use tokio_postgres::{AsyncMessage, Client, Config, Connection, NoTls, SimpleQueryMessage};

/// Prints the rows of the table `events`, old ones first and new ones as they come.
///
/// It takes:
///
///   CREATE TABLE events (id bigserial PRIMARY KEY, body text NOT NULL);
///
/// and from whoever inserts a row, in the same transaction:
///
///   NOTIFY events;
#[derive(Parser)]
#[command(verbatim_doc_comment)]
struct Arguments {
    /// The database, as `postgres://USER[:PASSWORD]@HOST[:PORT]/DATABASE`
    url: Option<String>,
}

/// Why there is no connection.
#[derive(Debug, thiserror::Error)]
enum Fault {
    #[error(transparent)]
    Dial(#[from] DialError),
    #[error(transparent)]
    Timeout(#[from] ConnectTimeout),
    // By itself it says no more than that there was an error.
    #[error("{}", .0.as_db_error().map_or(.0.to_string(), ToString::to_string))]
    Database(#[from] tokio_postgres::Error),
    #[error(transparent)]
    Closed(io::Error),
    #[error("`id` is not a number")]
    NotARow,
}

/// A wrong password (class 28), database (3D) or statement (42) will be wrong the next time too.
fn may_pass(fault: &Fault) -> bool {
    match fault {
        Fault::Dial(_) | Fault::Timeout(_) | Fault::Closed(_) => true,
        Fault::NotARow => false,
        Fault::Database(error) => error.code().is_none_or(|state| {
            let classes = ["28", "3D", "42"];
            !classes.iter().any(|class| state.code().starts_with(class))
        }),
    }
}

/// How many rows are in memory at most.
const AT_A_TIME: usize = 1_000;

type Connected = (Client, Connection<TcpStream, NoTlsStream>);

struct Listener {
    config: Config,
    dialer: Dialer,
    /// The last row that was read, on whatever connection, and how many were.
    last: i64,
    read: i64,
    /// The row to end with, if there is one.
    end: Option<&'static str>,
}

impl Listener {
    fn new(config: Config, end: Option<&'static str>) -> Result<Self, Box<dyn Error>> {
        Ok(Self {
            dialer: dialer(&config)?,
            config,
            last: 0,
            read: 0,
            end,
        })
    }

    async fn connect(&mut self) -> Result<Connected, Fault> {
        let stream = self.dialer.dial().await?;
        Ok(self.config.connect_raw(stream, NoTls).await?)
    }

    async fn listen(&mut self, connected: Connected, session: Session) -> Result<End, Fault> {
        let (client, mut connection) = connected;
        let notified = Notify::new();
        // The client gets no answer unless its connection is driven.
        let drive = async {
            while let Some(message) = poll_fn(|cx| connection.poll_message(cx)).await {
                if let AsyncMessage::Notification(_) = message? {
                    notified.notify_one();
                }
            }
            Err(Fault::Closed(closed()))
        };
        tokio::select! {
            broken = drive => broken,
            followed = self.follow(&client, &notified, &session) => followed,
        }
    }

    /// Listens first and reads then: what is inserted between the two is notified of. A notification
    /// only says that there is something to read, so none has to be kept.
    ///
    /// Ids are in the order of the commits while one session inserts; where several do, a row can
    /// appear below one that was read already.
    async fn follow(
        &mut self,
        client: &Client,
        notified: &Notify,
        session: &Session,
    ) -> Result<End, Fault> {
        client.batch_execute("LISTEN events").await?;
        session.ready();
        println!("listening, from row {}", self.last + 1);
        loop {
            let after = self.last;
            let query = format!(
                "SELECT id, body FROM events WHERE id > {after} ORDER BY id LIMIT {AT_A_TIME}"
            );
            for message in client.simple_query(&query).await? {
                if let SimpleQueryMessage::Row(row) = message {
                    let id = row.get(0).and_then(|id| id.parse().ok());
                    self.last = id.ok_or(Fault::NotARow)?;
                    self.read += 1;
                    let body = row.get(1).unwrap_or_default();
                    println!("row {}: {body}", self.last);
                    if self.end == Some(body) {
                        return Ok(End::Exit);
                    }
                }
            }
            if self.last == after {
                notified.notified().await;
            }
        }
    }
}

/// Dials the first host that is up, as libpq does.
fn dialer(config: &Config) -> Result<Dialer, Box<dyn Error>> {
    if config.get_ssl_mode() == SslMode::Require {
        return Err("TLS is not spoken here".into());
    }
    let ports = config.get_ports();
    let mut endpoints = Vec::new();
    for (number, host) in config.get_hosts().iter().enumerate() {
        let Host::Tcp(name) = host else {
            return Err("only TCP is dialled here".into());
        };
        let port = ports.get(number).or(ports.first()).unwrap_or(&5432);
        endpoints.push((name.as_str(), *port));
    }
    Ok(Dialer::any_of(endpoints)?.order(Order::Failover))
}

/// Prints each row once, in the order of their ids.
async fn keep(listener: Listener) -> Result<Listener, Fault> {
    let (connect, listen) = (Listener::connect, Listener::listen);
    let mut link = connector_with(listener, connect, listen, Exponential::default())
        .ready_when_marked()
        .retry_if(|failure| may_pass(&failure.cause));
    Runner::new(&mut link)
        .connect_timeout(Duration::from_secs(10))
        .on_event(|event| match event {
            Event::Failed { cause, .. } => println!("{cause}"),
            Event::Waiting { delay, .. } => println!("again in {delay:.0?}"),
            _ => {}
        })
        .run()
        .await?;
    Ok(link.into_state())
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let Some(url) = Arguments::parse().url else {
        return demonstrate().await;
    };
    // Neither clap's errors nor this one's may be shown: they quote what they were given, and a password may be in it.
    let parsed = url.parse::<Config>();
    let config = parsed
        .map_err(|_| "neither a postgres:// URL nor settings like `host=localhost user=me`")?;
    let kept = keep(Listener::new(config, None)?).await;
    kept.map(drop).map_err(|fault| fault.to_string().into())
}

async fn demonstrate() -> Result<(), Box<dyn Error>> {
    let postgres = FakePostgres::default();
    let fake = postgres.clone();
    let service = Behaviour::serve(move |stream| fake.clone().serve(stream));
    let server = Peer::start(service.clone()).await?;
    let url = format!("postgres://ann@{}/weather", server.addr());
    let listener = Listener::new(url.parse()?, Some("the end"))?;

    let weather = async {
        postgres.insert("it rains");
        sleep(Duration::from_millis(300)).await;
        postgres.insert("it pours");
        sleep(Duration::from_millis(100)).await;
        println!("--- the server goes down, and two rows come while no one listens");
        let down = outage(&server, &service, Duration::from_millis(700));
        let (down, ()) = tokio::join!(down, async {
            sleep(Duration::from_millis(200)).await;
            postgres.insert("hail");
            postgres.insert("the sun is out");
        });
        println!("--- and is back");
        sleep(Duration::from_millis(1_500)).await;
        postgres.insert("the end");
        down
    };
    let both = async { tokio::join!(keep(listener), weather) };
    let (kept, told) = timeout(Duration::from_secs(20), both).await?;
    let listener = kept?;
    told?;
    match (listener.read, listener.last, server.counts().accepted) {
        (5, 5, 2) => Ok(()),
        counts => Err(format!("rows read, the last one, and connections: {counts:?}").into()),
    }
}
