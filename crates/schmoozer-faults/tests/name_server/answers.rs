//! What a script answers, and what is noted of the questions.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use schmoozer_faults::{Answer, NameServer, RecordType};
use tokio::time::{Instant, timeout};

use crate::client::{Reply, ask, client, is_dropped, query};
use crate::{A, AAAA, Result, SOA, SOON, V4, V6, both};

#[tokio::test]
async fn addresses_go_to_the_questions_of_their_family() -> Result {
    let names = NameServer::start().await?;
    names.set("DB.example.com.", both().ttl(Duration::from_secs(300)));
    let v4 = ask(&names, "db.example.com", A).await?;
    assert_eq!(v4.addresses(), [V4, Ipv4Addr::LOCALHOST]);
    assert_eq!((v4.id, v4.code), (7, 0));
    assert!(
        v4.answers
            .iter()
            .all(|answer| (answer.0, answer.1) == (A, 300))
    );
    // A resolver may mix upper and lower case, and wants them back.
    let v6 = ask(&names, "dB.ExamplE.com", AAAA).await?;
    assert_eq!(v6.addresses(), [V6]);
    assert_eq!((v6.answers[0].0, v6.answers[0].1), (AAAA, 300));
    assert_eq!(v6.authority, []);
    Ok(())
}

#[tokio::test]
async fn each_type_has_its_own_answer_and_the_script_may_change() -> Result {
    let names = NameServer::start().await?;
    names.set_for("db", RecordType::A, both());
    names.set_for("db", RecordType::Aaaa, Answer::Drop);
    assert_eq!(ask(&names, "db", A).await?.answers.len(), 2);
    assert!(is_dropped(&names, "db", AAAA).await?);
    names.set_for("db", RecordType::A, Answer::ServerFailure);
    names.set_for("db", RecordType::Aaaa, both());
    assert_eq!(ask(&names, "db", A).await?.code, 2);
    assert_eq!(ask(&names, "db", AAAA).await?.addresses(), [V6]);
    Ok(())
}

#[tokio::test]
async fn an_unknown_name_comes_with_the_time_it_may_be_cached() -> Result {
    let names = NameServer::start().await?;
    names.set("gone", Answer::no_such_name().ttl(Duration::from_secs(77)));
    let gone = ask(&names, "gone", A).await?;
    assert_eq!((gone.code, gone.answers.len()), (3, 0));
    let [(SOA, 77, data)] = gone.authority.as_slice() else {
        panic!("{gone:?}")
    };
    assert_eq!(data[data.len() - 4..], [0, 0, 0, 77]);
    // So are all that were not set, and these must not be cached.
    let other = ask(&names, "other", A).await?;
    assert_eq!((other.code, other.authority[0].1), (3, 0));
    Ok(())
}

#[tokio::test]
async fn a_name_without_addresses_exists() -> Result {
    let names = NameServer::start().await?;
    names.set("empty", Answer::no_addresses().ttl(Duration::from_secs(5)));
    names.set_for("v4", RecordType::A, both());
    names.set_for("v6", RecordType::Aaaa, both());
    for (name, record_type, ttl) in [
        ("empty", A, 5),
        ("v4", AAAA, 0),
        ("v4", 15, 0),
        ("v6", A, 0),
    ] {
        let reply = ask(&names, name, record_type).await?;
        assert_eq!((reply.code, reply.answers.len()), (0, 0), "{name}");
        assert_eq!((reply.authority[0].0, reply.authority[0].1), (SOA, ttl));
    }
    Ok(())
}

#[tokio::test]
async fn a_time_to_live_has_31_bits() -> Result {
    let names = NameServer::start().await?;
    for ttl in [Duration::MAX, Duration::from_secs(0x8000_0000)] {
        names.set("long", both().ttl(ttl));
        assert_eq!(ask(&names, "long", AAAA).await?.answers[0].1, 0x7fff_ffff);
    }
    Ok(())
}

#[tokio::test]
async fn names_that_were_not_set_have_an_answer_too() -> Result {
    let names = NameServer::start().await?;
    names.otherwise(Answer::ServerFailure);
    assert_eq!(ask(&names, "any", A).await?.code, 2);
    names.otherwise(Answer::Drop);
    assert!(is_dropped(&names, "any", A).await?);
    assert_eq!(names.questions().len(), 2);
    Ok(())
}

#[tokio::test]
async fn a_response_code_comes_without_records() -> Result {
    let names = NameServer::start().await?;
    for (code, comes) in [(1, 1), (5, 5), (15, 15), (0x25, 5)] {
        names.set("db", Answer::Code(code));
        let reply = ask(&names, "db", A).await?;
        assert_eq!((reply.code, reply.answers.len()), (comes, 0));
        assert_eq!(reply.authority, []);
    }
    Ok(())
}

#[tokio::test]
async fn an_answer_may_be_late_while_others_come_at_once() -> Result {
    let names = NameServer::start().await?;
    let delay = Duration::from_millis(300);
    let late = both().after(delay / 2).after(delay / 2);
    names.set_for("db", RecordType::A, late.ttl(Duration::from_secs(9)));
    names.set_for("db", RecordType::Aaaa, both());
    let socket = client(&names).await?;
    let begun = Instant::now();
    let slow = query(1, "db", A);
    socket.send(&slow).await?;
    socket.send(&query(2, "db", AAAA)).await?;
    let mut message = [0; 512];
    let mut ids = Vec::new();
    for _ in 0..2 {
        let len = timeout(SOON, socket.recv(&mut message)).await??;
        ids.push(message[1]);
        if message[1] == 1 {
            assert!(begun.elapsed() >= delay);
            assert_eq!(Reply::to(&slow, &message[..len]).answers[0].1, 9);
        }
    }
    assert_eq!(ids, [2, 1]);
    Ok(())
}

#[tokio::test]
async fn questions_are_noted_and_can_be_waited_for() -> Result {
    let names = NameServer::start().await?;
    let begun = Instant::now();
    ask(&names, "One.Example", A).await?;
    ask(&names, "two.example", AAAA).await?;
    assert!(
        is_dropped(&names, "three", 16)
            .await
            .is_ok_and(|dropped| !dropped)
    );
    names.asked(3).await?;
    let questions = names.questions();
    let seen: Vec<_> = questions
        .iter()
        .map(|question| {
            (
                question.name.as_str(),
                question.record_type,
                question.over_tcp,
            )
        })
        .collect();
    assert_eq!(
        seen,
        [
            ("one.example", RecordType::A, false),
            ("two.example", RecordType::Aaaa, false),
            ("three", RecordType::Other(16), false),
        ]
    );
    assert!(begun <= questions[0].at && questions[0].at <= questions[1].at);
    let names = names.patience(Duration::from_millis(50));
    let error = names.asked(4).await.expect_err("there were three");
    assert_eq!(error.kind(), io::ErrorKind::TimedOut);
    assert!(error.to_string().contains("two.example"), "{error}");
    Ok(())
}

#[tokio::test]
async fn a_name_server_that_is_dropped_is_gone() -> Result {
    let names = NameServer::start().await?;
    let addr: SocketAddr = names.addr();
    drop(names);
    // Its tasks end when the runtime comes round to it.
    let again = async {
        loop {
            match NameServer::start_at(addr).await {
                Ok(names) => return names,
                Err(error) => assert_eq!(error.kind(), io::ErrorKind::AddrInUse),
            }
            tokio::task::yield_now().await;
        }
    };
    let names = timeout(SOON, again).await?;
    assert_eq!(names.addr(), addr);
    assert_eq!(ask(&names, "db", A).await?.code, 3);
    Ok(())
}
