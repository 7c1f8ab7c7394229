//! The table of the crate's documentation, row by row.

use std::io::ErrorKind;
use std::time::Duration;

use schmoozer_faults::{Behaviour, Handler, Peer};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout};

use crate::{PENDING, Result, SOON, connect, rest, until_error};

#[tokio::test]
async fn echo_sends_back_what_comes() -> Result {
    let peer = Peer::start(Behaviour::Echo).await?;
    let mut stream = connect(&peer).await?;
    let sent: Vec<u8> = (0..=255).cycle().take(300_000).collect();
    let (mut from, mut to) = stream.split();
    let mut came = vec![0; sent.len()];
    let (wrote, read) = tokio::join!(to.write_all(&sent), from.read_exact(&mut came));
    wrote?;
    read?;
    assert_eq!(came, sent);
    to.shutdown().await?;
    assert_eq!(rest(&mut stream).await?, b"");
    Ok(())
}

#[tokio::test]
async fn refuse_refuses() -> Result {
    let mut peers = vec![Peer::start(Behaviour::Refuse).await?];
    if cfg!(target_os = "linux") {
        // Elsewhere the host has but one address of this network.
        peers.push(Peer::start_at(([127, 0, 0, 2], 0), Behaviour::Refuse).await?);
        assert_eq!(peers[1].addr().ip().to_string(), "127.0.0.2");
    }
    for peer in peers {
        let error = connect(&peer).await.expect_err("nothing listens");
        assert_eq!(error.kind(), ErrorKind::ConnectionRefused);
        assert_eq!(peer.counts().accepted, 0);
    }
    Ok(())
}

#[tokio::test]
async fn close_ends_the_stream_without_a_reset_even_if_the_client_writes() -> Result {
    let peer = Peer::start(Behaviour::Close).await?;
    for _ in 0..50 {
        let mut stream = connect(&peer).await?;
        stream.write_all(b"hello").await?;
        assert_eq!(rest(&mut stream).await?, b"");
        stream.write_all(b"hello again").await?;
        assert_eq!(rest(&mut stream).await?, b"");
    }
    assert_eq!(peer.counts().accepted, 50);
    Ok(())
}

#[tokio::test]
async fn a_client_that_stays_sees_the_close_in_its_writes_within_seconds() -> Result {
    let peer = Peer::start(Behaviour::Close).await?;
    let mut stream = connect(&peer).await?;
    let writing = async {
        loop {
            if let Err(error) = stream.write_all(b"hello").await {
                return error.kind();
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    let kind = timeout(SOON, writing).await?;
    assert!(
        [ErrorKind::ConnectionReset, ErrorKind::BrokenPipe].contains(&kind),
        "{kind:?}"
    );
    Ok(())
}

#[tokio::test]
async fn reset_resets() -> Result {
    let peer = Peer::start(Behaviour::Reset).await?;
    for _ in 0..50 {
        let kind = match connect(&peer).await {
            Ok(mut stream) => {
                let (bytes, kind) = until_error(&mut stream).await;
                assert_eq!(bytes, b"");
                kind
            }
            Err(error) => error.kind(),
        };
        assert_eq!(kind, ErrorKind::ConnectionReset);
    }
    peer.accepted(50).await?;
    assert_eq!(peer.counts().accepted, 50);
    Ok(())
}

#[tokio::test]
async fn login_then_close_takes_a_line_answers_it_and_closes() -> Result {
    let peer = Peer::start(Behaviour::LoginThenClose("welcome\n".into())).await?;
    let mut stream = connect(&peer).await?;
    stream.write_all(b"LOGIN me").await?;
    assert!(timeout(PENDING, stream.read_u8()).await.is_err());
    stream.write_all(b"\nSUBSCRIBE\n").await?;
    assert_eq!(rest(&mut stream).await?, b"welcome\n");
    Ok(())
}

#[tokio::test]
async fn silent_reads_and_says_nothing() -> Result {
    let peer = Peer::start(Behaviour::Silent).await?;
    let mut stream = connect(&peer).await?;
    // More than all buffers hold.
    timeout(SOON, stream.write_all(&vec![0; 20_000_000])).await??;
    assert!(timeout(PENDING, stream.read_u8()).await.is_err());
    peer.until(|counts| counts.bytes_in == 20_000_000).await?;
    drop(stream);
    peer.live(0).await?;
    Ok(())
}

#[tokio::test]
#[cfg_attr(windows, ignore = "Windows takes a large write whole")]
async fn never_read_lets_writes_stop() -> Result {
    let peer = Peer::start(Behaviour::NeverRead).await?;
    let mut stream = connect(&peer).await?;
    // More than all buffers hold.
    let bytes = vec![0; 20_000_000];
    assert!(
        timeout(PENDING * 5, stream.write_all(&bytes))
            .await
            .is_err()
    );
    assert!(timeout(PENDING, stream.read_u8()).await.is_err());
    assert_eq!(peer.counts().bytes_in, 0);
    assert_eq!(peer.counts().live, 1);
    Ok(())
}

#[tokio::test]
#[cfg_attr(windows, ignore = "Windows tells of an end after what came before it")]
async fn never_read_sees_the_end_of_a_client_whose_bytes_fit_the_buffers() -> Result {
    let peer = Peer::start(Behaviour::NeverRead).await?;
    let mut stream = connect(&peer).await?;
    stream.write_all(b"hello").await?;
    peer.live(1).await?;
    drop(stream);
    peer.live(0).await?;
    assert_eq!(peer.counts().bytes_in, 0);
    Ok(())
}

#[tokio::test]
#[cfg_attr(
    not(target_os = "linux"),
    ignore = "a black hole can be had on Linux alone"
)]
async fn a_black_hole_leaves_connects_pending() -> Result {
    for addr in ["127.0.0.1:0", "[::1]:0"] {
        let peer = Peer::start_at(addr.parse::<std::net::SocketAddr>()?, Behaviour::BlackHole);
        let peer = peer.await?;
        let connects = (0..20).map(|_| tokio::spawn(TcpStream::connect(peer.addr())));
        let connects: Vec<_> = connects.collect();
        tokio::time::sleep(PENDING).await;
        assert!(connects.iter().all(|connect| !connect.is_finished()));
        assert_eq!(peer.counts().accepted, 0);
        for connect in connects {
            connect.abort();
        }
    }
    Ok(())
}

#[cfg(not(any(target_os = "linux", target_os = "android")))]
#[tokio::test]
async fn a_black_hole_is_refused_where_it_cannot_be_had() -> Result {
    let error = Peer::start(Behaviour::BlackHole)
        .await
        .expect_err("this is no Linux");
    assert_eq!(error.kind(), ErrorKind::Unsupported);
    Ok(())
}

#[tokio::test]
async fn drip_sends_a_byte_each_interval() -> Result {
    let every = Duration::from_millis(60);
    let peer = Peer::start(Behaviour::Drip("abc".into(), every)).await?;
    let mut stream = connect(&peer).await?;
    stream.write_all(b"is dropped").await?;
    let mut seen = Vec::new();
    let begun = Instant::now();
    for _ in 0..5 {
        let mut bytes = [0; 10];
        let len = timeout(SOON, stream.read(&mut bytes)).await??;
        seen.extend(&bytes[..len]);
    }
    // On a busy machine two bytes may come together.
    assert!(seen.starts_with(b"abcab"), "{seen:?}");
    assert!(begun.elapsed() >= every * 3, "{:?}", begun.elapsed());
    peer.until(|counts| counts.bytes_in == 10).await?;
    drop(stream);
    peer.live(0).await?;
    Ok(())
}

#[tokio::test]
async fn a_drip_of_nothing_sends_nothing_and_one_without_pause_floods() -> Result {
    let peer = Peer::start(Behaviour::Drip(Vec::new(), Duration::ZERO)).await?;
    let mut stream = connect(&peer).await?;
    assert!(timeout(PENDING, stream.read_u8()).await.is_err());
    peer.switch(Behaviour::Drip("x".into(), Duration::ZERO))
        .await?;
    let mut stream = connect(&peer).await?;
    timeout(SOON, stream.read_exact(&mut [0; 100])).await??;
    Ok(())
}

#[tokio::test]
async fn close_after_ends_the_stream_after_so_many_bytes() -> Result {
    let peer = Peer::start(Behaviour::CloseAfter(0, Handler::echo())).await?;
    for bytes in 0..12 {
        peer.switch(Behaviour::CloseAfter(bytes, Handler::echo()))
            .await?;
        let mut stream = connect(&peer).await?;
        stream.write_all(b"hello, ").await?;
        stream.write_all(b"world").await?;
        assert_eq!(rest(&mut stream).await?, b"hello, world"[..bytes]);
    }
    assert_eq!(peer.counts().bytes_out, (0..12).sum::<u64>());
    // Nothing to write is done at once, whatever the client does.
    peer.switch(Behaviour::CloseAfter(0, Handler::echo()))
        .await?;
    assert_eq!(rest(&mut connect(&peer).await?).await?, b"");
    Ok(())
}

#[tokio::test]
#[cfg_attr(windows, ignore = "Windows drops what was not read when a reset comes")]
async fn reset_after_resets_after_so_many_bytes() -> Result {
    let peer = Peer::start(Behaviour::Echo).await?;
    for bytes in 1..12 {
        peer.switch(Behaviour::ResetAfter(bytes, Handler::echo()))
            .await?;
        let mut stream = connect(&peer).await?;
        stream.write_all(b"hello, world").await?;
        let (came, kind) = until_error(&mut stream).await;
        assert_eq!(came, b"hello, world"[..bytes]);
        assert_eq!(kind, ErrorKind::ConnectionReset);
    }
    Ok(())
}

#[tokio::test]
#[cfg_attr(windows, ignore = "Windows drops what was not read when a reset comes")]
async fn a_handler_that_writes_less_than_the_limit_ends_in_good_order() -> Result {
    let short = || {
        Handler::new(|mut connection| async move {
            connection.read_u8().await?;
            connection.write_all(b"short").await
        })
    };
    for behaviour in [
        Behaviour::CloseAfter(6, short()),
        Behaviour::ResetAfter(6, short()),
    ] {
        let peer = Peer::start(behaviour).await?;
        let mut stream = connect(&peer).await?;
        stream.write_all(b"?").await?;
        assert_eq!(rest(&mut stream).await?, b"short");
    }
    // Reached by its last byte.
    let peer = Peer::start(Behaviour::ResetAfter(5, short())).await?;
    let mut stream = connect(&peer).await?;
    stream.write_all(b"?").await?;
    let (came, kind) = until_error(&mut stream).await;
    assert_eq!(
        (came.as_slice(), kind),
        (&b"short"[..], ErrorKind::ConnectionReset)
    );
    Ok(())
}

#[tokio::test]
async fn a_handler_does_not_see_the_limit() -> Result {
    let handler = Handler::new(|mut connection| async move {
        let written = connection.write_all(b"hello").await;
        // A panic would fail the wait below.
        panic!("this is not reached: {written:?}")
    });
    let peer = Peer::start(Behaviour::CloseAfter(2, handler)).await?;
    assert_eq!(rest(&mut connect(&peer).await?).await?, b"he");
    peer.live(0).await?;
    Ok(())
}

#[tokio::test]
async fn flap_goes_through_its_steps_over_and_over_and_closes_at_each() -> Result {
    let step = Duration::from_millis(300);
    let peer = Peer::start(Behaviour::Flap(vec![
        (step, Behaviour::Echo),
        (step, Behaviour::Refuse),
    ]))
    .await?;
    for _ in 0..2 {
        let up = async {
            loop {
                match connect(&peer).await {
                    Ok(stream) => return stream,
                    Err(error) => assert_eq!(error.kind(), ErrorKind::ConnectionRefused),
                }
                tokio::time::sleep(step / 10).await;
            }
        };
        let mut stream = timeout(SOON, up).await?;
        stream.write_all(b"echo").await?;
        // The next step comes, and closes this.
        assert_eq!(rest(&mut stream).await?, b"echo");
        let down = connect(&peer).await.map_err(|error| error.kind());
        assert_eq!(down.err(), Some(ErrorKind::ConnectionRefused));
    }
    assert_eq!(peer.counts().accepted, 2);
    Ok(())
}

#[tokio::test]
async fn a_schedule_that_cannot_be_is_an_error() -> Result {
    let nested = Behaviour::Flap(vec![(PENDING, Behaviour::Echo)]);
    let peer = Peer::start(Behaviour::Echo).await?;
    for steps in [
        vec![],
        vec![
            (Duration::ZERO, Behaviour::Echo),
            (Duration::ZERO, Behaviour::Refuse),
        ],
        vec![(PENDING, nested)],
    ] {
        let error = peer
            .switch(Behaviour::Flap(steps))
            .await
            .expect_err("it cannot be");
        assert_eq!(error.kind(), ErrorKind::InvalidInput);
    }
    // And what was before stays.
    connect(&peer).await?;
    Ok(())
}

#[tokio::test]
async fn a_step_may_last_forever() -> Result {
    let peer = Peer::start(Behaviour::Flap(vec![
        (PENDING, Behaviour::Refuse),
        (Duration::MAX, Behaviour::Echo),
    ]))
    .await?;
    assert!(connect(&peer).await.is_err());
    tokio::time::sleep(PENDING * 2).await;
    connect(&peer).await?;
    Ok(())
}
