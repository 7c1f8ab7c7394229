//! What a peer counts.

use schmoozer_faults::{Behaviour, Handler, Peer};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::Instant;

use crate::{Result, connect, rest};

#[tokio::test]
async fn what_a_client_has_seen_is_counted() -> Result {
    let peer = Peer::start(Behaviour::Echo).await?;
    for round in 1..=100_u64 {
        let mut stream = connect(&peer).await?;
        stream.write_all(b"12345").await?;
        stream.read_exact(&mut [0; 5]).await?;
        let counts = peer.counts();
        assert_eq!((counts.bytes_in, counts.bytes_out), (round * 5, round * 5));
        assert_eq!(counts.accepted as u64, round);
        assert_eq!(counts.live, 1);
        stream.shutdown().await?;
        assert_eq!(rest(&mut stream).await?, b"");
        assert_eq!(peer.counts().live, 0);
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_client_on_another_thread_has_seen_is_counted() -> Result {
    let peer = Peer::start(Behaviour::CloseAfter(3, Handler::echo())).await?;
    for round in 1..=300_u64 {
        let mut stream = connect(&peer).await?;
        stream.write_all(b"12345").await?;
        stream.read_exact(&mut [0; 3]).await?;
        assert_eq!(peer.counts().bytes_out, round * 3);
        assert_eq!(rest(&mut stream).await?, b"");
        let counts = peer.counts();
        assert_eq!(counts.accepted as u64, round);
        assert_eq!(counts.bytes_in, round * 5);
        assert_eq!(counts.live, 0);
    }
    Ok(())
}

#[tokio::test]
async fn accepts_have_their_times() -> Result {
    let peer = Peer::start(Behaviour::Close).await?;
    let mut marks = vec![Instant::now()];
    for count in 1..=3 {
        let _stream = connect(&peer).await?;
        peer.accepted(count).await?;
        marks.push(Instant::now());
    }
    let times = peer.accept_times();
    assert_eq!(times.len(), 3);
    for (time, mark) in times.iter().zip(marks.windows(2)) {
        assert!((mark[0]..=mark[1]).contains(time));
    }
    Ok(())
}

#[tokio::test]
async fn waits_end_when_the_counts_are_there() -> Result {
    let peer = Peer::start(Behaviour::Silent).await?;
    let addr = peer.addr();
    let client = tokio::spawn(async move {
        let mut streams = Vec::new();
        for _ in 0..5 {
            let mut stream = tokio::net::TcpStream::connect(addr).await?;
            stream.write_all(b"abc").await?;
            streams.push(stream);
        }
        std::io::Result::Ok(streams)
    });
    // A predicate may look at the peer itself.
    peer.until(|counts| counts.bytes_in == 15 && peer.counts().bytes_in == 15)
        .await?;
    peer.live(5).await?;
    let mut streams = client.await??;
    streams.truncate(2);
    peer.live(2).await?;
    peer.accepted(4).await?;
    assert_eq!(peer.counts().accepted, 5);
    Ok(())
}
