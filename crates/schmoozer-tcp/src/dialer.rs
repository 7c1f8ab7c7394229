//! The dialer's settings.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use crate::invalid_target::Reason;
use crate::memory::Memory;
use crate::resolve::Resolver;
use crate::socket::Options;
use crate::{Family, InvalidTarget, Keepalive, Order, Resolve, Target};

/// Connects to one endpoint, or to one of several, by name or by address.
///
/// A dial resolves names anew, races their addresses as RFC 8305 ("Happy Eyeballs") has it, sets its
/// options on every socket before it connects, and ends within its timeout whatever happens. It gives
/// out a plain [`TcpStream`](tokio::net::TcpStream).
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
/// | [`keepalive`](Self::keepalive) | after 15 s idle, 3 probes 5 s apart |
/// | [`user_timeout`](Self::user_timeout) | 30 s |
/// | everything else | as the system has it |
///
/// # Half-open peers
///
/// A peer that vanished without a word is found within 30 s by default: on an idle connection by
/// keepalive, 15 s + 3 × 5 s after the last byte that came from it; with data under way, on Linux, by
/// `TCP_USER_TIMEOUT`, 30 s after the oldest byte that it did not acknowledge. A read then fails with
/// [`TimedOut`](std::io::ErrorKind::TimedOut). Elsewhere data under way is retried for as long as the system likes.
///
/// # Bounds
///
/// A dial tries at most 64 addresses of a name, and never has more than 16 connection attempts under way: the
/// oldest gives way to the next. What it has not reached when it fails, the next dial begins with. It does it all in the
/// caller's task.
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
        self.attempt_delay = Some(delay.max(Duration::from_millis(10)));
        self
    }

    /// Sets how long an endpoint, its name and all its addresses, is tried before the next one is tried beside it.
    ///
    /// By default that is the `attempt_delay`. Where neither is set, [`Order::Failover`] has 2 s, or an equal part of the
    /// [`timeout`](Self::timeout) if that is less: a spare is not to win because one packet to the first endpoint was lost, which is sent again
    /// after a second.
    ///
    /// An endpoint that fails is followed by the next at once.
    #[must_use]
    pub fn endpoint_delay(mut self, delay: Duration) -> Self {
        self.endpoint_delay = Some(delay);
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
        self.options.nodelay = nodelay;
        self
    }

    /// Sets how an idle connection is probed; `None` turns probing off.
    #[must_use]
    pub fn keepalive(mut self, keepalive: impl Into<Option<Keepalive>>) -> Self {
        self.options.keepalive = keepalive.into();
        self
    }

    /// Sets `TCP_USER_TIMEOUT`: how long data may stay unacknowledged before the connection fails.
    ///
    /// In whole milliseconds, from 1 ms to 24 days; `None` leaves it to the system (about 15 minutes).
    /// While it is set it bounds keepalive too: a connection fails at the first probe after it. It
    /// exists on Linux and Android (RFC 5482) and changes nothing elsewhere.
    #[must_use]
    pub fn user_timeout(mut self, timeout: impl Into<Option<Duration>>) -> Self {
        self.options.user_timeout = timeout.into();
        self
    }

    /// Connects from this local address, with a port that the system chooses.
    ///
    /// Addresses of the other family are then not connected to.
    #[must_use]
    pub fn local_addr(mut self, addr: impl Into<Option<IpAddr>>) -> Self {
        self.options.local_addr = addr.into();
        self
    }

    /// Connects through this network interface alone (`SO_BINDTODEVICE`).
    #[cfg(any(target_os = "android", target_os = "linux"))]
    #[cfg_attr(docsrs, doc(cfg(any(target_os = "android", target_os = "linux"))))]
    #[must_use]
    pub fn interface(mut self, name: impl Into<Box<str>>) -> Self {
        self.options.interface = Some(name.into());
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
    /// It sets `IP_TOS`, and `IPV6_TCLASS` on Linux, Android, macOS and FreeBSD.
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
