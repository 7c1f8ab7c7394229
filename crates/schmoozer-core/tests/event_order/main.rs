//! What the checker of the events' order lets pass, and what it refuses.

mod checker;

use std::mem;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use checker::EventOrder;
use schmoozer_core::{Delays, Event, Outage, Pacer, Runner, connector_fn};
use tokio::time::{Instant, sleep};

fn secs(secs: u64) -> Duration {
    Duration::from_secs(secs)
}

const NANO: Duration = Duration::from_nanos(1);

/// How many events the run has that all tests tell of.
const EVENTS: usize = 23;

type Tell<'a> = &'a mut dyn FnMut(Instant, &Event<'_>);

/// Tells the nth event, which came at this moment, or another.
type Retell<'a> = dyn Fn(usize, Instant, &Event<'_>, Tell<'_>) + Sync + 'a;

/// Tells an event otherwise, or answers that it does not.
type Change<'a> = dyn Fn(&Event<'_>, &mut dyn FnMut(&Event<'_>)) -> bool + Sync + 'a;

/// How many events there were, and what the checker says when it is told them by `retell`.
///
/// The run is refused, flaps, loses a connection that had lasted, is refused, drops one on request,
/// and ends on a connection during that outage.
async fn verdict(mut order: EventOrder, retell: &Retell<'_>) -> (usize, Result<(), String>) {
    let mut attempt = 0;
    let connect = move || {
        attempt += 1;
        async move {
            sleep(Duration::from_millis(100)).await;
            match attempt {
                1 | 4 => Err("refused"),
                attempt => Ok(attempt),
            }
        }
    };
    let run = async |attempt| {
        let (uptime, result) = match attempt {
            2 => (1, Err("flapped")),
            3 => (60, Err("lost")),
            5 => (1_000, Ok(())),
            _ => (1, Ok(())),
        };
        sleep(secs(uptime)).await;
        result
    };
    let delays = Delays::new([1, 2, 3].map(secs)).reset_after(secs(10));
    let mut told = 0;
    let mut verdict = Ok(());
    let observer = |event: &Event<'_>| {
        retell(told, Instant::now(), event, &mut |at, event| {
            if verdict.is_ok() {
                verdict = order.next(at, event);
            }
        });
        told += 1;
    };
    let runner = Runner::new(connector_fn(connect, run, delays)).observer(observer);
    let handle = runner.handle();
    let (result, ()) = tokio::join!(runner.run(), async {
        sleep(secs(70)).await;
        handle.reconnect();
    });
    assert_eq!(result, Ok(()));
    (told, verdict)
}

/// What the checker says when one event is told otherwise, for each one that `change` tells.
async fn faults(change: &Change<'_>) -> Vec<String> {
    let (events, _) = verdict(EventOrder::exact(), &as_it_was).await;
    let mut faults = Vec::new();
    for wrong in 0..events {
        let changed = AtomicBool::new(false);
        let (_, verdict) = verdict(EventOrder::exact(), &|nth, at, event, tell| {
            let told = nth == wrong && change(event, &mut |event| tell(at, event));
            changed.fetch_or(told, Ordering::Relaxed);
            if !told {
                tell(at, event);
            }
        })
        .await;
        if changed.into_inner() {
            faults.push(verdict.err().unwrap_or_else(|| format!("passed: {wrong}")));
        }
    }
    // What was wrong, without the event.
    for fault in &mut faults {
        fault.truncate(fault.find(": ").unwrap_or(fault.len()));
    }
    faults
}

fn as_it_was(_: usize, at: Instant, event: &Event<'_>, tell: Tell<'_>) {
    let event = *event;
    tell(at, &event);
}

#[tokio::test(start_paused = true)]
async fn what_the_loop_tells_is_legal() {
    let (events, verdict) = verdict(EventOrder::exact(), &as_it_was).await;
    assert_eq!((events, verdict), (EVENTS, Ok(())));
}

#[tokio::test(start_paused = true)]
async fn an_event_that_is_missing_is_missed() {
    // The last two are a connection and the stop: a loop can be stopped, or dropped, before either.
    for missing in 0..EVENTS - 2 {
        let (_, verdict) = verdict(EventOrder::exact(), &|nth, at, event, tell| {
            if nth != missing {
                tell(at, event);
            }
        })
        .await;
        assert!(verdict.is_err(), "without event {missing}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_event_that_comes_twice_is_refused() {
    for twice in 0..EVENTS {
        let (_, verdict) = verdict(EventOrder::exact(), &|nth, at, event, tell| {
            tell(at, event);
            if nth == twice {
                tell(at, event);
            }
        })
        .await;
        assert!(verdict.is_err(), "with event {twice} twice");
    }
}

#[tokio::test(start_paused = true)]
async fn a_wrong_number_is_refused() {
    let faults = faults(&|event, tell| {
        match *event {
            Event::Connecting { attempt } => tell(&Event::Connecting {
                attempt: attempt + 2,
            }),
            Event::Connected { attempt, elapsed } => tell(&Event::Connected {
                attempt: attempt + 1,
                elapsed,
            }),
            Event::Failed {
                cause,
                attempt,
                elapsed,
                uptime,
            } => tell(&Event::Failed {
                cause,
                attempt: attempt + 1,
                elapsed,
                uptime,
            }),
            Event::Waiting {
                delay,
                attempt,
                outage,
            } => tell(&Event::Waiting {
                delay,
                attempt: attempt + 1,
                outage,
            }),
            _ => return false,
        }
        true
    })
    .await;
    assert_eq!(faults, ["the attempt's number"; 18]);
}

#[tokio::test(start_paused = true)]
async fn a_wrong_time_is_refused() {
    let faults = faults(&|event, tell| {
        match *event {
            Event::Connected { attempt, elapsed } => tell(&Event::Connected {
                attempt,
                elapsed: elapsed + NANO,
            }),
            Event::Failed {
                cause,
                attempt,
                elapsed,
                uptime: Some(uptime),
            } => tell(&Event::Failed {
                cause,
                attempt,
                elapsed,
                uptime: Some(uptime + NANO),
            }),
            Event::Failed {
                cause,
                attempt,
                elapsed,
                uptime,
            } => tell(&Event::Failed {
                cause,
                attempt,
                elapsed: elapsed + NANO,
                uptime,
            }),
            Event::Waiting {
                delay,
                attempt,
                outage,
            } => tell(&Event::Waiting {
                delay: delay + NANO,
                attempt,
                outage,
            }),
            Event::Reconnecting { uptime } => tell(&Event::Reconnecting {
                uptime: uptime + NANO,
            }),
            _ => return false,
        }
        true
    })
    .await;
    let told = [
        "the time it took",
        "a wait was cut short",
        "the time it took",
        "the uptime",
        "a wait was cut short",
        "the time it took",
        "the uptime",
        "a wait was cut short",
        "the time it took",
        "a wait was cut short",
        "the time it took",
        "the uptime",
        "the time it took",
    ];
    assert_eq!(faults, told);
}

#[tokio::test(start_paused = true)]
async fn a_wrong_outage_is_refused() {
    let with = |change: fn(&mut Outage)| {
        move |event: &Event<'_>, tell: &mut dyn FnMut(&Event<'_>)| {
            let changed = |outage: &Outage| {
                let mut outage = outage.clone();
                change(&mut outage);
                outage
            };
            match *event {
                Event::OutageBegan { outage } => tell(&Event::OutageBegan {
                    outage: &changed(outage),
                }),
                Event::Waiting {
                    delay,
                    attempt,
                    outage,
                } => tell(&Event::Waiting {
                    delay,
                    attempt,
                    outage: &changed(outage),
                }),
                Event::Recovered { outage } => tell(&Event::Recovered {
                    outage: &changed(outage),
                }),
                Event::Stopped {
                    outage: Some(outage),
                    error,
                } => tell(&Event::Stopped {
                    outage: Some(&changed(outage)),
                    error,
                }),
                _ => return false,
            }
            true
        }
    };
    let attempts = with(|outage| outage.attempts += 1);
    assert_eq!(faults(&attempts).await, ["the outage's attempts"; 8]);
    let length = with(|outage| outage.length += NANO);
    assert_eq!(faults(&length).await, ["the outage's length"; 8]);
    let since = with(|outage| outage.since += NANO);
    assert_eq!(faults(&since).await, ["the outage's begin"; 8]);
    let last = with(|outage| outage.last_cause.push('!'));
    assert!(
        faults(&last)
            .await
            .iter()
            .all(|fault| fault.contains("cause"))
    );
    let first = with(|outage| outage.first_cause.push('!'));
    assert!(
        faults(&first)
            .await
            .iter()
            .all(|fault| fault.contains("cause"))
    );
}

#[tokio::test(start_paused = true)]
async fn an_outage_that_is_not_told_of_at_the_stop_is_missed() {
    let faults = faults(&|event, tell| match *event {
        Event::Stopped { error, .. } => {
            tell(&Event::Stopped {
                outage: None,
                error,
            });
            true
        }
        _ => false,
    })
    .await;
    assert_eq!(faults, ["there is an outage"]);
}

/// Whether `order` lets a run pass that waits 5 s, held up and cut short as told.
async fn passes(order: EventOrder, pacer: Pacer, cut: bool) -> bool {
    let mut first = true;
    let connect = move || {
        let first = mem::replace(&mut first, false);
        async move { if first { Err("refused") } else { Ok(()) } }
    };
    let connector = connector_fn(connect, async |()| Ok(()), [secs(5)]);
    let runner = Runner::new(connector).pacer(pacer).observer(order);
    let handle = runner.handle();
    let task = tokio::spawn(runner.run());
    sleep(secs(1)).await;
    if cut {
        handle.retry_now();
    }
    task.await.is_ok()
}

#[tokio::test(start_paused = true)]
async fn a_wait_that_is_cut_short_must_be_expected() {
    let pacer = || Pacer::new(1_000, 1_000);
    assert!(passes(EventOrder::exact(), pacer(), false).await);
    assert!(!passes(EventOrder::exact(), pacer(), true).await);
    assert!(passes(EventOrder::exact().waits_may_be_cut(), pacer(), true).await);
}

#[tokio::test(start_paused = true)]
async fn an_attempt_that_is_held_up_must_be_expected() {
    let pacer = || Pacer::every(secs(8), 1);
    assert!(!passes(EventOrder::exact(), pacer(), false).await);
    assert!(passes(EventOrder::exact().held_up(), pacer(), false).await);
    assert!(passes(EventOrder::within(secs(3)), pacer(), false).await);
}
