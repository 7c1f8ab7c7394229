use std::io;
use std::iter;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use schmoozer_faults::{Behaviour, Peer};
use schmoozer_tcp::{Dialer, End, Event, Handle, Runner, Session, TcpConnector, closed};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use super::dials::{STABLE_AFTER, client, ready};
use super::{Measured, check};
use crate::process::allow_descriptors;

/// More than all buffers hold.
const BYTES: u64 = 20 << 20;
const CLIENTS: usize = 1_000;

/// A peer that is well reads nothing for so many seconds, and then all.
/// For longer than a minute it is only left alone without `dead_after`.
pub(super) async fn slow_reader(seconds: u64) -> Measured {
    let peer = Peer::start(Behaviour::serve(move |mut connection| async move {
        sleep(Duration::from_secs(seconds)).await;
        let (mut read, mut bytes) = (0, vec![0; 1 << 16]);
        while read < BYTES {
            read += connection.read(&mut bytes).await? as u64;
        }
        connection.write_u64(read).await
    }))
    .await?;
    let dialer = Dialer::new(peer.addr())?;
    let dialer = match seconds {
        ..60 => dialer,
        _ => dialer.dead_after(None),
    };
    let link = TcpConnector::new(dialer, async |mut stream: TcpStream, _: Session| {
        let bytes = vec![1; 1 << 20];
        for _ in 0..BYTES >> 20 {
            stream.write_all(&bytes).await?;
        }
        match stream.read_u64().await? {
            BYTES => Ok(End::Exit),
            read => Err(io::Error::other(format!("it read {read} bytes"))),
        }
    });
    let runner = Runner::new(link);
    let handle = runner.handle();
    timeout(Duration::from_secs(seconds + 30), runner.run()).await??;
    let failures = handle.stats().failures;
    check(
        failures == 0,
        format!("{BYTES} bytes arrived, {failures} failures"),
    )
}

/// 50 tasks find one connection broken: it is closed, and then replaced once.
pub(super) async fn reconnect() -> Measured {
    let server = TcpListener::bind("127.0.0.1:0").await?;
    let client = client(Dialer::new(server.local_addr()?)?);
    let accept = async || {
        let (mut stream, _) = timeout(STABLE_AFTER / 2, server.accept()).await??;
        stream.write_all(b".").await?;
        Ok::<_, io::Error>(stream)
    };
    let old = accept().await?;
    ready(&client, STABLE_AFTER).await?;
    sleep(STABLE_AFTER / 2).await;
    let broken = client.handle.connected().await.map_err(io::Error::other)?;
    let tasks: JoinSet<()> = iter::repeat_n(client.handle.clone(), 50)
        .map(|handle| async move { handle.reconnect_if(broken) })
        .collect();
    tasks.join_all().await;
    let _new = accept().await?;
    let is_closed = old.try_read(&mut [0])? == 0;
    let is_last = accept().await.is_err();
    let failures = client.handle.stats().failures;
    check(
        is_closed && is_last && failures == 0,
        format!("closed first: {is_closed}, replaced once: {is_last}, {failures} failures"),
    )
}

/// All are asked at one moment to go away, and come back.
pub(super) async fn go_away() -> Measured {
    allow_descriptors(4 * CLIENTS as u64)?;
    let go = watch::Sender::new(());
    let asked = go.clone();
    let peer = Peer::start(Behaviour::serve(move |mut connection| {
        let mut asked = asked.subscribe();
        async move {
            connection.write_all(b".").await?;
            asked.changed().await.map_err(io::Error::other)?;
            connection.write_all(b"!").await?;
            connection.read_u8().await.map(drop)
        }
    }))
    .await?;
    let delays = Arc::<Mutex<Vec<u128>>>::default();
    let mut handles: Vec<Handle> = Vec::new();
    for _ in 0..CLIENTS {
        let noted = Arc::clone(&delays);
        let link = TcpConnector::new(Dialer::new(peer.addr())?, stay).ready_when_marked();
        let runner = Runner::new(link).on_event(move |event| {
            if let Event::Waiting { delay, .. } = event {
                let mut noted = noted.lock().unwrap_or_else(PoisonError::into_inner);
                noted.push(delay.as_millis());
            }
        });
        handles.push(runner.spawn().0);
    }
    let _end: Vec<_> = handles.iter().map(Handle::shutdown_on_drop).collect();
    peer.live(CLIENTS).await?;
    sleep(STABLE_AFTER + Duration::from_secs(2)).await;
    go.send_replace(());
    peer.until(|counts| counts.accepted == 2 * CLIENTS && counts.live == CLIENTS)
        .await?;
    sleep(Duration::from_secs(1)).await;
    let failures: u64 = handles.iter().map(|it| it.stats().failures).sum();
    let delays = delays.lock().unwrap_or_else(PoisonError::into_inner);
    let in_bin = |bin| delays.iter().filter(|&&delay| delay / 10 == bin).count();
    let most = (0..=100).map(in_bin).max().unwrap_or(0);
    let renewals = delays.len();
    check(
        failures == 0 && renewals == CLIENTS && most <= CLIENTS * 3 / 100,
        format!("{renewals} renewals, {failures} failures, at most {most} in 10 ms"),
    )
}

async fn stay(mut stream: TcpStream, session: Session) -> io::Result<End> {
    loop {
        match stream.read_u8().await? {
            b'.' => session.ready(),
            b'!' => return Ok(End::Renew),
            _ => return Err(closed()),
        }
    }
}
