//! Connectors as programs write them compile without a type that the reader could guess, and do what they say.

use std::collections::VecDeque;
use std::io;

use schmoozer_core::{End, Retry, Session, closed, connector_fn, connector_with, retry, run};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufStream, DuplexStream};
use tokio::time::sleep;

use crate::checked::{checked, secs};

/// Connects to a server that closes after 3 s.
async fn dial() -> io::Result<DuplexStream> {
    let (connection, server) = tokio::io::duplex(64);
    tokio::spawn(async move {
        sleep(secs(3)).await;
        drop(server);
    });
    Ok(connection)
}

#[tokio::test(start_paused = true)]
async fn closures_that_log_in_and_say_goodbye() {
    let link = connector_fn(
        dial,
        async |stream, session: Session| {
            let mut stream = BufStream::new(stream);
            session.ready();
            let mut line = String::new();
            loop {
                tokio::select! {
                    read = stream.read_line(&mut line) => match read? {
                        0 => return Err(closed()),
                        _ => line.clear(),
                    },
                    end = session.stopping() => {
                        stream.write_all(b"QUIT\n").await?;
                        stream.flush().await?;
                        return Ok(end);
                    }
                }
            }
        },
        [1, 2, 4].map(secs),
    );
    let link = link
        .ready_when_marked()
        .retry_if(|failure| failure.attempt < 3);
    let runner = checked(link);
    let handle = runner.handle();
    let error = runner.run().await.unwrap_err();
    assert_eq!(error.to_string(), "closed by the peer");
    let stopped = handle.stopped().await.to_string();
    assert_eq!(stopped, "ended by a final error: closed by the peer");
    assert_eq!(handle.stats().attempts, 3);
}

#[derive(Debug, PartialEq)]
struct Queue {
    jobs: VecDeque<u32>,
    log: Vec<u32>,
}

impl Queue {
    async fn connect(&mut self) -> io::Result<String> {
        sleep(secs(1)).await;
        self.log.push(0);
        Ok(String::new())
    }

    async fn drain(&mut self, _: String, _: Session) -> io::Result<End> {
        while let Some(job) = self.jobs.pop_front() {
            self.log.push(job);
            sleep(secs(1)).await;
            if job == 2 {
                return Err(closed());
            }
        }
        Ok(End::Exit)
    }
}

#[tokio::test(start_paused = true)]
async fn methods_of_a_state_that_outlives_connections() {
    let queue = Queue {
        jobs: [1, 2, 3].into(),
        log: Vec::new(),
    };
    let mut link = connector_with(queue, Queue::connect, Queue::drain, [secs(1); 3]);
    checked(&mut link).run().await.unwrap();
    assert_eq!(link.into_state().log, [0, 1, 2, 0, 3]);
}

#[tokio::test(start_paused = true)]
async fn closures_over_a_state_in_a_spawned_task() {
    let mut link = connector_with(
        5_u8,
        async |count: &mut u8| {
            *count += 1;
            Ok::<_, io::Error>(*count)
        },
        async |count: &mut u8, connection: u8, _: Session| {
            *count += connection;
            Ok(End::Exit)
        },
        [secs(1); 3],
    );
    let task = tokio::spawn(async move {
        run(&mut link).await.unwrap();
        link.into_state()
    });
    assert_eq!(task.await.unwrap(), 12);
}

#[tokio::test(start_paused = true)]
async fn a_plain_operation_that_borrows() {
    let client = String::from("client");
    let mut tries = 0;
    let answer = retry([1, 2].map(secs), || {
        tries += 1;
        let client = &client;
        async move {
            match tries {
                3 => Ok(client.len()),
                _ => Err(io::Error::from(io::ErrorKind::TimedOut)),
            }
        }
    })
    .when(|error| error.kind() == io::ErrorKind::TimedOut)
    .on_failure(|error, delay| assert!(delay >= secs(1), "{error}"))
    .await;
    assert_eq!(answer.unwrap(), 6);

    let dialing = retry(Retry::new([secs(1)]).give_up_after(secs(5)), dial);
    let task = tokio::spawn(dialing.into_future());
    task.await.unwrap().unwrap();
}
