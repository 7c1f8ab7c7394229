use std::io;
use std::time::Duration;

use schmoozer_core::{connector_fn, run};

fn main() {
    let connector = connector_fn(
        async || Ok::<_, io::Error>("a connection"),
        async |_| (),
        [Duration::from_secs(1)],
    );
    let _ = run(connector);
}
