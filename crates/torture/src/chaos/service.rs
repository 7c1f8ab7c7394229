use std::collections::BTreeMap;
use std::io;
use std::sync::{Arc, Mutex, PoisonError};

use schmoozer_faults::{Behaviour, Connection};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

/// Sends back the login of a client, and then its numbers.
///
/// Of each client it knows the highest number, and how many were left out.
#[derive(Debug, Default)]
pub(crate) struct Service(Mutex<BTreeMap<u64, (u64, u64)>>);

impl Service {
    pub(crate) fn behaviour(self: &Arc<Self>) -> Behaviour {
        let service = Arc::clone(self);
        Behaviour::serve(move |connection| Arc::clone(&service).answer(connection))
    }

    async fn answer(self: Arc<Self>, mut connection: Connection) -> io::Result<()> {
        let client = connection.read_u64().await?;
        connection.write_all(&client.to_be_bytes()).await?;
        loop {
            let number = connection.read_u64().await?;
            self.count(client, number);
            connection.write_all(&number.to_be_bytes()).await?;
        }
    }

    /// Counts a number of a client's. Returns how many it has sent, and how many it left out.
    pub(crate) fn count(&self, client: u64, number: u64) -> (u64, u64) {
        let mut clients = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (highest, left_out) = clients.entry(client).or_default();
        *left_out += number.saturating_sub(*highest + 1);
        *highest = number.max(*highest);
        (*highest, *left_out)
    }
}

#[cfg(test)]
mod tests {
    use schmoozer_faults::Peer;
    use tokio::net::TcpStream;

    use super::*;

    #[tokio::test]
    async fn a_number_may_come_twice_and_none_may_be_left_out() {
        let service = Arc::<Service>::default();
        let peer = Peer::start(service.behaviour()).await.unwrap();
        let mut stream = TcpStream::connect(peer.addr()).await.unwrap();
        for (number, served) in [(7_u64, (0, 0)), (1, (1, 0)), (1, (1, 0)), (4, (4, 2))] {
            stream.write_all(&number.to_be_bytes()).await.unwrap();
            assert_eq!(stream.read_u64().await.unwrap(), number);
            assert_eq!(service.count(7, 0), served);
        }
        assert_eq!(service.count(8, 0), (0, 0));
    }
}
