//! The machine sleeps for hours, and all that passed is one jump of the monotonic clock.

use schmoozer_core::{Connector, Delays, Pacer, Runner, Status};
use tokio::time::{advance, sleep};

use crate::event_order::EventOrder;
use crate::script::{Script, Step, checked, ms, secs};

const EIGHT_HOURS: u64 = 8 * 3_600_000;

/// A runner whose events are checked, in a machine that may sleep beyond the end of a wait.
fn slept<C: Connector>(connector: C) -> Runner<C, (), (), ((), EventOrder)> {
    Runner::new(connector).observer(EventOrder::exact().held_up())
}

/// Row 32: the machine sleeps through a wait; `clippy.toml` forbids the system's time.
#[tokio::test(start_paused = true)]
async fn a_wait_that_the_machine_slept_through_is_followed_by_one_attempt() {
    let steps = [vec![Step::Fails(ms(0)); 5], vec![Step::Exits(Ok(()))]].concat();
    let policy = [1, 2, 4, 8, 16].map(secs).to_vec();
    let mut script = Script::new(steps, Delays::new(policy));
    let suspend = async {
        // Half-way through the second wait.
        sleep(secs(2)).await;
        advance(ms(EIGHT_HOURS)).await;
    };
    let (result, ()) = tokio::join!(slept(&mut script).run(), suspend);
    assert_eq!(result, Ok(()));
    let woke = 2_000 + EIGHT_HOURS;
    let later = [4_000, 12_000, 28_000].map(|after| woke + after);
    assert_eq!(
        script.attempts(),
        [vec![0, 1_000, woke], later.to_vec()].concat()
    );
}

/// Row 32: the machine sleeps while connected.
#[tokio::test(start_paused = true)]
async fn a_connection_that_the_machine_slept_through_has_lasted_and_is_dialed_once() {
    let steps = [
        Step::Fails(ms(0)),
        Step::Fails(ms(0)),
        Step::Up(secs(60)),
        Step::Fails(ms(0)),
        Step::Fails(ms(0)),
        Step::Exits(Ok(())),
    ];
    let mut script = Script::new(steps, Delays::new([1, 2, 4, 8].map(secs).to_vec()));
    let runner = checked(&mut script);
    let handle = runner.handle();
    let suspend = async {
        // Connected since 3 s, and not for long enough to have ended the outage.
        sleep(secs(5)).await;
        assert!(matches!(handle.status(), Status::Connected { .. }));
        advance(ms(EIGHT_HOURS)).await;
    };
    let (result, ()) = tokio::join!(runner.run(), suspend);
    assert_eq!(result, Ok(()));
    let woke = 5_000 + EIGHT_HOURS;
    let later = [1_000, 3_000, 7_000].map(|after| woke + after);
    assert_eq!(
        script.attempts(),
        [vec![0, 1_000, 3_000], later.to_vec()].concat()
    );
    assert_eq!(handle.stats().uptime, ms(woke - 3_000));
    assert_eq!(handle.stats().outages, 2);
}

/// Row 32: the machine sleeps while a pacer holds attempts.
#[tokio::test(start_paused = true)]
async fn a_pacer_that_slept_through_hours_lets_through_no_more_than_its_burst() {
    let pacer = Pacer::new(1, 3);
    let mut scripts: Vec<_> = (0..8)
        .map(|_| {
            let steps = [Step::Fails(ms(0)), Step::Exits(Ok(()))];
            Script::new(steps, Delays::new(vec![secs(3_600)]))
        })
        .collect();
    let attempts: Vec<_> = scripts
        .iter()
        .map(|script| script.attempts.clone())
        .collect();
    let running: Vec<_> = scripts
        .drain(..)
        .map(|script| tokio::spawn(slept(script).pacer(pacer.clone()).run()))
        .collect();
    // All have failed, the last of them at 5 s, and wait for an hour.
    sleep(secs(10)).await;
    advance(ms(EIGHT_HOURS)).await;
    for loop_ in running {
        assert_eq!(loop_.await.unwrap(), Ok(()));
    }
    let mut seconds: Vec<_> = attempts
        .iter()
        .flat_map(|attempts| attempts.lock().unwrap().clone())
        .map(|millis| millis / 1_000)
        .collect();
    seconds.sort_unstable();
    let woke = 10 + EIGHT_HOURS / 1_000;
    let burst_then_one_each = [0, 0, 0, 1, 2, 3, 4, 5];
    let after = burst_then_one_each.map(|second| woke + second);
    assert_eq!(seconds, [burst_then_one_each, after].concat());
}
