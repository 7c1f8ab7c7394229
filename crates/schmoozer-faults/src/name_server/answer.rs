use std::net::IpAddr;
use std::time::Duration;

use tokio::time::Instant;

/// The kind of record that a question asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum RecordType {
    /// IPv4 addresses.
    A,
    /// IPv6 addresses.
    Aaaa,
    /// Any other, by its number.
    Other(u16),
}

impl RecordType {
    pub(crate) fn number(self) -> u16 {
        match self {
            Self::A => 1,
            Self::Aaaa => 28,
            Self::Other(number) => number,
        }
    }

    pub(crate) fn from_number(number: u16) -> Self {
        match number {
            1 => Self::A,
            28 => Self::Aaaa,
            other => Self::Other(other),
        }
    }
}

/// What a [`NameServer`](crate::NameServer) answers to a question.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Answer {
    /// These addresses, as far as they are of the family that the question is about. If none is, the
    /// answer says that the name exists and has no such record.
    #[non_exhaustive]
    Addresses {
        /// The addresses of both families.
        addresses: Vec<IpAddr>,
        /// How long the answer may be cached, in whole seconds.
        ttl: Duration,
    },
    /// There is no such name (NXDOMAIN).
    #[non_exhaustive]
    NoSuchName {
        /// How long that may be cached, in whole seconds: the minimum of an SOA record.
        ttl: Duration,
    },
    /// The server cannot tell (SERVFAIL).
    ServerFailure,
    /// This response code and no records. The codes are those of RFC 6895 §2.3 from 0 to 15, for example 5 for
    /// REFUSED; of a larger number, the lowest four bits count.
    Code(u8),
    /// No answer at all.
    Drop,
    /// An answer that comes late.
    #[non_exhaustive]
    Delayed {
        /// How long after the question.
        by: Duration,
        /// What is answered then.
        answer: Box<Answer>,
    },
}

impl Answer {
    /// Answers with these addresses. They must not be cached, unless a [`ttl`](Self::ttl) is set.
    pub fn addresses<I>(addresses: I) -> Self
    where
        I: IntoIterator,
        I::Item: Into<IpAddr>,
    {
        Self::Addresses {
            addresses: addresses.into_iter().map(Into::into).collect(),
            ttl: Duration::ZERO,
        }
    }

    /// Answers that the name exists and has no addresses.
    #[must_use]
    pub fn no_addresses() -> Self {
        Self::addresses(Vec::<IpAddr>::new())
    }

    /// Answers that there is no such name (NXDOMAIN). That must not be cached, unless a
    /// [`ttl`](Self::ttl) is set.
    #[must_use]
    pub const fn no_such_name() -> Self {
        Self::NoSuchName {
            ttl: Duration::ZERO,
        }
    }

    /// Sets how long the answer may be cached, in whole seconds up to 2^31 - 1. Default: 0.
    ///
    /// It does nothing to an answer that is never cached.
    #[must_use]
    pub fn ttl(mut self, time: Duration) -> Self {
        match &mut self {
            Self::Addresses { ttl, .. } | Self::NoSuchName { ttl } => *ttl = time,
            Self::Delayed { answer, .. } => **answer = (**answer).clone().ttl(time),
            Self::ServerFailure | Self::Code(_) | Self::Drop => {}
        }
        self
    }

    /// Delays the answer. A second delay is added to the first.
    #[must_use]
    pub fn after(self, delay: Duration) -> Self {
        Self::Delayed {
            by: delay,
            answer: Box::new(self),
        }
    }
}

/// A question that a [`NameServer`](crate::NameServer) was asked.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Question {
    /// The name, in lower case and without the dot at its end.
    pub name: String,
    /// The kind of record.
    pub record_type: RecordType,
    /// Whether it came over TCP, not UDP.
    pub over_tcp: bool,
    /// When it came.
    pub at: Instant,
}
