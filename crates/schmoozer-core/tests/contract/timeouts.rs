//! A limit for `connect`.

use std::time::Duration;

use schmoozer_core::{ConnectTimeout, End, Session, connector_fn};
use tokio::time::Instant;

use crate::checked::checked;
use crate::scene::{Script, fails, hangs, ms, secs, stays};

#[tokio::test(start_paused = true)]
async fn a_connect_that_takes_too_long_is_a_failure_with_the_error_of_its_choice() {
    let script = Script::new([hangs(), fails(ms(4_999)), hangs()], [1, 1].map(secs));
    let log = script.log();
    let mut timeouts = 0;
    let runner = script.runner().connect_timeout_with(secs(5), move || {
        timeouts += 1;
        if timeouts == 1 {
            "too slow"
        } else {
            "too slow again"
        }
    });
    assert_eq!(runner.run().await, Err("too slow again"));
    assert_eq!(log.attempts(), [0, 6_000, 11_999]);
    assert_eq!(
        log.of(&["failed", "stopped"]),
        [
            "5000 failed 1 None 0: too slow",
            "10999 failed 2 None 5999: refused",
            "16999 failed 3 None 11999: too slow again",
            "16999 stopped GaveUp too slow again",
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn it_ends_with_the_connect_and_leaves_the_connection_alone() {
    let script = Script::new([stays().takes(ms(4_999))], []);
    let log = script.log();
    let runner = script.runner().connect_timeout_with(secs(5), || "too slow");
    let runner = runner.shutdown(tokio::time::sleep(secs(600)));
    runner.run().await.unwrap();
    assert_eq!(log.failures(), []);
}

#[tokio::test(start_paused = true)]
async fn an_error_that_converts_needs_no_closure() {
    let link = connector_fn(
        async || std::future::pending::<Result<(), std::io::Error>>().await,
        async |(), _: Session| Ok(End::Exit),
        [secs(1)],
    );
    let begin = Instant::now();
    let error = checked(link)
        .connect_timeout(secs(2))
        .run()
        .await
        .unwrap_err();
    assert_eq!(begin.elapsed(), secs(5));
    assert_eq!(error.kind(), std::io::ErrorKind::TimedOut);
    let limit = error
        .get_ref()
        .and_then(|it| it.downcast_ref::<ConnectTimeout>());
    assert_eq!(limit.map(|it| it.after), Some(secs(2)));
}

/// Row 25: an attempt that a request has restarted has its whole time.
#[tokio::test(start_paused = true)]
async fn a_restarted_attempt_has_its_whole_time() {
    let script = Script::new([hangs(), hangs(), stays()], [secs(1)]).steered();
    let log = script.log();
    let runner = script.runner().connect_timeout_with(secs(5), || "too slow");
    let handle = runner.handle();
    let task = tokio::spawn(runner.run());
    tokio::time::sleep(secs(4)).await;
    handle.retry_now();
    tokio::time::sleep(secs(60)).await;
    assert_eq!(log.attempts(), [0, 4_000, 10_000]);
    task.abort();
}

#[tokio::test(start_paused = true)]
async fn no_time_at_all_and_all_the_time_are_limits_too() {
    let script = Script::new([hangs(), hangs()], [secs(1)]);
    let log = script.log();
    let runner = script
        .runner()
        .connect_timeout_with(Duration::ZERO, || "too slow");
    assert_eq!(runner.run().await, Err("too slow"));
    assert_eq!(log.attempts(), [0, 1_000]);
    let script = Script::new([fails(secs(86_400))], []);
    let runner = script
        .runner()
        .connect_timeout_with(Duration::MAX, || "too slow");
    assert_eq!(runner.run().await, Err("refused"));
}
