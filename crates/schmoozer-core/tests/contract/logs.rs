//! Rule 10: what an on-call engineer reads.

use std::fmt::Debug;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use schmoozer_core::{End, Session, connector_fn, run};
use tokio::time::sleep;
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::subscriber::DefaultGuard;
use tracing::{Dispatch, Event, Level, Metadata, Subscriber};

use crate::checked::checked;
use crate::scene::{Log, Script, ends, fails, ms, secs, serves, stays, up};

/// Keeps each record as its level and its fields.
#[derive(Clone, Default)]
struct Records {
    lines: Arc<Mutex<Vec<(Level, String)>>>,
    targets: Arc<Mutex<Vec<String>>>,
    spans: Arc<Mutex<u32>>,
    entered: Arc<Mutex<u32>>,
}

struct Fields(String);

impl Visit for Fields {
    fn record_str(&mut self, field: &Field, value: &str) {
        self.record_debug(field, &format_args!("{value}"));
    }

    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        use std::fmt::Write as _;
        let _ = write!(self.0, "{field}={value:?} ");
    }
}

impl Subscriber for Records {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target().starts_with("schmoozer") || metadata.target().starts_with("contract")
    }

    fn new_span(&self, span: &Attributes<'_>) -> Id {
        if span.metadata().target().starts_with("schmoozer") {
            *self.spans.lock().unwrap() += 1;
        }
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        let mut fields = Fields(String::new());
        event.record(&mut fields);
        let level = *event.metadata().level();
        self.targets
            .lock()
            .unwrap()
            .push(event.metadata().target().to_owned());
        self.lines
            .lock()
            .unwrap()
            .push((level, fields.0.trim_end().to_owned()));
    }

    fn enter(&self, _: &Id) {
        *self.entered.lock().unwrap() += 1;
    }

    fn exit(&self, _: &Id) {}
}

impl Records {
    fn of(&self, level: Level) -> Vec<String> {
        let lines = self.lines.lock().unwrap();
        let of_level = lines.iter().filter(|(of, _)| *of == level);
        of_level.map(|(_, fields)| fields.clone()).collect()
    }
}

/// Has this thread's records kept until the guards are dropped.
///
/// While only one subscriber lives, `tracing` asks that of the thread which first meets an event whether anybody wants
/// it, and remembers the answer; the thread may be that of another test, with none. So there are always two.
fn subscribe() -> (Records, Dispatch, DefaultGuard) {
    let records = Records::default();
    let second = Dispatch::new(Records::default());
    let guard = tracing::subscriber::set_default(records.clone());
    (records, second, guard)
}

async fn runs(script: Script) -> (Log, Result<(), &'static str>) {
    let log = script.log();
    (log, script.runner().run().await)
}

/// Nobody else need read the texts: no observer, no handle, no watch.
#[tokio::test(start_paused = true)]
async fn the_lines_have_the_causes_where_nobody_else_reads_them() {
    let (records, _second, _guard) = subscribe();
    let mut causes = ["refused", "reset"].into_iter();
    let connector = connector_fn(
        move || std::future::ready(causes.next().map_or(Ok(()), Err)),
        async |(), _: Session| {
            sleep(secs(60)).await;
            Ok(End::Exit)
        },
        [secs(1); 2],
    );
    assert_eq!(run(connector).await, Ok(()));
    assert_eq!(
        records.of(Level::WARN),
        ["message=outage began connector= error=refused"]
    );
    let [recovery] = &records.of(Level::INFO)[..] else {
        panic!("one line: {:?}", records.of(Level::INFO));
    };
    assert!(recovery.ends_with("error=reset"), "{recovery}");
}

/// Rows 2, 20, 37: one WARN and one INFO an outage, however it flaps.
#[tokio::test(start_paused = true)]
async fn an_outage_is_one_warning_and_one_line_of_recovery() {
    let (records, _second, _guard) = subscribe();
    let steps = (0..30)
        .map(|_| up(ms(500)))
        .chain([ends(secs(60), End::Exit)]);
    let (_, ended) = runs(Script::new(steps, vec![ms(500); 30])).await;
    assert_eq!(ended, Ok(()));
    assert_eq!(
        records.of(Level::WARN),
        ["message=outage began connector= error=lost"]
    );
    let info = records.of(Level::INFO);
    assert_eq!(info.len(), 1, "{info:?}");
    for part in [
        "message=outage over",
        "outage=29.5",
        "attempts=31",
        "error=lost",
    ] {
        assert!(info[0].contains(part), "{info:?}");
    }
    assert_eq!(records.of(Level::ERROR), [""; 0]);
}

#[tokio::test(start_paused = true)]
async fn an_outage_that_goes_on_is_said_after_one_and_ten_minutes_and_each_hour() {
    let (records, _second, _guard) = subscribe();
    // Down; then connected, not ready, from 15 min on.
    let steps = (0..180).map(|_| fails(ms(0))).chain([up(secs(4 * 3_600))]);
    let script = Script::new(steps, vec![secs(5); 180]).ready_when_marked();
    let log = script.log();
    let lines = Arc::clone(&records.lines);
    let running = tokio::spawn(script.runner().shutdown(sleep(secs(3 * 3_600 + 60))).run());
    let mut seen = Vec::new();
    while !running.is_finished() {
        sleep(secs(1)).await;
        for (level, line) in lines.lock().unwrap().drain(..) {
            if level == Level::INFO {
                seen.push((log.now() / 1_000, line));
            }
        }
    }
    let times: Vec<_> = seen.iter().map(|(at, _)| *at).collect();
    for (told, at) in times.iter().zip([60, 600, 3_600, 7_200, 10_800]) {
        assert!((at..=at + 1).contains(told), "{times:?}");
    }
    assert_eq!(times.len(), 5, "{times:?}");
    for (nth, (outage, attempts, state)) in [
        ("outage=60.0", "attempts=1", "waiting"),
        ("outage=600.0", "attempts=12", "waiting"),
        ("outage=3600.0", "attempts=180", "connected, not ready"),
        ("outage=7200.0", "attempts=180", "connected, not ready"),
        ("outage=10800.0", "attempts=180", "connected, not ready"),
    ]
    .into_iter()
    .enumerate()
    {
        let line = &seen[nth].1;
        for part in ["message=outage goes on", outage, attempts, state, "refused"] {
            assert!(line.contains(part), "{line}");
        }
    }
}

/// Row 32: a machine that was suspended.
#[tokio::test(start_paused = true)]
async fn a_task_that_slept_through_several_reminders_says_one() {
    let (records, _second, _guard) = subscribe();
    let (_, handle, task) = Script::new([fails(ms(0)), stays()], [secs(40_000)]).spawn();
    sleep(secs(5)).await;
    tokio::time::advance(secs(5 * 3_600)).await;
    sleep(secs(5)).await;
    let said = records.of(Level::INFO);
    assert_eq!(said.len(), 1, "{said:?}");
    sleep(secs(3_600)).await;
    assert_eq!(records.of(Level::INFO).len(), 2);
    handle.shutdown();
    task.await.unwrap().unwrap();
}

#[tokio::test(start_paused = true)]
async fn the_loop_that_ends_by_itself_says_so_in_one_error_and_any_other_in_none() {
    let (records, _second, _guard) = subscribe();
    let (_, ended) = runs(Script::new([fails(ms(0))], [])).await;
    assert_eq!(ended, Err("refused"));
    let errors = records.of(Level::ERROR);
    assert_eq!(errors.len(), 1);
    assert!(
        errors[0].contains("gave up") && errors[0].contains("refused"),
        "{errors:?}"
    );

    let (records, _second, _guard) = subscribe();
    let is_final = connector_fn(
        async || Err::<(), _>("wrong password"),
        async |(), _: Session| Ok(End::Exit),
        [secs(1)],
    )
    .retry_if(|_| false)
    .target("db.example.com");
    assert!(checked(is_final).run().await.is_err());
    let errors = records.of(Level::ERROR);
    assert_eq!(errors.len(), 1);
    assert!(errors[0].contains("wrong password"), "{errors:?}");
    // The warning names cause and target.
    let warnings = records.of(Level::WARN);
    assert_eq!(
        warnings,
        ["message=outage began connector=db.example.com error=wrong password"]
    );

    let (records, _second, _guard) = subscribe();
    let script = Script::new([ends(secs(20), End::Renew), stays()], []).steered();
    let runner = script.runner().shutdown(sleep(secs(60)));
    assert_eq!(runner.run().await, Ok(()));
    for level in [Level::ERROR, Level::WARN, Level::INFO] {
        assert_eq!(records.of(level), [""; 0], "{level}");
    }
}

/// Row 55: a planned end each hour warns of nothing.
#[tokio::test(start_paused = true)]
async fn a_planned_end_each_hour_is_no_line_above_debug() {
    let (records, _second, _guard) = subscribe();
    let (log, _) = runs(Script::new(
        (0..24).map(|_| ends(secs(3_600), End::Renew)),
        [],
    ))
    .await;
    assert!(log.now() >= 24 * 3_600_000);
    for level in [Level::ERROR, Level::WARN, Level::INFO] {
        assert_eq!(records.of(level), [""; 0]);
    }
}

/// Row 55: a server that asks everybody to go away at once: one warning at the third in a row.
#[tokio::test(start_paused = true)]
async fn the_third_early_renewal_in_a_row_is_one_warning() {
    let early = || ends(secs(1), End::Renew);
    let warnings = async |steps: Vec<crate::scene::Step>| {
        let (records, _second, _guard) = subscribe();
        let _ = runs(Script::new(steps, vec![secs(1); 9])).await;
        let warnings = records.of(Level::WARN);
        warnings
            .into_iter()
            .filter(|line| line.contains("renewed"))
            .count()
    };
    assert_eq!(warnings(vec![early(), early()]).await, 0);
    assert_eq!(warnings((0..10).map(|_| early()).collect()).await, 1);
    // A stable one in between, and a lost one: not in a row.
    let stable = || ends(secs(20), End::Renew);
    assert_eq!(
        warnings(vec![early(), early(), stable(), early(), early()]).await,
        0
    );
    assert_eq!(
        warnings(vec![early(), early(), up(secs(1)), early(), early()]).await,
        0
    );
    // Three again, after a stable one.
    let three = || [early(), early(), early()];
    let again: Vec<_> = three()
        .into_iter()
        .chain([stable()])
        .chain(three())
        .collect();
    assert_eq!(warnings(again).await, 2);
}

#[tokio::test(start_paused = true)]
async fn an_error_after_a_renewal_is_a_line_for_debugging() {
    let (records, _second, _guard) = subscribe();
    let breaks = serves(async |session: Session| {
        sleep(secs(20)).await;
        session.renew();
        session.stopping().await;
        Err("broken pipe")
    });
    let (_, ended) = runs(Script::new([breaks], [])).await;
    assert_eq!(ended, Ok(()));
    let said = records.of(Level::DEBUG);
    assert!(
        said.iter().any(|line| line.contains("broken pipe")),
        "{said:?}"
    );
    for level in [Level::ERROR, Level::WARN, Level::INFO] {
        assert_eq!(records.of(level), [""; 0]);
    }
}

/// The handler runs in no span of the loop, so no request adopts one that never ends.
#[tokio::test(start_paused = true)]
async fn every_line_has_the_target_and_no_span_is_made() {
    let (records, _second, _guard) = subscribe();
    let own = serves(async |_: Session| {
        tracing::info!(target: "contract", "the handler's own");
        sleep(secs(20)).await;
        Err("lost")
    });
    let _ = runs(Script::new(
        [fails(ms(0)), own, ends(ms(0), End::Renew)],
        vec![secs(1); 3],
    ))
    .await;
    let targets = records.targets.lock().unwrap().clone();
    assert!(targets.len() > 10);
    let own = targets
        .iter()
        .filter(|target| *target != "schmoozer")
        .count();
    assert_eq!(own, 1, "{targets:?}");
    assert_eq!(
        (
            *records.spans.lock().unwrap(),
            *records.entered.lock().unwrap()
        ),
        (0, 0)
    );
}

/// Row 62: what a peer can put into a text is one clean line, also the target's name.
#[tokio::test(start_paused = true)]
async fn a_hostile_text_is_one_clean_line_in_the_log() {
    let (records, _second, _guard) = subscribe();
    let link = connector_fn(
        async || Err::<(), _>("a\u{1b}[2Jb\nc\u{2028}d\u{202e}e"),
        async |(), _: Session| Ok(End::Exit),
        [Duration::from_secs(61); 1],
    )
    .target("host\u{1b}[31m\nname");
    assert!(checked(link).run().await.is_err());
    let lines = records.lines.lock().unwrap().clone();
    assert!(lines.len() >= 5);
    for (_, line) in lines {
        for bad in ['\u{1b}', '\n', '\u{2028}', '\u{202e}'] {
            assert!(!line.contains(bad), "{line:?}");
        }
    }
    let warning = &records.of(Level::WARN)[0];
    assert!(
        warning.contains(r"error=a\u{1b}[2Jb\nc\u{2028}d\u{202e}e"),
        "{warning}"
    );
}
