use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;

use schmoozer_core::{connector_fn, run};

async fn connect() -> Result<(), String> {
    let attempts = Rc::new(Cell::new(0));
    tokio::task::yield_now().await;
    attempts.set(1);
    Ok(())
}

fn main() {
    let connector = connector_fn(connect, async |()| Ok(()), [Duration::from_secs(1)]);
    let _ = run(connector);
}
