//! The machine sleeps for hours, and all that passed is one jump of the monotonic clock.

use std::time::Duration;

use schmoozer_core::{Connector, Pacer, Runner, Status};
use schmoozer_faults::{Checked, Checker, Script, ScriptLog, Step};
use tokio::time::{advance, sleep};

use crate::checked::{checked_by, ms, secs};

const EIGHT_HOURS: u64 = 8 * 3_600;
const REFUSED: Step = Step::fails(Duration::ZERO);

/// A runner that is checked, in a machine that may sleep beyond the end of a wait.
fn slept<'a, C: Connector>(connector: C) -> Runner<'a, Checked<C>> {
    checked_by(&Checker::exact().held_up(), connector)
}

/// Row 32: the machine sleeps through a wait; `clippy.toml` forbids the system's time.
#[tokio::test(start_paused = true)]
async fn a_wait_that_the_machine_slept_through_is_followed_by_one_attempt() {
    let steps = [vec![REFUSED; 5], vec![Step::exits(Ok(()))]].concat();
    let script = Script::new(steps, [1, 2, 4, 8, 16].map(secs));
    let log = script.log();
    let suspend = async {
        // Half-way through the second wait.
        sleep(secs(2)).await;
        advance(secs(EIGHT_HOURS)).await;
    };
    let (result, ()) = tokio::join!(slept(script).run(), suspend);
    assert_eq!(result, Ok(()));
    let woke = 2 + EIGHT_HOURS;
    let attempts = [0, 1, woke, woke + 4, woke + 12, woke + 28];
    assert_eq!(log.attempts(), attempts.map(secs));
}

/// Row 32: the machine sleeps while connected.
#[tokio::test(start_paused = true)]
async fn a_connection_that_the_machine_slept_through_is_stable_and_is_dialed_once() {
    let steps = [
        REFUSED,
        REFUSED,
        Step::up(secs(60)),
        REFUSED,
        REFUSED,
        Step::exits(Ok(())),
    ];
    let script = Script::new(steps, [1, 2, 4, 8].map(secs));
    let log = script.log();
    let runner = slept(script);
    let handle = runner.handle();
    let suspend = async {
        // Connected since 3 s, and not yet stable.
        sleep(secs(5)).await;
        assert!(matches!(
            handle.status(),
            Status::Connected { stable: false, .. }
        ));
        advance(secs(EIGHT_HOURS)).await;
    };
    let (result, ()) = tokio::join!(runner.run(), suspend);
    assert_eq!(result, Ok(()));
    let woke = 5 + EIGHT_HOURS;
    let attempts = [0, 1, 3, woke + 1, woke + 3, woke + 7];
    assert_eq!(log.attempts(), attempts.map(secs));
    assert_eq!(handle.stats().uptime, secs(woke - 3));
    assert_eq!(handle.stats().outages, 2);
}

/// Row 32: the machine sleeps while a pacer holds attempts.
#[tokio::test(start_paused = true)]
async fn a_pacer_that_slept_through_hours_lets_through_no_more_than_its_burst() {
    let pacer = Pacer::per_second(1).burst(3).unwrap();
    let scripts: [_; 8] = std::array::from_fn(|_| {
        let steps = [REFUSED, Step::exits(Ok(()))];
        Script::new(steps, [secs(3_600)])
    });
    let logs = scripts.each_ref().map(Script::log);
    let running = scripts.map(|script| tokio::spawn(slept(script).pacer(pacer.clone()).run()));
    // All have failed, the last of them at 5 s, and wait for an hour.
    sleep(secs(10)).await;
    advance(secs(EIGHT_HOURS)).await;
    for task in running {
        assert_eq!(task.await.unwrap(), Ok(()));
    }
    let mut attempts: Vec<_> = logs.iter().flat_map(ScriptLog::attempts).collect();
    attempts.sort_unstable();
    let seconds: Vec<_> = attempts.iter().map(Duration::as_secs).collect();
    let woke = 10 + EIGHT_HOURS;
    let burst_then_one_each = [0, 0, 0, 1, 2, 3, 4, 5];
    let after = burst_then_one_each.map(|second| woke + second);
    assert_eq!(seconds, [burst_then_one_each, after].concat());
    assert!(attempts[0] < ms(1));
}
