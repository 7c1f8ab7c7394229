//! Three servers of our own, the first of which goes and returns while lines go through it.

use std::io;
use std::time::Duration;

use schmoozer_faults::{Behaviour, Peer};
use schmoozer_tcp::{Handle, InvalidTarget};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

use crate::configuration::Settings;
use crate::{Args, tell};

/// The servers that it connects to, in this order.
pub(crate) struct Servers {
    /// Echoes, but for a while.
    first: Peer,
    /// Accepts and closes, as a proxy without a backend does.
    second: Peer,
    /// Echoes.
    third: Peer,
}

impl Servers {
    pub(crate) async fn start() -> io::Result<Self> {
        Ok(Self {
            first: Peer::start(Behaviour::Echo).await?,
            second: Peer::start(Behaviour::Close).await?,
            third: Peer::start(Behaviour::Echo).await?,
        })
    }

    fn all(&self) -> [&Peer; 3] {
        [&self.first, &self.second, &self.third]
    }

    /// Has the settings lead here, and everything happen soon.
    pub(crate) fn set(&self, args: &mut Args, settings: &mut Settings) -> io::Result<()> {
        let targets = self.all().map(|server| server.addr().try_into());
        settings.dialer.targets = targets.into_iter().collect::<Result<_, InvalidTarget>>()?;
        settings.reconnect.stable_after = Duration::from_secs(1);
        args.failback = Some(Duration::from_secs(1));
        Ok(())
    }
}

/// Sends lines and reads their echoes, while the link moves from server to server.
pub(crate) async fn demonstration<W, R>(
    servers: Servers,
    handle: Handle,
    mut typed: W,
    mut printed: R,
) -> io::Result<()>
where
    W: AsyncWrite + Unpin,
    R: AsyncRead + Unpin,
{
    let mut bytes = 0;
    tell("--- three servers: the second accepts and closes, the others echo");
    servers.first.live(1).await?;
    bytes += exchange(&mut typed, &mut printed, "over the first").await?;

    tell("--- the first goes away");
    servers.first.stop().await?;
    servers.third.live(1).await?;
    bytes += exchange(&mut typed, &mut printed, "past the second, over the third").await?;

    tell("--- the first is well again");
    servers.first.switch(Behaviour::Echo).await?;
    servers.first.live(1).await?;
    servers.third.live(0).await?;
    bytes += exchange(&mut typed, &mut printed, "back over the first").await?;

    drop(typed);
    printed.read_to_end(&mut Vec::new()).await?;
    let stats = handle.stats();
    let [first, second, third] = servers.all().map(|server| server.counts().accepted);
    let summary = format!(
        "outages:     {}\nattempts:    {}\nconnections: {first} to the first, {second} to the second, {third} to the third\nbytes:       {bytes} sent and echoed\n",
        stats.outages, stats.attempts,
    );
    let mut stdout = tokio::io::stdout();
    stdout.write_all(summary.as_bytes()).await?;
    stdout.flush().await
}

/// Sends a line and reads its echo; returns how long it is.
async fn exchange<W, R>(typed: &mut W, printed: &mut R, line: &str) -> io::Result<usize>
where
    W: AsyncWrite + Unpin,
    R: AsyncRead + Unpin,
{
    let line = format!("{line}\n");
    typed.write_all(line.as_bytes()).await?;
    let mut echo = vec![0; line.len()];
    printed.read_exact(&mut echo).await?;
    tell(format_args!(
        "echoed: {}",
        String::from_utf8_lossy(&echo).trim_end()
    ));
    if echo == line.as_bytes() {
        Ok(line.len())
    } else {
        Err(io::Error::other("what came back is not what was sent"))
    }
}
