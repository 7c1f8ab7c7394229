//! `schmooze` as a shell sees it.

use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Child, Command, Output, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use examples::example;
use schmoozer_faults::{Behaviour, Peer};
use tokio::io::AsyncReadExt as _;

fn schmooze(arguments: &[&str]) -> Command {
    let mut command = example("schmooze");
    command
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

/// One that connects to `peers`, with more arguments.
fn client(peers: &[&Peer], arguments: &str) -> Child {
    let targets: Vec<String> = peers.iter().map(|peer| peer.addr().to_string()).collect();
    let targets = targets.iter().map(String::as_str);
    let arguments: Vec<&str> = targets.chain(arguments.split_whitespace()).collect();
    schmooze(&arguments).spawn().unwrap()
}

/// The exit code, and what was printed to standard error.
fn ended(ended: Output) -> (Option<i32>, String) {
    (
        ended.status.code(),
        String::from_utf8(ended.stderr).unwrap(),
    )
}

fn run(arguments: &[&str]) -> (Option<i32>, String) {
    ended(schmooze(arguments).output().unwrap())
}

async fn peer(behaviour: Behaviour) -> Peer {
    Peer::start(behaviour).await.unwrap()
}

fn refused(peer: &Peer) -> String {
    format!("schmooze: could not connect to {}: refused", peer.addr())
}

#[test]
fn a_malformed_target_exits_with_2_and_says_what_is_malformed() {
    for (target, message) in [
        ("localhost", "the port is missing after \"localhost\""),
        ("user:secret@localhost:80", "schmooze: "),
    ] {
        let (code, said) = run(&[target]);
        assert_eq!(code, Some(2));
        assert!(said.contains(message) && !said.contains("secret"), "{said}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn giving_up_exits_with_1_and_the_last_reason() {
    let peer = peer(Behaviour::Refuse).await;
    for limit in ["--attempts 2", "--give-up-after 200ms"] {
        let client = client(&[&peer], &format!("--initial-delay 20ms {limit}"));
        let (code, said) = ended(client.wait_with_output().unwrap());
        assert_eq!(code, Some(1));
        assert_eq!(said.lines().last(), Some(refused(&peer).as_str()));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_goes_in_comes_back_byte_for_byte_over_a_restart_of_the_server() {
    let peer = peer(Behaviour::Echo).await;
    let mut client = client(&[&peer], "--initial-delay 50ms");
    let mut stdin = client.stdin.take().unwrap();
    let mut stdout = client.stdout.take().unwrap();
    let mut stderr = BufReader::new(client.stderr.take().unwrap());

    let first: Vec<u8> = (0..=255).collect();
    stdin.write_all(&first).unwrap();
    let mut back = vec![0; 256];
    stdout.read_exact(&mut back).unwrap();
    assert_eq!(back, first);
    peer.stop().await.unwrap();
    // What is sent at the moment of the break may be lost: the client has seen the break first.
    let mut said = String::new();
    while !said.contains("closed by the peer") {
        assert_ne!(stderr.read_line(&mut said).unwrap(), 0, "{said}");
    }
    stdin.write_all(b"typed while it was away").unwrap();
    peer.switch(Behaviour::Echo).await.unwrap();
    drop(stdin);
    let mut rest = String::new();
    stdout.read_to_string(&mut rest).unwrap();
    assert_eq!(rest, "typed while it was away");
    stderr.read_to_string(&mut said).unwrap();
    assert!(client.wait().unwrap().success(), "{said}");
    assert!(said.contains("connected again after "), "{said}");
}

#[test]
fn a_local_address_that_is_not_ours_yet_is_tried_again() {
    let arguments = "127.0.0.1:9 --bind 192.0.2.1 --attempts 1 --initial-delay 20ms";
    let (code, said) = run(&arguments.split(' ').collect::<Vec<_>>());
    assert_eq!(code, Some(1));
    assert_eq!(said.matches("waiting").count(), 1, "{said}");
}

#[test]
fn without_arguments_it_moves_on_from_a_server_that_closes_and_returns_to_the_first() {
    let ended = schmooze(&[]).output().unwrap();
    let said = String::from_utf8(ended.stderr).unwrap();
    assert!(ended.status.success(), "{said}");
    let printed = String::from_utf8(ended.stdout).unwrap();
    assert!(
        printed.contains("connections: 2 to the first, 1 to the second, 1 to the third\n"),
        "{printed}{said}"
    );
}

/// Row 66: what it says on standard error is no longer read.
#[test]
fn a_closed_standard_error_is_no_reason_to_end() {
    for (arguments, code) in [(&[][..], 0), (&["localhost"], 2)] {
        let mut client = schmooze(arguments).spawn().unwrap();
        drop(client.stderr.take());
        assert_eq!(client.wait().unwrap().code(), Some(code));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_closed_standard_output_exits_with_1() {
    let every = Duration::from_millis(10);
    let peer = peer(Behaviour::Drip(b"hello".as_slice().into(), every)).await;
    for mut client in [client(&[], ""), client(&[&peer], "")] {
        drop(client.stdout.take());
        // There is more to come on its input.
        let _stdin = client.stdin.take();
        assert_eq!(client.wait().unwrap().code(), Some(1));
    }
}

/// Reads a request, and resets the first connection instead of answering it.
async fn resets_the_first() -> Peer {
    let first = AtomicBool::new(true);
    let service = Behaviour::serve(move |mut connection| {
        let first = first.swap(false, Ordering::Relaxed);
        async move {
            let mut request = [0; 64];
            while connection.read(&mut request).await? > 0 {
                if first {
                    connection.reset();
                    return Ok(());
                }
            }
            Ok(())
        }
    });
    peer(service).await
}

/// Row 66: the whole request is at the server, and no answer will come.
#[tokio::test(flavor = "multi_thread")]
async fn a_request_that_a_reset_loses_exits_with_1() {
    let peer = resets_the_first().await;
    let mut client = client(&[&peer], "");
    client.stdin.take().unwrap().write_all(b"request").unwrap();
    let (code, said) = ended(client.wait_with_output().unwrap());
    assert_eq!(code, Some(1), "{said}");
    let last = said.lines().last().unwrap();
    assert!(
        last.starts_with("schmooze: what was sent may be lost: "),
        "{said}"
    );
}

/// Row 66: while there is more to say, it connects again, and exits with an error at the end.
#[tokio::test(flavor = "multi_thread")]
async fn a_reset_before_the_answer_is_remembered() {
    let peer = resets_the_first().await;
    let mut client = client(&[&peer], "--initial-delay 20ms");
    let mut stdin = client.stdin.take().unwrap();
    stdin.write_all(b"request").unwrap();
    peer.accepted(2).await.unwrap();
    drop(stdin);
    let (code, said) = ended(client.wait_with_output().unwrap());
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("connected again"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn of_several_targets_one_that_answers_is_enough_and_failback_returns_to_the_first() {
    let (first, second) = (peer(Behaviour::Refuse).await, peer(Behaviour::Echo).await);
    let arguments = "--attempts 0 --stable-after 100ms --failback 100ms";
    let mut client = client(&[&first, &second], arguments);
    let mut stdin = client.stdin.take().unwrap();
    second.live(1).await.unwrap();
    stdin.write_all(b"one ").unwrap();
    first.switch(Behaviour::Echo).await.unwrap();
    first.live(1).await.unwrap();
    second.live(0).await.unwrap();
    stdin.write_all(b"two").unwrap();
    drop(stdin);
    let output = client.wait_with_output().unwrap();
    assert_eq!(output.stdout, b"one two");
    let (code, said) = ended(output);
    assert_eq!(code, Some(0), "{said}");
    assert!(!said.contains("lost"), "{said}");
}

/// A configuration file.
fn file(name: &str, text: &str) -> String {
    let path = format!("{}/{name}", env!("CARGO_TARGET_TMPDIR"));
    std::fs::write(&path, text).unwrap();
    path
}

#[tokio::test(flavor = "multi_thread")]
async fn the_environment_overrides_the_file_and_the_command_line_both() {
    let mut peers = Vec::new();
    for _ in 0..3 {
        peers.push(peer(Behaviour::Refuse).await);
    }
    let [first, second, third] = [0, 1, 2].map(|place: usize| peers[place].addr().to_string());
    let config = file(
        "layers.toml",
        &format!(
            "[upstream]\ntargets = [\"{first}\"]\n\n[upstream.reconnect]\npolicy = \"constant:10ms,max_retries=1\"\n"
        ),
    );
    let in_file = ["--config", &config];
    let in_environment = [
        ("SCHMOOZE_TARGETS", second.as_str()),
        ("SCHMOOZE_RECONNECT_POLICY", "constant:10ms,max_retries=2"),
    ];
    // The targets may stand anywhere, and must somewhere.
    let untargeted = file("untargeted.toml", "[upstream]\n");
    let empty = file("empty.toml", "upstream.targets = []");
    let without = ["--config", &untargeted];
    let of_all = ["--config", &config, &third, "--attempts", "3"];
    for (arguments, environment, place) in [
        (&in_file[..], &[][..], 0),
        (&in_file, &in_environment, 1),
        (&without, &in_environment, 1),
        (&["--config", &empty], &in_environment, 1),
        (&of_all, &in_environment, 2),
    ] {
        let variables = environment.iter().copied();
        let output = schmooze(arguments).envs(variables).output().unwrap();
        let (_, said) = ended(output);
        assert_eq!(said.lines().last(), Some(refused(&peers[place]).as_str()));
        assert_eq!(said.matches("connecting to").count(), 2 + place, "{said}");
    }
    let missing = format!("schmooze: {untargeted}: `targets` is missing\n");
    assert_eq!(run(&without), (Some(2), missing));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flag_lifts_a_limit_of_the_file() {
    let text = "[upstream]\ntimeout = \"1ns\"\nreconnect.give_up_after = \"1ns\"\n";
    let (config, peer) = (file("limits.toml", text), peer(Behaviour::Refuse).await);
    let flags = "--connect-timeout none --give-up-after never --attempts 2 --initial-delay 10ms";
    let client = client(&[&peer], &format!("--config {config} {flags}"));
    let (_, said) = ended(client.wait_with_output().unwrap());
    assert_eq!(said.lines().last(), Some(refused(&peer).as_str()));
    assert_eq!(said.matches("connecting to").count(), 3, "{said}");
}

#[test]
fn an_error_of_a_file_names_file_key_and_line_and_no_secret() {
    for (text, place, message) in [
        (
            "[upstream]\ntargets = \"db:1\"\ntimeout = \"redis://:hunter2@db\"\n",
            ":3",
            "`timeout`: text with a URL or user information is no duration such as 250ms, and not none",
        ),
        (
            "# ours\n[upstream]\ntimeuot = \"hunter2\"\ntargets = \"db:1\"\n",
            ":3",
            "\"timeuot\" is no key",
        ),
        (
            "[upstream]\ntargets = \"db:1\"\n[upstream.reconnect]\nstable_after = \"never\" # hunter2\n",
            ":4",
            "`stable_after`: \"never\" is no duration",
        ),
        (
            "[upstream]\ntargets = \"hunter2\n",
            ":2",
            "invalid basic string",
        ),
        ("[upstraem]\n", "", "the table `upstream` is missing"),
        (
            "[upstream]\n[reconnect]\n",
            ":2",
            "`reconnect` is no key: expected `upstream` and `upstream.reconnect`\n",
        ),
        ("[upstream]\n[\"hunter2@db\"]\n", ":2", "`…` is no key"),
    ] {
        let path = file("malformed.toml", text);
        let (code, said) = run(&["--config", &path]);
        assert_eq!(code, Some(2), "{said}");
        let expected = format!("schmooze: {path}{place}: {message}");
        assert!(said.starts_with(&expected), "{said}");
        assert!(!said.contains("hunter2"), "{said}");
    }
    let (code, said) = run(&["--config", "/nonexistent.toml"]);
    assert_eq!(code, Some(2));
    assert!(said.starts_with("schmooze: /nonexistent.toml: "), "{said}");
}

#[test]
fn an_error_of_the_environment_names_the_variable() {
    for (name, text, message) in [
        ("SCHMOOZE_TIMEOUT", "soon", "SCHMOOZE_TIMEOUT: `timeout`: "),
        ("SCHMOOZE_TIMEUOT", "5s", "did you mean timeout?"),
        (
            "SCHMOOZE_RECONNECT_STABLE_AFTER",
            "x:hunter2@y",
            "SCHMOOZE_RECONNECT_STABLE_AFTER: `stable_after`: ",
        ),
    ] {
        let output = schmooze(&["127.0.0.1:9"]).env(name, text).output();
        let (code, said) = ended(output.unwrap());
        assert_eq!(code, Some(2), "{said}");
        assert!(said.contains(message), "{said}");
        assert!(!said.contains("hunter2"), "{said}");
    }
}
