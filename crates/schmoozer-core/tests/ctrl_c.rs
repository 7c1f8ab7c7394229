//! Ctrl-C, for real: the signal is for a whole process, so this test has one of its own.
#![cfg(unix)]

use std::io;
use std::process::Command;
use std::time::Duration;

use schmoozer_core::{Session, connector_fn};
use schmoozer_faults::Checker;
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};

#[tokio::test]
async fn ctrl_c_stops_the_loop_and_leaves_time_for_a_goodbye() {
    let (connection, mut server) = tokio::io::duplex(64);
    let mut connection = Some(connection);
    let connector = connector_fn(
        || {
            let connection = connection.take();
            std::future::ready(connection.ok_or_else(|| io::Error::other("connected twice")))
        },
        async |mut connection: DuplexStream, session: Session| {
            connection.write_all(b"hello ").await?;
            let end = session.stopping().await;
            connection.write_all(b"bye").await?;
            Ok(end)
        },
        [Duration::from_secs(1)],
    );
    let runner = Checker::within(Duration::from_secs(10))
        .runner(connector)
        .shutdown(tokio::signal::ctrl_c());
    let interrupting = async {
        let mut hello = [0; 6];
        server.read_exact(&mut hello).await.unwrap();
        // The shell's own, since not every system has a program of this name.
        let killed = Command::new("sh").args(["-c", "kill -INT $PPID"]).status();
        assert!(killed.unwrap().success());
        let mut goodbye = String::new();
        server.read_to_string(&mut goodbye).await.unwrap();
        goodbye
    };
    let (ended, goodbye) = tokio::join!(runner.run(), interrupting);
    ended.unwrap();
    assert_eq!(goodbye, "bye");
}
