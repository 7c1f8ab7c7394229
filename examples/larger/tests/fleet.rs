//! `fleet` as a shell runs it.

use examples::cargo;

const FLEET: &str = "run --quiet --package larger-examples --example fleet --";

fn fleet(arguments: &str) -> (bool, String) {
    let ended = cargo(FLEET).args(arguments.split(' ')).output().unwrap();
    let said = [ended.stdout, ended.stderr].map(|said| String::from_utf8(said).unwrap());
    (ended.status.success(), said.concat())
}

/// What happened, without the times.
fn marks(said: &str) -> Vec<&str> {
    let marks = said.lines().filter_map(|line| line.strip_prefix("--- "));
    marks.map(|mark| mark.split_once(": ").unwrap().1).collect()
}

/// How long it took until all were connected.
fn seconds(mark: &str) -> f64 {
    let (_, after) = mark.split_once(" connected after ").unwrap();
    after.split(' ').next().unwrap().parse().unwrap()
}

#[test]
fn it_is_killed_and_blackholed_and_each_time_all_come_back_as_fast_as_the_server_takes_them() {
    let (success, said) = fleet("--clients 30 --capacity 10");
    assert!(success, "{said}");
    let marks = marks(&said);
    let words = marks.iter().map(|mark| mark.rsplit(' ').next().unwrap());
    let expected = "attempts killed up attempts blackholed up attempts";
    assert_eq!(words.collect::<Vec<_>>().join(" "), expected, "{said}");
    for back in [marks[0], marks[3], marks[6]] {
        assert!(back.starts_with("all 30 connected after "), "{said}");
        assert!(seconds(back) >= 2.0, "{said}");
    }
    assert!(said.contains("server killed "), "{said}");
    assert!(said.contains("server blackholed "), "{said}");
}

#[test]
fn a_pacer_spreads_the_attempts() {
    let (success, said) = fleet("--clients 40 --capacity 1000 --pacer 20");
    assert!(success, "{said}");
    // Two at once, and then twenty a second.
    assert!(seconds(marks(&said)[0]) >= 1.8, "{said}");
}

#[test]
fn a_policy_that_ends_ends_it_with_the_cause() {
    let (success, said) = fleet("--clients 5 --capacity 1000 --policy constant:50ms,max_retries=1");
    assert!(!success, "{said}");
    let last = said.lines().last().unwrap();
    assert!(
        last.starts_with("fleet: ") && last.contains("refused"),
        "{said}"
    );
}
