//! Texts that come from a peer: whole in their chain, bounded, and one clean line, wherever they are shown.

use std::fmt;
use std::sync::{Arc, Mutex};

use anyhow::Context as _;
use schmoozer_core::{End, Event, Handle, NotConnected, Runner, Session, Status, connector_fn};
use tokio::time::sleep;

use crate::checked::checked;
use crate::scene::{Script, fails, ms, secs, stays, up};

/// Fails three times with this error; what is shown of it everywhere.
async fn shown<E: fmt::Display + Send + 'static>(
    error: impl Fn() -> E + Send + 'static,
) -> Vec<String> {
    let link = connector_fn(
        move || std::future::ready(Err::<(), _>(error())),
        async |(), _| Ok(End::Exit),
        [secs(1); 2],
    );
    let texts = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&texts);
    let runner = checked(link).on_event(move |event| {
        let mut seen = seen.lock().unwrap();
        match event {
            Event::Failed { cause, outage, .. } => {
                seen.push((*cause).to_owned());
                seen.push(outage.first_cause.clone());
                seen.push(outage.last_cause.clone());
            }
            Event::Stopped { stopped } => seen.push(stopped.cause.clone().unwrap()),
            _ => {}
        }
    });
    let handle = runner.handle();
    let task = tokio::spawn(runner.run());
    let answer = handle.connected_or_fail(1).await;
    let Err(NotConnected::Failed { cause, .. }) = answer else {
        panic!("{answer:?}");
    };
    let from_handle = |handle: &Handle| {
        let outage = handle.outage().unwrap();
        [outage.first_cause, outage.last_cause]
    };
    let mut all = vec![cause];
    all.extend(from_handle(&handle));
    if let Status::Waiting { cause, .. } = handle.status() {
        all.extend(cause);
    }
    assert!(task.await.unwrap().is_err());
    all.extend(from_handle(&handle));
    all.extend(handle.stopped().await.cause);
    all.extend(texts.lock().unwrap().drain(..));
    assert_eq!(all.len(), 4 + 2 + 1 + 9 + 1);
    all
}

#[tokio::test(start_paused = true)]
async fn a_watch_whose_handles_are_gone_shows_the_cause() {
    // Without the checker, which keeps a handle.
    let runner = Runner::new(Script::new([fails(ms(0)), stays()], [secs(1)]));
    let mut watch = runner.handle().watch();
    let task = tokio::spawn(runner.run());
    let waits = |status: &Status| matches!(status, Status::Waiting { until: Some(_), .. });
    let Status::Waiting { cause, .. } = watch.wait_for(waits).await.unwrap().clone() else {
        unreachable!();
    };
    assert_eq!(cause.as_deref(), Some("refused"));
    task.abort();
}

#[tokio::test(start_paused = true)]
async fn a_chain_is_shown_whole() {
    let error = || {
        Err::<(), _>(std::io::Error::other("refused"))
            .context("connect to db")
            .context("start")
            .unwrap_err()
    };
    for text in shown(error).await {
        assert_eq!(text, "start: connect to db: refused");
    }
}

struct Endless;
impl fmt::Display for Endless {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        loop {
            f.write_str("again and ")?;
        }
    }
}

/// Row 62: a text of 64 MiB.
#[tokio::test(start_paused = true)]
async fn a_text_of_64_mebibytes_is_kept_as_one_kibibyte() {
    struct Long(Arc<str>);
    impl fmt::Display for Long {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str(&self.0)
        }
    }
    let long: Arc<str> = "é".repeat(32 << 20).into();
    for text in shown(move || Long(Arc::clone(&long))).await {
        assert!(text.len() <= 1_024, "{}", text.len());
        assert!(text.len() >= 1_000, "{}", text.len());
        assert!(text.starts_with("éé") && text.ends_with('…'));
    }
    // One that never ends by itself.
    for text in shown(|| Endless).await {
        assert!(text.len() <= 1_024);
    }
    // A text that just fits is whole.
    let fits = "x".repeat(1_000);
    for text in shown(move || fits.clone()).await {
        assert_eq!(text.len(), 1_000);
    }
}

/// Row 62: nothing in a text breaks a line, sends an escape sequence, or turns the writing round.
#[tokio::test(start_paused = true)]
async fn control_characters_are_escaped() {
    let hostile =
        "a\u{1b}[2Jb\nc\rd\u{2028}e\u{2029}f\u{202e}g\u{2066}h\u{7f}i\u{9b}j\0k\tl\u{85}m\u{200f}n";
    for text in shown(move || hostile).await {
        assert!(!text.chars().any(char::is_control), "{text:?}");
        for bad in ['\u{2028}', '\u{2029}', '\u{202e}', '\u{2066}', '\u{200f}'] {
            assert!(!text.contains(bad), "{text:?}");
        }
        assert!(
            text.starts_with("a\\u{1b}[2Jb\\nc\\rd\\u{2028}e\\u{2029}f\\u{202e}g"),
            "{text}"
        );
        assert!(text.ends_with('n'));
    }
    // Other scripts and signs are left as they are.
    for text in shown(|| "Ünïcödé 你好 🦀 עברית").await {
        assert_eq!(text, "Ünïcödé 你好 🦀 עברית");
    }
}

#[tokio::test(start_paused = true)]
async fn an_error_whose_display_fails_does_no_harm() {
    struct Broken;
    impl fmt::Display for Broken {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("half")?;
            Err(fmt::Error)
        }
    }
    for text in shown(|| Broken).await {
        assert_eq!(text, "half");
    }
}

#[tokio::test(start_paused = true)]
async fn status_outage_events_and_the_end_can_be_read() {
    let script = Script::new(
        [fails(ms(500)), up(secs(95)).takes(secs(1))],
        [secs(90), secs(1)],
    )
    .ready_when_marked();
    let (_, handle, task) = script.spawn();
    let mut texts = vec![handle.status().to_string()];
    sleep(secs(2)).await;
    texts.push(handle.status().to_string());
    texts.push(handle.outage().unwrap().to_string());
    sleep(secs(89)).await;
    texts.push(handle.status().to_string());
    sleep(ms(1_500)).await;
    texts.push(handle.status().to_string());
    handle.shutdown();
    task.await.unwrap().unwrap();
    texts.push(handle.status().to_string());
    texts.push(handle.outage().unwrap().to_string());
    assert_eq!(
        texts,
        [
            "connecting, attempt 1",
            "waiting for attempt 2 in 1m 28s: refused",
            "1.5s, 1 attempt, last: refused",
            "connecting, attempt 2",
            "connected for 1.0s, not ready",
            "shut down: refused",
            "1m 32s, 1 attempt, last: refused",
        ]
    );
    let (_, handle, task) = Script::new([stays()], []).spawn();
    sleep(secs(5)).await;
    assert_eq!(
        handle.status().to_string(),
        "connected for 5.0s, not yet stable"
    );
    sleep(secs(86_400)).await;
    assert_eq!(handle.status().to_string(), "connected for 1d");
    task.abort();
    assert_eq!(handle.stopped().await.to_string(), "dropped");
}

#[tokio::test(start_paused = true)]
async fn every_event_can_be_read() {
    let texts = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&texts);
    let script = Script::new([fails(secs(1)), up(secs(12)), stays()], vec![ms(2_500); 2]).steered();
    let runner = script
        .runner()
        .on_event(move |event| seen.lock().unwrap().push(event.to_string()));
    let handle = runner.handle();
    let task = tokio::spawn(runner.run());
    sleep(secs(20)).await;
    handle.shutdown();
    task.await.unwrap().unwrap();
    assert_eq!(
        *texts.lock().unwrap(),
        [
            "connecting, attempt 1",
            "connect failed: refused",
            "attempt 2 in 2.5s",
            "connecting, attempt 2",
            "connected",
            "ready",
            "stable, outage over: 2.5s, 2 attempts, last: refused",
            "connection lost after 12.0s: lost",
            "attempt 2 in 2.5s",
            "connecting, attempt 2",
            "connected",
            "ready",
            "ending",
            "shut down: lost",
        ]
    );
    let failed = NotConnected::Stopped(handle.stopped().await);
    assert_eq!(failed.to_string(), "not connected: shut down: lost");
    let error: &dyn std::error::Error = &failed;
    assert!(error.source().is_none());
    let _: fn(Session) -> u64 = |session| session.id();
}
