//! Messages as they are sent: over TCP, too long, odd, malformed.

use std::net::Ipv4Addr;

use schmoozer_faults::{Answer, NameServer};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::client::{Reply, ask, client, query, read_framed, write_framed};
use crate::{A, PENDING, Result, SOON, both};

#[tokio::test]
async fn tcp_takes_many_questions_and_answers_each_when_it_is_due() -> Result {
    let names = NameServer::start().await?;
    names.set("now", both());
    names.set("late", both().after(PENDING));
    names.set("never", Answer::Drop);
    let mut stream = TcpStream::connect(names.addr()).await?;
    for (id, name) in [(1, "never"), (2, "late"), (3, "now")] {
        write_framed(&mut stream, &query(id, name, A)).await?;
    }
    // Nothing more to ask; the answers still come.
    stream.shutdown().await?;
    for (id, name) in [(3, "now"), (2, "late")] {
        let reply = Reply::to(&query(id, name, A), &read_framed(&mut stream).await?);
        assert_eq!((reply.id, reply.answers.len()), (id, 2));
    }
    assert_eq!(timeout(SOON, stream.read(&mut [0])).await??, 0);
    assert!(names.questions().iter().all(|question| question.over_tcp));
    Ok(())
}

#[tokio::test]
async fn what_is_too_long_for_a_datagram_comes_over_tcp() -> Result {
    let names = NameServer::start().await?;
    let many =
        |count: u16| Answer::addresses((0..count).map(|number| Ipv4Addr::from(u32::from(number))));
    // A header, a question, and 16 bytes a record: 30 are 510 bytes.
    names.set("many", many(30));
    let fits = ask(&names, "many", A).await?;
    assert_eq!((fits.truncated, fits.answers.len()), (false, 30));
    names.set("many", many(31));
    let cut = ask(&names, "many", A).await?;
    assert_eq!((cut.truncated, cut.answers.len()), (true, 0));
    for (count, comes) in [(31, 31), (10_000, 2000)] {
        names.set("many", many(count));
        let mut stream = TcpStream::connect(names.addr()).await?;
        let query = query(1, "many", A);
        write_framed(&mut stream, &query).await?;
        let whole = Reply::to(&query, &read_framed(&mut stream).await?);
        assert_eq!((whole.truncated, whole.answers.len()), (false, comes));
    }
    Ok(())
}

#[tokio::test]
async fn odd_names_are_written_as_zone_files_write_them() -> Result {
    let names = NameServer::start().await?;
    let mut odd = query(1, "a?b", A);
    for byte in *b".\\ \xff" {
        odd[14] = byte;
        let socket = client(&names).await?;
        socket.send(&odd).await?;
        timeout(SOON, socket.recv(&mut [0; 512])).await??;
    }
    let asked: Vec<_> = names
        .questions()
        .into_iter()
        .map(|asked| asked.name)
        .collect();
    assert_eq!(asked, [r"a\.b", r"a\\b", r"a\032b", r"a\255b"]);
    Ok(())
}

#[tokio::test]
async fn malformed_messages_are_refused_or_dropped() -> Result {
    let names = NameServer::start().await?;
    names.otherwise(both());
    let good = query(7, "db.example.com", A);
    let changed = |at: usize, byte: u8| {
        let mut message = good.clone();
        message[at] = byte;
        message
    };
    let long_name = query(7, &["a23456789"; 30].join("."), A);
    for (message, answered) in [
        // A response; too short for a header.
        (changed(2, 0x81), None),
        (good[..11].to_vec(), None),
        (Vec::new(), None),
        // Another operation; no question; two; another class; a pointer for a label; cut.
        (changed(2, 0x29), Some(4)),
        (changed(5, 0), Some(1)),
        (changed(5, 2), Some(1)),
        (changed(good.len() - 1, 3), Some(1)),
        (changed(12, 0xc0), Some(1)),
        (good[..good.len() - 1].to_vec(), Some(1)),
        (good[..20].to_vec(), Some(1)),
        (good[..12].to_vec(), Some(1)),
        (long_name, Some(1)),
        // A label has up to 63 bytes.
        (query(7, &"a".repeat(64), A), Some(1)),
    ] {
        let socket = client(&names).await?;
        socket.send(&message).await?;
        let mut reply = [0; 512];
        match answered {
            Some(code) => {
                let len = timeout(SOON, socket.recv(&mut reply)).await??;
                // Nothing but a header.
                assert_eq!(len, 12, "{message:?}");
                assert_eq!(reply[..2], message[..2]);
                assert_eq!(reply[3], 0x80 | code, "{message:?}");
                assert_eq!(reply[4..12], [0; 8]);
            }
            None => assert!(timeout(PENDING, socket.recv(&mut reply)).await.is_err()),
        }
    }
    assert_eq!(names.questions(), []);
    assert_eq!(ask(&names, "db", A).await?.answers.len(), 2);
    Ok(())
}

#[tokio::test]
async fn noise_harms_nothing() -> Result {
    let names = NameServer::start().await?;
    names.otherwise(both());
    let good = query(7, "db.example.com", A);
    // A generator of noise (Marsaglia's xorshift), the same each time.
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut noise = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_be_bytes()
    };
    let socket = client(&names).await?;
    for round in 0..3000 {
        let mut message = good.clone();
        let [at, byte, at2, byte2, cut, ..] = noise();
        let len = message.len();
        message[usize::from(at) % len] = byte;
        message[usize::from(at2) % len] = byte2;
        message.truncate(usize::from(cut) % (2 * len));
        if round % 2 == 0 {
            socket.send(&message).await?;
        } else {
            let mut stream = TcpStream::connect(names.addr()).await?;
            write_framed(&mut stream, &message).await?;
        }
    }
    assert_eq!(ask(&names, "db", A).await?.answers.len(), 2);
    Ok(())
}
