//! Resolves names with `hickory-resolver`. Asks for IPv6 and IPv4 addresses at the same time.

#[cfg(not(unix))]
use std::future::{Ready, ready};
use std::io::{self, ErrorKind};
use std::net::SocketAddr;
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
use hickory_resolver::{Name, ResolveError, TokioResolver};

use crate::hosts_file::local_addresses;
use crate::{Answers, Resolve, SystemResolver};

/// How many times a question is asked again if no name server replies.
const RETRIES: usize = 1;

/// Sends questions to the name servers with `hickory-resolver` instead of the system resolver (feature `hickory`).
///
/// It asks for IPv6 and IPv4 addresses at the same time. The dial starts to connect when the first addresses arrive
/// (RFC 8305 §3). When a dial ends, its lookup ends too.
///
/// Name servers are asked in the order of their list, as the system resolver does. The next one is asked only if the
/// previous one does not reply, fails, refuses, or says without an SOA record that the name does not exist. So a public
/// server that is listed after an internal one is asked for internal names only while the internal one does not help.
///
/// A lookup may take three quarters of the dial's timeout. This time is divided so that each server can be asked twice
/// for each name. If the first of two servers is dead, a lookup loses at most 1.9 s of the default timeout of 10 s.
///
/// Each dial reads the system's configuration again and asks again. Answers are not kept. `localhost` and the names in
/// the hosts file need no name server. If the hosts file has an address with a zone (`fe80::1%eth0`), the system
/// resolver reads it, in a thread.
///
/// If the lookup of one family fails, the dial connects to the addresses of the other. If these fail too, the dial's
/// error lists the failed lookup beside the failed connects.
///
/// # Errors
///
/// If a name server refuses, the text of the error has its response code. If the name does not exist, the kind of the
/// error is [`NotFound`](ErrorKind::NotFound).
///
/// # Version
///
/// This is `hickory-resolver` 0.25, because 0.26 needs Rust 1.88. Two advisories are open for 0.25. RUSTSEC-2026-0118
/// concerns DNSSEC validation, which is not compiled in. RUSTSEC-2026-0119 concerns writing large messages, and a
/// resolver writes only questions of one name.
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
    /// Uses the name servers and the search list of the system's configuration. Each dial reads it again.
    ///
    /// A dial fails if the configuration cannot be read or has no name server. Unknown or malformed lines and options of
    /// `/etc/resolv.conf` are skipped.
    ///
    /// The host is tried with each suffix of the search list. The first full name that has an address is used, for both
    /// families. The next name is tried only if a name server replied that the previous one has no address. If none
    /// replied, the lookup ends, because the previous name may be the right one.
    #[must_use]
    pub fn system() -> Self {
        Self::default()
    }

    /// Uses these name servers and no search list. Questions go over UDP, and over TCP if the reply is too long for UDP.
    ///
    /// If there are none, each dial that needs a name server fails.
    #[must_use]
    pub fn name_servers(servers: impl IntoIterator<Item = SocketAddr>) -> Self {
        Self(Some(servers.into_iter().collect()))
    }

    /// Returns a resolver for one lookup, and the names to ask for, in order. All its questions fit into `time`.
    async fn resolver(&self, host: &str, time: Duration) -> io::Result<(TokioResolver, Vec<Name>)> {
        let (config, mut options) = match &self.0 {
            None => of_the_system().await.map_err(|error| {
                let what = "the system's configuration of name servers";
                io::Error::other(format!("{what}: {error}"))
            })?,
            Some(servers) => (config(servers, Vec::new())?, ResolverOpts::default()),
        };
        // The list has each server twice: for UDP and for TCP.
        let servers = config.name_servers().len().max(2) / 2;
        let names = names(host, &config, options.ndots).map_err(io::Error::other)?;
        let questions = u32::try_from(names.len() * servers * (1 + RETRIES)).unwrap_or(u32::MAX);
        options.timeout = options.timeout.min(time / questions);
        options.attempts = options.attempts.min(RETRIES);
        // One server at a time: its reply is final, even if it says that the name does not exist.
        options.num_concurrent_reqs = 1;
        options.server_ordering_strategy = ServerOrderingStrategy::UserProvidedOrder;
        options.use_hosts_file = ResolveHosts::Never;
        options.cache_size = 0;
        let provider = TokioConnectionProvider::default();
        let resolver = TokioResolver::builder_with_config(config, provider).with_options(options);
        Ok((resolver.build(), names))
    }
}

/// Returns a configuration that asks these servers over UDP, and over TCP if a reply is too long for UDP.
fn config(servers: &[SocketAddr], search: Vec<Name>) -> io::Result<ResolverConfig> {
    if servers.is_empty() {
        return Err(io::Error::other("there is no name server to ask"));
    }
    let by = [Protocol::Udp, Protocol::Tcp];
    let servers = servers.iter();
    let servers = servers.flat_map(|server| by.map(|by| NameServerConfig::new(*server, by)));
    let servers: Vec<_> = servers.collect();
    Ok(ResolverConfig::from_parts(None, search, servers))
}

/// Reads `/etc/resolv.conf`, which may have changed since the last dial. Skips unknown or malformed lines, as the system
/// resolver does.
#[cfg(unix)]
async fn of_the_system() -> io::Result<(ResolverConfig, ResolverOpts)> {
    let text = std::fs::read("/etc/resolv.conf")?;
    let (file, _skipped) = resolv_conf::Config::parse_with_errors(&text);
    let servers = Answers::default();
    for ip in &file.nameservers {
        // A server cannot be asked if its address names a network interface that does not exist.
        let _ = push(&ip.to_string(), 53, &servers).await;
    }
    let mut list: Vec<_> = file.get_last_search_or_domain().cloned().collect();
    if list.is_empty() {
        // The domain of the name of this machine.
        list.extend(file.get_system_domain());
    }
    let search = list.iter().map(Name::from_str_relaxed);
    let config = config(&servers.found(), search.filter_map(Result::ok).collect())?;
    let mut options = ResolverOpts::default();
    options.ndots = file.ndots as usize;
    options.attempts = file.attempts as usize;
    // The system resolver treats 0 as 1 s.
    options.timeout = Duration::from_secs(file.timeout.max(1).into());
    options.edns0 = file.edns0;
    Ok((config, options))
}

#[cfg(not(unix))]
fn of_the_system() -> Ready<io::Result<(ResolverConfig, ResolverOpts)>> {
    ready(hickory_resolver::system_conf::read_system_conf().map_err(Into::into))
}

/// Returns the full names to try for a host, in order (resolv.conf(5), `search` and `ndots`).
fn names(host: &str, config: &ResolverConfig, ndots: usize) -> Result<Vec<Name>, ProtoError> {
    // From a `&str`, the rules for host names would apply, which forbid underscores.
    let mut name = Name::from_str_relaxed(host)?;
    if name.is_fqdn() {
        return Ok(vec![name]);
    }
    let suffixes = config.domain().into_iter().chain(config.search());
    let names = suffixes.filter_map(|suffix| name.clone().append_domain(suffix).ok());
    let mut names: Vec<_> = names.collect();
    let goes_first = usize::from(name.num_labels()) > ndots;
    name.set_fqdn(true);
    names.insert(if goes_first { 0 } else { names.len() }, name);
    names.dedup();
    Ok(names)
}

/// Adds an address that was read from a file. Only the system resolver can read one with a zone.
async fn push(ip: &str, port: u16, answers: &Answers) -> io::Result<()> {
    match ip.parse() {
        Ok(ip) => answers.push(SocketAddr::new(ip, port)),
        Err(_) => SystemResolver.resolve(ip, port, answers).await?,
    }
    Ok(())
}

impl Resolve for HickoryResolver {
    async fn resolve(&self, host: &str, port: u16, answers: &Answers) -> io::Result<()> {
        let local = local_addresses(host);
        let mut outcome = Ok(());
        for ip in &local {
            outcome = outcome.and(push(ip, port, answers).await);
        }
        if !local.is_empty() {
            return outcome;
        }
        // Leave a quarter of the time to connect.
        let time = answers.time.unwrap_or(Duration::from_secs(10)) / 4 * 3;
        let (resolver, names) = self.resolver(host, time).await?;
        let ask = async |name: &Name, records: RecordType| {
            let found = resolver.lookup(name.clone(), records).await?;
            let found = found.iter().filter_map(RData::ip_addr);
            found.for_each(|ip| answers.push(SocketAddr::new(ip, port)));
            Ok(())
        };
        let mut failures = Vec::new();
        for name in &names {
            let (v6, v4) = tokio::join!(ask(name, RecordType::AAAA), ask(name, RecordType::A));
            let is_found = v6.is_ok() || v4.is_ok();
            let errors: Vec<_> = [v6, v4].into_iter().filter_map(Result::err).collect();
            if is_found {
                failures.clear();
            }
            failures.extend(errors.iter().filter_map(|error| failure(error, is_found)));
            // Stop at a name that was found. Stop also if no server replied: the name may still be the right one.
            if is_found || !errors.iter().any(ResolveError::is_no_records_found) {
                break;
            }
        }
        // Any other failure says more about the cause than that a name does not exist.
        let failure = failures
            .into_iter()
            .min_by_key(|it| it.kind() == ErrorKind::NotFound);
        failure.map_or(Ok(()), Err)
    }
}

/// Returns the error for a failed lookup of one family, or `None` if the name simply has no address of that family.
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_names_of_a_search_list_come_in_the_order_of_the_system() -> Result<(), ProtoError> {
        let asked = |host, search: &[&str], ndots| {
            let search = search
                .iter()
                .map(Name::from_str_relaxed)
                .collect::<Result<_, _>>()?;
            let config = ResolverConfig::from_parts(None, search, Vec::new());
            let names = names(host, &config, ndots)?;
            Ok::<_, ProtoError>(names.iter().map(Name::to_string).collect::<Vec<_>>())
        };
        let list = ["a.test", "b.test"];
        assert_eq!(asked("db", &list, 1)?, ["db.a.test.", "db.b.test.", "db."]);
        assert_eq!(
            asked("db.x", &list, 1)?,
            ["db.x.", "db.x.a.test.", "db.x.b.test."]
        );
        assert_eq!(asked("db.x", &["a.test"], 2)?, ["db.x.a.test.", "db.x."]);
        assert_eq!(
            asked("my_db", &["a_b.test"], 0)?,
            ["my_db.", "my_db.a_b.test."]
        );
        // systemd-resolved writes `search .`.
        assert_eq!(asked("db", &["."], 1)?, ["db."]);
        assert_eq!(asked("db.x.", &list, 5)?, ["db.x."]);
        assert_eq!(asked("db", &[], 1)?, ["db."]);
        Ok(())
    }
}
