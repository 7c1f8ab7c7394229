use std::time::Duration;

use schmoozer_core::{Runner, connector_fn};

#[derive(Debug)]
enum Fault {
    Refused,
}

impl std::fmt::Display for Fault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{self:?}")
    }
}

fn main() {
    let connector = connector_fn(
        async || Err::<(), _>(Fault::Refused),
        async |()| Ok(()),
        [Duration::from_secs(1)],
    );
    let _ = Runner::new(connector).connect_timeout(Duration::from_secs(5));
}
