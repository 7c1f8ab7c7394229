//! What a handle must say right after an event.

use std::time::Duration;

use schmoozer_core::{Event, Handle, Status, Why};
use tokio::time::Instant;

use crate::Tally;
use crate::order::{Order, ensure};

/// Says where the handle's status, counts and outage differ from what the events until now have said.
pub(crate) fn agrees(
    handle: &Handle,
    order: &Order,
    tally: &Tally,
    at: Instant,
    event: &Event<'_>,
) -> Result<(), &'static str> {
    status(&handle.status(), order, at, event)?;

    let stats = handle.stats();
    let counts = (
        stats.attempts,
        stats.connections,
        stats.failures,
        stats.outages,
    );
    let told = (
        tally.attempts,
        tally.connections,
        tally.failures,
        tally.outages,
    );
    ensure(counts == told, "the handle's counts")?;
    let uptime: Duration = tally.uptimes.iter().sum();
    // Dropped outside of its runtime, it ends on another clock.
    let dropped = tally.ended == Some(Why::Dropped);
    if !tally.is_up() && !dropped {
        // Each moment of each connection was told a little late.
        let moments = u32::try_from(tally.uptimes.len()).unwrap_or(u32::MAX);
        let late = order.slack.saturating_mul(moments);
        ensure(stats.uptime.abs_diff(uptime) <= late, "the handle's uptime")?;
    }

    let outage = handle.outage();
    let since = |known: &schmoozer_core::Outage| known.since;
    let known = order.outage.as_ref();
    ensure(
        stats.outage_since == known.map(since),
        "since when there is an outage",
    )?;
    match (outage, known) {
        (None, None) => Ok(()),
        (Some(outage), Some(known)) => ensure(
            (outage.since, &outage.first_cause, &outage.last_cause)
                == (known.since, &known.first_cause, &known.last_cause),
            "the handle's outage",
        ),
        (None, Some(_)) => Err("the handle has no outage"),
        (Some(_), None) => Err("the handle has an outage"),
    }
}

fn status(
    status: &Status,
    order: &Order,
    at: Instant,
    event: &Event<'_>,
) -> Result<(), &'static str> {
    let last_cause = order.outage.as_ref().map(|outage| &outage.last_cause);
    let told = match (event, status) {
        (Event::Connecting { attempt }, Status::Connecting { attempt: shown }) => attempt == shown,
        (
            Event::Connected { id }
            | Event::Ready { id }
            | Event::Stable { id, .. }
            | Event::Ending { id, .. },
            &Status::Connected {
                id: shown,
                since,
                ready,
                stable,
                ..
            },
        ) => {
            let life = order.life.ok_or("no connection was told")?;
            order.same(life.since, since, "the connection's begin")?;
            *id == shown && ready == life.ready.is_some() && stable == life.stable
        }
        (
            Event::Failed { .. } | Event::Reconnecting { .. },
            Status::Waiting {
                until: None,
                attempt,
                cause,
            },
        ) => *attempt == order.next_attempt() && cause.as_ref() == last_cause,
        (
            &Event::Waiting { delay, attempt },
            Status::Waiting {
                until,
                attempt: shown,
                cause,
            },
        ) => {
            match (until, at.checked_add(delay)) {
                (Some(until), Some(due)) => order.same(due, *until, "until when it waits")?,
                (Some(_), None) => {}
                // While offline.
                (None, _) => ensure(order.held_up, "until when it waits")?,
            }
            attempt == *shown && cause.as_ref() == last_cause
        }
        (Event::Stopped { stopped }, Status::Stopped(shown)) => *stopped == shown,
        _ => false,
    };
    ensure(told, "the handle's status")
}
