use std::fmt::Debug;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use schmoozer_core::{Delays, run};
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::subscriber::DefaultGuard;
use tracing::{Dispatch, Event, Level, Metadata, Subscriber};

use crate::script::{Script, Step, checked, ms, secs};
use crate::slow::{decided, unhurried, works};

/// Keeps each record as its level and its fields.
#[derive(Clone, Default)]
struct Records {
    events: Arc<Mutex<Vec<(Level, String)>>>,
    spans: Arc<Mutex<Vec<String>>>,
    slow: bool,
    /// Which of ours are wanted; all by default.
    wants: Option<fn(&Metadata<'_>) -> bool>,
}

struct Fields(String);

impl Visit for Fields {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        use std::fmt::Write as _;
        let _ = write!(self.0, "{field}={value:?} ");
    }
}

impl Subscriber for Records {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target().starts_with("schmoozer") && self.wants.is_none_or(|wants| wants(metadata))
    }
    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }
    fn record(&self, _: &Id, values: &Record<'_>) {
        let mut fields = Fields(String::new());
        values.record(&mut fields);
        self.spans.lock().unwrap().push(fields.0);
    }
    fn record_follows_from(&self, _: &Id, _: &Id) {}
    fn event(&self, event: &Event<'_>) {
        if self.slow {
            works(secs(2));
        }
        let mut fields = Fields(String::new());
        event.record(&mut fields);
        self.events
            .lock()
            .unwrap()
            .push((*event.metadata().level(), fields.0));
    }
    fn enter(&self, _: &Id) {}
    fn exit(&self, _: &Id) {}
}

impl Records {
    fn of(&self, level: Level) -> Vec<String> {
        let events = self.events.lock().unwrap();
        events
            .iter()
            .filter(|(of, _)| *of == level)
            .map(|(_, fields)| fields.clone())
            .collect()
    }
}

/// Has this thread's records kept until the guards are dropped.
///
/// While only one subscriber lives, `tracing` asks that of the thread which first meets an event
/// whether anybody wants it, and remembers the answer; the thread may be that of another test, with
/// none. So there are always two.
fn subscribe(records: &Records) -> (Dispatch, DefaultGuard) {
    let second = Dispatch::new(Records::default());
    (second, tracing::subscriber::set_default(records.clone()))
}

/// Rows 2, 20: one WARN and one INFO an outage, also while the server flaps.
#[tokio::test(start_paused = true)]
async fn an_outage_is_one_warning_and_one_piece_of_good_news() {
    let records = Records::default();
    let _guard = subscribe(&records);
    // An hour of flaps, then a connection that lasts.
    let steps = std::iter::repeat_n(Step::Up(ms(500)), 3_600)
        .chain([Step::Up(secs(60)), Step::Exits(Ok(()))]);
    let script = Script::new(steps, Delays::new(vec![ms(500); 10_000]));
    checked(script).run().await.unwrap();
    // The second outage is that after the connection which lasted.
    assert_eq!(
        records.of(Level::WARN),
        ["message=outage began error=lost "; 2]
    );
    assert_eq!(
        records.of(Level::INFO),
        ["message=outage over attempt=3601 outage=3599.5 error=lost "]
    );
    assert_eq!(records.of(Level::ERROR), [""; 0]);
    assert_eq!(*records.spans.lock().unwrap(), ["target=script "]);
}

#[tokio::test(start_paused = true)]
async fn each_attempt_is_told_in_fields() {
    let records = Records::default();
    let _guard = subscribe(&records);
    let script = Script::new(
        [Step::Fails(ms(30)), Step::Up(ms(70))],
        Delays::new(vec![ms(250)]),
    );
    assert_eq!(checked(script).run().await, Err("lost"));
    assert_eq!(
        records.of(Level::DEBUG),
        [
            "message=connecting attempt=1 ",
            "message=connect failed attempt=1 elapsed=0.03 error=refused ",
            "message=waiting attempt=1 delay=0.25 ",
            "message=connecting attempt=2 ",
            "message=connected attempt=2 elapsed=0.0 ",
            "message=connection lost attempt=2 uptime=0.07 error=lost ",
        ]
    );
    assert_eq!(
        records.of(Level::ERROR),
        ["message=gave up attempt=2 outage=0.32 error=lost "]
    );
}

/// Row 33: a slow subscriber of the logs; the paused clock goes on while it works.
#[tokio::test(start_paused = true)]
async fn a_slow_subscriber_changes_no_decision() {
    let records = Records {
        slow: true,
        ..Records::default()
    };
    let _guard = subscribe(&records);
    // Two seconds for each line: with the observers' own, none of which is slow here.
    let slowly = decided(Duration::ZERO, secs(20)).await;
    assert_eq!(slowly, unhurried(&slowly.attempts));
    assert_eq!(slowly.attempts[..3], [2_000, 11_000, 30_000]);
}

#[tokio::test(start_paused = true)]
async fn a_warning_says_why_to_one_who_did_not_say_that_he_listens() {
    // As the `log` crate is told by `tracing`, when a program has that and no subscriber.
    let records = Records {
        wants: Some(|metadata| metadata.is_event() || metadata.is_span()),
        ..Records::default()
    };
    let _guard = subscribe(&records);
    let steps = [Step::Fails(ms(0)), Step::Up(secs(20)), Step::Exits(Ok(()))];
    let script = Script::new(steps, Delays::new(vec![secs(1)]));
    assert_eq!(run(script).await, Ok(()));
    assert_eq!(
        records.of(Level::WARN),
        [
            "message=outage began error=refused ",
            "message=outage began error=lost "
        ]
    );
    assert_eq!(
        records.of(Level::INFO),
        ["message=outage over attempt=2 outage=1.0 "]
    );
}

#[tokio::test(start_paused = true)]
async fn a_warning_names_its_target_also_to_one_who_wants_nothing_else() {
    let records = Records {
        wants: Some(|metadata| *metadata.level() <= Level::WARN),
        ..Records::default()
    };
    let _guard = subscribe(&records);
    let script = Script::new([Step::Fails(ms(0))], Delays::new(vec![secs(1)]));
    assert_eq!(run(script).await, Err("refused"));
    assert_eq!(records.of(Level::WARN).len(), 1);
    assert_eq!(*records.spans.lock().unwrap(), ["target=script "]);
}
