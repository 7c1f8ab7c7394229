//! LISTEN that is renewed on every connection, and a catch-up by id, so that no row is missed while there is none (where one
//! session inserts: see `follow`).
//! Shows a state that outlives connections, and errors that no second try would mend.
//! Without arguments its own server goes down once; `-- postgres://USER@HOST/DATABASE` reads any (`--help` says which table).

use std::error::Error;
use std::fmt;
use std::future::poll_fn;
use std::io;
use std::sync::mpsc;
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
enum Fault {
    Dial(DialError),
    Timeout(ConnectTimeout),
    Database(tokio_postgres::Error),
    Closed(io::Error),
    NotARow,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Dial(error) => error.fmt(f),
            Self::Timeout(error) => error.fmt(f),
            // By itself it says no more than that there was an error.
            Self::Database(error) => match error.as_db_error() {
                Some(told) => told.fmt(f),
                None => error.fmt(f),
            },
            Self::Closed(error) => error.fmt(f),
            Self::NotARow => f.write_str("`id` is not a number"),
        }
    }
}

/// What `main` prints.
impl fmt::Debug for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Error for Fault {}

impl From<ConnectTimeout> for Fault {
    fn from(timeout: ConnectTimeout) -> Self {
        Self::Timeout(timeout)
    }
}

impl From<DialError> for Fault {
    fn from(error: DialError) -> Self {
        Self::Dial(error)
    }
}

impl From<tokio_postgres::Error> for Fault {
    fn from(error: tokio_postgres::Error) -> Self {
        Self::Database(error)
    }
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

struct Listener<F> {
    config: Config,
    dialer: Dialer,
    /// The last row that was read, on whatever connection.
    last: i64,
    read: F,
}

#[derive(PartialEq)]
enum Wanted {
    More,
    Enough,
}

impl<F: FnMut(i64, &str) -> Wanted + Send> Listener<F> {
    /// Hands each row to `read`, once and in the order of their ids, until that has had enough.
    fn new(config: Config, read: F) -> Result<Self, Box<dyn Error>> {
        Ok(Self {
            dialer: dialer(&config)?,
            config,
            last: 0,
            read,
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
                    if (self.read)(self.last, row.get(1).unwrap_or_default()) == Wanted::Enough {
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

async fn keep<F>(listener: Listener<F>) -> Result<(), Fault>
where
    F: FnMut(i64, &str) -> Wanted + Send + 'static,
{
    let connect = Listener::connect;
    let link = connector_with(listener, connect, Listener::listen, Exponential::default())
        .ready_when_marked()
        .retry_if(|failure| may_pass(&failure.cause));
    Runner::new(link)
        .connect_timeout(Duration::from_secs(10))
        .on_event(|event| match event {
            Event::Failed { cause, .. } => println!("{cause}"),
            Event::Waiting { delay, .. } => println!("again in {delay:.0?}"),
            _ => {}
        })
        .run()
        .await
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
    let print = |id, body: &str| {
        println!("row {id}: {body}");
        Wanted::More
    };
    Ok(keep(Listener::new(config, print)?).await?)
}

async fn demonstrate() -> Result<(), Box<dyn Error>> {
    let postgres = FakePostgres::new();
    let fake = postgres.clone();
    let service = Behaviour::serve(move |stream| fake.clone().serve(stream));
    let server = Peer::start(service.clone()).await?;

    let url = format!("postgres://ann@{}/weather", server.addr());
    let (told, ids) = mpsc::channel();
    let until_the_end = move |id, body: &str| {
        println!("row {id}: {body}");
        // Rows are no longer counted when the demonstration has ended.
        let _ = told.send(id);
        if body == "the end" {
            Wanted::Enough
        } else {
            Wanted::More
        }
    };
    let listener = Listener::new(url.parse()?, until_the_end)?;

    let weather = async {
        postgres.insert("it rains");
        sleep(Duration::from_millis(300)).await;
        postgres.insert("it pours");
        sleep(Duration::from_millis(100)).await;
        println!("--- the server goes down, and two rows come while nobody listens");
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
    kept?;
    told?;
    let ids: Vec<i64> = ids.try_iter().collect();
    match (ids.as_slice(), postgres.listened()) {
        ([1, 2, 3, 4, 5], 2) => Ok(()),
        seen => Err(format!("rows read and LISTENs: {seen:?}").into()),
    }
}
