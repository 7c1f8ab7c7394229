//! Make before break: the next connection is ready before the old one ends, so that there is a client at every moment.
//! Shows two loops that publish into one `Current`, and `connected_or_fail`, which keeps the old connection if no new one comes.
//! It takes no arguments: it hands over ten times on its own server, once in vain, counts what was missed, and ends by itself.

use std::error::Error;
use std::io;
use std::time::Duration;

use schmoozer_faults::{Behaviour, Peer};
use schmoozer_tcp::{
    Current, Dialer, End, Handle, InvalidTarget, Publisher, Runner, Session, ShutdownOnDrop,
    TcpConnector, closed,
};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tokio::sync::{mpsc, oneshot};
use tokio::task::yield_now;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

/// A question, and where its answer goes.
type Request = (String, oneshot::Sender<String>);
type Client = mpsc::Sender<Request>;

/// Answers requests over one connection. One that must end answers first what it was given.
async fn carry(
    stream: TcpStream,
    session: Session,
    publisher: Publisher<Client>,
) -> io::Result<End> {
    let mut stream = BufReader::new(stream);
    let (client, mut requests) = mpsc::channel(16);
    let _live = publisher.publish(&session, client);
    let end = loop {
        tokio::select! {
            Some(request) = requests.recv() => ask(&mut stream, request).await?,
            end = session.stopping() => break end,
        }
    };
    requests.close();
    while let Some(request) = requests.recv().await {
        ask(&mut stream, request).await?;
    }
    Ok(end)
}

async fn ask(stream: &mut BufReader<TcpStream>, (question, asker): Request) -> io::Result<()> {
    stream.write_all(format!("{question}\n").as_bytes()).await?;
    let mut answer = String::new();
    if stream.read_line(&mut answer).await? == 0 {
        return Err(closed());
    }
    // An asker that has left does not get its answer.
    let _ = asker.send(answer.trim_end().to_owned());
    Ok(())
}

/// A loop that ends when this is dropped, ready or not.
struct Link {
    handle: Handle,
    _stop: ShutdownOnDrop,
}

impl Link {
    fn start(server: &Peer, publisher: &Publisher<Client>) -> Result<Self, InvalidTarget> {
        let publisher = publisher.clone();
        let link = TcpConnector::new(Dialer::new(server.addr())?, move |stream, session| {
            carry(stream, session, publisher.clone())
        });
        let (handle, _task) = Runner::new(link.ready_when_marked()).spawn();
        Ok(Self {
            _stop: handle.shutdown_on_drop(),
            handle,
        })
    }

    /// Ends this one when `new` is ready. If that does not come up, this one stays.
    async fn hand_over(&mut self, new: Self) {
        match new.handle.connected_or_fail(3).await {
            Ok(id) => {
                println!("connection {id} takes over");
                self.handle.shutdown();
                self.handle.stopped().await;
                *self = new;
            }
            Err(why) => println!("the old one stays: {why}"),
        }
    }
}

#[derive(Default)]
struct Count {
    looks: u64,
    without_client: u64,
    answered: u64,
    lost: u64,
}

/// Looks for the client all the time, and asks it something whenever it is there.
async fn ask_all_the_time(current: Current<Client>, over: CancellationToken) -> Count {
    let mut count = Count::default();
    while !over.is_cancelled() {
        count.looks += 1;
        let Some(client) = current.get() else {
            count.without_client += 1;
            yield_now().await;
            continue;
        };
        let (asker, answer) = oneshot::channel();
        let question = format!("question {}", count.answered);
        // A client that takes no more has been replaced: the next look finds the new one.
        if client.send((question.clone(), asker)).await.is_ok() {
            match answer.await {
                Ok(answer) if answer == question => count.answered += 1,
                _ => count.lost += 1,
            }
        }
    }
    count
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let server = Peer::start(Behaviour::Echo).await?;
    let (publisher, current) = Current::new();
    let mut link = Link::start(&server, &publisher)?;
    link.handle.connected_or_fail(3).await?;
    let over = CancellationToken::new();
    let asking = tokio::spawn(ask_all_the_time(current, over.clone()));
    for _ in 0..10 {
        sleep(Duration::from_millis(100)).await;
        link.hand_over(Link::start(&server, &publisher)?).await;
    }
    println!("--- the server takes no new connections");
    server.switch(Behaviour::Refuse).await?;
    link.hand_over(Link::start(&server, &publisher)?).await;
    over.cancel();

    let count = asking.await?;
    println!(
        "{} answers, {} requests lost, {} of {} looks without a client",
        count.answered, count.lost, count.without_client, count.looks
    );
    match (count.lost, count.without_client, server.counts().accepted) {
        (0, 0, 11) => Ok(()),
        counts => Err(format!("lost, without a client, connections: {counts:?}").into()),
    }
}
