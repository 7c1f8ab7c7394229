//! The decision of the trait's documentation example, against a server that accepts and closes.

use std::time::Duration;

use schmoozer_core::{
    ConnResult, Connector, Failure, RetryResult, RunResult, Session, closed, run,
};
use tokio::time::Instant;

use crate::checked::checked;

/// Decides by `attempt` alone, as the example does.
struct Flaky {
    begin: Instant,
    attempts: Vec<u128>,
}

impl Connector for Flaky {
    type Connection = ();
    type Error = std::io::Error;

    async fn connect(&mut self) -> ConnResult<(), std::io::Error> {
        self.attempts.push(self.begin.elapsed().as_millis());
        ConnResult::Connected(())
    }

    async fn run(&mut self, (): (), _: Session) -> RunResult<std::io::Error> {
        RunResult::Reconnect(closed())
    }

    async fn retry_delay(
        &mut self,
        failure: Failure<std::io::Error>,
    ) -> RetryResult<std::io::Error> {
        match failure.attempt {
            attempt @ 1..=10 => RetryResult::After(Duration::from_millis(5 << attempt)),
            _ => RetryResult::GiveUp(failure.cause),
        }
    }
}

/// Row 3: accept then close, with a connector written by hand.
#[tokio::test(start_paused = true)]
async fn the_example_of_the_trait_meets_a_flapping_server_with_growing_delays() {
    let expected = [0, 10, 30, 70, 150, 310, 630, 1_270, 2_550, 5_110, 10_230];
    for full in [false, true] {
        let mut flaky = Flaky {
            begin: Instant::now(),
            attempts: Vec::new(),
        };
        let ended = if full {
            checked(&mut flaky).run().await
        } else {
            run(&mut flaky).await
        };
        assert_eq!(ended.unwrap_err().to_string(), "closed by the peer");
        assert_eq!(flaky.attempts, expected);
    }
}
