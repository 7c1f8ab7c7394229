use std::io;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream, UdpSocket};
use tokio::sync::Mutex;
use tokio::task::JoinSet;
use tokio::time::sleep;

use super::answer::Answer;
use super::message::Query;
use super::script::Script;

/// The pause after an error, which is for want of descriptors or memory.
const PAUSE: Duration = Duration::from_millis(20);
/// More than a datagram may hold, so that none is cut.
const LARGEST: usize = 65_535;

/// Answers datagrams for as long as it is polled.
pub(super) async fn datagrams(socket: UdpSocket, script: Arc<Script>) {
    let socket = Arc::new(socket);
    let mut answers = JoinSet::new();
    let mut message = vec![0; LARGEST];
    loop {
        while answers.try_join_next().is_some() {}
        let Ok((len, client)) = socket.recv_from(&mut message).await else {
            // On some systems, that a client has gone.
            sleep(PAUSE).await;
            continue;
        };
        let Some(response) = respond(&message[..len], &script, false) else {
            continue;
        };
        let socket = Arc::clone(&socket);
        answers.spawn(async move {
            if let Some(response) = response.await {
                // A client that is gone needs none.
                let _ = socket.send_to(&response, client).await;
            }
        });
    }
}

/// Answers over TCP for as long as it is polled.
pub(super) async fn streams(listener: TcpListener, script: Arc<Script>) {
    let mut connections = JoinSet::new();
    loop {
        while connections.try_join_next().is_some() {}
        match listener.accept().await {
            Ok((stream, _)) => drop(connections.spawn(connection(stream, Arc::clone(&script)))),
            Err(_) => sleep(PAUSE).await,
        }
    }
}

/// Answers each question when its answer is due, which may be out of turn (RFC 7766 §6.2.1.1).
async fn connection(stream: TcpStream, script: Arc<Script>) -> io::Result<()> {
    let (mut from, to) = stream.into_split();
    let to = Arc::new(Mutex::new(to));
    let mut answers = JoinSet::new();
    loop {
        while answers.try_join_next().is_some() {}
        let Ok(len) = from.read_u16().await else {
            break;
        };
        let mut message = vec![0; usize::from(len)];
        from.read_exact(&mut message).await?;
        let Some(response) = respond(&message, &script, true) else {
            continue;
        };
        let to = Arc::clone(&to);
        answers.spawn(async move {
            let Some(response) = response.await else {
                return Ok(());
            };
            let len = u16::try_from(response.len()).map_err(io::Error::other)?;
            let framed = [&len.to_be_bytes(), response.as_slice()].concat();
            to.lock().await.write_all(&framed).await
        });
    }
    // A client may have closed its side and still wait.
    while answers.join_next().await.is_some() {}
    Ok(())
}

/// Notes the question in a message, and returns what answers it.
fn respond(
    message: &[u8],
    script: &Script,
    over_tcp: bool,
) -> Option<impl Future<Output = Option<Vec<u8>>> + use<>> {
    let (query, answer) = match Query::parse(message) {
        Ok(query) => {
            let answer = script.ask(&query.name, query.record_type, over_tcp);
            (Ok(query), answer)
        }
        Err(None) => return None,
        Err(Some(response)) => (Err(response), Answer::Drop),
    };
    Some(async move {
        let query = match query {
            Ok(query) => query,
            Err(response) => return Some(response),
        };
        let mut now = &answer;
        while let Answer::Delayed { by, answer } = now {
            sleep(*by).await;
            now = answer;
        }
        query.respond(now, over_tcp)
    })
}
