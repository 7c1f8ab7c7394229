//! A client of a Unix socket, on `schmoozer-core` alone: a [`Connector`] written by hand.
//! Shows the trait's three methods, `Retry`, and a connection that is ready when the server answers.
//! Without arguments it takes its own server down and up again once; `-- PATH` asks any that answers a line with a line.

#[cfg(unix)]
#[tokio::main]
async fn main() -> std::io::Result<()> {
    unix::demonstrate().await
}

#[cfg(not(unix))]
fn main() {
    println!("skipped: this example needs Unix sockets");
}

#[cfg(unix)]
mod unix {
    use std::io;
    use std::iter::{Repeat, repeat};
    use std::path::PathBuf;
    use std::time::Duration;

    use clap::Parser;
    use schmoozer_core::{
        ConnResult, Connector, End, Failure, Lifecycle, Retry, RetryResult, RunResult, Session,
        closed, run,
    };
    use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
    use tokio::net::{UnixListener, UnixStream};

    #[derive(Parser)]
    struct Arguments {
        /// The socket of the server to ask
        path: Option<PathBuf>,
    }

    /// Asks the server for numbers, one after the other, until it has enough.
    struct Counter {
        path: PathBuf,
        retry: Retry<Repeat<Duration>>,
        received: u32,
        wanted: u32,
    }

    impl Connector for Counter {
        type Connection = UnixStream;
        type Error = io::Error;

        async fn connect(&mut self) -> ConnResult<UnixStream, io::Error> {
            UnixStream::connect(&self.path).await.into()
        }

        async fn run(&mut self, stream: UnixStream, session: Session) -> RunResult<io::Error> {
            self.ask(stream, session).await.into()
        }

        async fn retry_delay(&mut self, failure: Failure<io::Error>) -> RetryResult<io::Error> {
            println!("{}", failure.cause);
            self.retry.on_failure(failure)
        }

        fn lifecycle(&self) -> Lifecycle {
            Lifecycle::new().ready_when_marked()
        }
    }

    impl Counter {
        async fn ask(&mut self, stream: UnixStream, session: Session) -> io::Result<End> {
            let mut stream = BufReader::new(stream);
            while self.received < self.wanted {
                stream.write_all(b"next\n").await?;
                let mut line = String::new();
                if stream.read_line(&mut line).await? == 0 {
                    return Err(closed());
                }
                session.ready();
                self.received += 1;
                println!("received {}", line.trim_end());
            }
            Ok(End::Exit)
        }
    }

    pub(super) async fn demonstrate() -> io::Result<()> {
        let Arguments { path } = Arguments::parse();
        if let Some(path) = path {
            return keep(path).await;
        }
        let path = std::env::temp_dir().join(format!("schmoozer-{}.sock", std::process::id()));
        let server = tokio::spawn(serve_twice(path.clone()));
        keep(path).await?;
        println!("over two lives of the server");
        server.await.map_err(io::Error::other)?
    }

    async fn keep(path: PathBuf) -> io::Result<()> {
        // Any iterator of durations is a policy; `schmoozer-backoff` has better ones.
        let retry = Retry::new(repeat(Duration::from_millis(100)));
        let mut counter = Counter {
            path,
            retry,
            received: 0,
            wanted: 6,
        };
        run(&mut counter).await?;
        println!("all {} received", counter.received);
        Ok(())
    }

    /// Answers three questions, goes away for a while, and comes back for three more.
    async fn serve_twice(path: PathBuf) -> io::Result<()> {
        for numbers in [1..=3, 4..=6] {
            tokio::time::sleep(Duration::from_millis(200)).await;
            let listener = UnixListener::bind(&path)?;
            let (stream, _) = listener.accept().await?;
            std::fs::remove_file(&path)?;
            let mut stream = BufReader::new(stream);
            for number in numbers {
                stream.read_line(&mut String::new()).await?;
                stream.write_all(format!("{number}\n").as_bytes()).await?;
            }
        }
        Ok(())
    }
}
