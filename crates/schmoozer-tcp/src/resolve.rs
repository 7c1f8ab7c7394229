//! From a name to addresses.

use std::fmt;
use std::future::Future;
use std::io;
use std::net::ToSocketAddrs as _;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use crate::lookup::Lookups;
use crate::{Answers, Target};

/// Turns a host name into addresses, at every dial again.
///
/// Addresses go into `answers` as they arrive, and the dialer connects to the first while the rest
/// is still on its way. One that has them all at once pushes them all and returns:
///
/// ```
/// use std::io;
/// use std::net::{Ipv4Addr, SocketAddr};
/// use schmoozer_tcp::{Answers, Dialer, Resolve};
///
/// struct Registry;
///
/// impl Resolve for Registry {
///     async fn resolve(&self, host: &str, port: u16, answers: &Answers) -> io::Result<()> {
///         match host {
///             "db" => answers.push(SocketAddr::from((Ipv4Addr::LOCALHOST, port))),
///             _ => return Err(io::Error::other("no such service")),
///         }
///         Ok(())
///     }
/// }
///
/// let dialer = Dialer::new("db:5432")?.resolver(Registry);
/// # Ok::<(), schmoozer_tcp::InvalidTarget>(())
/// ```
pub trait Resolve: Send + Sync {
    /// Resolves `host`, and pushes each address with the port to connect to.
    ///
    /// That is `port`, unless the resolver knows a better one, as a service registry does. The order
    /// of the pushes is the order of preference; see [`Answers`] for what the dialer makes of it.
    ///
    /// # Errors
    ///
    /// Whatever kept the name from being resolved. Addresses that were pushed before count all the same.
    ///
    /// # Cancel safety
    ///
    /// The dialer drops the future once a connection is up or its timeout has passed.
    fn resolve(
        &self,
        host: &str,
        port: u16,
        answers: &Answers,
    ) -> impl Future<Output = io::Result<()>> + Send;
}

impl<R: Resolve> Resolve for Arc<R> {
    async fn resolve(&self, host: &str, port: u16, answers: &Answers) -> io::Result<()> {
        R::resolve(self, host, port, answers).await
    }
}

pub(crate) type Lookup<'a> = Pin<Box<dyn Future<Output = io::Result<()>> + Send + 'a>>;

/// A resolver of any type; the system's, if there is none.
#[derive(Clone, Default)]
pub(crate) struct Resolver(Option<Arc<Resolving>>);

type Resolving = dyn for<'a> Fn(&'a Target, Arc<Answers>) -> Lookup<'a> + Send + Sync;

impl Resolver {
    pub(crate) fn new(resolver: impl Resolve + 'static) -> Self {
        let resolver = Arc::new(resolver);
        Self(Some(Arc::new(move |target, answers| {
            lookup(Arc::clone(&resolver), target, answers)
        })))
    }

    pub(crate) fn lookup<'a>(&self, target: &'a Target, answers: Arc<Answers>) -> Lookup<'a> {
        match &self.0 {
            // A zone is a name that only this host knows.
            Some(resolving) if !target.host().contains('%') => resolving(target, answers),
            _ => lookup(SystemResolver, target, answers),
        }
    }
}

fn lookup<R: Resolve + 'static>(resolver: R, target: &Target, answers: Arc<Answers>) -> Lookup<'_> {
    let (host, port) = (target.host(), target.port());
    Box::pin(async move { resolver.resolve(host, port, &answers).await })
}

impl fmt::Debug for Resolver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.as_ref().map_or("SystemResolver", |_| "Resolve"))
    }
}

/// Asks the operating system, by `getaddrinfo`, which has all addresses at once, sorted by RFC 6724.
///
/// A lookup cannot be stopped. So it runs on a thread of its own, and may outlive its dial. There is one thread per host:
/// dials of one host share a lookup that runs. An answer that no dial has taken serves the next dial, if that begins
/// within 30 s. That dial also looks up again, and adds what it finds. Nothing else is kept. If lookups may take longer
/// than a dial and your delays are longer than 30 s, set a longer [`timeout`](crate::Dialer::timeout).
///
/// At most 1,024 lookups run at once in a process. Further ones wait for one to end. A runtime that is dropped and a
/// program that ends wait for none. A process that forks during a lookup must not look up that host in the child.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemResolver;

static LOOKUPS: Lookups = Lookups::new(
    |host| (host, 0).to_socket_addrs().map(Iterator::collect),
    1_024,
    Duration::from_secs(30),
);

impl Resolve for SystemResolver {
    async fn resolve(&self, host: &str, port: u16, answers: &Answers) -> io::Result<()> {
        LOOKUPS.resolve(host, port, answers).await
    }
}
