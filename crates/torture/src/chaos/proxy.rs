use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use fastrand::Rng;
use schmoozer_faults::{Behaviour, Connection, Handler, Peer};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, copy, split};
use tokio::net::TcpStream;
use tokio::time::{Instant, sleep};

/// How many things go wrong until the clients must be back.
const FAULTS: u32 = 6;

/// Passes on what a server and its clients send, and has things go wrong between them.
#[derive(Debug)]
pub(super) struct Proxy {
    pub(super) peer: Peer,
    well: Handler,
    late: Arc<AtomicU64>,
}

impl Proxy {
    pub(super) async fn start(server: SocketAddr) -> io::Result<Self> {
        let late = Arc::<AtomicU64>::default();
        let shared = Arc::clone(&late);
        let well = Handler::new(move |client| relay(client, server, Arc::clone(&shared)));
        let peer = Peer::start(Behaviour::Serve(well.clone())).await?;
        Ok(Self { peer, well, late })
    }

    /// Has one thing after the other go wrong, and returns since when nothing does: then all that were connected are
    /// closed, reset or frozen, and others are served.
    pub(super) async fn storm(&self, rng: &mut Rng) -> io::Result<Instant> {
        for _ in 0..FAULTS {
            let (fault, late, pause) = step(rng, &self.well);
            self.late.store(late, Ordering::Relaxed);
            fault.befall(&self.peer).await?;
            sleep(pause).await;
        }
        self.late.store(0, Ordering::Relaxed);
        let served = Behaviour::Serve(self.well.clone());
        self.peer.switch(served).await?;
        let well = Instant::now();
        let last = rng.choice([Fault::Close, Fault::Reset, Fault::Freeze]);
        last.unwrap_or(Fault::Freeze).befall(&self.peer).await?;
        Ok(well)
    }
}

/// One thing that goes wrong.
#[derive(Debug)]
enum Fault {
    Close,
    Reset,
    Freeze,
    /// Those who come from now on meet this. If true, the others are closed.
    Become(Behaviour, bool),
}

impl Fault {
    fn draw(rng: &mut Rng, well: &Handler) -> Self {
        let behaviour = match rng.u8(0..11) {
            0 => return Self::Close,
            1 => return Self::Reset,
            2 => return Self::Freeze,
            3 => Behaviour::Refuse,
            4 => Behaviour::BlackHole,
            5 => Behaviour::Close,
            6 => Behaviour::Reset,
            7 => Behaviour::Silent,
            // Within the answer to a login, after it, or a little later.
            8 => Behaviour::CloseAfter(rng.usize(1..40), well.clone()),
            9 => Behaviour::ResetAfter(rng.usize(8..400), well.clone()),
            _ => Behaviour::Serve(well.clone()),
        };
        Self::Become(behaviour, rng.bool())
    }

    async fn befall(self, peer: &Peer) -> io::Result<()> {
        match self {
            Self::Close => peer.close_live().await,
            Self::Reset => peer.reset_live().await,
            Self::Freeze => peer.freeze_live().await,
            Self::Become(behaviour, false) => peer.switch(behaviour).await.map(drop),
            Self::Become(behaviour, true) => peer.restart(behaviour).await.map(drop),
        }
    }
}

/// Does the next bad thing to a peer or its clients, as a generator has it, or has it serve as when it is well.
pub(crate) async fn misbehave(peer: &Peer, rng: &mut Rng, well: &Handler) -> io::Result<()> {
    Fault::draw(rng, well).befall(peer).await
}

/// Draws what goes wrong next, how many milliseconds late answers then are, and for how long.
fn step(rng: &mut Rng, well: &Handler) -> (Fault, u64, Duration) {
    // Half of the time, nothing is late.
    let late = rng.u64(0..2_400).saturating_sub(1_200);
    let pause = Duration::from_millis(rng.u64(50..1_500));
    (Fault::draw(rng, well), late, pause)
}

/// Passes on both ways, until one side ends.
async fn relay(client: Connection, to: SocketAddr, late: Arc<AtomicU64>) -> io::Result<()> {
    let mut server = TcpStream::connect(to).await?;
    let (mut from_server, mut to_server) = server.split();
    let (mut from_client, mut to_client) = split(client);
    let answers = async {
        loop {
            let answer = from_server.read_u64().await?;
            sleep(Duration::from_millis(late.load(Ordering::Relaxed))).await;
            to_client.write_all(&answer.to_be_bytes()).await?;
        }
    };
    tokio::select! {
        ended = copy(&mut from_client, &mut to_server) => ended.map(drop),
        ended = answers => ended,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_draws_the_same_faults_each_time_and_all_kinds_of_them() {
        let drawn = |seed| {
            let mut rng = Rng::with_seed(seed);
            let steps = (0..100).map(|_| step(&mut rng, &Handler::echo()));
            format!("{:?}", steps.collect::<Vec<_>>())
        };
        assert_eq!(drawn(1), drawn(1));
        assert_ne!(drawn(1), drawn(2));
        let kinds = "(Close, (Reset, (Freeze, Refuse, BlackHole, Silent, CloseAfter ResetAfter";
        for kind in kinds.split(' ') {
            assert!(drawn(1).contains(kind), "{kind}");
        }
        // Not late, or by a second and more.
        assert!(drawn(1).contains("), 0, ") && drawn(1).contains("), 1"));
    }
}
