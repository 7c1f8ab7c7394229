//! Names resolved by `hickory-resolver`, both families at once and each used as it arrives.

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
    ///
    /// Of the names of the search list, the first one that has an address counts, for both families. The next name is
    /// asked for only after an answer about the one before, because a silent name server may yet know that one.
    #[must_use]
    pub fn system() -> Self {
        Self::default()
    }

    /// Asks these name servers, over UDP and TCP, and has no search list.
    #[must_use]
    pub fn name_servers(servers: impl IntoIterator<Item = SocketAddr>) -> Self {
        Self(Some(servers.into_iter().collect()))
    }

    /// Makes a resolver for one lookup, and the names to ask for, one after the other. All questions fit into the time
    /// that is left for the lookup.
    async fn resolver(&self, host: &str, time: Duration) -> io::Result<(TokioResolver, Vec<Name>)> {
        let (config, mut options) = match &self.0 {
            None => of_the_system().await.map_err(|error| {
                let what = "the system's configuration of name servers";
                io::Error::other(format!("{what}: {error}"))
            })?,
            Some(servers) => (config(servers, Vec::new())?, ResolverOpts::default()),
        };
        // Each is there twice, for UDP and for TCP.
        let servers = config.name_servers().len().max(2) / 2;
        let names = names(host, &config, options.ndots).map_err(io::Error::other)?;
        let questions = u32::try_from(names.len() * servers * (1 + RETRIES)).unwrap_or(u32::MAX);
        options.timeout = options.timeout.min(time / questions);
        options.attempts = options.attempts.min(RETRIES);
        // The first answer counts, even that there is no such name.
        options.num_concurrent_reqs = 1;
        options.server_ordering_strategy = ServerOrderingStrategy::UserProvidedOrder;
        options.use_hosts_file = ResolveHosts::Never;
        options.cache_size = 0;
        let provider = TokioConnectionProvider::default();
        let resolver = TokioResolver::builder_with_config(config, provider).with_options(options);
        Ok((resolver.build(), names))
    }
}

/// Asks these name servers over UDP, and over TCP what is too long for that.
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

/// Reads the configuration, which may have changed since the last dial. Skips what is unknown or malformed, as the
/// system resolver does.
#[cfg(unix)]
async fn of_the_system() -> io::Result<(ResolverConfig, ResolverOpts)> {
    let text = std::fs::read("/etc/resolv.conf")?;
    let (file, _skipped) = resolv_conf::Config::parse_with_errors(&text);
    let servers = Answers::default();
    for ip in &file.nameservers {
        // One whose zone is not there cannot be asked.
        let _ = push(&ip.to_string(), 53, &servers).await;
    }
    let mut list: Vec<_> = file.get_last_search_or_domain().cloned().collect();
    if list.is_empty() {
        // Of the name of this host.
        list.extend(file.get_system_domain());
    }
    let search = list.iter().map(Name::from_str_relaxed);
    let config = config(&servers.found(), search.filter_map(Result::ok).collect())?;
    let mut options = ResolverOpts::default();
    options.ndots = file.ndots as usize;
    options.attempts = file.attempts as usize;
    // The system resolver takes 0 for 1 s.
    options.timeout = Duration::from_secs(file.timeout.max(1).into());
    options.edns0 = file.edns0;
    Ok((config, options))
}

#[cfg(not(unix))]
fn of_the_system() -> Ready<io::Result<(ResolverConfig, ResolverOpts)>> {
    ready(hickory_resolver::system_conf::read_system_conf().map_err(Into::into))
}

/// Returns what a host may be called, in the order to ask for it (resolv.conf(5), `search` and `ndots`).
fn names(host: &str, config: &ResolverConfig, ndots: usize) -> Result<Vec<Name>, ProtoError> {
    // A `&str` would be held to the rules for host names, which know no underscore.
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

/// Pushes an address as a file has it. One with a zone only the system can read.
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
        // So that there is time left to connect.
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
            // Without an answer, this name may still be the right one.
            if is_found || !errors.iter().any(ResolveError::is_no_records_found) {
                break;
            }
        }
        // That a name does not exist says least.
        let failure = failures
            .into_iter()
            .min_by_key(|it| it.kind() == ErrorKind::NotFound);
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
        // As systemd-resolved writes it.
        assert_eq!(asked("db", &["."], 1)?, ["db."]);
        assert_eq!(asked("db.x.", &list, 5)?, ["db.x."]);
        assert_eq!(asked("db", &[], 1)?, ["db."]);
        Ok(())
    }
}
