use std::rc::Rc;

use schmoozer_core::{ConnResult, Connector, Failure, RetryResult, RunResult};

struct Link;

impl Connector for Link {
    type Connection = ();
    type Error = String;

    async fn connect(&mut self) -> ConnResult<(), String> {
        let name = Rc::new("db");
        tokio::task::yield_now().await;
        ConnResult::Reconnect(name.to_string())
    }

    async fn run(&mut self, (): ()) -> RunResult<String> {
        RunResult::Exit(Ok(()))
    }

    async fn retry_delay(&mut self, failure: Failure<String>) -> RetryResult<String> {
        RetryResult::Exit(Err(failure.cause))
    }
}

fn main() {}
