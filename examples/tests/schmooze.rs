//! `schmooze` as a shell sees it.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener};
use std::process::{Command, Output, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use examples::cargo;
use schmoozer_faults::{Behaviour, Peer};
use tokio::io::AsyncReadExt as _;

fn schmooze(arguments: &[&str]) -> Command {
    let mut command = cargo("run --quiet --package examples --example schmooze --");
    command
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

fn run(arguments: &[&str]) -> (Option<i32>, String) {
    let Output { status, stderr, .. } = schmooze(arguments).output().unwrap();
    (status.code(), String::from_utf8(stderr).unwrap())
}

/// Answers what comes over one connection until `count` bytes went back or the client is done.
fn echo(listener: &TcpListener, count: usize) {
    let (mut stream, _) = listener.accept().unwrap();
    let mut left = count;
    let mut chunk = [0; 4096];
    while left > 0 {
        let read = stream.read(&mut chunk).unwrap().min(left);
        if read == 0 {
            break;
        }
        stream.write_all(&chunk[..read]).unwrap();
        left -= read;
    }
}

#[test]
fn a_malformed_target_exits_with_2_and_says_what_is_malformed() {
    let (code, said) = run(&["localhost"]);
    assert_eq!(code, Some(2));
    assert!(
        said.contains("the port is missing after \"localhost\""),
        "{said}"
    );
    let (code, said) = run(&["user:secret@localhost:80"]);
    assert_eq!(code, Some(2));
    assert!(!said.contains("secret"), "{said}");
}

#[test]
fn giving_up_exits_with_1_and_the_last_reason() {
    let closed = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .to_string();
    for limit in [["--attempts", "2"], ["--give-up-after", "200ms"]] {
        let arguments = [&closed, "--initial-delay", "20ms", limit[0], limit[1]];
        let (code, said) = run(&arguments);
        assert_eq!(code, Some(1));
        let last = said.lines().last().unwrap();
        assert_eq!(
            last,
            format!("schmooze: could not connect to {closed}: refused")
        );
    }
}

#[test]
fn what_goes_in_comes_back_byte_for_byte_over_a_restart_of_the_server() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let addr: SocketAddr = listener.local_addr().unwrap();
    let mut client = schmooze(&[&addr.to_string(), "--initial-delay", "50ms"])
        .spawn()
        .unwrap();
    let mut stdin = client.stdin.take().unwrap();
    let mut stdout = client.stdout.take().unwrap();

    let first: Vec<u8> = (0..=255).collect();
    let server = thread::spawn(move || echo(&listener, 256));
    stdin.write_all(&first).unwrap();
    let mut back = vec![0; 256];
    stdout.read_exact(&mut back).unwrap();
    assert_eq!(back, first);
    // The server is gone when its thread has ended; it comes back on the same port.
    server.join().unwrap();
    // What is sent at the moment of the break may be lost: let the client see the break.
    thread::sleep(Duration::from_millis(300));
    stdin.write_all(b"typed while it was away").unwrap();
    thread::sleep(Duration::from_millis(300));
    let listener = TcpListener::bind(addr).unwrap();
    let server = thread::spawn(move || echo(&listener, usize::MAX));
    drop(stdin);
    let mut rest = String::new();
    stdout.read_to_string(&mut rest).unwrap();
    assert_eq!(rest, "typed while it was away");
    let ended = client.wait_with_output().unwrap();
    let said = String::from_utf8(ended.stderr).unwrap();
    assert!(ended.status.success(), "{said}");
    assert!(said.contains("closed by the peer"), "{said}");
    assert!(said.contains("connected again after "), "{said}");
    server.join().unwrap();
}

#[test]
fn of_several_targets_one_that_answers_is_enough() {
    let closed = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .to_string();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let open = listener.local_addr().unwrap().to_string();
    let server = thread::spawn(move || echo(&listener, usize::MAX));
    let mut client = schmooze(&[&closed, &open, "--attempts", "0"])
        .spawn()
        .unwrap();
    client.stdin.take().unwrap().write_all(b"hello").unwrap();
    let ended = client.wait_with_output().unwrap();
    assert!(ended.status.success());
    assert_eq!(ended.stdout, b"hello");
    server.join().unwrap();
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

/// The exit code when nothing reads its standard error, or else its standard output.
fn code_unread(arguments: &[&str], stderr: bool) -> Option<i32> {
    let mut client = schmooze(arguments).spawn().unwrap();
    if stderr {
        drop(client.stderr.take());
    } else {
        drop(client.stdout.take());
    }
    client.wait().unwrap().code()
}

/// Row 66: what it says there is no longer read.
#[test]
fn a_closed_standard_error_is_no_reason_to_end() {
    assert_eq!(code_unread(&[], true), Some(0));
    assert_eq!(code_unread(&["localhost"], true), Some(2));
}

#[test]
fn a_closed_standard_output_exits_with_1() {
    assert_eq!(code_unread(&[], false), Some(1));
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let addr = listener.local_addr().unwrap().to_string();
    let server = thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let _ = stream.write_all(b"hello");
        // Until the client has left.
        let _ = stream.read(&mut [0]);
    });
    assert_eq!(code_unread(&[&addr], false), Some(1));
    server.join().unwrap();
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
    Peer::start(service).await.unwrap()
}

/// Row 66: the whole request is at the server, and no answer will come.
#[tokio::test(flavor = "multi_thread")]
async fn a_request_that_a_reset_loses_exits_with_1() {
    let peer = resets_the_first().await;
    let mut client = schmooze(&[&peer.addr().to_string()]).spawn().unwrap();
    client.stdin.take().unwrap().write_all(b"request").unwrap();
    let ended = client.wait_with_output().unwrap();
    let said = String::from_utf8(ended.stderr).unwrap();
    assert_eq!(ended.status.code(), Some(1), "{said}");
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
    let arguments = [&peer.addr().to_string(), "--initial-delay", "20ms"];
    let mut client = schmooze(&arguments).spawn().unwrap();
    let mut stdin = client.stdin.take().unwrap();
    stdin.write_all(b"request").unwrap();
    peer.accepted(2).await.unwrap();
    drop(stdin);
    let ended = client.wait_with_output().unwrap();
    let said = String::from_utf8(ended.stderr).unwrap();
    assert_eq!(ended.status.code(), Some(1), "{said}");
    assert!(said.contains("connected again"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn failback_returns_to_the_first_target_when_that_works_again() {
    let first = Peer::start(Behaviour::Refuse).await.unwrap();
    let second = Peer::start(Behaviour::Echo).await.unwrap();
    let targets = [&first, &second].map(|peer| peer.addr().to_string());
    let options = "--stable-after 100ms --failback 100ms".split(' ');
    let arguments: Vec<&str> = targets.iter().map(String::as_str).chain(options).collect();
    let mut client = schmooze(&arguments).spawn().unwrap();
    let mut stdin = client.stdin.take().unwrap();
    second.live(1).await.unwrap();
    stdin.write_all(b"one ").unwrap();
    first.switch(Behaviour::Echo).await.unwrap();
    first.live(1).await.unwrap();
    second.live(0).await.unwrap();
    stdin.write_all(b"two").unwrap();
    drop(stdin);
    let ended = client.wait_with_output().unwrap();
    let said = String::from_utf8(ended.stderr).unwrap();
    assert!(ended.status.success(), "{said}");
    assert_eq!(ended.stdout, b"one two", "{said}");
    assert!(!said.contains("lost"), "{said}");
}

/// A configuration file that is removed again.
struct File(std::path::PathBuf);

impl File {
    fn new(name: &str, text: &str) -> Self {
        let path = std::env::temp_dir().join(format!("schmooze-{}-{name}", std::process::id()));
        std::fs::write(&path, text).unwrap();
        Self(path)
    }

    fn path(&self) -> &str {
        self.0.to_str().unwrap()
    }
}

impl Drop for File {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

/// Where nothing listens.
fn closed() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().to_string()
}

#[test]
fn the_environment_overrides_the_file_and_the_command_line_both() {
    let [first, second, third] = [closed(), closed(), closed()];
    let file = File::new(
        "layers.toml",
        &format!(
            "[upstream]\ntargets = [\"{first}\"]\n\n[upstream.reconnect]\npolicy = \"constant:10ms,max_retries=1\"\n"
        ),
    );
    let reached = |command: &mut Command| {
        let said = command.output().unwrap().stderr;
        let said = String::from_utf8(said).unwrap();
        let last = said.lines().last().unwrap().to_owned();
        (last, said.matches("connecting to").count())
    };
    let refused = |addr| format!("schmooze: could not connect to {addr}: refused");

    let config = ["--config", file.path()];
    let of_file = reached(&mut schmooze(&config));
    assert_eq!(of_file, (refused(&first), 2));

    let retries = "constant:10ms,max_retries=2";
    let mut command = schmooze(&config);
    command.env("SCHMOOZE_TARGETS", &second);
    command.env("SCHMOOZE_RECONNECT_POLICY", retries);
    assert_eq!(reached(&mut command), (refused(&second), 3));

    let mut command = schmooze(&[config[0], config[1], &third, "--attempts", "3"]);
    command.env("SCHMOOZE_TARGETS", &second);
    command.env("SCHMOOZE_RECONNECT_POLICY", retries);
    assert_eq!(reached(&mut command), (refused(&third), 4));
}

#[test]
fn an_error_of_a_file_names_file_key_and_line_and_no_secret() {
    for (name, text, line, message) in [
        (
            "value.toml",
            "[upstream]\ntargets = \"db:1\"\ntimeout = \"redis://:hunter2@db\"\n",
            3,
            "`timeout`: text with a URL or user information is neither a duration such as 250ms nor none",
        ),
        (
            "key.toml",
            "# ours\n[upstream]\ntimeuot = \"hunter2\"\ntargets = \"db:1\"\n",
            3,
            "\"timeuot\" is no key",
        ),
        (
            "nested.toml",
            "[upstream]\ntargets = \"db:1\"\n[upstream.reconnect]\nstable_after = \"never\" # hunter2\n",
            4,
            "`stable_after`: \"never\" is no duration",
        ),
        (
            "syntax.toml",
            "[upstream]\ntargets = \"hunter2\n",
            2,
            "invalid basic string",
        ),
    ] {
        let file = File::new(name, text);
        let (code, said) = run(&["--config", file.path()]);
        assert_eq!(code, Some(2), "{said}");
        let expected = format!("schmooze: {}:{line}: {message}", file.path());
        assert!(said.starts_with(&expected), "{said}");
        assert!(!said.contains("hunter2"), "{said}");
    }
    let file = File::new("other.toml", "[upstraem]\n");
    let (code, said) = run(&["--config", file.path()]);
    assert_eq!(code, Some(2));
    assert!(said.contains("the table `upstream` is missing"), "{said}");
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
        let ended = schmooze(&["127.0.0.1:9"]).env(name, text).output().unwrap();
        let said = String::from_utf8(ended.stderr).unwrap();
        assert_eq!(ended.status.code(), Some(2), "{said}");
        assert!(said.contains(message), "{said}");
        assert!(!said.contains("hunter2"), "{said}");
    }
}
