use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::timeout;
use turmoil::net::{TcpListener, TcpStream};

use super::plan::Service;

pub(crate) const PORT: u16 = 7_000;

const FLAPS_AFTER: Duration = Duration::from_millis(500);

/// Serves each connection as `service` is when it is accepted.
pub(crate) async fn serve(service: Rc<Cell<Service>>) -> turmoil::Result {
    let listener = TcpListener::bind(("0.0.0.0", PORT)).await?;
    loop {
        let (stream, _) = listener.accept().await?;
        match service.get() {
            Service::HangsUp => {}
            Service::Flaps => {
                tokio::spawn(timeout(FLAPS_AFTER, converse(stream, true)));
            }
            service => {
                tokio::spawn(converse(stream, service == Service::Answers));
            }
        }
    }
}

async fn converse(mut stream: TcpStream, answers: bool) {
    let mut word = [0];
    while matches!(stream.read(&mut word).await, Ok(1..)) {
        if answers && stream.write_all(&word).await.is_err() {
            return;
        }
    }
}
