//! A client that writes and reads messages byte by byte.

use std::io;
use std::net::{IpAddr, Ipv4Addr};

use schmoozer_faults::NameServer;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpStream, UdpSocket};
use tokio::time::timeout;

use crate::{PENDING, Result, SOON};

pub(crate) fn query(id: u16, name: &str, record_type: u16) -> Vec<u8> {
    let mut message = id.to_be_bytes().to_vec();
    // A query that wants recursion, with one question.
    message.extend([1, 0, 0, 1, 0, 0, 0, 0, 0, 0]);
    for label in name.split('.') {
        message.push(u8::try_from(label.len()).expect("labels are short"));
        message.extend(label.as_bytes());
    }
    message.push(0);
    message.extend(record_type.to_be_bytes());
    message.extend([0, 1]);
    message
}

#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Reply {
    pub(crate) id: u16,
    pub(crate) code: u8,
    pub(crate) truncated: bool,
    /// Type, time to live and data of each.
    pub(crate) answers: Vec<(u16, u32, Vec<u8>)>,
    pub(crate) authority: Vec<(u16, u32, Vec<u8>)>,
}

impl Reply {
    pub(crate) fn addresses(&self) -> Vec<IpAddr> {
        let address = |(_, _, data): &(u16, u32, Vec<u8>)| match data.len() {
            4 => IpAddr::from(<[u8; 4]>::try_from(data.as_slice()).expect("there are four")),
            _ => IpAddr::from(<[u8; 16]>::try_from(data.as_slice()).expect("there are sixteen")),
        };
        self.answers.iter().map(address).collect()
    }

    /// Reads the response to a query of this length, whose question it must repeat.
    pub(crate) fn to(query: &[u8], message: &[u8]) -> Self {
        let number = |at: usize| u16::from_be_bytes([message[at], message[at + 1]]);
        assert_eq!(message[2] & 0xf9, 0x81, "a response to a standard query");
        assert_eq!(message[3] & 0xf0, 0x80, "recursion is available");
        assert_eq!(number(4), 1);
        assert_eq!(message[12..query.len()], query[12..]);
        let mut at = query.len();
        let mut records = |count: u16| {
            let record = |_| {
                // The root, or a pointer to the question.
                let root = message[at] == 0;
                assert!(root || number(at) == 0xc00c);
                at += if root { 1 } else { 2 };
                assert_eq!(number(at + 2), 1, "the class");
                let ttl = u32::from(number(at + 4)) << 16 | u32::from(number(at + 6));
                let end = at + 10 + usize::from(number(at + 8));
                let record = (number(at), ttl, message[at + 10..end].to_vec());
                at = end;
                record
            };
            (0..count).map(record).collect()
        };
        let reply = Self {
            id: number(0),
            code: message[3] & 15,
            truncated: message[2] & 2 != 0,
            answers: records(number(6)),
            authority: records(number(8)),
        };
        assert_eq!(at, message.len());
        reply
    }
}

pub(crate) async fn client(names: &NameServer) -> io::Result<UdpSocket> {
    let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    socket.connect(names.addr()).await?;
    Ok(socket)
}

/// Asks over UDP.
pub(crate) async fn ask(names: &NameServer, name: &str, record_type: u16) -> Result<Reply> {
    let (socket, query) = (client(names).await?, query(7, name, record_type));
    socket.send(&query).await?;
    let mut message = [0; 2000];
    let len = timeout(SOON, socket.recv(&mut message)).await??;
    Ok(Reply::to(&query, &message[..len]))
}

/// Whether a question stays without an answer over UDP.
pub(crate) async fn is_dropped(names: &NameServer, name: &str, record_type: u16) -> Result<bool> {
    let socket = client(names).await?;
    socket.send(&query(7, name, record_type)).await?;
    Ok(timeout(PENDING, socket.recv(&mut [0; 512])).await.is_err())
}

pub(crate) async fn read_framed(stream: &mut TcpStream) -> Result<Vec<u8>> {
    let len = timeout(SOON, stream.read_u16()).await??;
    let mut message = vec![0; len.into()];
    timeout(SOON, stream.read_exact(&mut message)).await??;
    Ok(message)
}

pub(crate) async fn write_framed(stream: &mut TcpStream, message: &[u8]) -> Result {
    stream.write_u16(u16::try_from(message.len())?).await?;
    Ok(stream.write_all(message).await?)
}
