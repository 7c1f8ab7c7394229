//! Panics in what is not ours: each reaches the caller, and nothing waits for a loop that is gone.

use std::fmt;
use std::panic::panic_any;
use std::time::Duration;

use schmoozer_core::{
    ConnResult, Connector, Current, End, Event, Failure, Handle, Lifecycle, NotConnected, Observer,
    RetryResult, RunResult, Session, Why, connector_fn,
};
use schmoozer_faults::{Script, Step};
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};

use crate::checked::{checked, ms, secs, steered};

/// Waits for a loop that panics with `from`, in every way there is.
async fn reaches_all<E: fmt::Debug + PartialEq + Send>(
    handle: &Handle,
    task: JoinHandle<Result<(), E>>,
    from: &str,
) {
    let waiting = async {
        let never = handle.connected_or_fail(u32::MAX);
        let (stopped, limited) = tokio::join!(handle.stopped(), never);
        assert_eq!(stopped.why, Why::Dropped, "{from}");
        // Either there was a connection before, or none came.
        assert!(
            matches!(limited, Ok(_) | Err(NotConnected::Stopped(_))),
            "{from}"
        );
        stopped
    };
    let stopped = timeout(secs(1_000), waiting).await.expect(from);
    assert_eq!(handle.connected().await, Err(stopped), "{from}");
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
        "Ready",
        "Stable",
        "Failed",
        "Waiting",
        "Reconnecting",
        "Ending",
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
        let steps = [Step::fails(secs(1)), Step::up(secs(60))];
        let script = Script::new(steps, [secs(1)]);
        let (handle, task) = steered(script).observer(Panics(at)).spawn();
        let asking = handle.clone();
        let operator = async move {
            sleep(secs(30)).await;
            asking.reconnect();
            sleep(secs(30)).await;
            asking.shutdown();
        };
        if at == "Stopped" {
            // The loop had ended when its observer heard of it.
            operator.await;
            assert_eq!(handle.stopped().await.why, Why::Shutdown);
            assert!(task.await.unwrap_err().is_panic());
        } else {
            tokio::join!(operator, reaches_all(&handle, task, at));
        }
    }
}

/// Row 27: a closure that the policy asks panics.
#[tokio::test(start_paused = true)]
async fn a_panic_in_what_the_policy_asks_reaches_all() {
    let refused = || async { Err::<(), _>("refused") };
    let up = |(), _| async { Ok(End::Exit) };

    let hint = |_: &&str| -> Option<Duration> { panic_any("the hint".to_owned()) };
    let connector = connector_fn(refused, up, [secs(1)]).hint(hint);
    let (handle, task) = checked(connector).spawn();
    reaches_all(&handle, task, "the hint").await;

    let asked = |_: &Failure<&str>| -> bool { panic_any("the classifier".to_owned()) };
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
        |(), _| async { Ok(End::Exit) },
        [secs(1)],
    );
    let (handle, task) = checked(connector).spawn();
    reaches_all(&handle, task, "the cause's text").await;
}

/// Panics in one of its methods, after a second.
struct Panics(&'static str);

impl Panics {
    async fn at(&self, method: &str) {
        sleep(secs(1)).await;
        if self.0 == method {
            panic_any(method.to_owned());
        }
    }
}

impl Connector for Panics {
    type Connection = ();
    type Error = &'static str;

    async fn connect(&mut self) -> ConnResult<(), &'static str> {
        self.at("connect").await;
        ConnResult::Connected(())
    }

    async fn run(&mut self, (): (), _: Session) -> RunResult<&'static str> {
        self.at("run").await;
        RunResult::Reconnect("lost")
    }

    async fn retry_delay(&mut self, _: Failure<&'static str>) -> RetryResult<&'static str> {
        self.at("retry_delay").await;
        RetryResult::After(secs(1))
    }

    fn display_target(&self) -> Option<String> {
        if self.0 == "display_target" {
            panic_any(self.0.to_owned());
        }
        None
    }

    fn lifecycle(&self) -> Lifecycle {
        if self.0 == "lifecycle" {
            panic_any(self.0.to_owned());
        }
        Lifecycle::new()
    }
}

/// Row 27: each method of the connector panics.
#[tokio::test(start_paused = true)]
async fn a_panic_in_any_method_reaches_all() {
    for method in [
        "connect",
        "run",
        "retry_delay",
        "display_target",
        "lifecycle",
    ] {
        let (handle, task) = checked(Panics(method)).grace(secs(9)).spawn();
        reaches_all(&handle, task, method).await;
    }
}

/// Row 27: `run` panics while others wait for its client.
#[tokio::test(start_paused = true)]
async fn a_panic_on_a_connection_withdraws_its_client_and_leaves_nothing_waiting_for_one() {
    let (publisher, current) = Current::new();
    let connector = connector_fn(
        || async { Ok::<_, &str>(1) },
        move |client: u32, session: Session| {
            let publisher = publisher.clone();
            async move {
                let _live = publisher.publish(&session, client);
                sleep(secs(5)).await;
                panic_any("run".to_owned())
            }
        },
        [secs(1)],
    );
    let (handle, task) = checked(connector.ready_when_marked()).spawn();
    assert_eq!(*current.ready().await.unwrap(), 1);
    reaches_all(&handle, task, "run").await;
    assert!(current.get().is_none());
    let waited = timeout(ms(1), current.ready()).await;
    assert!(waited.is_ok_and(|ended| ended.is_err()));
}
