use std::io;
use std::sync::Arc;
use std::time::Duration;

use fastrand::Rng;
use tokio::time::{Instant, sleep};

use crate::client::Client;
use crate::program::Installed;
use crate::promises::Promises;
use crate::report::{self, ClientReport};
use crate::scene::{Scene, until};
use crate::server::Server;
use crate::verdict::Verdict;

/// Kills a real server again and again while it has much to do, and looks after its clients.
#[derive(Debug, Clone, Copy)]
pub struct KillRun {
    /// How often it is killed while all its clients are there; now and then it is killed before too.
    pub kills: u32,
    /// The moments are drawn from this.
    pub seed: u64,
}

/// How many clients listen to what one more has to tell.
const LISTENERS: usize = 3;
/// How long the clients have to be back.
const PATIENCE: Duration = Duration::from_secs(60);

/// A server and its clients.
struct Play {
    server: Server,
    /// The one that has something to tell, and those that listen.
    clients: Vec<Client>,
    early: u32,
    rng: Rng,
}

impl KillRun {
    /// Kills `installed`, and judges what became of its clients. `tell` receives a line each time that
    /// they are back.
    ///
    /// # Errors
    ///
    /// When the server does not start, ends by itself or leaves processes behind, and when a client is
    /// not back in time.
    pub async fn run(
        &self,
        installed: &Installed,
        mut tell: impl FnMut(&str),
    ) -> io::Result<Vec<Verdict>> {
        let promises = Arc::new(Promises::to(LISTENERS));
        let mut server = installed.server().await?;
        server.start()?;
        let teller = installed.client(server.addr(), None, &promises)?;
        let mut scene = Play {
            server,
            clients: vec![teller],
            early: 0,
            rng: Rng::with_seed(self.seed),
        };
        // Only when the server answers: so each outage of theirs is ours.
        let mut down = scene.all_back(&[0]).await?;
        let at = scene.server.addr();
        for number in 0..LISTENERS {
            let listener = installed.client(at, Some(number), &promises)?;
            scene.clients.push(listener);
        }
        let never = vec![0; 1 + LISTENERS];
        scene.all_back(&never).await?;

        for kill in 1..=self.kills {
            scene.later(Duration::from_millis(800)).await;
            let begin = Instant::now();
            let came = scene.kill_and_start().await?;
            let back = scene.all_back(&came).await?;
            down += begin.elapsed();
            let early = scene.early;
            let of = self.kills;
            tell(&format!(
                "killed {kill} of {of} times, and {early} times early; all are back after {:.2} s",
                back.as_secs_f64()
            ));
        }
        scene.later(Duration::from_millis(800)).await;
        let early = scene.early;
        let teller = scene.clients.remove(0).end().await;
        // What is missed is in the verdict.
        let _ = until(PATIENCE, String::new, || promises.caught_up()).await;
        let mut listeners: Vec<ClientReport> = Vec::new();
        for listener in scene.clients {
            listeners.push(listener.end().await);
        }
        scene.server.kill().await?;
        let arrivals = report::on_arrivals(&listeners, self.kills, early);
        let mut verdicts = vec![arrivals, promises.verdict()];
        // Each return of a listener ends an outage; the teller may have had one before its first.
        let told = teller.outages.min(teller.arrivals.into());
        let expected = |it: &ClientReport| u64::from(it.arrivals).saturating_sub(1);
        let listeners = listeners.iter().map(|it| ("listener", it, expected(it)));
        for (on, report, outages) in listeners.chain([("teller", &teller, told)]) {
            let attempts = Scene::attempts_in(down) + outages * Scene::attempts_in(Duration::ZERO);
            verdicts.push(report.verdict(on, outages, attempts));
        }
        Ok(verdicts)
    }
}

impl Play {
    /// Waits a while, no longer than this.
    async fn later(&mut self, at_most: Duration) {
        sleep(at_most.mul_f64(self.rng.f64())).await;
    }

    /// Kills the server and starts it again, and now and then does so once more before all are back; how
    /// often each client had arrived by then.
    async fn kill_and_start(&mut self) -> io::Result<Vec<u32>> {
        loop {
            self.server.kill().await?;
            for client in &self.clients {
                client.gone(PATIENCE).await?;
            }
            let came = self.clients.iter().map(Client::arrivals).collect();
            self.later(Duration::from_millis(500)).await;
            self.server.start()?;
            if self.rng.u8(..4) > 0 {
                return Ok(came);
            }
            self.later(Duration::from_millis(300)).await;
            self.early += 1;
        }
    }

    /// Waits until each client has arrived once more than it `came`; how long that took.
    async fn all_back(&mut self, came: &[u32]) -> io::Result<Duration> {
        let pairs = || self.clients.iter().zip(came);
        let late = || format!("{} of these are not back", came.len());
        let back = || pairs().all(|(client, came)| client.arrivals() > *came);
        let waited = until(PATIENCE, late, back).await;
        self.server.is_up()?;
        waited
    }
}
