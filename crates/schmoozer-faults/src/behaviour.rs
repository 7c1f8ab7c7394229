use std::io::{self, ErrorKind};
use std::time::Duration;

use crate::black_hole::CAN_BE_HAD;
use crate::connection::Connection;
use crate::handler::Handler;

/// What a [`Peer`](crate::Peer) does to its clients.
///
/// The [crate's table](crate#behaviours) says what the clients see.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Behaviour {
    /// Sends back what comes.
    Echo,
    /// Leaves each connection to a handler. [`Behaviour::serve`] makes one from a closure.
    Serve(Handler),
    /// Does not listen. The port stays reserved for the peer.
    Refuse,
    /// Accepts and closes at once.
    ///
    /// Like all that close here, the peer still reads and drops for a second what the client sends. So the
    /// client sees an end of the stream and no reset.
    Close,
    /// Accepts and resets at once.
    ///
    /// The reset may come before the client's `connect` has returned, and make that fail. To let every
    /// `connect` succeed, take `ResetAfter`.
    Reset,
    /// Reads one line, answers with these bytes, and closes: `LoginThenClose("welcome\n".into())`.
    LoginThenClose(Vec<u8>),
    /// Accepts and reads, and never writes.
    Silent,
    /// Accepts and never reads, so that buffers fill and the client's writes stop.
    ///
    /// When they are full, the client's close cannot arrive either, and the connection stays live.
    NeverRead,
    /// Lets the kernel drop each SYN, so that a `connect` neither succeeds nor fails. Linux and Android only.
    ///
    /// To open the hole takes 100 ms. A client that is still in it when it closes connects with the next
    /// SYN that its kernel sends, a second or more after the first.
    BlackHole,
    /// Sends these bytes over and over, one each interval, the first at once. Reads and drops what comes.
    Drip(Vec<u8>, Duration),
    /// Serves with the handler, and closes when so many bytes were written.
    CloseAfter(usize, Handler),
    /// Serves with the handler, and resets when so many bytes were written.
    ///
    /// The client can read these bytes before it sees the reset, unless they are so many that some are
    /// still in the peer's send buffer.
    ResetAfter(usize, Handler),
    /// Does one after the other, each for its time, over and over.
    ///
    /// Each change also closes the live connections, as a restart does.
    Flap(Vec<(Duration, Behaviour)>),
}

impl Behaviour {
    /// Serves each connection with a closure: [`Serve`](Self::Serve) with a [`Handler::new`].
    pub fn serve<F, S>(serve: S) -> Self
    where
        S: Fn(Connection) -> F + Send + Sync + 'static,
        F: Future<Output = io::Result<()>> + Send + 'static,
    {
        Self::Serve(Handler::new(serve))
    }

    /// Says why a peer cannot do this.
    pub(crate) fn check(&self) -> io::Result<()> {
        let (kind, fault) = match self {
            Self::BlackHole if !CAN_BE_HAD => (ErrorKind::Unsupported, "a black hole needs Linux"),
            Self::Flap(steps) if steps.iter().any(|(_, step)| matches!(step, Self::Flap(_))) => (
                ErrorKind::InvalidInput,
                "a flapping peer cannot flap within a step",
            ),
            Self::Flap(steps) if steps.iter().all(|(lasts, _)| lasts.is_zero()) => (
                ErrorKind::InvalidInput,
                "a flapping peer needs a step that takes time",
            ),
            Self::Flap(steps) => return steps.iter().try_for_each(|(_, step)| step.check()),
            _ => return Ok(()),
        };
        Err(io::Error::new(kind, fault))
    }
}
