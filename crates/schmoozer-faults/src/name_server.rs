mod answer;
mod message;
mod script;
mod serve;

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::{TcpListener, UdpSocket};
use tokio::task::JoinSet;

pub use answer::{Answer, Question, RecordType};
use script::Script;

use crate::wait::{self, PATIENCE};

/// How often a port may be free for UDP and taken for TCP.
const TRIES: usize = 100;

/// A name server on loopback that replies as a script says, and records the questions.
///
/// It speaks DNS over UDP and TCP, at one port. It ignores EDNS; an answer of more than 512 bytes comes
/// over TCP alone. Names that were not set do not exist (NXDOMAIN), unless [`otherwise`](Self::otherwise)
/// says something else. Dropping it ends it.
///
/// # Examples
///
/// ```
/// use std::net::Ipv4Addr;
/// use schmoozer_faults::{Answer, NameServer, RecordType};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> std::io::Result<()> {
/// let names = NameServer::start().await?;
/// names.set("db.example.com", Answer::addresses([Ipv4Addr::LOCALHOST]));
/// names.set_for("db.example.com", RecordType::Aaaa, Answer::Drop);
/// // Point your resolver to it, and let your client look the name up.
/// let addr = names.addr();
/// # drop(addr);
/// assert_eq!(names.questions(), []);
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct NameServer {
    addr: SocketAddr,
    script: Arc<Script>,
    patience: Duration,
    _serving: JoinSet<()>,
}

impl NameServer {
    /// Starts a name server at a free port of 127.0.0.1.
    ///
    /// # Errors
    ///
    /// When there is no port.
    ///
    /// # Panics
    ///
    /// Outside a tokio runtime with I/O and time.
    pub async fn start() -> io::Result<Self> {
        Self::start_at(([127, 0, 0, 1], 0)).await
    }

    /// Starts a name server at an address of this host. Port 0 stands for one that is free for UDP and TCP.
    ///
    /// # Errors
    ///
    /// When the address cannot be had.
    ///
    /// # Panics
    ///
    /// Outside a tokio runtime with I/O and time.
    pub async fn start_at(addr: impl Into<SocketAddr>) -> io::Result<Self> {
        let (socket, listener) = bind(addr.into()).await?;
        let addr = socket.local_addr()?;
        let script = Arc::new(Script::new());
        let mut serving = JoinSet::new();
        serving.spawn(serve::datagrams(socket, Arc::clone(&script)));
        serving.spawn(serve::streams(listener, Arc::clone(&script)));
        Ok(Self {
            addr,
            script,
            patience: PATIENCE,
            _serving: serving,
        })
    }

    /// Sets how long each waiting method waits before it returns an error. Default: 10 s.
    #[must_use]
    pub fn patience(mut self, patience: Duration) -> Self {
        self.patience = patience;
        self
    }

    /// Returns the address to send questions to, over UDP or TCP.
    #[must_use]
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// Sets the answer to all later questions about a name, for both families.
    ///
    /// Upper and lower case are the same, and so is a dot at the end.
    pub fn set(&self, name: &str, answer: Answer) {
        self.set_for(name, RecordType::A, answer.clone());
        self.set_for(name, RecordType::Aaaa, answer);
    }

    /// Sets the answer to later questions for one type of record.
    ///
    /// A name that was set for some types exists, and has no records of the others.
    pub fn set_for(&self, name: &str, record_type: RecordType, answer: Answer) {
        self.script.set(name, record_type, answer);
    }

    /// Sets the answer to later questions about names that were not set. Default: there is no such name.
    pub fn otherwise(&self, answer: Answer) {
        self.script.otherwise(answer);
    }

    /// Returns all questions so far, in the order in which they came.
    ///
    /// Messages that are no questions are not among them.
    #[must_use]
    pub fn questions(&self) -> Vec<Question> {
        self.script.questions.borrow().clone()
    }

    /// Waits until at least `count` questions were asked since the start.
    ///
    /// # Errors
    ///
    /// As [`until`](Self::until).
    pub async fn asked(&self, count: usize) -> io::Result<()> {
        self.until(|questions| questions.len() >= count).await
    }

    /// Waits until `reached` returns true for the questions so far.
    ///
    /// # Errors
    ///
    /// [`TimedOut`](io::ErrorKind::TimedOut), with the questions in its text, if that takes longer than
    /// the server's [`patience`](Self::patience).
    pub async fn until(&self, mut reached: impl FnMut(&[Question]) -> bool) -> io::Result<()> {
        let look = |questions: &Vec<Question>| Ok(questions.clone());
        wait::until(&self.script.questions, self.patience, look, |seen| {
            reached(seen)
        })
        .await
    }
}

async fn bind(addr: SocketAddr) -> io::Result<(UdpSocket, TcpListener)> {
    let mut tries = 0;
    loop {
        let socket = UdpSocket::bind(addr).await?;
        match TcpListener::bind(socket.local_addr()?).await {
            Ok(listener) => return Ok((socket, listener)),
            Err(error) if error.kind() != io::ErrorKind::AddrInUse || addr.port() != 0 => {
                return Err(error);
            }
            Err(error) if tries == TRIES => return Err(error),
            Err(_) => tries += 1,
        }
    }
}
