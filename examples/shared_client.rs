//! Many tasks send requests over one connection that comes and goes, through a `Current`.
//! A request that was under way when the connection broke fails and says so; one that comes while there is none waits, with a bound.
//! Without arguments it takes its own server down once; `-- HOST:PORT` asks any server that answers a line with a line.

use std::error::Error;
use std::io;
use std::time::Duration;

use clap::Parser;
use examples::outage;
use schmoozer_faults::{Behaviour, Connection, Peer};
use schmoozer_tcp::{
    Current, Dialer, End, Event, Handle, Live, Publisher, Runner, Session, TcpConnector, closed,
};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tokio::sync::{mpsc, oneshot};
use tokio::time::{sleep, timeout};

#[derive(Parser)]
struct Arguments {
    /// The server to ask, which answers each line with a line
    #[arg(value_name = "HOST:PORT")]
    target: Option<String>,
}

/// A request on its way to the connection, and where its answer goes.
type Request = (String, oneshot::Sender<String>);

/// What every task holds: a way to whatever connection is live.
#[derive(Clone)]
struct Client {
    current: Current<mpsc::Sender<Request>>,
    handle: Handle,
}

/// A connection on which an answer takes longer is replaced.
const PATIENCE: Duration = Duration::from_secs(5);

#[derive(Debug, thiserror::Error)]
enum Unanswered {
    /// It has a line break, and would get the answers of others.
    #[error("a question is one line, not sent")]
    NotALine,
    /// No connection came within the bound: the request was never sent, and can be sent again.
    #[error("no connection in time, not sent")]
    NotSent,
    /// The connection broke: whether the server acted on the request is not known.
    #[error("the connection broke, perhaps sent")]
    Lost,
}

impl Client {
    async fn ask(&self, question: String) -> Result<String, Unanswered> {
        if question.contains('\n') {
            return Err(Unanswered::NotALine);
        }
        let (answer, answered) = oneshot::channel();
        let sending = async {
            let live = self.current.ready().await;
            let live = live.map_err(|_| Unanswered::NotSent)?;
            let sent = live.send((question, answer)).await;
            sent.map_err(|_| Unanswered::NotSent)?;
            Ok(live)
        };
        let live = timeout(Duration::from_secs(2), sending)
            .await
            .unwrap_or(Err(Unanswered::NotSent))?;
        match timeout(PATIENCE, answered).await {
            Ok(answer) => answer.map_err(|_| Unanswered::Lost),
            Err(_late) => {
                // However many tasks find it broken, the connection is replaced once.
                self.handle.reconnect_if(Live::id(&live));
                Err(Unanswered::Lost)
            }
        }
    }
}

/// Carries requests over one connection until it breaks. What is then under way is dropped, and its
/// senders told by that.
async fn carry(
    stream: TcpStream,
    session: Session,
    publisher: Publisher<mpsc::Sender<Request>>,
) -> io::Result<End> {
    let (from, mut to) = stream.into_split();
    let mut answers = BufReader::new(from).lines();
    let (sender, mut requests) = mpsc::channel::<Request>(16);
    let (sent, mut under_way) = mpsc::unbounded_channel::<oneshot::Sender<String>>();
    let _live = publisher.publish(&session, sender);
    // Side by side: a server that does not read on before its answers are read must not stop both.
    let asking = async {
        while let Some((question, asker)) = requests.recv().await {
            let _ = sent.send(asker);
            to.write_all(format!("{question}\n").as_bytes()).await?;
        }
        Ok(())
    };
    let answering = async {
        while let Some(answer) = answers.next_line().await? {
            let asker = under_way.try_recv().map_err(io::Error::other)?;
            // One that has stopped waiting does not get its answer.
            let _ = asker.send(answer);
        }
        Err(closed())
    };
    tokio::try_join!(asking, answering).map(|((), end)| end)
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let Arguments { target } = Arguments::parse();
    let service = Behaviour::serve(answer_slowly);
    let server = Peer::start(service.clone()).await?;
    let demonstration = target.is_none();
    let target = target.unwrap_or_else(|| server.addr().to_string());

    let (publisher, current) = Current::new();
    let link = TcpConnector::new(Dialer::new(target)?, move |stream, session| {
        carry(stream, session, publisher.clone())
    });
    let runner = Runner::new(link.ready_when_marked()).on_event(|event| {
        if let Event::Failed { cause, .. } = event {
            println!("{cause}");
        }
    });
    let (handle, keeper) = runner.spawn();

    let client = Client {
        current,
        handle: handle.clone(),
    };
    let tasks = ["ann", "bob", "cyd"].map(|name| tokio::spawn(asks(name, client.clone())));
    if demonstration {
        sleep(Duration::from_millis(450)).await;
        println!("--- the server goes down");
        outage(&server, &service, Duration::from_millis(700)).await?;
        println!("--- and is back");
    }
    let mut answered = 0;
    for task in tasks {
        answered += task.await?;
    }
    handle.shutdown();
    keeper.await??;
    let lost = 30 - answered;
    println!("{answered} requests answered, {lost} lost under way");
    // Each task loses at most the one request that it had under way.
    if lost == 0 || demonstration && lost <= 3 {
        Ok(())
    } else {
        Err("some requests have no answer".into())
    }
}

/// Asks ten questions, one after the other, and returns how many were answered.
async fn asks(name: &str, client: Client) -> u32 {
    let mut answered = 0;
    for number in 1..=10 {
        match client.ask(format!("{name} {number}")).await {
            Ok(answer) => {
                println!("{name} {number}: {answer}");
                answered += 1;
            }
            Err(unanswered) => println!("{name} {number}: {unanswered}"),
        }
    }
    answered
}

async fn answer_slowly(stream: Connection) -> io::Result<()> {
    let (from, mut to) = tokio::io::split(stream);
    let mut questions = BufReader::new(from).lines();
    while let Some(question) = questions.next_line().await? {
        sleep(Duration::from_millis(30)).await;
        to.write_all(format!("{}\n", question.to_uppercase()).as_bytes())
            .await?;
    }
    Ok(())
}
