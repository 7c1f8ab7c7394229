use std::future::pending;
use std::io;
use std::sync::mpsc;
use std::thread;

use schmoozer_faults::{Behaviour, Peer};
use tokio::runtime::Builder;

/// Starts a peer for each behaviour, on one thread beside this one: what the peers do is no work of the thread that is
/// measured. The thread lives as long as the process.
///
/// # Errors
///
/// When a peer cannot be had.
pub fn peers_apart<const N: usize>(behaviours: [Behaviour; N]) -> io::Result<[Peer; N]> {
    let (started, peers) = mpsc::channel();
    let runtime = Builder::new_current_thread().enable_all().build()?;
    thread::spawn(move || {
        runtime.block_on(async {
            for behaviour in behaviours {
                let peer = Peer::start(behaviour).await;
                if started.send(peer).is_err() {
                    return;
                }
            }
            pending::<()>().await;
        });
    });
    let peers: Vec<Peer> = peers.iter().take(N).collect::<io::Result<_>>()?;
    <[Peer; N]>::try_from(peers).map_err(|_| io::ErrorKind::BrokenPipe.into())
}
