//! Two servers that change their minds all the time, and a program that asks for everything in between.

use std::io;
use std::time::Duration;

use schmoozer_faults::{Behaviour, Handler, Peer};
use schmoozer_tcp::{Dialer, End, Handle, Session, TcpConnector, closed};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{sleep, timeout};

use crate::connector::{SHORT, SOON};
use crate::{Result, checker};

const LIMIT: Duration = Duration::from_millis(50);

async fn greeted(mut stream: TcpStream) -> io::Result<TcpStream> {
    stream.write_all(b"?").await?;
    stream.read_u8().await?;
    Ok(stream)
}

async fn serve(mut stream: TcpStream, session: Session) -> io::Result<End> {
    let mut byte = [0];
    tokio::select! {
        read = stream.read(&mut byte) => {
            read?;
            Err(closed())
        }
        end = session.stopping() => {
            sleep(Duration::from_millis(fastrand::u64(..20))).await;
            Ok(end)
        }
    }
}

fn some_behaviour() -> Behaviour {
    match fastrand::u32(..7) {
        0 => Behaviour::Refuse,
        1 => Behaviour::Close,
        2 => Behaviour::Reset,
        3 => Behaviour::Silent,
        4 => Behaviour::CloseAfter(1, Handler::echo()),
        5 => Behaviour::ResetAfter(1, Handler::echo()),
        _ => Behaviour::Echo,
    }
}

async fn some_change(peers: &[Peer; 2], handle: &Handle) -> io::Result<()> {
    let peer = &peers[fastrand::usize(..2)];
    match fastrand::u32(..8) {
        0 => handle.reconnect(),
        1 => handle.renew(),
        2 => handle.retry_now(),
        3 => peer.reset_live().await?,
        4 | 5 => drop(peer.restart(some_behaviour()).await?),
        _ => drop(peer.switch(some_behaviour()).await?),
    }
    sleep(Duration::from_millis(fastrand::u64(..60))).await;
    Ok(())
}

/// Rows 3, 4, 44: whatever two servers do, the events are in order, and one connection is up when one of them is well.
#[tokio::test]
async fn of_two_servers_that_come_and_go_one_is_connected_when_it_is_over() -> Result {
    let seed = fastrand::u64(..);
    fastrand::seed(seed);
    println!("seed {seed}");
    let peers = [
        Peer::start(Behaviour::Echo).await?,
        Peer::start(Behaviour::Echo).await?,
    ];
    let dialer = Dialer::any_of(peers.each_ref().map(Peer::addr))?.timeout(LIMIT);
    let connector = TcpConnector::upgraded(dialer, greeted, serve)
        .failback(LIMIT)
        .stable_after(SHORT)
        .retry(vec![SHORT; 100_000]);
    let checked = checker().stable_after(SHORT).with_requests();
    let (handle, task) = checked.runner(connector).spawn();
    let storm = async {
        for _ in 0..120 {
            some_change(&peers, &handle).await?;
        }
        io::Result::Ok(())
    };
    storm.await?;
    assert!(!task.is_finished(), "{:?}", handle.stopped().await);
    peers[1].restart(Behaviour::Refuse).await?;
    peers[0].restart(Behaviour::Echo).await?;
    timeout(SOON, handle.connected()).await??;
    peers[0].live(1).await?;
    handle.shutdown();
    timeout(SOON, task).await???;
    for peer in &peers {
        peer.live(0).await?;
    }
    Ok(())
}
