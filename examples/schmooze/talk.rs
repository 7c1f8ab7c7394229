//! What goes over a connection: input to the server, and what comes from it to the output.

use std::io;

use schmoozer_tcp::{End, Session, closed};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpStream, tcp::OwnedWriteHalf};

use crate::tell;

/// Why there is no link.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Fault {
    /// It could not be made, or broke: another one may do.
    #[error(transparent)]
    Link(#[from] io::Error),
    /// Nothing reads what we print: no reconnect helps.
    #[error("standard output: {0}")]
    Output(#[source] io::Error),
    /// What was sent over a link that broke may be lost, and is not sent again.
    #[error("what was sent may be lost: {0}")]
    Lost(#[source] io::Error),
}

/// Both ends of the conversation. They outlive each connection.
pub(crate) struct Talk<I, O> {
    input: Input<I>,
    output: O,
    verbose: bool,
    /// The connection has carried some of the input.
    sent: bool,
    /// Nothing has come since something was sent.
    unanswered: bool,
    /// How a connection broke on which something was unanswered.
    lost: Option<io::Error>,
}

impl<I: AsyncRead + Unpin, O: AsyncWrite + Unpin> Talk<I, O> {
    pub(crate) fn new(input: I, output: O, verbose: bool) -> Self {
        Self {
            input: Input {
                from: input,
                pending: Vec::new(),
                ended: false,
            },
            output,
            verbose,
            sent: false,
            unanswered: false,
            lost: None,
        }
    }

    /// Talks over one connection, and judges its end.
    pub(crate) async fn serve(
        &mut self,
        stream: TcpStream,
        session: Session,
    ) -> Result<End, Fault> {
        (self.sent, self.unanswered) = (false, false);
        match self.talk(stream, session).await {
            Err(Fault::Link(error)) if is_break(&error) => {
                // With no more to send, another connection would bring no answer.
                if self.sent && self.input.is_sent() {
                    return Err(Fault::Lost(error));
                }
                if self.unanswered {
                    let kind = error.kind();
                    self.lost.get_or_insert_with(|| kind.into());
                }
                Err(Fault::Link(error))
            }
            Ok(End::Exit) => match self.lost.take() {
                Some(error) => Err(Fault::Lost(error)),
                None => Ok(End::Exit),
            },
            ended => ended,
        }
    }

    async fn talk(&mut self, stream: TcpStream, session: Session) -> Result<End, Fault> {
        if let (true, Ok(addr)) = (self.verbose, stream.peer_addr()) {
            tell(format_args!("talking to {addr}"));
        }
        let (mut from, mut to) = stream.into_split();
        let mut received = vec![0; 16 * 1024];
        // Set when nothing more is sent here: the rest is read, and then it ends so.
        let mut ending = None;
        loop {
            tokio::select! {
                read = from.read(&mut received) => match read? {
                    0 => return ending.ok_or_else(|| closed().into()),
                    count => {
                        self.unanswered = false;
                        self.output.write_all(&received[..count]).await.map_err(Fault::Output)?;
                        self.output.flush().await.map_err(Fault::Output)?;
                    }
                },
                done = self.input.step(&mut to), if ending.is_none() => if done? {
                    ending = Some(End::Exit);
                } else {
                    (self.sent, self.unanswered) = (true, true);
                },
                end = session.stopping(), if ending.is_none() => {
                    to.shutdown().await?;
                    ending = Some(end);
                }
            }
        }
    }
}

/// Whether a link broke, and did not end with a goodbye.
fn is_break(error: &io::Error) -> bool {
    error.kind() != io::ErrorKind::UnexpectedEof
}

/// What is to be sent. What was read and not sent goes to the next connection.
struct Input<I> {
    from: I,
    pending: Vec<u8>,
    ended: bool,
}

impl<I: AsyncRead + Unpin> Input<I> {
    /// Takes one step: reads a chunk and sends some of it, or passes its end on, and returns true.
    /// Nothing is lost when it is dropped.
    async fn step(&mut self, to: &mut OwnedWriteHalf) -> io::Result<bool> {
        if self.pending.is_empty() && !self.ended {
            self.pending.reserve(16 * 1024);
            self.ended = self.from.read_buf(&mut self.pending).await? == 0;
        }
        if self.pending.is_empty() {
            to.shutdown().await?;
            return Ok(true);
        }
        let sent = to.write(&self.pending).await?;
        self.pending.drain(..sent);
        Ok(false)
    }

    fn is_sent(&self) -> bool {
        self.ended && self.pending.is_empty()
    }
}
