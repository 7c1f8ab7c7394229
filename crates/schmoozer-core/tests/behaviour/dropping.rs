use std::sync::atomic::Ordering;

use schmoozer_core::{Delays, Runner, Status, establish, run};
use tokio::time::timeout;

use crate::script::{Script, Step, ms, secs};

/// Connecting until 1 s, connected until 3 s, waiting until 5 s.
fn script() -> Script {
    let steps = [Step::Fails(secs(1)), Step::Up(secs(2))];
    Script::new(steps, Delays::new(vec![ms(20), secs(2)]))
}

fn tasks() -> usize {
    tokio::runtime::Handle::current()
        .metrics()
        .num_alive_tasks()
}

#[tokio::test(start_paused = true)]
async fn a_loop_dropped_in_any_state_leaves_nothing() {
    for (drop_at, live) in [(ms(500), 0), (ms(1_010), 0), (ms(2_000), 1), (ms(4_000), 0)] {
        let script = script();
        let counted = script.live.clone();
        let before = tasks();
        {
            let mut running = Box::pin(run(script));
            timeout(drop_at, &mut running).await.unwrap_err();
            assert_eq!(counted.load(Ordering::SeqCst), live, "{drop_at:?}");
        }
        assert_eq!(counted.load(Ordering::SeqCst), 0, "{drop_at:?}");
        assert_eq!(tasks(), before);
    }
}

#[tokio::test(start_paused = true)]
async fn a_runner_dropped_in_any_state_says_stopped() {
    for drop_at in [ms(0), ms(500), ms(1_010), ms(2_000), ms(4_000)] {
        let script = script();
        let counted = script.live.clone();
        let runner = Runner::new(script);
        let handle = runner.handle();
        timeout(drop_at, runner.run()).await.unwrap_err();
        assert_eq!(counted.load(Ordering::SeqCst), 0);
        assert_eq!(handle.status(), Status::Stopped);
        handle.connected().await.unwrap_err();
    }
}

#[tokio::test(start_paused = true)]
async fn establish_dropped_can_be_called_again() {
    let mut script = Script::new(
        [
            Step::Fails(secs(1)),
            Step::Fails(secs(1)),
            Step::Up(secs(1)),
        ],
        Delays::new(vec![secs(1), secs(60)]),
    );
    timeout(ms(1_500), establish(&mut script))
        .await
        .unwrap_err();
    assert!(establish(&mut script).await.unwrap().is_some());
    assert_eq!(script.attempts(), [0, 1_500, 3_500]);
}
