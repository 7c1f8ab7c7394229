use std::io;
use std::time::Duration;

use schmoozer_faults::{Behaviour, Peer};
use tokio::time::sleep;

/// Closes all connections of `server` and refuses new ones, as a crash does, and brings it back after `length`.
///
/// # Errors
///
/// When the server does not come back.
pub async fn outage(server: &Peer, service: &Behaviour, length: Duration) -> io::Result<()> {
    server.stop().await?;
    sleep(length).await;
    server.switch(service.clone()).await?;
    Ok(())
}
