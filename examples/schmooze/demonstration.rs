//! Three servers of our own, the first of which goes and returns while lines go through it.

use std::io;
use std::time::Duration;

use schmoozer_faults::{Behaviour, Peer};
use schmoozer_tcp::{Handle, InvalidTarget};
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};

use crate::configuration::Settings;
use crate::{Args, tell};

pub(crate) type Servers = [Peer; 3];

/// Starts the servers: the second accepts and closes, as a proxy without a backend does.
///
/// The settings then lead to them, and everything happens soon.
pub(crate) async fn start(args: &mut Args, settings: &mut Settings) -> io::Result<Servers> {
    let servers = [
        Peer::start(Behaviour::Echo).await?,
        Peer::start(Behaviour::Close).await?,
        Peer::start(Behaviour::Echo).await?,
    ];
    let targets = servers.iter().map(|server| server.addr().try_into());
    settings.dialer.targets = targets.collect::<Result<_, InvalidTarget>>()?;
    settings.reconnect.stable_after = Duration::from_secs(1);
    args.failback = Some(Duration::from_secs(1));
    Ok(servers)
}

/// Sends lines and reads their echoes, while the link moves from server to server.
pub(crate) async fn show(
    servers: Servers,
    mut terminal: DuplexStream,
    handle: Handle,
) -> io::Result<()> {
    let [first, _, third] = &servers;
    let mut bytes = 0;
    tell("--- three servers: the second accepts and closes, the others echo");
    first.live(1).await?;
    bytes += exchange(&mut terminal, "over the first\n").await?;

    tell("--- the first goes away");
    first.stop().await?;
    third.live(1).await?;
    bytes += exchange(&mut terminal, "past the second, over the third\n").await?;

    tell("--- the first works again");
    first.switch(Behaviour::Echo).await?;
    first.live(1).await?;
    third.live(0).await?;
    bytes += exchange(&mut terminal, "back over the first\n").await?;

    terminal.shutdown().await?;
    terminal.read_to_end(&mut Vec::new()).await?;
    let stats = handle.stats();
    let [first, second, third] = servers.map(|server| server.counts().accepted);
    let summary = format!(
        "outages:     {}\nattempts:    {}\nconnections: {first} to the first, {second} to the second, {third} to the third\nbytes:       {bytes} sent and echoed\n",
        stats.outages, stats.attempts,
    );
    let mut stdout = tokio::io::stdout();
    stdout.write_all(summary.as_bytes()).await?;
    stdout.flush().await
}

/// Sends a line and reads its echo; returns how long it is.
async fn exchange(terminal: &mut DuplexStream, line: &str) -> io::Result<usize> {
    terminal.write_all(line.as_bytes()).await?;
    let mut echo = vec![0; line.len()];
    terminal.read_exact(&mut echo).await?;
    if echo != line.as_bytes() {
        return Err(io::Error::other("what came back is not what was sent"));
    }
    tell(format_args!("echoed: {}", line.trim_end()));
    Ok(line.len())
}
