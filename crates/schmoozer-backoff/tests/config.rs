//! A policy in one line: what is read, what is refused, and where the error points.

#![cfg(feature = "config")]

use std::sync::Arc;
use std::time::Duration;

use schmoozer_backoff::{
    Constant, Decorrelated, Exponential, Fibonacci, Jitter, Linear, PolicyConfig, Rounds, Sequence,
};

const SECOND: Duration = Duration::from_secs(1);

fn list(seconds: &[u64]) -> Sequence<Arc<[Duration]>> {
    Sequence::new(
        seconds
            .iter()
            .map(|seconds| Duration::from_secs(*seconds))
            .collect(),
    )
}

#[test]
fn each_policy_is_read_from_one_line_and_written_back() {
    let cases: [(&str, PolicyConfig); 13] = [
        ("constant:1s", Constant::new(SECOND).into()),
        (
            "constant:1s,20%",
            Constant::new(SECOND)
                .jitter(Jitter::Proportional(0.2))
                .into(),
        ),
        (
            "linear:1s..30s,+500ms",
            Linear::new(SECOND).step(SECOND / 2).cap(30 * SECOND).into(),
        ),
        (
            "exponential:1s..none,x2,none",
            Exponential::new(SECOND).into(),
        ),
        ("exponential:1s..2m,x1.6,20%", Exponential::grpc().into()),
        (
            "fibonacci:1s,equal,max_retries=3",
            Fibonacci::new(SECOND)
                .jitter(Jitter::Equal)
                .max_retries(3)
                .into(),
        ),
        (
            "decorrelated:1s..1h,max_total=2h",
            Decorrelated::new(SECOND)
                .cap(3_600 * SECOND)
                .max_total(7_200 * SECOND)
                .into(),
        ),
        ("rounds:38500ms", Rounds::new(77 * SECOND / 2).into()),
        ("sequence:1s/5s/30s", list(&[1, 5, 30]).into()),
        (
            "sequence:1s/5s..2s,last=ends,full",
            list(&[1, 5])
                .cap(2 * SECOND)
                .once()
                .jitter(Jitter::Full)
                .into(),
        ),
        ("sequence:delays=,cap=1s", list(&[]).cap(SECOND).into()),
        (
            "constant:1s,first_immediate,seed=7",
            Constant::new(SECOND).first_immediate().seeded(7).into(),
        ),
        (
            "constant:1s,12.345%",
            Constant::new(SECOND)
                .jitter(Jitter::Proportional(0.123_45))
                .into(),
        ),
    ];
    for (text, policy) in cases {
        assert_eq!(text.parse(), Ok(policy.clone()));
        assert_eq!(policy.to_string(), text);
    }
}

#[test]
fn zeros_at_the_end_of_a_fraction_make_it_no_finer() {
    let zeros = "0".repeat(20);
    for (text, wanted) in [("1.0s", SECOND), ("0.500s", SECOND / 2)] {
        let text = text.replace('s', &format!("{zeros}s"));
        let read = format!("constant:{text}").parse::<PolicyConfig>();
        assert_eq!(read, Ok(Constant::new(wanted).into()), "{text}");
    }
    assert!("constant:1.s".parse::<PolicyConfig>().is_err());
    assert!("constant:1.0000000001s".parse::<PolicyConfig>().is_err());
}

#[test]
fn options_come_in_any_order_and_by_their_full_names() {
    let policy = Exponential::new(SECOND)
        .factor(3.0)
        .cap(9 * SECOND)
        .jitter(Jitter::Equal)
        .first_immediate();
    for text in [
        "exponential:1s..9s,x3,equal,first_immediate",
        "exponential:first_immediate,equal,x3,initial=1s,cap=9s",
        "exponential:cap=9s,jitter=equal,factor=3,initial=1000ms,first_immediate=true",
    ] {
        assert_eq!(text.parse(), Ok(PolicyConfig::from(policy)), "{text}");
    }
}

#[test]
fn what_an_exponential_policy_leaves_out_is_that_of_the_default() {
    assert_eq!("exponential".parse(), Ok(PolicyConfig::default()));
    let default = Exponential::default();
    let ten = Exponential::new(Duration::from_millis(10))
        .cap(SECOND)
        .jitter(Jitter::Full);
    assert_eq!("exponential:10ms".parse(), Ok(PolicyConfig::from(ten)));
    let one = Exponential::new(SECOND).cap(SECOND).jitter(Jitter::Full);
    assert_eq!("exponential:1s".parse(), Ok(PolicyConfig::from(one)));
    assert_eq!(
        "exponential:x3".parse(),
        Ok(PolicyConfig::from(default.factor(3.0)))
    );
    assert_eq!(
        "exponential:none".parse(),
        Ok(PolicyConfig::from(default.jitter(Jitter::None)))
    );
}

#[test]
fn a_config_yields_the_delays_of_its_policy() {
    let policy: PolicyConfig = list(&[1, 5, 30]).into();
    let delays: Vec<u64> = policy
        .into_iter()
        .map(|delay| delay.as_secs())
        .take(4)
        .collect();
    assert_eq!(delays, [1, 5, 30, 30]);
    let policies: [PolicyConfig; 5] = [
        Constant::new(SECOND).into(),
        Linear::new(SECOND).into(),
        Exponential::new(SECOND).into(),
        Fibonacci::new(SECOND).into(),
        Decorrelated::new(SECOND).cap(SECOND).into(),
    ];
    let fourth = policies.map(|policy| policy.into_iter().nth(3).map(|delay| delay.as_secs()));
    assert_eq!(fourth, [Some(1), Some(4), Some(8), Some(3), Some(1)]);
}

/// Asserts that `text` is refused with `message`, and that the error points at `part`.
#[track_caller]
fn assert_refused(text: &str, part: &str, message: &str) {
    let Err(error) = text.parse::<PolicyConfig>() else {
        panic!("read {text}")
    };
    assert_eq!(error.to_string(), message);
    assert_eq!(&text[error.span()], part);
}

#[test]
fn errors_point_at_the_part_and_say_what_is_allowed() {
    let policies = "constant, linear, exponential, fibonacci, decorrelated, rounds or sequence";
    assert_refused(
        "exponentail:1s",
        "exponentail",
        &format!("`exponentail` is no policy: expected {policies}; did you mean `exponential`?"),
    );
    assert_refused("", "", &format!("`` is no policy: expected {policies}"));
    let shape = "cap, jitter, max_retries, max_total, first_immediate and seed";
    assert_refused(
        "constant:1s,factor=2",
        "2",
        &format!("`factor` is not an option of `constant`, which takes delay, {shape}"),
    );
    assert_refused(
        "exponential:1s..2s,retries=3",
        "retries",
        &format!("unknown option `retries`: `exponential` takes initial, factor, {shape}"),
    );
    assert_refused(
        "exponential:1s..2s,x0.5",
        "0.5",
        "`factor`: `0.5` is not a finite number of at least 1",
    );
    assert_refused(
        "constant:1s,120%",
        "120%",
        "`jitter`: `120%` is not a jitter: expected none, full, equal or a share from 0% to 100%",
    );
    assert_refused(
        "linear:5",
        "",
        "`initial`: the duration has no unit: expected ns, us, ms, s, m, h or d",
    );
    assert_refused(
        "linear:5s..3 weeks",
        " weeks",
        "`cap`: ` weeks` is no unit of time: expected ns, us, ms, s, m, h or d",
    );
    assert_refused(
        "sequence:1s/2/3s",
        "",
        "`delays`: the duration has no unit: expected ns, us, ms, s, m, h or d",
    );
    assert_refused("constant:1s,full,equal", "equal", "`jitter` is given twice");
    assert_refused(
        "constant:1s,first_immediate,first_immediate=true",
        "true",
        "`first_immediate` is given twice",
    );
    assert_refused("fibonacci:full", "", "`fibonacci` needs `initial`");
    assert_refused("sequence", "", "`sequence` needs `delays`");
    assert_refused(
        "exponential:20s",
        "20s",
        "`initial` is above the default `cap` of 1s: give `cap` too, or none",
    );
    assert_refused(
        "constant:1s,max_retries=-1",
        "-1",
        "`max_retries`: `-1` is not a whole number from 0 to 4294967295",
    );
    assert_refused(
        "sequence:1s,last=stays",
        "stays",
        "`last`: `stays` is not what the last delay does: expected repeats or ends",
    );
}

#[test]
fn an_option_that_is_none_is_told_every_form_there_is() {
    assert_refused(
        "linear:1s,ful",
        "ful",
        "`ful` is no option: expected a jitter (none, full, equal or a share such as 20%), a factor such as x2, a step \
         such as +1s, first_immediate, or key=value with one of initial, step, cap, jitter, max_retries, max_total, \
         first_immediate and seed; did you mean `full`?",
    );
}

#[test]
fn the_nearest_word_is_suggested_for_one_that_is_misspelt() {
    for (text, meant) in [
        ("constnat:1s", Some("constant")),
        ("fibbonaci:1s", Some("fibonacci")),
        ("round:1s", Some("rounds")),
        ("constant:1s,jiter=full", Some("jitter")),
        ("constant:1s,max_retry=3", None),
        ("constant:1s,max_retires=3", Some("max_retries")),
        ("constant:1s,max-total=3s", Some("max_total")),
        ("constant:1s,first_imediate", Some("first_immediate")),
        ("constant:1s,equl", Some("equal")),
        ("constant:1s,jitter=non", Some("none")),
        ("constant:1s,max_total=nver", None),
        ("constant:1s,max_retries=nonee", Some("none")),
        ("sequence:1s,last=end", Some("ends")),
        ("constant:1s,first_immediate=ture", Some("true")),
        // Nothing is near.
        ("backoff:1s", None),
        ("constant:1s,retries=3", None),
        ("linear:1s,factr=2", None),
    ] {
        let Err(error) = text.parse::<PolicyConfig>() else {
            panic!("read {text}")
        };
        let error = error.to_string();
        let suggested = error.split_once("; did you mean `").map(|(_, name)| name);
        assert_eq!(
            suggested.and_then(|name| name.strip_suffix("`?")),
            meant,
            "{error}"
        );
    }
}

#[test]
fn a_limit_may_be_none_or_never() {
    let unlimited = PolicyConfig::from(Constant::new(SECOND));
    for none in ["none", "never"] {
        let text = format!("constant:1s,cap={none},max_retries={none},max_total={none}");
        assert_eq!(text.parse(), Ok(unlimited.clone()));
        let endless = Exponential::default().cap(SECOND);
        let text = format!("exponential:50ms..1s,full,max_retries={none}");
        assert_eq!(text.parse(), Ok(PolicyConfig::from(endless)));
        let uncapped = Exponential::new(SECOND).jitter(Jitter::Full);
        assert_eq!(
            format!("exponential:1s..{none}").parse(),
            Ok(PolicyConfig::from(uncapped))
        );
    }
    for text in ["constant:none", "constant:1s,seed=none", "rounds:never"] {
        assert!(text.parse::<PolicyConfig>().is_err(), "{text}");
    }
}

#[test]
fn the_alternate_form_marks_the_place() {
    let Err(error) = "constant:1s,ful,max_retries=3".parse::<PolicyConfig>() else {
        panic!("read it")
    };
    let text = format!("{error:#}");
    let lines: Vec<&str> = text.lines().skip(1).collect();
    assert_eq!(
        lines,
        ["  constant:1s,ful,max_retries=3", "              ^^^"]
    );
}

#[test]
fn the_longest_list_is_read_and_one_more_is_not() {
    let longest = Sequence::new(Arc::from([Duration::MAX; 1024]));
    assert_eq!(
        PolicyConfig::from(longest.clone()).to_string().parse(),
        Ok(PolicyConfig::from(longest))
    );
    let text = format!("sequence:1s{}", "/1s".repeat(1024));
    let Err(error) = text.parse::<PolicyConfig>() else {
        panic!("read it")
    };
    assert_eq!(
        error.to_string(),
        "`delays`: the list has more than 1024 delays"
    );
}
