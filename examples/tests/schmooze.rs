//! `schmooze` as a shell sees it.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener};
use std::process::{Command, Output, Stdio};
use std::thread;
use std::time::Duration;

use examples::cargo;

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
fn a_local_address_that_is_not_ours_is_not_retried() {
    let (code, said) = run(&["127.0.0.1:9", "--bind", "192.0.2.1"]);
    assert_eq!(code, Some(1));
    assert!(!said.contains("waiting"), "{said}");
}
