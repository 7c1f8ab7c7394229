//! The dialer's settings.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use socket2::SockRef;

use crate::memory::Memory;
use crate::resolve::Resolver;
use crate::socket::{BeforeConnect, Options, Setting};
use crate::{Family, InvalidTarget, Keepalive, Order, Resolve, Target};

/// The least time between two attempts (RFC 8305 §5).
const SHORTEST_DELAY: Duration = Duration::from_millis(10);

/// Connects to one endpoint, or to one of several, by name or by address.
///
/// An endpoint is one host and port. Each dial resolves the names again, and races their addresses as RFC 8305 ("Happy
/// Eyeballs") describes. It sets the options on every socket before the socket connects. It ends within its timeout, and
/// returns a plain [`TcpStream`](https://docs.rs/tokio/latest/tokio/net/struct.TcpStream.html).
///
/// A dialer remembers which endpoints and addresses failed, and tries these last in the next dials; see [`Order`]. All
/// clones of a dialer share this memory.
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
/// | [`endpoint_delay`](Self::endpoint_delay) between two endpoints | the `attempt_delay`; if you set neither, up to 2 s with [`Order::Failover`] |
/// | [`order`](Self::order) of several endpoints | [`Order::InTurn`] |
/// | [`resolver`](Self::resolver) | the resolver of the operating system |
/// | [`nodelay`](Self::nodelay) | on |
/// | [`family`](Self::family) | IPv4 and IPv6 |
/// | [`dead_after`](Self::dead_after) | 60 s |
/// | [`keepalive`](Self::keepalive), [`user_timeout`](Self::user_timeout) | derived from `dead_after` |
/// | all other settings | the system's default |
///
/// If the system does not support an option that is on by default, the dialer leaves it out. If the system does not support
/// an option that you set, the dial fails, and its error names the option. Only `user_timeout`, and `tos` for IPv6, have no
/// effect where the system lacks them.
///
/// # Bounds
///
/// A dial tries at most 64 addresses of a name. It never has more than 16 connection attempts in flight: a new attempt
/// replaces the oldest. A dial that fails or is dropped may leave some addresses untried. The next dial begins with these.
/// A dial runs in the task of its caller. The system resolver runs each lookup in a thread.
#[derive(Debug, Clone)]
#[must_use = "a dialer does nothing until it dials"]
pub struct Dialer {
    pub(crate) targets: Arc<[Target]>,
    pub(crate) order: Order,
    pub(crate) memory: Arc<Memory>,
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
    /// [`InvalidTarget`] describes what is malformed.
    pub fn new<T>(target: T) -> Result<Self, InvalidTarget>
    where
        T: TryInto<Target, Error: Into<InvalidTarget>>,
    {
        Self::any_of([target])
    }

    /// Makes a dialer for several endpoints that offer the same service; see [`Order`].
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
    /// [`InvalidTarget`] describes the first malformed endpoint, or reports that the list is empty.
    pub fn any_of<T>(targets: impl IntoIterator<Item = T>) -> Result<Self, InvalidTarget>
    where
        T: TryInto<Target, Error: Into<InvalidTarget>>,
    {
        let targets = targets
            .into_iter()
            .map(|target| target.try_into().map_err(Into::into))
            .collect::<Result<Arc<[Target]>, InvalidTarget>>()?;
        if targets.is_empty() {
            return Err(InvalidTarget::new("no target was given"));
        }
        Ok(Self {
            targets,
            order: Order::default(),
            memory: Arc::default(),
            timeout: Some(Duration::from_secs(10)),
            attempt_delay: None,
            endpoint_delay: None,
            resolver: Resolver::default(),
            options: Options::default(),
        })
    }

    /// Sets the order in which several endpoints are tried.
    pub fn order(mut self, order: Order) -> Self {
        self.order = order;
        self
    }

    /// Limits the duration of the whole dial, including the lookup.
    ///
    /// With `None`, the system decides: it waits two minutes for an address that does not answer. On Linux it waits for the
    /// `user_timeout` if that is shorter.
    pub fn timeout(mut self, timeout: impl Into<Option<Duration>>) -> Self {
        self.timeout = timeout.into();
        self
    }

    /// Sets how long the dialer tries one address of a name before it also tries the next address.
    ///
    /// If an address fails earlier, the next attempt starts at once. The minimum is 10 ms (RFC 8305 §5). Shorter values count
    /// as 10 ms. With `None`, the default holds.
    pub fn attempt_delay(mut self, delay: impl Into<Option<Duration>>) -> Self {
        self.attempt_delay = delay.into().map(|delay| delay.max(SHORTEST_DELAY));
        self
    }

    /// Sets how long the dialer tries one endpoint, with all its addresses, before it also tries the next endpoint.
    ///
    /// The default is the `attempt_delay`. If you set neither, [`Order::Failover`] uses 2 s, or the
    /// [`timeout`](Self::timeout) divided by the number of endpoints if that is shorter. The kernel repeats a lost first packet
    /// after 1 s. So a lost packet alone does not let a spare endpoint win.
    ///
    /// If an endpoint fails earlier, the next endpoint starts at once. The minimum is 10 ms, and shorter values count as 10 ms.
    /// With `None`, the default holds.
    /// With many endpoints, a shorter delay would reach the limit of 16 attempts so fast that each attempt is replaced
    /// before its endpoint can answer.
    pub fn endpoint_delay(mut self, delay: impl Into<Option<Duration>>) -> Self {
        self.endpoint_delay = delay.into().map(|delay| delay.max(SHORTEST_DELAY));
        self
    }

    /// Restricts the dialer to addresses of this family.
    pub fn family(mut self, family: Family) -> Self {
        self.options.family = family;
        self
    }

    /// Resolves names with `resolver` instead of the operating system.
    pub fn resolver(mut self, resolver: impl Resolve + 'static) -> Self {
        self.resolver = Resolver::new(resolver);
        self
    }

    /// Sets `TCP_NODELAY`: whether the kernel sends small writes at once instead of collecting them.
    pub fn nodelay(mut self, nodelay: bool) -> Self {
        self.options.nodelay = Some(nodelay);
        self
    }

    /// Sets the time within which the system finds a peer that vanished.
    ///
    /// The default is 60 s. With `None`, the system decides, and may take hours. When the time has passed, a read fails with
    /// [`TimedOut`](std::io::ErrorKind::TimedOut), or with the last error that a router reported.
    ///
    /// The setting has two parts. TCP keepalive detects that the peer of an idle connection has vanished. It sends three
    /// probes, after half of the time has passed without a byte from the peer. The user timeout detects it while data is in
    /// flight, and exists on Linux and Android. It limits how long data may stay unacknowledged. On macOS, iOS and FreeBSD
    /// the probes are also sent while data is in flight. On other systems the system's default decides then.
    ///
    /// Both parts use a slightly shorter time than you set, because timers of Linux are late by up to an eighth of their
    /// duration.
    ///
    /// The minimum is 1 s, and shorter values count as 1 s. Keepalive uses whole seconds. On systems without a user timeout,
    /// detection takes 4 s if you set less than 4 s, and 5 s if you set 4 s.
    ///
    /// | system | idle | data in flight |
    /// | --- | --- | --- |
    /// | Linux, Android | `TCP_KEEPIDLE`, `TCP_KEEPINTVL`, `TCP_KEEPCNT` (tcp(7)) | `TCP_USER_TIMEOUT` (tcp(7), RFC 5482) |
    /// | macOS, iOS | `TCP_KEEPALIVE`, `TCP_KEEPINTVL`, `TCP_KEEPCNT` (tcp(4)) | the same probes |
    /// | FreeBSD | `TCP_KEEPIDLE`, `TCP_KEEPINTVL`, `TCP_KEEPCNT` (tcp(4)) | the same probes |
    /// | Windows | `SIO_KEEPALIVE_VALS`; since Windows 10, version 1703, `TCP_KEEPCNT` | the system's default, about 20 s |
    /// | others | `SO_KEEPALIVE`; the time before the first probe if the system has a setting for it | the system's default |
    ///
    /// The page [`_portability`](crate::_portability#a-vanished-peer) has the sources, and says what was tested.
    ///
    /// # What it costs
    ///
    /// An idle connection sends a probe after each half of this time. The probes keep a radio or a metered line awake.
    ///
    /// On Linux the user timeout also cuts off a live peer that does not read for this time while data waits for it. When
    /// the peer's receive window is full, Linux sends probes, and counts them against the user timeout even if the peer
    /// answers them. If your peers may stop reading for longer, set a longer time or `None`. `reqwest` (30 s) and gRPC (20 s)
    /// also set a user timeout, with the same effect.
    pub fn dead_after(mut self, limit: impl Into<Option<Duration>>) -> Self {
        let limit = limit.into().map(|limit| limit.max(Duration::from_secs(1)));
        self.options.dead_after = Setting::SetTo(limit);
        self
    }

    /// Sets the keepalive of idle connections, instead of the one that [`dead_after`](Self::dead_after) derives. `None` turns
    /// keepalive off.
    ///
    /// Keepalive sets no limit for data in flight. [`user_timeout`](Self::user_timeout) sets that limit. On Linux, a user
    /// timeout that is shorter than this keepalive overrides its [`count`](Keepalive::count). The user timeout that
    /// `dead_after` derives is at least as long as this keepalive needs to find a dead peer.
    pub fn keepalive(mut self, keepalive: impl Into<Option<Keepalive>>) -> Self {
        self.options.keepalive = Setting::SetTo(keepalive.into());
        self
    }

    /// Sets how long data may stay unacknowledged (`TCP_USER_TIMEOUT`), instead of the time that
    /// [`dead_after`](Self::dead_after) derives.
    ///
    /// The time counts in whole milliseconds, from 1 ms to 24 days. With `None`, the system decides (about 15 minutes). The
    /// option exists on Linux and Android (RFC 5482), and has no effect on other systems.
    ///
    /// The user timeout also limits [`keepalive`](Self::keepalive): an idle connection fails at the first probe after this
    /// time, even if the keepalive's count allows more probes. A live peer that does not read for this time while data waits
    /// for it is cut off too.
    pub fn user_timeout(mut self, timeout: impl Into<Option<Duration>>) -> Self {
        self.options.user_timeout = Setting::SetTo(timeout.into());
        self
    }

    /// Connects from this local address, with a port that the system chooses.
    ///
    /// The dialer then does not try addresses of the other family. Linux 4.2 and newer choose the port when the socket
    /// connects (`IP_BIND_ADDRESS_NO_PORT`). So connections to different servers can use the same port. On other systems each
    /// connection needs a different port. The number of ephemeral ports then limits the connections of a local address.
    pub fn local_addr(mut self, addr: impl Into<Option<IpAddr>>) -> Self {
        self.options.local_addr = addr.into().map(|addr| addr.to_canonical());
        self
    }

    /// Makes all connections use this network interface (`SO_BINDTODEVICE`).
    ///
    /// If the interface does not exist, the dial fails. This method accepts its name, because the interface may come up later.
    ///
    /// # Errors
    ///
    /// [`InvalidInput`](std::io::ErrorKind::InvalidInput) if the name cannot belong to an interface. Such a name is empty, is
    /// longer than 15 bytes, or contains a zero byte, a space, `/` or `:`.
    #[cfg(any(target_os = "android", target_os = "linux"))]
    pub fn interface(mut self, name: impl Into<Box<str>>) -> io::Result<Self> {
        let name = name.into();
        crate::interface::check(&name)?;
        self.options.interface = Some(name);
        Ok(self)
    }

    /// Calls `hook` with each socket before the socket connects, for example to set an option that has no method here.
    ///
    /// The dialer calls `hook` once per attempt, after it has set its own options. It also passes the address of the attempt.
    /// If `hook` returns an error, the attempt fails with that error.
    ///
    /// ```
    /// use schmoozer_tcp::Dialer;
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # #[cfg(target_os = "linux")]
    /// let dialer = Dialer::new("db.example.com:5432")?
    ///     .before_connect(|socket, _addr| socket.set_mark(0x2a)); // a mark that a firewall rule matches
    /// # Ok(())
    /// # }
    /// ```
    pub fn before_connect<F>(mut self, hook: F) -> Self
    where
        F: Fn(&SockRef<'_>, SocketAddr) -> io::Result<()> + Send + Sync + 'static,
    {
        self.options.before_connect = Some(BeforeConnect(Arc::new(hook)));
        self
    }

    /// Sets the size of the kernel's send buffer, in bytes (`SO_SNDBUF`; Linux doubles it).
    pub fn send_buffer(mut self, bytes: u32) -> Self {
        self.options.send_buffer = Some(bytes);
        self
    }

    /// Sets the size of the kernel's receive buffer, in bytes (`SO_RCVBUF`; Linux doubles it).
    pub fn recv_buffer(mut self, bytes: u32) -> Self {
        self.options.recv_buffer = Some(bytes);
        self
    }

    /// Marks packets with this traffic class. The upper six bits are the DSCP, so pass `dscp << 2`.
    ///
    /// It sets `IP_TOS` for IPv4 connections. On Linux, Android, macOS and the BSDs it sets `IPV6_TCLASS` for IPv6 connections.
    /// A connection to an IPv4-mapped IPv6 address uses IPv4 and `IP_TOS`.
    pub fn tos(mut self, tos: u8) -> Self {
        self.options.tos = Some(tos);
        self
    }

    /// Returns the endpoints in their original order.
    #[must_use]
    pub fn targets(&self) -> &[Target] {
        &self.targets
    }
}
