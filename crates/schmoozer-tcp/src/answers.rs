//! The addresses of one name, as its lookup finds them.

use std::net::SocketAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::Family;

/// How many addresses of one family are kept, so that dials remember all of a name; what comes after is left out.
const KEPT: usize = 512;

/// Collects the addresses of one name and hands them to the dialer in the order to try them.
///
/// Families take turns, beginning with that of the first address (RFC 8305 §4). An IPv4 address that
/// arrives alone waits 50 ms for an IPv6 one, unless the lookup ends before (§3). So does an address whose
/// last connection failed, for a better one. An address that was pushed already is left out, and so is what comes after
/// the first 512 of a family. A dial tries 64 addresses at most, and the next one begins with those that it left.
#[derive(Debug, Default)]
pub struct Answers {
    /// Others are left out.
    pub(crate) family: Family,
    /// How long the dial takes at most.
    pub(crate) time: Option<Duration>,
    found: Mutex<Vec<SocketAddr>>,
}

impl Answers {
    /// Adds an address.
    pub fn push(&self, addr: SocketAddr) {
        let mut found = self.found();
        let same_family = |found: &&SocketAddr| found.is_ipv6() == addr.is_ipv6();
        let is_full = found.iter().filter(same_family).count() == KEPT;
        if self.family.has(addr) && !is_full && !found.contains(&addr) {
            found.push(addr);
        }
    }

    /// Returns what was found until now, in the order of the pushes.
    pub(crate) fn found(&self) -> MutexGuard<'_, Vec<SocketAddr>> {
        self.found.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
