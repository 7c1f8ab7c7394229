use std::io;
use std::time::Duration;

use tokio::time::{Instant, sleep};

use crate::client::Client;
use crate::server::Server;
use crate::verdict::Verdict;

/// How long the scenes with a real server take.
#[derive(Debug, Clone, Copy)]
pub struct Scene {
    /// How long a client must be ready until an outage is over.
    pub(crate) stable: Duration,
    /// How long a server is bad.
    pub(crate) bad: Duration,
    /// How often it is restarted or reloaded.
    pub(crate) times: u32,
}

/// How long anything may take that is due.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

/// How long a server may keep a client waiting.
pub(crate) const SILENCE: Duration = Duration::from_secs(1);

impl Scene {
    /// With the default `stable_after`, and bad for a minute.
    pub const FULL: Self = Self {
        stable: Duration::from_secs(10),
        bad: Duration::from_secs(60),
        times: 5,
    };

    /// Some seconds a server.
    pub const QUICK: Self = Self {
        stable: Duration::from_millis(500),
        bad: Duration::from_secs(2),
        times: 1,
    };

    /// The most attempts that the default policy makes in an outage of this length: its delays are 0.5 s in the mean
    /// once they have grown, and one outage has at most eight before.
    pub(crate) fn attempts_in(bad: Duration) -> u64 {
        3 * bad.as_secs() + 12
    }

    /// Does `hurt` to the server as often as it should, and each time waits for the outage and its end.
    pub(crate) async fn repeat(
        &self,
        on: &'static str,
        client: Client,
        server: &mut Server,
        mut hurt: impl AsyncFnMut(&mut Server, &Client) -> io::Result<()>,
    ) -> io::Result<Verdict> {
        client.stable(PATIENCE).await?;
        for _ in 0..self.times {
            hurt(server, &client).await?;
            client.lost(PATIENCE).await?;
            client.stable(PATIENCE).await?;
        }
        Ok(self.verdict(on, client).await)
    }

    /// Ends a client of a server that was hurt so often, for 2 s at most.
    pub(crate) async fn verdict(&self, on: &'static str, client: Client) -> Verdict {
        let attempts = u64::from(self.times) * Self::attempts_in(Duration::from_secs(2));
        client.end().await.verdict(on, self.times.into(), attempts)
    }

    /// Kills the server as often as it should, and starts it again when the client has seen that.
    pub(crate) async fn kills(&self, client: Client, server: &mut Server) -> io::Result<Verdict> {
        let kill = async |server: &mut Server, client: &Client| {
            server.kill().await?;
            client.lost(PATIENCE).await?;
            server.listen().await
        };
        self.repeat("kill", client, server, kill).await
    }
}

/// Waits until something `holds`, and returns how long that took.
pub(crate) async fn until(
    patience: Duration,
    what: impl Fn() -> String,
    mut holds: impl FnMut() -> bool,
) -> io::Result<Duration> {
    let begin = Instant::now();
    while !holds() {
        if begin.elapsed() > patience {
            let late = format!("after {patience:?}, {}", what());
            return Err(io::Error::new(io::ErrorKind::TimedOut, late));
        }
        sleep(Duration::from_millis(5)).await;
    }
    Ok(begin.elapsed())
}
