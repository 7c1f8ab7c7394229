use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::Instant;

use crate::acceptor::{Acceptor, Command, Entrance};
use crate::behaviour::Behaviour;
use crate::ledger::{Counts, Ledger, SharedLedger};
use crate::port::Port;
use crate::serve::Order;
use crate::wait::{self, PATIENCE};

/// A TCP server on loopback that misbehaves as a test says. The test can change its behaviour while it runs.
///
/// It runs as tasks of the runtime that started it. Dropping it refuses new connections at once, closes
/// the live ones, and gives the port back.
///
/// Its sockets are real, so its clock must be too: do not use it with tokio's paused time.
///
/// # Examples
///
/// ```
/// use schmoozer_faults::{Behaviour, Peer};
/// use tokio::io::AsyncReadExt;
/// use tokio::net::TcpStream;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> std::io::Result<()> {
/// let peer = Peer::start(Behaviour::Close).await?;
/// let mut stream = TcpStream::connect(peer.addr()).await?;
/// assert_eq!(stream.read(&mut [0]).await?, 0);
///
/// peer.switch(Behaviour::Refuse).await?;
/// assert!(TcpStream::connect(peer.addr()).await.is_err());
/// assert_eq!(peer.counts().accepted, 1);
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Peer {
    addr: SocketAddr,
    entrance: Entrance,
    ledger: SharedLedger,
    commands: mpsc::UnboundedSender<Command>,
    patience: Duration,
}

impl Peer {
    /// Starts a peer on a free port of 127.0.0.1.
    ///
    /// # Errors
    ///
    /// When there is no port, or the behaviour cannot be had: see [`switch`](Self::switch).
    ///
    /// # Panics
    ///
    /// Outside a tokio runtime with I/O and time.
    pub async fn start(behaviour: Behaviour) -> io::Result<Self> {
        Self::start_at(([127, 0, 0, 1], 0), behaviour).await
    }

    /// Starts a peer at an address of this host. Port 0 stands for a free one.
    ///
    /// # Errors
    ///
    /// When the address cannot be had, or the behaviour cannot: see [`switch`](Self::switch).
    ///
    /// # Panics
    ///
    /// Outside a tokio runtime with I/O and time.
    pub async fn start_at(addr: impl Into<SocketAddr>, behaviour: Behaviour) -> io::Result<Self> {
        let port = Port::take(addr.into())?;
        let addr = port.addr();
        let entrance = Entrance::default();
        let ledger = Arc::new(watch::Sender::new(Ledger::default()));
        let acceptor = Acceptor::new(port, entrance.clone(), Arc::clone(&ledger));
        let (commands, received) = mpsc::unbounded_channel();
        tokio::spawn(acceptor.run(received));
        let peer = Self {
            addr,
            entrance,
            ledger,
            commands,
            patience: PATIENCE,
        };
        peer.switch(behaviour).await?;
        Ok(peer)
    }

    /// Sets how long each waiting method waits before it returns an error. Default: 10 s.
    #[must_use]
    pub fn patience(mut self, patience: Duration) -> Self {
        self.patience = patience;
        self
    }

    /// Returns the address to connect to. It stays the same whatever the behaviour.
    #[must_use]
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// Changes the behaviour for new connections. It is in force when this returns.
    ///
    /// Live connections go on as they were; so do those that clients made before the call, even if the
    /// peer had not yet accepted them. [`restart`](Self::restart) closes them.
    ///
    /// Returns how many connections the peer had accepted until then, so that a test can wait for the first
    /// ones that get the new behaviour:
    ///
    /// ```
    /// # use schmoozer_faults::{Behaviour, Peer};
    /// # use tokio::net::TcpStream;
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> std::io::Result<()> {
    /// # let peer = Peer::start(Behaviour::Echo).await?;
    /// let before = peer.switch(Behaviour::Close).await?;
    /// # let _clients = [TcpStream::connect(peer.addr()).await?, TcpStream::connect(peer.addr()).await?];
    /// peer.accepted(before + 2).await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// [`Unsupported`](io::ErrorKind::Unsupported) for a black hole on a system that cannot have one,
    /// [`InvalidInput`](io::ErrorKind::InvalidInput) for a `Flap` without a step that takes time or with
    /// another `Flap` in it. Other errors if the system refuses a socket or another program has taken the
    /// port, which takes `SO_REUSEADDR`; then the peer refuses connections.
    ///
    /// # Cancel safety
    ///
    /// The peer switches even if this is dropped before it returns.
    pub async fn switch(&self, behaviour: Behaviour) -> io::Result<usize> {
        behaviour.check()?;
        self.command(|done| Command::Switch(behaviour, None, done))
            .await?
    }

    /// Switches as [`switch`](Self::switch) does, and then closes the connections that were made before, as
    /// a server that restarts.
    ///
    /// A client that connects again at once gets the new behaviour.
    ///
    /// # Errors
    ///
    /// As [`switch`](Self::switch) and [`close_live`](Self::close_live).
    ///
    /// # Cancel safety
    ///
    /// The peer restarts even if this is dropped before it returns.
    pub async fn restart(&self, behaviour: Behaviour) -> io::Result<usize> {
        behaviour.check()?;
        let order = Some(Order::Close);
        let before = self
            .command(|done| Command::Switch(behaviour, order, done))
            .await??;
        self.obeyed(before, Ledger::ended).await?;
        Ok(before)
    }

    /// Refuses new connections and closes the live ones, as a server that is shut down: a
    /// [`restart`](Self::restart) as [`Refuse`](Behaviour::Refuse).
    ///
    /// The port stays reserved. [`switch`](Self::switch) brings the peer back.
    ///
    /// # Errors
    ///
    /// As [`switch`](Self::switch) and [`close_live`](Self::close_live).
    pub async fn stop(&self) -> io::Result<()> {
        self.restart(Behaviour::Refuse).await.map(drop)
    }

    /// Closes all live connections. Their clients read the end of the stream.
    ///
    /// # Errors
    ///
    /// When a handler does not let itself be stopped, or the peer's runtime has ended.
    pub async fn close_live(&self) -> io::Result<()> {
        self.order(Order::Close, Ledger::ended).await
    }

    /// Resets all live connections. Their clients get `ECONNRESET`.
    ///
    /// # Errors
    ///
    /// When a handler does not let itself be stopped, or the peer's runtime has ended.
    pub async fn reset_live(&self) -> io::Result<()> {
        self.order(Order::Reset, Ledger::ended).await
    }

    /// Stops reading and writing on all live connections, and leaves them open.
    ///
    /// So they look as if the peer hung, or its cable were cut. They end when their clients close them, or
    /// by [`close_live`](Self::close_live) or [`reset_live`](Self::reset_live).
    ///
    /// # Errors
    ///
    /// When a handler does not let itself be stopped, or the peer's runtime has ended.
    pub async fn freeze_live(&self) -> io::Result<()> {
        self.order(Order::Freeze, Ledger::frozen).await
    }

    /// Returns what the peer has counted so far.
    #[must_use]
    pub fn counts(&self) -> Counts {
        self.ledger.borrow().counts()
    }

    /// Returns when each connection was accepted, in order.
    #[must_use]
    pub fn accept_times(&self) -> Vec<Instant> {
        self.ledger.borrow().accepts().to_vec()
    }

    /// Waits until at least `count` connections were accepted since the start.
    ///
    /// # Errors
    ///
    /// As [`until`](Self::until).
    pub async fn accepted(&self, count: usize) -> io::Result<()> {
        self.until(|counts| counts.accepted >= count).await
    }

    /// Waits until exactly `count` connections are live.
    ///
    /// # Errors
    ///
    /// As [`until`](Self::until).
    pub async fn live(&self, count: usize) -> io::Result<()> {
        self.until(|counts| counts.live == count).await
    }

    /// Waits until `reached` returns true for the counts. It may miss a state that does not last.
    ///
    /// # Errors
    ///
    /// [`TimedOut`](io::ErrorKind::TimedOut) with the counts in its text, if that takes longer than the
    /// peer's [`patience`](Self::patience). Another error if a handler panicked, or if a step of a
    /// [`Flap`](Behaviour::Flap) failed.
    pub async fn until(&self, reached: impl FnMut(&Counts) -> bool) -> io::Result<()> {
        let look = |ledger: &Ledger| ledger.check().map(|()| ledger.counts());
        wait::until(&self.ledger, self.patience, look, reached).await
    }

    async fn order(&self, order: Order, obeyed: fn(&Ledger, usize) -> bool) -> io::Result<()> {
        let before = self.command(|done| Command::Live(order, done)).await?;
        self.obeyed(before, obeyed).await
    }

    /// Waits until the first `count` connections have obeyed an order.
    async fn obeyed(&self, count: usize, obeyed: fn(&Ledger, usize) -> bool) -> io::Result<()> {
        let look = |ledger: &Ledger| Ok((obeyed(ledger, count), ledger.counts()));
        wait::until(&self.ledger, self.patience, look, |seen| seen.0).await
    }

    async fn command<T>(&self, with: impl FnOnce(oneshot::Sender<T>) -> Command) -> io::Result<T> {
        let gone = || io::Error::new(io::ErrorKind::BrokenPipe, "the peer's runtime has ended");
        let (done, reply) = oneshot::channel();
        self.commands.send(with(done)).map_err(|_| gone())?;
        reply.await.map_err(|_| gone())
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        // The task ends when the runtime next comes to it. No one gets in meanwhile.
        self.entrance.shut();
    }
}
