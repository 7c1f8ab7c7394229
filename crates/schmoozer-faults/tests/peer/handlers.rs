//! What users write themselves.

use std::io::{self, ErrorKind};
use std::time::Duration;

use schmoozer_faults::{Behaviour, Handler, Peer};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader, split};

use crate::{Result, connect, rest, until_error};

#[tokio::test]
async fn a_handler_serves_each_connection_until_it_returns() -> Result {
    let peer = Peer::start(Behaviour::serve(|connection| async move {
        let client = connection.client_addr();
        let (from, mut to) = split(connection);
        let mut lines = BufReader::new(from).lines();
        while let Some(line) = lines.next_line().await? {
            if line == "bye" {
                break;
            }
            let answer = format!("{client} said {line}\n");
            to.write_all(answer.as_bytes()).await?;
        }
        Ok(())
    }))
    .await?;
    for _ in 0..3 {
        let mut stream = connect(&peer).await?;
        stream.write_all(b"one\ntwo\nbye\nthree\n").await?;
        let me = stream.local_addr()?;
        let answers = String::from_utf8(rest(&mut stream).await?)?;
        assert_eq!(answers, format!("{me} said one\n{me} said two\n"));
    }
    Ok(())
}

#[tokio::test]
async fn a_drip_can_be_broken_off() -> Result {
    let drip = Handler::drip("abc", Duration::from_millis(1));
    let peer = Peer::start(Behaviour::CloseAfter(4, drip)).await?;
    assert_eq!(rest(&mut connect(&peer).await?).await?, b"abca");
    Ok(())
}

#[tokio::test]
async fn an_error_of_a_handler_ends_its_connection_alone() -> Result {
    let peer = Peer::start(Behaviour::serve(|mut connection| async move {
        match connection.read_u8().await? {
            b'!' => Err(io::Error::other("refused")),
            byte => connection.write_all(&[byte; 3]).await,
        }
    }))
    .await?;
    let mut bad = connect(&peer).await?;
    let mut good = connect(&peer).await?;
    bad.write_all(b"!").await?;
    assert_eq!(rest(&mut bad).await?, b"");
    good.write_all(b"a").await?;
    assert_eq!(rest(&mut good).await?, b"aaa");
    peer.live(0).await?;
    Ok(())
}

#[tokio::test]
#[cfg_attr(windows, ignore = "Windows drops what was not read when a reset comes")]
async fn a_handler_may_reset_and_shut_down() -> Result {
    let peer = Peer::start(Behaviour::serve(|mut connection| async move {
        connection.read_u8().await?;
        connection.write_all(b"half a li").await?;
        connection.reset();
        Ok(())
    }))
    .await?;
    let mut stream = connect(&peer).await?;
    stream.write_all(b"?").await?;
    let (came, kind) = until_error(&mut stream).await;
    assert_eq!(
        (came.as_slice(), kind),
        (&b"half a li"[..], ErrorKind::ConnectionReset)
    );
    peer.switch(Behaviour::serve(|mut connection| async move {
        connection.shutdown().await?;
        // Half closed: what the client says still comes.
        assert_eq!(connection.read_u8().await?, b'?');
        Ok(())
    }))
    .await?;
    let mut stream = connect(&peer).await?;
    assert_eq!(rest(&mut stream).await?, b"");
    peer.live(1).await?;
    stream.write_all(b"?").await?;
    peer.live(0).await?;
    Ok(())
}

#[tokio::test]
async fn a_panic_of_a_handler_fails_the_waits_of_the_test() -> Result {
    let peer = Peer::start(Behaviour::serve(|mut connection| async move {
        let byte = connection.read_u8().await?;
        assert_eq!(byte, b'a', "this panic is part of a test");
        Ok(())
    }))
    .await?;
    let mut stream = connect(&peer).await?;
    stream.write_all(b"b").await?;
    let error = peer.live(7).await.expect_err("the handler panics");
    assert_eq!(error.to_string(), "a handler panicked");
    assert_eq!(peer.counts().live, 0);
    Ok(())
}

#[tokio::test]
async fn a_wait_ends_and_says_what_it_saw() -> Result {
    let peer = Peer::start(Behaviour::Echo).await?;
    let peer = peer.patience(Duration::from_millis(100));
    let _stream = connect(&peer).await?;
    peer.accepted(1).await?;
    let error = peer.accepted(2).await.expect_err("there is one client");
    assert_eq!(error.kind(), ErrorKind::TimedOut);
    let text = error.to_string();
    assert!(text.contains("accepted: 1, live: 1"), "{text}");
    Ok(())
}
