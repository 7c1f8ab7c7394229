//! Attempts that come early or late must be expected.

use schmoozer_core::Pacer;
use schmoozer_faults::{Checker, Script, Step};
use tokio::time::sleep;

use crate::secs;

/// Whether `checker` lets a run pass that waits 5 s, by a pacer that holds attempts up for `paced` seconds, and with a
/// request after 1 s.
async fn passes(checker: Checker, paced: u64, request: bool) -> bool {
    let script = Script::new([Step::fails(secs(0)), Step::exits(Ok(()))], [secs(5)]);
    let runner = checker
        .runner(script)
        .pacer(Pacer::every(secs(paced), 1).unwrap());
    let handle = runner.handle();
    let task = tokio::spawn(runner.run());
    sleep(secs(1)).await;
    if request {
        handle.retry_now();
    }
    task.await.is_ok()
}

#[tokio::test(start_paused = true)]
async fn a_wait_that_is_cut_short_must_be_expected() {
    assert!(passes(Checker::exact(), 1, false).await);
    assert!(!passes(Checker::exact(), 1, true).await);
    assert!(passes(Checker::exact().with_requests(), 1, true).await);
}

#[tokio::test(start_paused = true)]
async fn an_attempt_that_is_held_up_must_be_expected() {
    assert!(!passes(Checker::exact(), 8, false).await);
    assert!(passes(Checker::exact().held_up(), 8, false).await);
}
