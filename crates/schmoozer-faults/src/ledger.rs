use std::collections::BTreeMap;
use std::io;

use tokio::sync::watch;
use tokio::time::Instant;

/// What a peer has counted since it started.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Counts {
    /// How many connections it accepted.
    pub accepted: usize,
    /// How many connections it has that neither side has ended.
    pub live: usize,
    /// How many bytes it read, over all connections.
    pub bytes_in: u64,
    /// How many bytes it wrote, over all connections.
    pub bytes_out: u64,
}

/// What becomes of a connection that is being served.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Life {
    Served,
    /// Open, but neither read nor written any more.
    Frozen,
}

/// All that a peer remembers.
#[derive(Debug, Default)]
pub(crate) struct Ledger {
    /// When each connection was accepted. The index is its number.
    accepts: Vec<Instant>,
    live: BTreeMap<usize, Life>,
    pub(crate) bytes_in: u64,
    pub(crate) bytes_out: u64,
    /// Why the peer no longer does what it was told to.
    failure: Option<String>,
}

pub(crate) type SharedLedger = std::sync::Arc<watch::Sender<Ledger>>;

impl Ledger {
    /// Notes an accepted connection and returns its number.
    pub(crate) fn accept(&mut self) -> usize {
        let number = self.accepts.len();
        self.accepts.push(Instant::now());
        self.live.insert(number, Life::Served);
        number
    }

    pub(crate) fn freeze(&mut self, number: usize) {
        if let Some(life) = self.live.get_mut(&number) {
            *life = Life::Frozen;
        }
    }

    /// Notes that a connection is over, once.
    pub(crate) fn end(&mut self, number: usize) {
        self.live.remove(&number);
    }

    /// Keeps the first failure: what follows may come from it.
    pub(crate) fn fail(&mut self, failure: String) {
        self.failure.get_or_insert(failure);
    }

    pub(crate) fn check(&self) -> io::Result<()> {
        match &self.failure {
            None => Ok(()),
            Some(failure) => Err(io::Error::other(failure.clone())),
        }
    }

    pub(crate) fn accepts(&self) -> &[Instant] {
        &self.accepts
    }

    /// Whether each of the first `count` connections is frozen or over.
    pub(crate) fn frozen(&self, count: usize) -> bool {
        self.live
            .range(..count)
            .all(|(_, life)| *life == Life::Frozen)
    }

    /// Whether each of the first `count` connections is over.
    pub(crate) fn ended(&self, count: usize) -> bool {
        self.live.range(..count).next().is_none()
    }

    pub(crate) fn counts(&self) -> Counts {
        Counts {
            accepted: self.accepts.len(),
            live: self.live.len(),
            bytes_in: self.bytes_in,
            bytes_out: self.bytes_out,
        }
    }
}
