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

/// A TCP server on loopback that misbehaves on purpose. A test chooses its behaviour, and can change it at any time.
///
/// The peer runs as tasks of the tokio runtime that started it. If you drop the peer, it refuses new connections at
/// once, closes the live connections, and releases its port.
///
/// Do not use a peer with tokio's paused time, because its sockets are real.
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
    /// If no port is free, or if the peer cannot have the behaviour: see [`switch`](Self::switch).
    ///
    /// # Panics
    ///
    /// Panics outside a tokio runtime with I/O and time enabled.
    pub async fn start(behaviour: Behaviour) -> io::Result<Self> {
        Self::start_at(([127, 0, 0, 1], 0), behaviour).await
    }

    /// Starts a peer at an address of this host. Port 0 selects a free port.
    ///
    /// # Errors
    ///
    /// If the peer cannot bind the address, or cannot have the behaviour: see [`switch`](Self::switch).
    ///
    /// # Panics
    ///
    /// Panics outside a tokio runtime with I/O and time enabled.
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

    /// Sets how long each waiting method waits before it returns an error. The default is 10 s.
    #[must_use]
    pub fn patience(mut self, patience: Duration) -> Self {
        self.patience = patience;
        self
    }

    /// Returns the address that clients connect to. It is the same for all behaviours.
    #[must_use]
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// Changes the behaviour for new connections. The change is complete when this method returns.
    ///
    /// Live connections keep the old behaviour. Connections that clients made before the call keep it too, even if the
    /// peer has not yet accepted them. [`restart`](Self::restart) closes these connections.
    ///
    /// This method returns the number of connections that the peer accepted before the change. A test can use the number to
    /// wait for the first connections with the new behaviour:
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
    /// - [`Unsupported`](io::ErrorKind::Unsupported) for a black hole on a system other than Linux and Android.
    /// - [`InvalidInput`](io::ErrorKind::InvalidInput) for a `Flap` that contains another `Flap`, or has no step that
    ///   takes time.
    /// - Another error if the system refuses a socket, or if another program has bound the port with `SO_REUSEADDR`. The
    ///   peer then refuses connections.
    ///
    /// # Cancel safety
    ///
    /// The peer switches even if you drop the future early.
    pub async fn switch(&self, behaviour: Behaviour) -> io::Result<usize> {
        behaviour.check()?;
        self.command(|done| Command::Switch(behaviour, None, done))
            .await?
    }

    /// Changes the behaviour and then closes all older connections, as a server does when it restarts.
    ///
    /// A client that connects again at once gets the new behaviour. Like [`switch`](Self::switch), this method returns
    /// the number of connections that the peer accepted before the change.
    ///
    /// # Errors
    ///
    /// The errors of [`switch`](Self::switch) and of [`close_live`](Self::close_live).
    ///
    /// # Cancel safety
    ///
    /// The peer restarts even if you drop the future early.
    pub async fn restart(&self, behaviour: Behaviour) -> io::Result<usize> {
        behaviour.check()?;
        let order = Some(Order::Close);
        let before = self
            .command(|done| Command::Switch(behaviour, order, done))
            .await??;
        self.obeyed(before, Ledger::ended).await?;
        Ok(before)
    }

    /// Refuses new connections and closes the live connections, as a server does when it shuts down.
    ///
    /// This is a [`restart`](Self::restart) with [`Refuse`](Behaviour::Refuse). The port stays reserved.
    /// [`switch`](Self::switch) starts the peer again.
    ///
    /// # Errors
    ///
    /// The errors of [`switch`](Self::switch) and of [`close_live`](Self::close_live).
    pub async fn stop(&self) -> io::Result<()> {
        self.restart(Behaviour::Refuse).await.map(drop)
    }

    /// Closes all live connections. Their clients read the end of the stream.
    ///
    /// # Errors
    ///
    /// If a [`Handler`](crate::Handler) of the peer's behaviour does not stop within the peer's [`patience`](Self::patience), or if the peer's runtime has ended.
    pub async fn close_live(&self) -> io::Result<()> {
        self.order(Order::Close, Ledger::ended).await
    }

    /// Resets all live connections. Their clients get `ECONNRESET`.
    ///
    /// # Errors
    ///
    /// If a [`Handler`](crate::Handler) of the peer's behaviour does not stop within the peer's [`patience`](Self::patience), or if the peer's runtime has ended.
    pub async fn reset_live(&self) -> io::Result<()> {
        self.order(Order::Reset, Ledger::ended).await
    }

    /// Stops reading and writing on all live connections, and leaves the connections open.
    ///
    /// To its client, such a connection looks as if the peer hung or its cable were cut. It ends when the client closes it,
    /// or when the test calls [`close_live`](Self::close_live) or [`reset_live`](Self::reset_live).
    ///
    /// # Errors
    ///
    /// If a [`Handler`](crate::Handler) of the peer's behaviour does not stop within the peer's [`patience`](Self::patience), or if the peer's runtime has ended.
    pub async fn freeze_live(&self) -> io::Result<()> {
        self.order(Order::Freeze, Ledger::frozen).await
    }

    /// Returns the peer's counts: accepts, live connections and bytes.
    #[must_use]
    pub fn counts(&self) -> Counts {
        self.ledger.borrow().counts()
    }

    /// Returns the time at which the peer accepted each connection, in order.
    #[must_use]
    pub fn accept_times(&self) -> Vec<Instant> {
        self.ledger.borrow().accepts().to_vec()
    }

    /// Waits until the peer has accepted at least `count` connections since its start.
    ///
    /// # Errors
    ///
    /// The errors of [`until`](Self::until).
    pub async fn accepted(&self, count: usize) -> io::Result<()> {
        self.until(|counts| counts.accepted >= count).await
    }

    /// Waits until exactly `count` connections are live.
    ///
    /// # Errors
    ///
    /// The errors of [`until`](Self::until).
    pub async fn live(&self, count: usize) -> io::Result<()> {
        self.until(|counts| counts.live == count).await
    }

    /// Waits until `reached` returns true for the peer's counts. It may miss counts that change again quickly.
    ///
    /// # Errors
    ///
    /// - [`TimedOut`](io::ErrorKind::TimedOut) if the wait takes longer than the peer's [`patience`](Self::patience). The
    ///   text contains the counts.
    /// - Another error if a handler panicked, or if a step of a [`Flap`](Behaviour::Flap) failed.
    pub async fn until(&self, reached: impl FnMut(&Counts) -> bool) -> io::Result<()> {
        let look = |ledger: &Ledger| ledger.check().map(|()| ledger.counts());
        wait::until(&self.ledger, self.patience, look, reached).await
    }

    async fn order(&self, order: Order, obeyed: fn(&Ledger, usize) -> bool) -> io::Result<()> {
        let before = self.command(|done| Command::Live(order, done)).await?;
        self.obeyed(before, obeyed).await
    }

    /// Waits until the first `count` connections have followed an order.
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
        // The task ends when the runtime next polls it. Until then, the peer already refuses connections.
        self.entrance.shut();
    }
}
