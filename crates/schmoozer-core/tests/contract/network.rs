//! A network that comes and goes, as `while_online` says.

use schmoozer_core::{End, NotConnected, Pacer, Session, Status};
use tokio::sync::watch;
use tokio::time::{Instant, sleep, timeout};

use crate::scene::{Log, Script, ends, fails, ms, secs, serves, stays, up};

fn spawn(
    script: Script,
    online: bool,
) -> (
    watch::Sender<bool>,
    Log,
    schmoozer_core::Handle,
    tokio::task::JoinHandle<Result<(), &'static str>>,
) {
    let script = script.steered().held_up();
    let (network, online) = watch::channel(online);
    let log = script.log();
    let runner = script.runner().while_online(online);
    let handle = runner.handle();
    (network, log, handle, tokio::spawn(runner.run()))
}

/// Row 65: off for an hour.
#[tokio::test(start_paused = true)]
async fn a_network_that_is_off_for_an_hour_means_no_attempt_and_then_one_at_once() {
    let script = Script::new([up(secs(20)), stays()], vec![secs(1); 100]);
    let (network, log, handle, task) = spawn(script, true);
    sleep(secs(15)).await;
    network.send_replace(false);
    // The connection is left alone until it is lost.
    sleep(secs(4)).await;
    assert_eq!(log.live(), 1);
    sleep(secs(3_600)).await;
    assert_eq!(log.attempts(), [0]);
    let Status::Waiting {
        until: None,
        attempt: 2,
        cause: Some(cause),
    } = handle.status()
    else {
        panic!("{:?}", handle.status());
    };
    assert_eq!(cause, "lost");
    network.send_replace(true);
    sleep(ms(1)).await;
    assert_eq!(log.attempts(), [0, 3_619_000]);
    task.abort();
}

/// Row 65: off before the first attempt.
#[tokio::test(start_paused = true)]
async fn a_network_that_is_off_at_the_start_holds_the_first_attempt() {
    let (network, log, handle, task) = spawn(Script::new([stays()], []), false);
    sleep(secs(60)).await;
    assert_eq!(log.attempts(), [0; 0]);
    assert!(matches!(
        handle.status(),
        Status::Waiting {
            until: None,
            attempt: 1,
            cause: None
        }
    ));
    // A request does not pass it.
    handle.retry_now();
    handle.reconnect();
    sleep(secs(60)).await;
    assert_eq!(log.attempts(), [0; 0]);
    network.send_replace(true);
    sleep(secs(1)).await;
    assert_eq!(log.attempts(), [120_000]);
    // And a shutdown ends it there too.
    task.abort();
    let (_network, log, handle, task) = spawn(Script::new([stays()], []), false);
    sleep(secs(1)).await;
    handle.shutdown();
    assert_eq!(task.await.unwrap(), Ok(()));
    assert_eq!(log.events(), ["1000 stopped Shutdown -"]);
}

#[tokio::test(start_paused = true)]
async fn an_attempt_under_way_is_left_alone() {
    let (network, log, _, task) = spawn(Script::new([stays().takes(secs(30))], []), true);
    sleep(secs(1)).await;
    network.send_replace(false);
    sleep(secs(60)).await;
    assert_eq!(log.of(&["connected"]), ["30000 connected"]);
    task.abort();
}

/// Rows 25, 65: a request waits too: it cuts no attempt short after which none could begin.
#[tokio::test(start_paused = true)]
async fn a_request_while_offline_leaves_the_attempt_alone() {
    for (back, attempts) in [(40, &[0][..]), (20, &[0, 20_000])] {
        let script = Script::new([stays().takes(secs(30)), stays()], []);
        let (network, log, handle, task) = spawn(script, true);
        sleep(secs(1)).await;
        network.send_replace(false);
        sleep(secs(4)).await;
        handle.retry_now();
        sleep(secs(back - 5)).await;
        network.send_replace(true);
        sleep(secs(60)).await;
        assert_eq!(log.attempts(), attempts);
        task.abort();
    }
}

/// Row 65: becoming true counts as a request, also during a hung dial.
#[tokio::test(start_paused = true)]
async fn coming_back_restarts_an_attempt_that_hangs() {
    let script = Script::new([stays().takes(secs(300)), stays()], []);
    let (network, log, _, task) = spawn(script, true);
    sleep(secs(10)).await;
    network.send_replace(false);
    sleep(secs(10)).await;
    network.send_replace(true);
    sleep(ms(1)).await;
    assert_eq!(log.attempts(), [0, 20_000]);
    task.abort();
}

/// Row 65: a network that flaps starts no more than one attempt a second.
#[tokio::test(start_paused = true)]
async fn a_flapping_network_starts_at_most_one_attempt_a_second() {
    let script = Script::new((0..1_000).map(|_| fails(ms(1))), vec![secs(600); 1_000]);
    let (network, log, _, task) = spawn(script, true);
    sleep(secs(5)).await;
    for _ in 0..100 {
        network.send_replace(false);
        sleep(ms(50)).await;
        network.send_replace(true);
        sleep(ms(50)).await;
    }
    let attempts = log.attempts();
    task.abort();
    assert!((9..=11).contains(&attempts.len()), "{attempts:?}");
    assert!(
        attempts[1..]
            .windows(2)
            .all(|pair| pair[1] - pair[0] >= 1_000),
        "{attempts:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_dropped_sender_is_a_network_that_is_there() {
    let (network, log, _, task) = spawn(Script::new([stays()], []), false);
    sleep(secs(5)).await;
    drop(network);
    sleep(secs(1)).await;
    assert_eq!(log.attempts(), [5_000]);
    task.abort();
}

#[tokio::test(start_paused = true)]
async fn planned_ends_wait_until_the_network_is_there() {
    let script = Script::new([ends(secs(20), End::Renew), stays()], []);
    let (network, log, handle, task) = spawn(script, true);
    sleep(secs(5)).await;
    network.send_replace(false);
    sleep(secs(60)).await;
    assert_eq!(log.attempts(), [0]);
    assert!(matches!(
        handle.status(),
        Status::Waiting { until: None, .. }
    ));
    network.send_replace(true);
    sleep(secs(1)).await;
    assert_eq!(log.attempts(), [0, 65_000]);
    // The handle's too.
    network.send_replace(false);
    handle.renew();
    sleep(secs(60)).await;
    assert_eq!(log.attempts().len(), 2);
    assert_eq!(log.failures(), []);
    task.abort();
}

/// Row 65: the policy's clock leaves out offline time; the record does not.
#[tokio::test(start_paused = true)]
async fn the_failures_outage_leaves_out_offline_time_and_the_record_includes_it() {
    let steps = [fails(ms(0)), fails(secs(5)), fails(ms(0)), stays()];
    let script = Script::new(steps, [10, 10, 10].map(secs)).retry(|it| it.give_up_after(secs(60)));
    let (network, log, handle, task) = spawn(script, true);
    // Fails at 0 s. Offline from 4 s to 3604 s, and from 3605 s to 3607 s, which restarts the attempt.
    sleep(secs(4)).await;
    network.send_replace(false);
    sleep(secs(3_600)).await;
    network.send_replace(true);
    sleep(secs(1)).await;
    network.send_replace(false);
    sleep(secs(2)).await;
    network.send_replace(true);
    sleep(secs(40)).await;
    let outages: Vec<_> = log.failures().iter().map(|it| it.outage).collect();
    let lengths = log.of(&["failed"]);
    task.abort();
    assert_eq!(log.attempts(), [0, 3_604_000, 3_607_000, 3_617_000]);
    assert_eq!(outages, [secs(0), secs(5)]);
    assert_eq!(lengths[1], "3607000 failed 3 None 3607000: refused");
    assert_eq!(handle.stats().outages, 1);
}

#[tokio::test(start_paused = true)]
async fn an_outage_that_begins_offline_counts_from_when_the_network_is_back() {
    let steps = [up(secs(20)), fails(ms(0)), fails(ms(0))];
    let script = Script::new(steps, [1, 1].map(secs));
    let (network, log, _, task) = spawn(script, true);
    sleep(secs(10)).await;
    network.send_replace(false);
    sleep(secs(100)).await;
    network.send_replace(true);
    sleep(secs(5)).await;
    task.abort();
    let outages: Vec<_> = log.failures().iter().map(|it| it.outage).collect();
    assert_eq!(outages, [secs(0), secs(0), secs(1)]);
}

#[tokio::test(start_paused = true)]
async fn failures_while_offline_do_not_count_for_those_who_wait() {
    let steps = [fails(secs(10)), fails(ms(0)), fails(ms(0))];
    let (network, log, handle, task) = spawn(Script::new(steps, [secs(1); 3]), true);
    sleep(secs(5)).await;
    network.send_replace(false);
    let waiter = tokio::spawn({
        let handle = handle.clone();
        async move { handle.connected_or_fail(1).await }
    });
    sleep(secs(60)).await;
    assert!(!waiter.is_finished());
    assert_eq!(handle.stats().failures, 1);
    network.send_replace(true);
    let answer = waiter.await.unwrap();
    assert!(matches!(
        answer,
        Err(NotConnected::Failed { failures: 1, .. })
    ));
    assert_eq!(log.now(), 65_000);
    task.abort();
}

/// Rows 31, 65: the pacer's bound also holds for those that the network held.
#[tokio::test(start_paused = true)]
async fn what_a_pacer_let_through_offline_is_no_burst_when_the_network_is_back() {
    let pacer = Pacer::every(secs(1), 1).unwrap();
    let (network, online) = watch::channel(true);
    let begin = Instant::now();
    let mut logs = Vec::new();
    for _ in 0..20 {
        let script = Script::new([fails(ms(0)), stays()], [secs(30)])
            .steered()
            .held_up();
        logs.push(script.log());
        let runner = script
            .runner()
            .pacer(pacer.clone())
            .while_online(online.clone());
        tokio::spawn(runner.run());
    }
    sleep(ms(3_500)).await;
    // Sixteen are in line.
    network.send_replace(false);
    sleep(secs(300)).await;
    network.send_replace(true);
    sleep(secs(300)).await;
    let mut attempts: Vec<u64> = logs.iter().flat_map(Log::attempts).collect();
    attempts.sort_unstable();
    assert_eq!(attempts.len(), 40, "{attempts:?}");
    assert!(
        attempts.windows(2).all(|pair| pair[1] - pair[0] >= 1_000),
        "{attempts:?}"
    );
    assert!(
        attempts.iter().all(|at| *at <= 3_000 || *at >= 303_500),
        "{attempts:?}"
    );
    let _ = begin;
}

/// While it waits for the pacer and the network is gone, nothing is due.
#[tokio::test(start_paused = true)]
async fn the_status_offline_has_no_time_also_behind_a_pacer() {
    let pacer = Pacer::every(secs(100), 1).unwrap();
    pacer.admit().await;
    let script = Script::new([stays()], []).steered().held_up();
    let log = script.log();
    let (network, online) = watch::channel(true);
    let runner = script.runner().pacer(pacer).while_online(online);
    let handle = runner.handle();
    let _task = tokio::spawn(runner.run());
    sleep(secs(10)).await;
    assert!(matches!(
        handle.status(),
        Status::Waiting { until: Some(_), .. }
    ));
    network.send_replace(false);
    sleep(secs(1)).await;
    assert!(
        matches!(handle.status(), Status::Waiting { until: None, .. }),
        "{:?}",
        handle.status()
    );
    sleep(secs(200)).await;
    assert_eq!(log.attempts(), [0; 0]);
    network.send_replace(true);
    sleep(ms(1)).await;
    assert_eq!(log.attempts().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_network_that_goes_while_the_handler_says_goodbye_holds_the_next_attempt() {
    let slow = serves(async |session: Session| {
        let end = session.stopping().await;
        sleep(secs(2)).await;
        Ok(end)
    });
    let (network, log, handle, task) = spawn(Script::new([slow, stays()], []), true);
    sleep(secs(20)).await;
    handle.renew();
    sleep(secs(1)).await;
    network.send_replace(false);
    assert!(timeout(secs(60), handle.connected()).await.is_err());
    assert_eq!(log.attempts(), [0]);
    task.abort();
}

/// Also after a request: no status has a time while offline.
#[tokio::test(start_paused = true)]
async fn a_request_while_offline_shows_no_time() {
    for renew in [false, true] {
        let (network, _, handle, task) = spawn(Script::new([stays(), stays()], []), true);
        sleep(secs(20)).await;
        network.send_replace(false);
        sleep(secs(1)).await;
        let mut watch = handle.watch();
        let until = tokio::spawn(async move {
            let waits = |status: &Status| matches!(status, Status::Waiting { .. });
            match *watch.wait_for(waits).await.unwrap() {
                Status::Waiting { until, .. } => until,
                _ => unreachable!("it waits"),
            }
        });
        tokio::task::yield_now().await;
        if renew {
            handle.renew();
        } else {
            handle.reconnect();
        }
        assert_eq!(until.await.unwrap(), None);
        task.abort();
    }
}

/// No one knows when the next attempt starts, also if the network goes in the moment of a reconnect.
#[tokio::test(start_paused = true)]
async fn a_status_has_no_time_if_the_network_goes_with_the_connection() {
    let script = Script::new([stays().takes(ms(500)), stays()], []);
    let (network, _log, handle, task) = spawn(script, true);
    sleep(ms(100)).await;
    handle.reconnect();
    // The script's connect ends in the same moment.
    sleep(ms(400)).await;
    network.send_replace(false);
    sleep(secs(3_600)).await;
    let status = handle.status();
    assert!(
        matches!(status, Status::Waiting { until: None, .. }),
        "{status:?}"
    );
    task.abort();
}

/// Observers hear that a renewed connection is gone, though no attempt may follow: or metrics count it as up.
#[tokio::test(start_paused = true)]
async fn a_renewal_while_offline_ends_in_a_wait_that_is_told() {
    for after_a_reconnect in [false, true] {
        let script = Script::new([stays(), stays(), stays()], []);
        let (network, log, handle, task) = spawn(script, true);
        sleep(secs(20)).await;
        if after_a_reconnect {
            handle.reconnect();
            sleep(ms(500)).await;
        }
        network.send_replace(false);
        handle.renew();
        sleep(secs(3_600)).await;
        task.abort();
        let events = log.events();
        let last: Vec<_> = events.iter().rev().take(2).collect();
        assert!(last[0].contains("waiting"), "{events:?}");
        assert!(last[1].contains("ending"), "{events:?}");
    }
}
