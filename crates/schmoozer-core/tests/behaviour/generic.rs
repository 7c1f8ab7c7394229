//! Code that is generic over its connector, or borrows what it uses, can run and spawn what it builds.

use std::fmt::Display;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

#[cfg(feature = "rt")]
use schmoozer_core::{ConnectTimeout, Pacer};
use schmoozer_core::{Connector, Event, connector_fn, run};
#[cfg(feature = "rt")]
use schmoozer_faults::Checker;
use tokio::time::sleep;

#[cfg(feature = "rt")]
use crate::checked::checked_by;
use crate::checked::{checked, secs};

/// Spawns it with every option that there is.
#[cfg(feature = "rt")]
async fn keep<C>(connector: C) -> Result<(), C::Error>
where
    C: Connector<Error: From<ConnectTimeout> + 'static> + 'static,
{
    let (_online, network) = tokio::sync::watch::channel(true);
    let checker = Checker::exact().with_requests().held_up();
    let (handle, task) = checked_by(&checker, connector)
        .connect_timeout(secs(1))
        .pacer(Pacer::every(secs(1), 1).unwrap())
        .shutdown(sleep(secs(60)))
        .grace(secs(1))
        .max_age(secs(3600))
        .while_online(network)
        .on_event(|_| {})
        .spawn();
    let task = tokio::spawn(async move { task.await.unwrap() });
    handle.connected().await.unwrap();
    handle.shutdown();
    task.await.unwrap()
}

/// Runs it on the caller's task, and borrows all that it can.
async fn borrow<C: Connector<Error: Display>>(connector: &mut C, stop: &AtomicU32) -> bool {
    let mut seen = 0;
    let runner = checked(&mut *connector)
        .shutdown(async {
            sleep(secs(5)).await;
            stop.fetch_add(1, Ordering::Relaxed);
        })
        .observer(|_: &Event<'_>| seen += 1);
    let stopped = runner.run().await.is_ok();
    stopped && seen > 0 && run(&mut *connector).await.is_err()
}

fn connector() -> impl Connector<Error = String> {
    let mut connections = 0;
    connector_fn(
        move || {
            connections += 1;
            std::future::ready(Ok(connections))
        },
        async |connection, _| match connection {
            1 => std::future::pending().await,
            _ => Err("lost".to_owned()),
        },
        [],
    )
}

#[cfg(feature = "rt")]
#[tokio::test(start_paused = true)]
async fn a_generic_function_spawns_a_runner_with_every_option() {
    let kept = tokio::spawn(keep(connector()));
    assert_eq!(kept.await.unwrap(), Ok(()));
}

#[tokio::test(start_paused = true)]
async fn a_generic_function_runs_what_it_borrows_in_a_spawned_task() {
    let stop = Arc::new(AtomicU32::new(0));
    let stopped = Arc::clone(&stop);
    let task = tokio::spawn(async move {
        let mut connector = connector();
        borrow(&mut connector, &stopped).await
    });
    assert!(task.await.unwrap());
    assert_eq!(stop.load(Ordering::Relaxed), 1);
}
