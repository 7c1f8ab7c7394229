//! Panics in what is not ours: each reaches the caller, and nobody waits for a loop that is gone.

use std::fmt;
use std::panic::panic_any;
use std::time::Duration;

use schmoozer_core::{
    Current, Delays, Event, Failure, Handle, NotConnected, Observer, Runner, Status, Stopped,
    connector_fn,
};
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};

use crate::script::{Script, Step, checked, ms, secs};

/// Waits for a loop that panics with `from`, in every way there is.
async fn reaches_all<E: fmt::Debug + PartialEq + Send>(
    handle: &Handle,
    task: JoinHandle<Result<(), E>>,
    from: &str,
) {
    let mut watch = handle.watch();
    let waiting = async {
        let stopped = watch.wait_for(|status| *status == Status::Stopped);
        let never = handle.connected_or(u32::MAX);
        let (stopped, limited) = tokio::join!(stopped, never);
        assert!(stopped.is_ok(), "{from}");
        // Either there was a connection before, or none came.
        assert!(
            matches!(limited, Ok(()) | Err(NotConnected::Stopped)),
            "{from}"
        );
    };
    timeout(secs(1_000), waiting).await.expect(from);
    assert_eq!(handle.status(), Status::Stopped, "{from}");
    assert_eq!(handle.connected().await, Err(Stopped), "{from}");
    let panic = task.await.unwrap_err().into_panic();
    assert_eq!(
        panic.downcast_ref::<String>().map(String::as_str),
        Some(from)
    );
}

/// The name of an event, as its `Debug` begins.
fn name(event: &Event<'_>) -> String {
    let shown = format!("{event:?}");
    shown.split(' ').next().unwrap_or_default().to_owned()
}

/// Rows 27, 28: an observer panics at each event.
#[tokio::test(start_paused = true)]
async fn an_observer_may_panic_at_each_event() {
    for at in [
        "Connecting",
        "Connected",
        "Recovered",
        "Failed",
        "OutageBegan",
        "Waiting",
        "Reconnecting",
        "Stopped",
    ] {
        struct Panics(&'static str);
        impl Observer for Panics {
            fn on_event(&mut self, event: &Event<'_>) {
                if name(event) == self.0 {
                    panic_any(self.0.to_owned());
                }
            }
        }
        let steps = [Step::Fails(secs(1)), Step::Up(secs(60))];
        let script = Script::new(steps, Delays::new(vec![secs(1)]));
        let (handle, task) = Runner::new(script).observer(Panics(at)).spawn();
        let asking = handle.clone();
        let operator = async move {
            sleep(secs(30)).await;
            asking.reconnect();
            sleep(secs(30)).await;
            asking.shutdown();
        };
        tokio::join!(operator, reaches_all(&handle, task, at));
    }
}

/// Row 27: a closure of the delays panics.
#[tokio::test(start_paused = true)]
async fn a_panic_in_what_the_delays_are_told_reaches_all() {
    let refused = || async { Err::<(), _>("refused") };
    let up = |()| async { Ok(()) };

    let hint = |_: &&str| -> Option<Duration> { panic_any("the hint".to_owned()) };
    let delays = Delays::new([secs(1)]).hint(hint);
    let (handle, task) = checked(connector_fn(refused, up, delays)).spawn();
    reaches_all(&handle, task, "the hint").await;

    let asked = |_: &&str| -> bool { panic_any("the classifier".to_owned()) };
    let connector = connector_fn(refused, up, [secs(1)]).retry_if(asked);
    let (handle, task) = checked(connector).spawn();
    reaches_all(&handle, task, "the classifier").await;
}

/// A cause without a text.
#[derive(Debug, PartialEq)]
struct Unspeakable;

impl fmt::Display for Unspeakable {
    fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
        panic_any("the cause's text".to_owned())
    }
}

/// Row 27: the text of a cause panics.
#[tokio::test(start_paused = true)]
async fn a_panic_in_the_text_of_a_cause_reaches_all() {
    let connector = connector_fn(
        || async { Err::<(), _>(Unspeakable) },
        |()| async { Ok(()) },
        [secs(1)],
    );
    let (handle, task) = Runner::new(connector).spawn();
    reaches_all(&handle, task, "the cause's text").await;
}

/// Row 27: `retry_delay` panics after a long decision.
#[tokio::test(start_paused = true)]
async fn a_panic_after_a_long_decision_reaches_all() {
    struct Broods;
    impl schmoozer_core::Connector for Broods {
        type Connection = ();
        type Error = &'static str;
        async fn connect(&mut self) -> schmoozer_core::ConnResult<(), &'static str> {
            schmoozer_core::ConnResult::Reconnect("refused")
        }
        async fn run(&mut self, (): ()) -> schmoozer_core::RunResult<&'static str> {
            schmoozer_core::RunResult::Exit(Ok(()))
        }
        async fn retry_delay(
            &mut self,
            _: Failure<&'static str>,
        ) -> schmoozer_core::RetryResult<&'static str> {
            sleep(secs(5)).await;
            panic_any("retry_delay".to_owned())
        }
    }
    let (handle, task) = checked(Broods).spawn();
    reaches_all(&handle, task, "retry_delay").await;
}

/// Row 27: `run` panics while others wait for its client.
#[tokio::test(start_paused = true)]
async fn a_panic_on_a_connection_withdraws_its_client_and_leaves_nobody_waiting_for_one() {
    let (publisher, current) = Current::new();
    let connector = connector_fn(
        || async { Ok::<_, &str>(1) },
        move |client: u32| {
            let publisher = publisher.clone();
            async move {
                let _live = publisher.publish(client);
                sleep(secs(5)).await;
                panic_any("run".to_owned())
            }
        },
        [secs(1)],
    );
    let (handle, task) = checked(connector).spawn();
    assert_eq!(current.ready().await, Ok(1));
    reaches_all(&handle, task, "run").await;
    assert_eq!(current.get(), None);
    let waited = timeout(ms(1), current.ready()).await;
    assert_eq!(waited, Ok(Err(Stopped)));
}
