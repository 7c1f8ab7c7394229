//! Names resolved by `hickory-resolver`, both families at once and each used as it arrives.

use std::io::{self, ErrorKind};
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use hickory_resolver::config::{
    NameServerConfig, ResolveHosts, ResolverConfig, ResolverOpts, ServerOrderingStrategy,
};
use hickory_resolver::name_server::TokioConnectionProvider;
use hickory_resolver::proto::op::ResponseCode;
use hickory_resolver::proto::rr::{RData, RecordType};
use hickory_resolver::proto::xfer::Protocol;
use hickory_resolver::proto::{ProtoError, ProtoErrorKind};
#[cfg(unix)]
use hickory_resolver::system_conf::parse_resolv_conf;
#[cfg(not(unix))]
use hickory_resolver::system_conf::read_system_conf;
use hickory_resolver::{Name, ResolveError, TokioResolver};

use crate::hosts_file::local_addresses;
use crate::{Answers, Resolve, SystemResolver};

/// How often a question is repeated to which no name server replied.
const RETRIES: usize = 1;

/// Asks the name servers itself, with `hickory-resolver` (feature `hickory`).
///
/// IPv6 and IPv4 addresses are asked for at the same time, and connecting begins with what comes
/// first (RFC 8305 §3). No thread is used, and a lookup ends when its dial does.
///
/// The name servers are asked in their order, as the system resolver asks them. The next one is asked only if the one
/// before is silent, fails, refuses, or denies a name without an SOA record. So a public server after an internal one
/// cannot deny an internal name. It learns the name only while the internal one does not answer.
///
/// The time for a lookup is divided so that all servers can be asked twice. A dead first server of two costs at most
/// 1.9 s of the default dial timeout of 10 s.
///
/// Nothing is kept from one dial to the next: no answers, and not the system's configuration, which each dial reads
/// again. A name in the hosts file and `localhost` are not asked for. For an address with a zone in that
/// file, the system resolver uses a thread.
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
pub struct HickoryResolver(Option<Arc<[SocketAddr]>>);

impl HickoryResolver {
    /// Takes the name servers and the search list from the system's configuration, as each dial finds it.
    ///
    /// One that cannot be read, or has no name server, is an error of the dial. Lines and options of `/etc/resolv.conf`
    /// that are unknown or malformed are skipped.
    #[must_use]
    pub fn system() -> Self {
        Self::default()
    }

    /// Asks these name servers, over UDP and TCP, and has no search list.
    #[must_use]
    pub fn name_servers(servers: impl IntoIterator<Item = SocketAddr>) -> Self {
        Self(Some(servers.into_iter().collect()))
    }

    /// Makes a resolver for one lookup, whose questions fit into the time that is left for it.
    fn for_one_lookup(&self, host: &str, time: Duration) -> io::Result<TokioResolver> {
        let (config, mut options) = match &self.0 {
            // Those of the system.
            None => read_system_conf().map_err(|error| {
                let what = "the system's configuration of name servers";
                io::Error::other(format!("{what}: {error}"))
            })?,
            Some(servers) => {
                let mut config = ResolverConfig::new();
                for server in servers.iter() {
                    config.add_name_server(NameServerConfig::new(*server, Protocol::Udp));
                    config.add_name_server(NameServerConfig::new(*server, Protocol::Tcp));
                }
                (config, ResolverOpts::default())
            }
        };
        // Each is there twice, for UDP and for TCP.
        let servers = config.name_servers().len() / 2;
        if servers == 0 {
            return Err(io::Error::other("there is no name server to ask"));
        }
        let suffixes = config.search().len() + usize::from(config.domain().is_some());
        let names = if host.ends_with('.') { 1 } else { 1 + suffixes };
        let questions = u32::try_from(names * servers * (1 + RETRIES)).unwrap_or(u32::MAX);
        // The system resolver takes 0 for 1 s.
        let timeout = options.timeout.max(Duration::from_secs(1));
        options.timeout = timeout.min(time / questions);
        options.attempts = options.attempts.min(RETRIES);
        // The first answer counts, even that there is no such name.
        options.num_concurrent_reqs = 1;
        options.server_ordering_strategy = ServerOrderingStrategy::UserProvidedOrder;
        options.use_hosts_file = ResolveHosts::Never;
        options.cache_size = 0;
        let provider = TokioConnectionProvider::default();
        Ok(TokioResolver::builder_with_config(config, provider)
            .with_options(options)
            .build())
    }
}

/// Reads the configuration, and skips what the parser refuses, as the system resolver does.
#[cfg(unix)]
fn read_system_conf() -> Result<(ResolverConfig, ResolverOpts), ResolveError> {
    let text = std::fs::read("/etc/resolv.conf")?;
    // It also refuses a text without a name server.
    let is_known = |line: &str| parse_resolv_conf(format!("nameserver ::1\n{line}")).is_ok();
    let text = String::from_utf8_lossy(&text);
    let lines = text.lines().map(|line| {
        line.split_whitespace().fold(String::new(), |line, word| {
            let longer = format!("{line} {word}");
            let is_kept = line.is_empty() || is_known(&longer);
            if is_kept { longer } else { line }
        })
    });
    let known: Vec<_> = lines.filter(|line| is_known(line)).collect();
    parse_resolv_conf(known.join("\n"))
}

impl Resolve for HickoryResolver {
    async fn resolve(&self, host: &str, port: u16, answers: &Answers) -> io::Result<()> {
        let push = |ip: IpAddr| answers.push(SocketAddr::new(ip, port));
        let local = local_addresses(host);
        let mut outcome = Ok(());
        for ip in &local {
            match ip.parse() {
                Ok(ip) => push(ip),
                // It has a zone, which only the system can read.
                Err(_) => outcome = outcome.and(SystemResolver.resolve(ip, port, answers).await),
            }
        }
        if !local.is_empty() {
            return outcome;
        }
        // A `&str` would be held to the rules for host names, which know no underscore.
        let name = Name::from_str_relaxed(host).map_err(io::Error::other)?;
        let resolver = self.for_one_lookup(host, answers.time_for_lookup())?;
        let ask = async |records: RecordType| {
            let found = resolver.lookup(name.clone(), records).await?;
            found.iter().filter_map(RData::ip_addr).for_each(push);
            Ok(())
        };
        let (v6, v4) = tokio::join!(ask(RecordType::AAAA), ask(RecordType::A));
        let one_was_found = v6.is_ok() || v4.is_ok();
        let mut errors = [v6, v4].into_iter().filter_map(Result::err);
        let failure = errors.find_map(|error| failure(&error, one_was_found));
        failure.map_or(Ok(()), Err)
    }
}

/// Tells what it means that one family was not found, unless the name just has none of it.
fn failure(error: &ResolveError, other_was_found: bool) -> Option<io::Error> {
    match error.proto().map(ProtoError::kind) {
        // The name server replied without a record.
        Some(ProtoErrorKind::NoRecordsFound { response_code, .. }) => {
            let (code, number) = (*response_code, u16::from(*response_code));
            let kind = match code {
                ResponseCode::NoError => return None,
                // Some servers deny a whole name that has only addresses of the other family (RFC 4074 §4.2).
                ResponseCode::NXDomain if other_was_found => return None,
                ResponseCode::NXDomain => ErrorKind::NotFound,
                _ => ErrorKind::Other,
            };
            let text = format!("the name server answered \"{code}\" (response code {number})");
            Some(io::Error::new(kind, text))
        }
        Some(ProtoErrorKind::Timeout) => {
            let text = "no name server answered in time";
            Some(io::Error::new(ErrorKind::TimedOut, text))
        }
        _ => Some(io::Error::other(error.to_string())),
    }
}
