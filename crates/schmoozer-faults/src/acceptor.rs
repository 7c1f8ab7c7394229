use std::future::pending;
use std::io;
use std::net::{SocketAddr, TcpStream as StdStream};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use socket2::SockRef;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, sleep_until};

use crate::behaviour::Behaviour;
use crate::black_hole::BlackHole;
use crate::ledger::SharedLedger;
use crate::link::Link;
use crate::port::{Port, stop_listening};
use crate::race::{Either, race};
use crate::serve::{Order, serve};

/// As many as the system allows: clients may come in thousands.
const BACKLOG: i32 = 4096;
/// The pause after an accept that failed, which is for want of descriptors.
const PAUSE: Duration = Duration::from_millis(20);

/// What the peer's user asks for. The reply says how many connections were accepted before.
#[derive(Debug)]
pub(crate) enum Command {
    /// To another behaviour, with an order to the connections that were accepted before.
    Switch(Behaviour, Option<Order>, oneshot::Sender<io::Result<usize>>),
    Live(Order, oneshot::Sender<usize>),
}

/// The listener of a peer, if it has one now. The peer shuts it when it is dropped.
#[derive(Debug, Clone, Default)]
pub(crate) struct Entrance(Arc<Mutex<Option<Arc<TcpListener>>>>);

impl Entrance {
    fn listener(&self) -> Option<Arc<TcpListener>> {
        self.lock().clone()
    }

    fn open(&self, listener: TcpListener) {
        *self.lock() = Some(Arc::new(listener));
    }

    /// Refuses connections from now on.
    pub(crate) fn shut(&self) {
        if let Some(listener) = self.lock().take() {
            stop_listening(&listener);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Option<Arc<TcpListener>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The task behind a peer.
#[derive(Debug)]
pub(crate) struct Acceptor {
    port: Port,
    entrance: Entrance,
    black_hole: Option<BlackHole>,
    behaviour: Behaviour,
    flapping: Option<Flapping>,
    ledger: SharedLedger,
    /// Each connection obeys the orders that come after it was accepted.
    orders: watch::Sender<Order>,
    connections: JoinSet<()>,
}

/// A command, a client, or the end of a step.
type Event = Either<Option<Command>, Either<(TcpStream, SocketAddr), ()>>;

#[derive(Debug)]
struct Flapping {
    steps: Vec<(Duration, Behaviour)>,
    /// Which of them is on.
    step: usize,
    until: Option<Instant>,
}

impl Acceptor {
    /// One that refuses so far.
    pub(crate) fn new(port: Port, entrance: Entrance, ledger: SharedLedger) -> Self {
        Self {
            port,
            entrance,
            black_hole: None,
            behaviour: Behaviour::Refuse,
            flapping: None,
            ledger,
            orders: watch::Sender::new(Order::Close),
            connections: JoinSet::new(),
        }
    }

    /// Accepts and obeys until the peer is dropped, and with it the other end of the commands.
    pub(crate) async fn run(mut self, mut commands: mpsc::UnboundedReceiver<Command>) {
        loop {
            match self.next(&mut commands).await {
                Either::First(None) => return,
                Either::First(Some(Command::Switch(behaviour, order, done))) => {
                    let before = self.drain();
                    let switched = self.switch(behaviour).await;
                    if let Some(order) = order {
                        self.orders.send_replace(order);
                    }
                    let _ = done.send(switched.map(|()| before));
                }
                Either::First(Some(Command::Live(order, done))) => {
                    let before = self.drain();
                    self.orders.send_replace(order);
                    let _ = done.send(before);
                }
                Either::Second(Either::First((stream, client))) => self.admit(stream, client),
                Either::Second(Either::Second(())) => {
                    if let Err(error) = self.next_step().await {
                        let failure = format!("a step of a flapping peer failed: {error}");
                        self.ledger.send_modify(|ledger| ledger.fail(failure));
                    }
                }
            }
        }
    }

    async fn next(&self, commands: &mut mpsc::UnboundedReceiver<Command>) -> Event {
        let listener = self.entrance.listener();
        let until = self.flapping.as_ref().and_then(|flapping| flapping.until);
        let events = race(accept(listener.as_deref()), reached(until));
        race(commands.recv(), events).await
    }

    async fn switch(&mut self, behaviour: Behaviour) -> io::Result<()> {
        self.flapping = None;
        let Behaviour::Flap(steps) = behaviour else {
            return self.become_now(behaviour).await;
        };
        let (lasts, first) = steps.first().cloned().ok_or(io::ErrorKind::InvalidInput)?;
        let until = Instant::now().checked_add(lasts);
        self.become_now(first).await?;
        self.flapping = Some(Flapping {
            steps,
            step: 0,
            until,
        });
        Ok(())
    }

    async fn next_step(&mut self) -> io::Result<()> {
        let Some(flapping) = &mut self.flapping else {
            return Ok(());
        };
        flapping.step = (flapping.step + 1) % flapping.steps.len();
        let (lasts, behaviour) = flapping.steps[flapping.step].clone();
        flapping.until = flapping.until.and_then(|until| until.checked_add(lasts));
        self.drain();
        let became = self.become_now(behaviour).await;
        self.orders.send_replace(Order::Close);
        became
    }

    /// Opens or shuts what the behaviour needs. If that fails, the peer refuses.
    async fn become_now(&mut self, behaviour: Behaviour) -> io::Result<()> {
        self.behaviour = Behaviour::Refuse;
        self.black_hole = None;
        match behaviour {
            Behaviour::Refuse => {
                self.entrance.shut();
                self.port.keep()?;
            }
            Behaviour::BlackHole => {
                self.entrance.shut();
                self.black_hole = Some(BlackHole::open(&mut self.port).await?);
            }
            _ if self.entrance.listener().is_none() => {
                self.entrance.open(self.port.listen(BACKLOG)?);
            }
            _ => {}
        }
        self.behaviour = behaviour;
        Ok(())
    }

    /// Accepts the clients that have connected, so that they get the behaviour they connected to. Returns how
    /// many were accepted so far.
    fn drain(&mut self) -> usize {
        let listener = self.entrance.listener();
        // The kernel is asked, not the runtime, which may not have looked yet.
        while let Some(Ok((socket, client))) = listener
            .as_deref()
            .map(|listener| SockRef::from(listener).accept())
        {
            let stream = socket
                .set_nonblocking(true)
                .and_then(|()| TcpStream::from_std(StdStream::from(socket)));
            if let (Ok(stream), Some(client)) = (stream, client.as_socket()) {
                self.admit(stream, client);
            }
        }
        self.ledger.borrow().accepts().len()
    }

    fn admit(&mut self, stream: TcpStream, client: SocketAddr) {
        let link = Link::accepted(stream, client, Arc::clone(&self.ledger));
        let orders = self.orders.subscribe();
        let serving = serve(Arc::new(link), self.behaviour.clone(), orders);
        self.connections.spawn(serving);
        while self.connections.try_join_next().is_some() {}
    }
}

async fn accept(listener: Option<&TcpListener>) -> (TcpStream, SocketAddr) {
    let Some(listener) = listener else {
        return pending().await;
    };
    loop {
        match listener.accept().await {
            Ok(accepted) => return accepted,
            Err(_) => sleep(PAUSE).await,
        }
    }
}

/// Waits for a time that may never come.
async fn reached(time: Option<Instant>) {
    match time {
        Some(time) => sleep_until(time).await,
        None => pending().await,
    }
}
