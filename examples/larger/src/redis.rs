use std::io;

use schmoozer_faults::Connection;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader, ReadHalf};
use tokio::sync::broadcast;

/// What an example can subscribe to where no redis is: it knows `SUBSCRIBE`,
/// speaks RESP3, and says yes to the rest.
#[derive(Debug, Clone)]
pub struct FakeRedis {
    published: broadcast::Sender<String>,
}

impl FakeRedis {
    /// Sends `message` to all who are subscribed now, whatever the channel, and returns how many that are.
    #[must_use]
    pub fn publish(&self, message: &str) -> usize {
        self.published.send(message.to_owned()).unwrap_or(0)
    }

    /// Talks to one client.
    ///
    /// # Errors
    ///
    /// When the client has left.
    pub async fn serve(self, stream: Connection) -> io::Result<()> {
        let (from, mut to) = tokio::io::split(stream);
        let mut from = BufReader::new(from);
        let channel = loop {
            let command = command(&mut from).await?;
            match command.as_slice() {
                [name, channel] if name.eq_ignore_ascii_case("SUBSCRIBE") => break channel.clone(),
                [hello, ..] if hello.eq_ignore_ascii_case("HELLO") => {
                    to.write_all(b"%1\r\n+proto\r\n:3\r\n").await?;
                }
                _ => to.write_all(b"+OK\r\n").await?,
            }
        };
        let mut published = self.published.subscribe();
        let confirmed = format!(">3\r\n{}{}:1\r\n", bulk("subscribe"), bulk(&channel));
        to.write_all(confirmed.as_bytes()).await?;
        loop {
            tokio::select! {
                message = published.recv() => {
                    let message = message.map_err(io::Error::other)?;
                    let push = format!(">3\r\n{}{}{}", bulk("message"), bulk(&channel), bulk(&message));
                    to.write_all(push.as_bytes()).await?;
                }
                // A subscriber says no more.
                left = from.read_u8() => return left.map(drop),
            }
        }
    }
}

impl Default for FakeRedis {
    fn default() -> Self {
        Self {
            published: broadcast::Sender::new(16),
        }
    }
}

/// Reads a command: an array of bulk strings, each with its length before it.
async fn command(from: &mut BufReader<ReadHalf<Connection>>) -> io::Result<Vec<String>> {
    let words = length(from, '*').await?;
    let mut command = Vec::new();
    for _ in 0..words {
        let mut word = vec![0; length(from, '$').await? + "\r\n".len()];
        from.read_exact(&mut word).await?;
        command.push(String::from_utf8_lossy(&word).trim_end().to_owned());
    }
    Ok(command)
}

async fn length(from: &mut BufReader<ReadHalf<Connection>>, sign: char) -> io::Result<usize> {
    let mut line = String::new();
    from.read_line(&mut line).await?;
    let length = line
        .strip_prefix(sign)
        .and_then(|it| it.trim().parse().ok());
    length.ok_or_else(|| io::ErrorKind::InvalidData.into())
}

fn bulk(text: &str) -> String {
    format!("${}\r\n{text}\r\n", text.len())
}
