use std::io;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use fastrand::Rng;
use schmoozer_faults::{Behaviour, Connection, Handler, Peer};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::time::sleep;

/// Sends back each number of a client's, and sees that none is left out.
#[derive(Debug, Default)]
pub(super) struct Service {
    /// How many milliseconds each answer takes.
    delay: AtomicU64,
    highest: AtomicU64,
    fault: Mutex<Option<String>>,
}

impl Service {
    fn handler(self: &Arc<Self>) -> Handler {
        let service = Arc::clone(self);
        Handler::new(move |connection| Arc::clone(&service).answer(connection))
    }

    pub(super) fn behaviour(self: &Arc<Self>) -> Behaviour {
        Behaviour::Serve(self.handler())
    }

    async fn answer(self: Arc<Self>, mut connection: Connection) -> io::Result<()> {
        loop {
            let number = connection.read_u64().await?;
            let before = self.highest.fetch_max(number, Ordering::AcqRel);
            if number > before + 1 {
                let fault = format!("{number} came after {before}");
                let mut noted = self.fault.lock().unwrap_or_else(PoisonError::into_inner);
                noted.get_or_insert(fault);
            }
            let delay = self.delay.load(Ordering::Relaxed);
            sleep(Duration::from_millis(delay)).await;
            connection.write_all(&number.to_be_bytes()).await?;
        }
    }

    /// How many numbers came, or which came too early.
    pub(super) fn served(&self) -> Result<u64, String> {
        let fault = self.fault.lock().unwrap_or_else(PoisonError::into_inner);
        fault
            .clone()
            .map_or_else(|| Ok(self.highest.load(Ordering::Acquire)), Err)
    }

    /// Does the next bad thing.
    pub(super) async fn misbehave(self: &Arc<Self>, peer: &Peer, rng: &mut Rng) -> io::Result<()> {
        if rng.u8(0..13) < 2 {
            self.delay.store(rng.u64(0..1_200), Ordering::Relaxed);
            return Ok(());
        }
        misbehave(peer, rng, &self.handler()).await
    }

    /// Is good to those who come from now on; those that hang find that out themselves.
    pub(super) async fn behave(self: &Arc<Self>, peer: &Peer) -> io::Result<()> {
        self.delay.store(0, Ordering::Relaxed);
        peer.switch(self.behaviour()).await.map(drop)
    }
}

/// Does the next bad thing to a peer or its clients, as a generator has it, or has it serve as when it is well.
pub(crate) async fn misbehave(peer: &Peer, rng: &mut Rng, well: &Handler) -> io::Result<()> {
    let behaviour = match rng.u8(0..11) {
        0 => return peer.close_live().await,
        1 => return peer.reset_live().await,
        2 => return peer.freeze_live().await,
        3 => Behaviour::Refuse,
        4 => Behaviour::BlackHole,
        5 => Behaviour::Close,
        6 => Behaviour::Reset,
        7 => Behaviour::Silent,
        // No more than the answer to a login.
        8 => Behaviour::CloseAfter(8, well.clone()),
        9 => Behaviour::ResetAfter(rng.usize(8..400), well.clone()),
        _ => Behaviour::Serve(well.clone()),
    };
    if rng.bool() {
        peer.switch(behaviour).await.map(drop)
    } else {
        peer.restart(behaviour).await.map(drop)
    }
}

#[cfg(test)]
mod tests {
    use tokio::net::TcpStream;

    use super::*;

    #[tokio::test]
    async fn a_number_may_come_twice_and_none_may_be_left_out() {
        let service = Arc::<Service>::default();
        let peer = Peer::start(service.behaviour()).await.unwrap();
        let mut stream = TcpStream::connect(peer.addr()).await.unwrap();
        for (number, served) in [
            (1_u64, Ok(1)),
            (1, Ok(1)),
            (2, Ok(2)),
            (4, Err("4 came after 2".to_owned())),
        ] {
            stream.write_all(&number.to_be_bytes()).await.unwrap();
            assert_eq!(stream.read_u64().await.unwrap(), number);
            assert_eq!(service.served(), served);
        }
    }
}
