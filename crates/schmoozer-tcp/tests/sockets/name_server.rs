//! A name server for one name, on loopback.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::net::UdpSocket;
use tokio::time::sleep;

/// What is answered when addresses of one family are asked for.
#[derive(Debug, Clone)]
pub(crate) enum Answer {
    /// These, after a while; an empty list says that the name has none of this family.
    Addresses(Duration, Vec<IpAddr>),
    /// There is no such name, and there will be none for an hour.
    Unknown,
    /// What is set there when it is asked for.
    Changing(Arc<Mutex<Answer>>),
    /// The server cannot tell (SERVFAIL).
    Failure,
    /// Nothing, ever.
    Silence,
}

/// Serves at `at` until the runtime ends.
pub(crate) async fn serve(at: &str, v6: Answer, v4: Answer) -> io::Result<SocketAddr> {
    const AAAA: u8 = 28;
    let socket = Arc::new(UdpSocket::bind(at).await?);
    let addr = socket.local_addr()?;
    tokio::spawn(async move {
        let mut query = [0; 512];
        while let Ok((len, client)) = socket.recv_from(&mut query).await {
            let end = 12
                + query[12..len]
                    .iter()
                    .position(|&byte| byte == 0)
                    .unwrap_or(0)
                + 5;
            let question = query[..end].to_vec();
            let answer = if question[end - 3] == AAAA {
                v6.clone()
            } else {
                v4.clone()
            };
            let socket = Arc::clone(&socket);
            tokio::spawn(async move {
                if let Some(response) = response(&question, answer).await {
                    let _ = socket.send_to(&response, client).await;
                }
            });
        }
    });
    Ok(addr)
}

/// Builds a response (RFC 1035 §4.1) to a query that was cut after its question.
async fn response(question: &[u8], answer: Answer) -> Option<Vec<u8>> {
    let answer = match answer {
        Answer::Changing(answer) => answer.lock().expect("no test panics here").clone(),
        answer => answer,
    };
    let (code, addrs) = match answer {
        Answer::Addresses(after, addrs) => {
            sleep(after).await;
            (0, addrs)
        }
        Answer::Unknown => (3, Vec::new()),
        Answer::Failure => (2, Vec::new()),
        Answer::Silence | Answer::Changing(_) => return None,
    };
    let mut message = question[..2].to_vec();
    message.extend([
        0x81,
        0x80 | code,
        0,
        1,
        0,
        u8::try_from(addrs.len()).ok()?,
        0,
        u8::from(code == 3),
        0,
        0,
    ]);
    message.extend(&question[12..]);
    if code == 3 {
        // The SOA of the name's zone (RFC 2308 §3): type, class, an hour to live, its length, two names, five numbers.
        let hour = 3_600_u32.to_be_bytes();
        message.extend([0xc0, 12, 0, 6, 0, 1]);
        message.extend(hour);
        message.extend([0, 22, 0, 0]);
        message.extend([hour; 5].concat());
    }
    for addr in addrs {
        let bytes = match addr {
            IpAddr::V4(v4) => v4.octets().to_vec(),
            IpAddr::V6(v6) => v6.octets().to_vec(),
        };
        let kind = if addr.is_ipv4() { 1 } else { 28 };
        // The name of the question, the type, the class, no time to live.
        message.extend([
            0xc0,
            12,
            0,
            kind,
            0,
            1,
            0,
            0,
            0,
            0,
            0,
            u8::try_from(bytes.len()).ok()?,
        ]);
        message.extend(bytes);
    }
    Some(message)
}
