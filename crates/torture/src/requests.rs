//! Numbered requests, each sent until it is answered, and what answers them behind a proxy, a broker or a name.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use schmoozer_faults::Behaviour;
use schmoozer_tcp::{Dialer, TcpConnector};

use crate::chaos::{Service, exchange, talk};
use crate::client::Client;
use crate::scene::Scene;

/// What the clients of all scenes log in as.
pub(crate) const LOGIN: u64 = 1;

/// The requests of clients that come one after the other, each of which goes on where the last one ended.
#[derive(Debug, Clone, Default)]
pub(crate) struct Requests {
    service: Arc<Service>,
    answered: Arc<AtomicU64>,
}

impl Requests {
    /// What answers them.
    pub(crate) fn behaviour(&self) -> Behaviour {
        self.service.behaviour()
    }

    /// A client that is ready with the first answer.
    pub(crate) fn client(&self, dialer: Dialer, scene: &Scene) -> Client {
        let answered = Arc::clone(&self.answered);
        let link = TcpConnector::new(dialer, move |mut stream, session| {
            let answered = Arc::clone(&answered);
            async move {
                exchange(&mut stream, LOGIN).await?;
                session.ready();
                talk(stream, session, &answered).await
            }
        });
        Client::marked(link, scene.stable).asking(self)
    }

    /// The number that is to be answered next.
    pub(crate) fn next(&self) -> u64 {
        self.answered.load(Ordering::Acquire) + 1
    }

    /// The client has the answer to a number.
    pub(crate) fn answer(&self, number: u64) {
        self.answered.store(number, Ordering::Release);
    }

    /// The number has come to what answers it.
    pub(crate) fn come(&self, number: u64) {
        self.service.count(LOGIN, number);
    }

    /// How many were answered, or what is wrong: each must have come, in order, and all were answered but the one that may
    /// be under way.
    pub(crate) fn answered(&self) -> Result<u64, String> {
        let ((came, left_out), next) = (self.service.count(LOGIN, 0), self.next());
        match next.checked_sub(came) {
            Some(0 | 1) if left_out == 0 => Ok(next - 1),
            _ => Err(format!(
                "{came} requests came without {left_out}, and {next} is not answered"
            )),
        }
    }
}
