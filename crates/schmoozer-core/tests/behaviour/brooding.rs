//! A `retry_delay` that takes its time.

use schmoozer_core::{
    ConnResult, Connector, Delays, Failure, Health, RetryResult, RunResult, Status,
};
use tokio::time::{Instant, sleep, sleep_until};

use crate::script::{Live, Script, Step, checked, ms, secs};

/// Takes three seconds to decide.
struct Broods(Script);

impl Connector for Broods {
    type Connection = Live;
    type Error = &'static str;

    async fn connect(&mut self) -> ConnResult<Live, &'static str> {
        self.0.connect().await
    }

    async fn run(&mut self, connection: Live) -> RunResult<&'static str> {
        self.0.run(connection).await
    }

    async fn retry_delay(&mut self, failure: Failure<&'static str>) -> RetryResult<&'static str> {
        sleep(secs(3)).await;
        self.0.retry_delay(failure).await
    }

    fn health(&self) -> Health {
        self.0.health()
    }
}

#[tokio::test(start_paused = true)]
async fn meanwhile_the_status_is_waiting_and_says_why() {
    let begin = Instant::now();
    let steps = [
        Step::Fails(secs(1)),
        Step::Up(secs(20)),
        Step::Exits(Ok(())),
    ];
    let script = Script::new(steps, Delays::new(vec![secs(2); 9]));
    let (handle, task) = checked(Broods(script)).spawn();
    let waiting = |until, attempt, cause: &str| Status::Waiting {
        until: begin + secs(until),
        attempt,
        cause: cause.to_owned(),
    };
    let mut watch = handle.watch();
    for (at, status) in [
        (ms(1_500), waiting(1, 1, "refused")),
        (ms(4_500), waiting(6, 1, "refused")),
        (ms(26_500), waiting(26, 0, "lost")),
        (ms(29_500), waiting(31, 0, "lost")),
    ] {
        sleep_until(begin + at).await;
        assert_eq!(handle.status(), status);
        assert!(watch.has_changed().unwrap(), "{at:?}");
        assert_eq!(*watch.borrow_and_update(), status);
    }
    task.await.unwrap().unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_mark_that_comes_meanwhile_is_not_the_lost_connections() {
    let steps = [
        Step::Fails(ms(0)),
        Step::Up(secs(1)),
        Step::Fails(ms(0)),
        Step::Exits(Ok(())),
    ];
    let script = Script::new(steps, Delays::new([1, 2, 4, 8].map(secs).to_vec()));
    let health = script.health.clone();
    let mut broods = Broods(script);
    let late = async {
        // The connection was up from 4 s to 5 s.
        sleep(secs(6)).await;
        health.mark();
    };
    let (result, ()) = tokio::join!(checked(&mut broods).run(), late);
    assert_eq!(result, Ok(()));
    assert_eq!(broods.0.attempts(), [0, 4_000, 10_000, 17_000]);
}

#[tokio::test(start_paused = true)]
async fn from_start_counts_it_too() {
    let delays = Delays::new(vec![secs(10), secs(3)]).from_start();
    let steps = [
        Step::Fails(secs(1)),
        Step::Fails(secs(1)),
        Step::Exits(Ok(())),
    ];
    let mut broods = Broods(Script::new(steps, delays));
    assert_eq!(checked(&mut broods).run().await, Ok(()));
    assert_eq!(broods.0.attempts(), [0, 10_000, 14_000]);
}
