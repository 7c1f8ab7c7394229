use std::time::Duration;

use schmoozer_core::{connector_fn, run};

fn main() {
    let mut connector = connector_fn(
        async || Ok::<_, String>(()),
        async |()| Ok(()),
        [Duration::from_secs(1)],
    );
    let first = run(&mut connector);
    let second = run(&mut connector);
    drop((first, second));
}
