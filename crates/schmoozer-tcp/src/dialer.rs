//! The dialer's settings.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use socket2::SockRef;

#[cfg(any(target_os = "android", target_os = "linux"))]
use crate::interface;
use crate::invalid_target::Reason;
use crate::memory::Memory;
use crate::resolve::Resolver;
use crate::socket::{BeforeConnect, Options, Setting};
use crate::{Family, InvalidTarget, Keepalive, Order, Resolve, Target};

/// The least time between two attempts (RFC 8305 §5).
const SHORTEST_DELAY: Duration = Duration::from_millis(10);

/// Connects to one endpoint, or to one of several, by name or by address.
///
/// Each dial resolves names again, races their addresses as RFC 8305 ("Happy Eyeballs") describes, sets its
/// options on every socket before it connects, and ends within its timeout. It returns
/// a plain [`TcpStream`](https://docs.rs/tokio/latest/tokio/net/struct.TcpStream.html).
///
/// A dialer remembers what failed, and tries it last in the next dials; see [`Order`]. Its clones share that memory.
///
/// ```no_run
/// use std::time::Duration;
/// use schmoozer_tcp::Dialer;
///
/// # async fn connect() -> std::io::Result<()> {
/// let dialer = Dialer::new("db.example.com:5432")?.timeout(Duration::from_secs(5));
/// let stream = dialer.dial().await?;
/// # drop(stream);
/// # Ok(())
/// # }
/// ```
///
/// | setting | default |
/// | --- | --- |
/// | [`timeout`](Self::timeout) of the whole dial | 10 s |
/// | [`attempt_delay`](Self::attempt_delay) between two addresses of a name | 250 ms |
/// | [`endpoint_delay`](Self::endpoint_delay) between two endpoints | the `attempt_delay`; if that is not set either, up to 2 s in [`Order::Failover`] |
/// | [`order`](Self::order) of several endpoints | [`Order::InTurn`] |
/// | [`resolver`](Self::resolver) | the operating system's |
/// | [`nodelay`](Self::nodelay) | on |
/// | [`family`](Self::family) | both |
/// | [`dead_after`](Self::dead_after) | 60 s |
/// | [`keepalive`](Self::keepalive), [`user_timeout`](Self::user_timeout) | as `dead_after` has them |
/// | everything else | the system's default |
///
/// A default that the system does not have is left out. An option that you set and that cannot be set is an error of the
/// dial, which names it.
///
/// # Bounds
///
/// A dial tries at most 64 addresses of a name, and never has more than 16 connection attempts under way: the
/// oldest gives way to the next. What it has not reached when it fails or is dropped, the next dial begins with. It does
/// it all in the caller's task.
#[derive(Debug, Clone)]
pub struct Dialer {
    pub(crate) targets: Arc<[Target]>,
    pub(crate) order: Order,
    pub(crate) memory: Arc<Memory>,
    pub(crate) family: Family,
    pub(crate) timeout: Option<Duration>,
    pub(crate) attempt_delay: Option<Duration>,
    pub(crate) endpoint_delay: Option<Duration>,
    pub(crate) resolver: Resolver,
    pub(crate) options: Options,
}

impl Dialer {
    /// Makes a dialer for one endpoint: `"host:port"`, `("host", port)`, a `SocketAddr` or a [`Target`].
    ///
    /// # Errors
    ///
    /// [`InvalidTarget`] says what is malformed.
    pub fn new<T>(target: T) -> Result<Self, InvalidTarget>
    where
        T: TryInto<Target>,
        InvalidTarget: From<T::Error>,
    {
        Self::any_of([target])
    }

    /// Makes a dialer for several endpoints that serve alike; see [`Order`].
    ///
    /// ```
    /// use schmoozer_tcp::{Dialer, Order};
    ///
    /// let members = ["db1.example.com:5432", "db2.example.com:5432"];
    /// let dialer = Dialer::any_of(members)?.order(Order::Failover);
    /// # Ok::<(), schmoozer_tcp::InvalidTarget>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`InvalidTarget`] says what is malformed about the first that is, or that there is none.
    pub fn any_of<T>(targets: impl IntoIterator<Item = T>) -> Result<Self, InvalidTarget>
    where
        T: TryInto<Target>,
        InvalidTarget: From<T::Error>,
    {
        let targets = targets
            .into_iter()
            .map(TryInto::try_into)
            .collect::<Result<Arc<[Target]>, _>>()?;
        if targets.is_empty() {
            return Err(InvalidTarget::new(Reason::NoneGiven));
        }
        Ok(Self {
            targets,
            order: Order::default(),
            memory: Arc::default(),
            family: Family::Any,
            timeout: Some(Duration::from_secs(10)),
            attempt_delay: None,
            endpoint_delay: None,
            resolver: Resolver::default(),
            options: Options::default(),
        })
    }

    /// Sets the order in which several endpoints are tried.
    #[must_use]
    pub fn order(mut self, order: Order) -> Self {
        self.order = order;
        self
    }

    /// Bounds the whole dial, resolving included.
    ///
    /// `None` leaves it to the system: two minutes for an address that does not answer, or on Linux the
    /// `user_timeout` where that is shorter.
    #[must_use]
    pub fn timeout(mut self, timeout: impl Into<Option<Duration>>) -> Self {
        self.timeout = timeout.into();
        self
    }

    /// Sets how long an address of a name is tried before the next one is tried beside it.
    ///
    /// An address that fails is followed by the next at once. Less than 10 ms is taken as 10 ms (RFC 8305 §5).
    #[must_use]
    pub fn attempt_delay(mut self, delay: Duration) -> Self {
        self.attempt_delay = Some(delay.max(SHORTEST_DELAY));
        self
    }

    /// Sets how long an endpoint, its name and all its addresses, is tried before the next one is tried beside it.
    ///
    /// By default that is the `attempt_delay`. Where neither is set, [`Order::Failover`] has 2 s, or an equal part of the
    /// [`timeout`](Self::timeout) if that is less: a spare is not to win because one packet to the first endpoint was lost, which is sent again
    /// after a second.
    ///
    /// An endpoint that fails is followed by the next at once. Less than 10 ms is taken as 10 ms: where there are many
    /// endpoints, each would else give way to others before it can answer.
    #[must_use]
    pub fn endpoint_delay(mut self, delay: Duration) -> Self {
        self.endpoint_delay = Some(delay.max(SHORTEST_DELAY));
        self
    }

    /// Connects to addresses of this family alone.
    #[must_use]
    pub fn family(mut self, family: Family) -> Self {
        self.family = family;
        self
    }

    /// Resolves names with `resolver` instead of the operating system.
    #[must_use]
    pub fn resolver(mut self, resolver: impl Resolve + 'static) -> Self {
        self.resolver = Resolver::new(resolver);
        self
    }

    /// Sets `TCP_NODELAY`: whether small writes go out at once instead of waiting for company.
    #[must_use]
    pub fn nodelay(mut self, nodelay: bool) -> Self {
        self.options.nodelay = Some(nodelay);
        self
    }

    /// Sets within what time a peer that vanished is found, whether the connection is idle or has data under way.
    ///
    /// The default is 60 s; `None` leaves it to the system, which may take hours. A read then fails with
    /// [`TimedOut`](std::io::ErrorKind::TimedOut), or with what a router said last.
    ///
    /// It sets keepalive: after half of the time without a byte from the peer, three probes, in whole seconds. Where
    /// there is one it also sets the user timeout, which bounds how long data stays unacknowledged. Both are set a little
    /// shorter, since timers of Linux are late by up to an eighth of what they wait. Less than 1 s is
    /// taken as 1 s. Less than 4 s does no more than 4 s where there is no user timeout.
    ///
    /// | system | idle | data under way |
    /// | --- | --- | --- |
    /// | Linux, Android | `TCP_KEEPIDLE`, `TCP_KEEPINTVL`, `TCP_KEEPCNT` (tcp(7)) | `TCP_USER_TIMEOUT` (tcp(7), RFC 5482) |
    /// | macOS, iOS | `TCP_KEEPALIVE`, `TCP_KEEPINTVL`, `TCP_KEEPCNT` (tcp(4)) | the system's default |
    /// | FreeBSD | `TCP_KEEPIDLE`, `TCP_KEEPINTVL`, `TCP_KEEPCNT` (tcp(4)) | the system's default |
    /// | Windows | `SIO_KEEPALIVE_VALS`; `TCP_KEEPCNT` from Windows 10, version 1703 | the system's default |
    /// | others | `SO_KEEPALIVE`, and the time before the first probe where it can be set | the system's default |
    ///
    /// # What it costs
    ///
    /// An idle connection sends a probe in each half of this time, which keeps a radio or a metered line awake.
    ///
    /// On Linux a live peer that reads nothing for this long while data for it waits is cut off too: once its window is
    /// full, Linux counts the probes of that window against the user timeout, although the peer answers them. If your
    /// peers may stop reading for longer, take a longer time or `None`. `reqwest` (30 s) and gRPC (20 s) make the same
    /// choice.
    #[must_use]
    pub fn dead_after(mut self, limit: impl Into<Option<Duration>>) -> Self {
        let limit = limit.into().map(|limit| limit.max(Duration::from_secs(1)));
        self.options.dead_after = Setting::SetTo(limit);
        self
    }

    /// Sets how an idle connection is probed, instead of by [`dead_after`](Self::dead_after); `None` turns probing off.
    ///
    /// It does not bound data under way, which [`user_timeout`](Self::user_timeout) does. On Linux a user timeout that is
    /// shorter than this takes overrides [`count`](Keepalive::count). The one that comes with `dead_after` is made as long
    /// as this takes.
    #[must_use]
    pub fn keepalive(mut self, keepalive: impl Into<Option<Keepalive>>) -> Self {
        self.options.keepalive = Setting::SetTo(keepalive.into());
        self
    }

    /// Sets `TCP_USER_TIMEOUT`, how long data may stay unacknowledged, instead of by [`dead_after`](Self::dead_after).
    ///
    /// In whole milliseconds, from 1 ms to 24 days; `None` leaves it to the system (about 15 minutes).
    /// It also bounds [`keepalive`](Self::keepalive): a connection fails at the first probe after it, whatever that one's
    /// count. A live peer that reads nothing for this long while data waits is cut off as well. It
    /// exists on Linux and Android (RFC 5482) and changes nothing elsewhere.
    #[must_use]
    pub fn user_timeout(mut self, timeout: impl Into<Option<Duration>>) -> Self {
        self.options.user_timeout = Setting::SetTo(timeout.into());
        self
    }

    /// Connects from this local address, with a port that the system chooses.
    ///
    /// Addresses of the other family are then not connected to. On Linux from 4.2 on the port is chosen in connecting
    /// (`IP_BIND_ADDRESS_NO_PORT`), so that connections to several servers share the ports. Elsewhere each connection has
    /// a port to itself, and a local address carries as many connections as the system has ephemeral ports.
    #[must_use]
    pub fn local_addr(mut self, addr: impl Into<Option<IpAddr>>) -> Self {
        self.options.local_addr = addr.into().map(|addr| addr.to_canonical());
        self
    }

    /// Connects through this network interface alone (`SO_BINDTODEVICE`).
    ///
    /// One that does not exist is an error of the dial, since it may come up later.
    ///
    /// # Errors
    ///
    /// [`InvalidInput`](std::io::ErrorKind::InvalidInput) if this cannot be the name of an interface: it is empty, longer
    /// than 15 bytes, or has a zero byte, a space, `/` or `:` in it.
    #[cfg(any(target_os = "android", target_os = "linux"))]
    #[cfg_attr(docsrs, doc(cfg(any(target_os = "android", target_os = "linux"))))]
    pub fn interface(mut self, name: impl Into<Box<str>>) -> io::Result<Self> {
        let name = name.into();
        interface::check(&name)?;
        self.options.interface = Some(name);
        Ok(self)
    }

    /// Does something to each socket before it connects, such as setting an option that has no method here.
    ///
    /// It is called once an attempt, when the dialer's own options are set, with the address to connect to. Its error is
    /// that of the attempt.
    ///
    /// ```
    /// use schmoozer_tcp::Dialer;
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # #[cfg(target_os = "linux")]
    /// let dialer = Dialer::new("db.example.com:5432")?
    ///     .before_connect(|socket, _addr| socket.set_mark(0x2a)); // for a rule of the firewall
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn before_connect<F>(mut self, hook: F) -> Self
    where
        F: Fn(&SockRef<'_>, SocketAddr) -> io::Result<()> + Send + Sync + 'static,
    {
        self.options.before_connect = Some(BeforeConnect(Arc::new(hook)));
        self
    }

    /// Sets the size of the kernel's send buffer, in bytes (`SO_SNDBUF`; Linux doubles it).
    #[must_use]
    pub fn send_buffer(mut self, bytes: u32) -> Self {
        self.options.send_buffer = Some(bytes);
        self
    }

    /// Sets the size of the kernel's receive buffer, in bytes (`SO_RCVBUF`; Linux doubles it).
    #[must_use]
    pub fn recv_buffer(mut self, bytes: u32) -> Self {
        self.options.recv_buffer = Some(bytes);
        self
    }

    /// Marks packets with this traffic class: the DSCP in the upper six bits, so `dscp << 2`.
    ///
    /// It sets `IP_TOS`, and `IPV6_TCLASS` on Linux, Android, macOS and the BSDs. An IPv4-mapped IPv6 address is connected
    /// to over IPv4, and marked so.
    #[must_use]
    pub fn tos(mut self, tos: u8) -> Self {
        self.options.tos = Some(tos);
        self
    }

    /// Returns the endpoints, in the order in which they were given.
    #[must_use]
    pub fn targets(&self) -> &[Target] {
        &self.targets
    }
}
