use std::io;

use pgwire::messages::data::{DataRow, FieldDescription, RowDescription};
use pgwire::messages::response::{
    CommandComplete, NotificationResponse, ReadyForQuery, TransactionStatus,
};
use pgwire::messages::startup::Authentication;
use pgwire::messages::{
    DecodeContext, PgWireBackendMessage as Answer, PgWireFrontendMessage as Request,
};
use schmoozer_faults::Connection;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::sync::watch;
use tokio_util::bytes::{BufMut, BytesMut};

/// The type `text`, as `pg_type` numbers it.
const TEXT: u32 = 25;

/// What an example can listen to where no `PostgreSQL` is: one table, `events`, and the two statements
/// that follow it.
#[derive(Debug, Clone, Default)]
pub struct FakePostgres {
    /// The body of each row; the row with the id 1 is the first.
    rows: watch::Sender<Vec<String>>,
}

impl FakePostgres {
    /// Adds a row, and notifies all who listen.
    pub fn insert(&self, body: &str) {
        self.rows.send_modify(|rows| rows.push(body.to_owned()));
    }

    /// Talks to one client.
    ///
    /// # Errors
    ///
    /// When the client has left, or says what this does not understand.
    pub async fn serve(self, mut stream: Connection) -> io::Result<()> {
        let mut context = DecodeContext::default();
        // Nobody asks for encryption here.
        context.awaiting_ssl = false;
        let (mut received, mut answers) = (BytesMut::new(), BytesMut::new());
        let mut news = None;
        loop {
            while let Some(request) = Request::decode(&mut received, &context).map_err(odd)? {
                match request {
                    Request::Startup(_) => {
                        context.awaiting_startup = false;
                        say(&mut answers, &Answer::Authentication(Authentication::Ok))?;
                    }
                    Request::Query(query) if query.query.starts_with("LISTEN ") => {
                        news = Some(self.rows.subscribe());
                        complete(&mut answers, "LISTEN")?;
                    }
                    Request::Query(query) => self.select(&query.query, &mut answers)?,
                    _ => return Ok(()),
                }
                let ready = ReadyForQuery::new(TransactionStatus::Idle);
                say(&mut answers, &Answer::ReadyForQuery(ready))?;
            }
            stream.write_all_buf(&mut answers).await?;

            let changed = async {
                match &mut news {
                    Some(news) => news.changed().await.map_err(odd),
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                changed = changed => {
                    changed?;
                    let notification = NotificationResponse::new(1, "events".into(), String::new());
                    say(&mut answers, &Answer::NotificationResponse(notification))?;
                }
                read = stream.read_buf(&mut received) => if read? == 0 {
                    return Ok(());
                },
            }
        }
    }

    /// Answers with the rows whose id is greater than the number in `query`.
    fn select(&self, query: &str, answers: &mut BytesMut) -> io::Result<()> {
        let after = query.split_once("id > ");
        let after = after.and_then(|(_, rest)| rest.split(' ').next()?.parse().ok());
        let after = after.ok_or(io::ErrorKind::InvalidInput)?;
        let columns = ["id", "body"]
            .map(|name| FieldDescription::new(name.to_owned(), 0, 0, TEXT, -1, -1, 0));
        say(
            answers,
            &Answer::RowDescription(RowDescription::new(columns.into())),
        )?;
        for (id, body) in (1..).zip(self.rows.borrow().iter()).skip(after) {
            let mut row = BytesMut::new();
            for column in [&format!("{id}"), body] {
                row.put_u32(u32::try_from(column.len()).map_err(odd)?);
                row.put_slice(column.as_bytes());
            }
            say(answers, &Answer::DataRow(DataRow::new(row, 2)))?;
        }
        complete(answers, "SELECT")
    }
}

fn complete(answers: &mut BytesMut, command: &str) -> io::Result<()> {
    let complete = CommandComplete::new(command.to_owned());
    say(answers, &Answer::CommandComplete(complete))
}

fn say(answers: &mut BytesMut, answer: &Answer) -> io::Result<()> {
    answer.encode(answers).map_err(odd)
}

fn odd(error: impl std::error::Error + Send + Sync + 'static) -> io::Error {
    io::Error::other(error)
}
