//! Names resolved by `hickory-resolver`, both families at once and each used as it arrives.

use std::future::{Future, poll_fn};
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::pin::pin;
use std::task::Poll;

use hickory_resolver::proto::ProtoErrorKind;
use hickory_resolver::proto::op::ResponseCode;
use hickory_resolver::{Name, ResolveError, TokioResolver};

use crate::{Answers, Resolve};

/// Asks the name servers itself, with `hickory-resolver` (feature `hickory`).
///
/// IPv6 and IPv4 addresses are asked for at the same time, and connecting begins with what comes
/// first (RFC 8305 §3). No thread is used, and a lookup ends when its dial does. Answers are cached as
/// long as their time to live allows.
///
/// Where one family could not be asked for, the addresses of the other are connected to. If they fail too,
/// the dial's error names the lookup among what was tried, and is worth another try.
///
/// It is version 0.25, as 0.26 needs Rust 1.88. Two advisories are open for that: RUSTSEC-2026-0118 is in
/// DNSSEC validation, which is not compiled in here, and RUSTSEC-2026-0119 in writing large messages,
/// where a resolver writes questions of one name.
///
/// ```no_run
/// use schmoozer_tcp::{Dialer, HickoryResolver};
///
/// # fn main() -> std::io::Result<()> {
/// let dialer = Dialer::new("db.example.com:5432")?.resolver(HickoryResolver::system()?);
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct HickoryResolver(TokioResolver);

impl HickoryResolver {
    /// Takes the name servers and the search list from the system's configuration, which is read now and not again.
    ///
    /// # Errors
    ///
    /// When that configuration cannot be read.
    pub fn system() -> io::Result<Self> {
        Ok(Self(TokioResolver::builder_tokio()?.build()))
    }
}

/// Uses a resolver that was configured elsewhere, of `hickory-resolver` 0.25.
impl From<TokioResolver> for HickoryResolver {
    fn from(resolver: TokioResolver) -> Self {
        Self(resolver)
    }
}

impl Resolve for HickoryResolver {
    async fn resolve(&self, host: &str, port: u16, answers: &Answers) -> io::Result<()> {
        // A `&str` would be held to the rules for host names, which know no underscore.
        let name = Name::from_str_relaxed(host).map_err(io::Error::other)?;
        let push = |ip: IpAddr| answers.push(SocketAddr::new(ip, port));
        let v6 = async {
            self.0
                .ipv6_lookup(name.clone())
                .await
                .map(|found| found.iter().for_each(|v6| push(v6.0.into())))
        };
        let v4 = async {
            self.0
                .ipv4_lookup(name.clone())
                .await
                .map(|found| found.iter().for_each(|v4| push(v4.0.into())))
        };
        let (v6, v4) = both(v6, v4).await;
        let one_was_found = v6.is_ok() || v4.is_ok();
        for error in [v6.err(), v4.err()].into_iter().flatten() {
            match said(&error) {
                Some(ResponseCode::NoError) => {}
                // Some servers deny a whole name that has only addresses of the other family (RFC 4074 §4.2).
                Some(ResponseCode::NXDomain) if one_was_found => {}
                _ => return Err(error.into()),
            }
        }
        Ok(())
    }
}

/// Returns what the name server said that answered without a record.
fn said(error: &ResolveError) -> Option<ResponseCode> {
    match error.proto()?.kind() {
        ProtoErrorKind::NoRecordsFound { response_code, .. } => Some(*response_code),
        _ => None,
    }
}

async fn both<A: Future, B: Future>(a: A, b: B) -> (A::Output, B::Output) {
    let (mut a, mut b) = (pin!(a), pin!(b));
    let (mut a_output, mut b_output) = (None, None);
    poll_fn(|cx| {
        a_output = a_output.take().or_else(|| ready(a.as_mut().poll(cx)));
        b_output = b_output.take().or_else(|| ready(b.as_mut().poll(cx)));
        match (a_output.take(), b_output.take()) {
            (Some(a), Some(b)) => Poll::Ready((a, b)),
            outputs => {
                (a_output, b_output) = outputs;
                Poll::Pending
            }
        }
    })
    .await
}

fn ready<T>(poll: Poll<T>) -> Option<T> {
    match poll {
        Poll::Ready(output) => Some(output),
        Poll::Pending => None,
    }
}
