//! Names resolved by `hickory-resolver`, both families at once and each used as it arrives.

use std::io::{self, ErrorKind};
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use hickory_resolver::config::{
    NameServerConfigGroup, ResolveHosts, ResolverConfig, ResolverOpts, ServerOrderingStrategy,
};
use hickory_resolver::name_server::TokioConnectionProvider;
use hickory_resolver::proto::ProtoErrorKind;
use hickory_resolver::proto::op::ResponseCode;
use hickory_resolver::system_conf::read_system_conf;
use hickory_resolver::{Name, ResolveError, TokioResolver};

use crate::hosts_file::local_addresses;
use crate::{Answers, Resolve};

/// How often a question is repeated to which no name server replied.
const RETRIES: usize = 1;

/// Asks the name servers itself, with `hickory-resolver` (feature `hickory`).
///
/// IPv6 and IPv4 addresses are asked for at the same time, and connecting begins with what comes
/// first (RFC 8305 §3). All name servers are asked at once, so that a dead one costs nothing. No thread is used, and a
/// lookup ends when its dial does; it asks so that a second question fits into the dial's timeout.
///
/// Nothing is kept from one dial to the next: no answers, and not the system's configuration, which each dial reads
/// again. A name in the hosts file and `localhost` are not asked for.
///
/// Where one family could not be asked for, the addresses of the other are connected to. If they fail too,
/// the dial's error names the lookup among what was tried. A refusal has the name server's response code in its text; a
/// name that does not exist is an error of kind [`NotFound`](ErrorKind::NotFound).
///
/// It is version 0.25, as 0.26 needs Rust 1.88. Two advisories are open for that: RUSTSEC-2026-0118 is in
/// DNSSEC validation, which is not compiled in here, and RUSTSEC-2026-0119 in writing large messages,
/// where a resolver writes questions of one name.
///
/// ```no_run
/// use schmoozer_tcp::{Dialer, HickoryResolver};
///
/// # fn main() -> std::io::Result<()> {
/// let dialer = Dialer::new("db.example.com:5432")?.resolver(HickoryResolver::system());
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, Default)]
pub struct HickoryResolver {
    /// `None` stands for those of the system.
    name_servers: Option<Arc<[SocketAddr]>>,
}

impl HickoryResolver {
    /// Takes the name servers and the search list from the system's configuration, as each dial finds it.
    ///
    /// One that cannot be read, or has no name server, is an error of the dial.
    #[must_use]
    pub fn system() -> Self {
        Self::default()
    }

    /// Asks these name servers, over UDP and TCP, and has no search list.
    #[must_use]
    pub fn name_servers(servers: impl IntoIterator<Item = SocketAddr>) -> Self {
        Self {
            name_servers: Some(servers.into_iter().collect()),
        }
    }

    /// Makes a resolver for one lookup, whose questions fit into the time that is left for it.
    fn for_one_lookup(&self, host: &str, time: Duration) -> io::Result<TokioResolver> {
        let (config, mut options) = match &self.name_servers {
            None => read_system_conf().map_err(|error| {
                io::Error::other(format!(
                    "the system's configuration of name servers: {error}"
                ))
            })?,
            Some(servers) => {
                let mut group = NameServerConfigGroup::new();
                for server in servers.iter() {
                    let ips = [server.ip()];
                    group.merge(NameServerConfigGroup::from_ips_clear(
                        &ips,
                        server.port(),
                        true,
                    ));
                }
                let config = ResolverConfig::from_parts(None, vec![], group);
                (config, ResolverOpts::default())
            }
        };
        let servers = config.name_servers().len();
        if servers == 0 {
            return Err(io::Error::other("there is no name server to ask"));
        }
        let suffixes = config.search().len() + usize::from(config.domain().is_some());
        let names = if host.ends_with('.') { 1 } else { 1 + suffixes };
        let questions = u32::try_from(names * (1 + RETRIES)).unwrap_or(u32::MAX);
        options.timeout = options.timeout.min(time / questions);
        options.attempts = options.attempts.min(RETRIES);
        options.num_concurrent_reqs = servers;
        options.server_ordering_strategy = ServerOrderingStrategy::UserProvidedOrder;
        options.use_hosts_file = ResolveHosts::Never;
        options.cache_size = 0;
        let provider = TokioConnectionProvider::default();
        Ok(TokioResolver::builder_with_config(config, provider)
            .with_options(options)
            .build())
    }
}

impl Resolve for HickoryResolver {
    async fn resolve(&self, host: &str, port: u16, answers: &Answers) -> io::Result<()> {
        let push = |ip: IpAddr| answers.push(SocketAddr::new(ip, port));
        let local = local_addresses(host);
        if !local.is_empty() {
            local.into_iter().for_each(push);
            return Ok(());
        }
        // A `&str` would be held to the rules for host names, which know no underscore.
        let name = Name::from_str_relaxed(host).map_err(io::Error::other)?;
        let resolver = self.for_one_lookup(host, answers.time_for_lookup())?;
        let v6 = async {
            let found = resolver.ipv6_lookup(name.clone()).await?;
            found.iter().for_each(|v6| push(v6.0.into()));
            Ok(())
        };
        let v4 = async {
            let found = resolver.ipv4_lookup(name.clone()).await?;
            found.iter().for_each(|v4| push(v4.0.into()));
            Ok(())
        };
        let (v6, v4) = tokio::join!(v6, v4);
        let one_was_found = v6.is_ok() || v4.is_ok();
        for error in [v6.err(), v4.err()].into_iter().flatten() {
            match response_code(&error) {
                Some(ResponseCode::NoError) => {}
                // Some servers deny a whole name that has only addresses of the other family (RFC 4074 §4.2).
                Some(ResponseCode::NXDomain) if one_was_found => {}
                code => return Err(refused(code, &error)),
            }
        }
        Ok(())
    }
}

fn refused(code: Option<ResponseCode>, error: &ResolveError) -> io::Error {
    let Some(code) = code else {
        let timed_out = error
            .proto()
            .is_some_and(|e| matches!(e.kind(), ProtoErrorKind::Timeout));
        return if timed_out {
            io::Error::new(ErrorKind::TimedOut, "no name server answered in time")
        } else {
            io::Error::other(error.to_string())
        };
    };
    let kind = match code {
        ResponseCode::NXDomain => ErrorKind::NotFound,
        _ => ErrorKind::Other,
    };
    let number = u16::from(code);
    let text = format!("the name server answered \"{code}\" (response code {number})");
    io::Error::new(kind, text)
}

/// Returns what a name server said that replied without a record.
fn response_code(error: &ResolveError) -> Option<ResponseCode> {
    match error.proto()?.kind() {
        ProtoErrorKind::NoRecordsFound { response_code, .. } => Some(*response_code),
        _ => None,
    }
}
