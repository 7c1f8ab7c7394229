//! Ctrl-C, for real: the signal is for a whole process, so this test has one of its own.
#![cfg(unix)]

use std::process::{Command, id};
use std::time::Duration;

use schmoozer_core::{Runner, connector_fn};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

#[tokio::test]
async fn ctrl_c_stops_the_loop_and_leaves_time_for_a_goodbye() {
    let (connection, mut server) = tokio::io::duplex(64);
    let mut connection = Some(connection);
    let connector = connector_fn(
        || std::future::ready(connection.take().ok_or("connected twice")),
        async |mut connection| {
            let interrupted = tokio::signal::ctrl_c();
            connection
                .write_all(b"hello ")
                .await
                .map_err(|_| "closed")?;
            interrupted.await.map_err(|_| "no signals here")?;
            connection.write_all(b"bye").await.map_err(|_| "closed")
        },
        [Duration::from_secs(1)],
    );
    let runner = Runner::new(connector)
        .shutdown(tokio::signal::ctrl_c())
        .grace(Duration::from_secs(60));
    let interrupting = async {
        let mut hello = [0; 6];
        server.read_exact(&mut hello).await.unwrap();
        let killed = Command::new("kill")
            .args(["-INT", &id().to_string()])
            .status();
        assert!(killed.unwrap().success());
        let mut goodbye = String::new();
        server.read_to_string(&mut goodbye).await.unwrap();
        goodbye
    };
    let (ended, goodbye) = tokio::join!(runner.run(), interrupting);
    assert_eq!((ended, goodbye.as_str()), (Ok(()), "bye"));
}
