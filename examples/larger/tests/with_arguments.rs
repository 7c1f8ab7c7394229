//! The examples against servers that are not their own, as a shell runs them.

use std::io::{self, BufRead, BufReader, Lines, Read, Write};
use std::net::TcpStream;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};
use std::{env, fs};

use examples::cargo;
use futures_util::{SinkExt, StreamExt};
use schmoozer_faults::{Behaviour, Connection, Peer};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::pki_types::PrivateKeyDer;
use tokio_tungstenite::accept_async;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;

/// An example that runs, and is ended with the test.
struct Running {
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
}

impl Running {
    fn start(example: &str, arguments: &[&str]) -> Self {
        // Built first: what is killed below must be the example, and not cargo.
        let mut build =
            cargo("build --quiet --package examples --package larger-examples --example");
        assert!(build.arg(example).status().unwrap().success());
        // Cargo puts examples beside the directory of the tests.
        let mut executable = env::current_exe().unwrap();
        executable.pop();
        executable.set_file_name("examples");
        executable.push(format!("{example}{}", env::consts::EXE_SUFFIX));
        let mut child = Command::new(executable)
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        Self { child, lines }
    }

    /// Reads what it prints until that is `line`.
    fn prints(&mut self, line: &str) {
        let mut printed = Vec::new();
        let found = self.lines.by_ref().any(|printed_line| {
            printed.push(printed_line.unwrap());
            printed.ends_with(&[line.to_owned()])
        });
        assert!(found, "{line:?} is not in {printed:#?}, {}", self.says());
    }

    /// Waits for its end; its exit code, and what it printed to standard error.
    fn ends(&mut self) -> (Option<i32>, String) {
        let code = self.child.wait().unwrap().code();
        (code, self.says())
    }

    fn says(&mut self) -> String {
        let mut said = String::new();
        let mut stderr = self.child.stderr.take().unwrap();
        stderr.read_to_string(&mut said).unwrap();
        said
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // Has it ended already, then there is nothing to kill.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A server that counts its visitors from 0, and how to dial it.
async fn server<F>(serve: impl Fn(Connection, u32) -> F + Send + Sync + 'static) -> (Peer, String)
where
    F: Future<Output = io::Result<()>> + Send + 'static,
{
    let visits = AtomicU32::new(0);
    let service = move |visitor| serve(visitor, visits.fetch_add(1, Ordering::Relaxed));
    let peer = Peer::start(Behaviour::serve(service)).await.unwrap();
    let target = format!("localhost:{}", peer.addr().port());
    (peer, target)
}

fn scratch_file(name: &str, text: &str) -> String {
    let path = format!("{}/{name}", env!("CARGO_TARGET_TMPDIR"));
    fs::write(&path, text).unwrap();
    path
}

#[tokio::test(flavor = "multi_thread")]
async fn tls_trusts_the_root_that_it_is_given_and_no_other() {
    let certified = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let key = PrivateKeyDer::try_from(certified.signing_key.serialize_der()).unwrap();
    let config = ServerConfig::builder()
        .with_no_client_auth()
        .with_single_cert(vec![certified.cert.der().clone()], key)
        .unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let (_server, target) = server(move |visitor, visit| {
        let handshake = acceptor.accept(visitor);
        async move {
            let mut visitor = tokio::io::BufReader::new(handshake.await?);
            let mut question = String::new();
            visitor.read_line(&mut question).await?;
            let answer = format!("visit {visit}, {question}");
            visitor.write_all(answer.as_bytes()).await?;
            visitor.flush().await
        }
    })
    .await;

    let root = scratch_file("root.pem", &certified.cert.pem());
    let mut trusting = Running::start("tls", &[&target, &root]);
    trusting.prints("sent 1, received visit 0, 1");
    trusting.prints("sent 2, received visit 1, 2");

    let other = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let other = scratch_file("other.pem", &other.cert.pem());
    let (code, said) = Running::start("tls", &[&target, &other]).ends();
    assert_eq!(code, Some(1));
    assert!(said.contains("InvalidCertificate"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn websocket_ends_when_the_server_closes_normally() {
    let (_server, target) = server(|visitor, _| async {
        let mut socket = accept_async(visitor).await.map_err(io::Error::other)?;
        let normal = CloseFrame {
            code: 1000.into(),
            reason: "good night".into(),
        };
        let greeted = socket.send("good evening".into()).await;
        greeted.map_err(io::Error::other)?;
        socket.close(Some(normal)).await.map_err(io::Error::other)?;
        while socket.next().await.is_some() {}
        Ok(())
    })
    .await;
    let mut websocket = Running::start("websocket", &[&target, "/chat"]);
    websocket.prints("heard: good evening");
    assert_eq!(websocket.ends(), (Some(0), String::new()));
}

#[tokio::test(flavor = "multi_thread")]
async fn line_protocol_logs_in_again_and_takes_a_refusal_for_final() {
    let (server, target) = server(|visitor, visit| async move {
        let mut visitor = tokio::io::BufReader::new(visitor);
        let mut login = String::new();
        visitor.read_line(&mut login).await?;
        let answer = match (login.as_str(), visit) {
            ("login bob\n", 0) => "welcome\nit snows\n",
            // Dies while it answers: nothing final.
            ("login bob\n", 1) => "wel",
            _ => "who are you?\n",
        };
        visitor.write_all(answer.as_bytes()).await
    })
    .await;
    let mut line_protocol = Running::start("line_protocol", &[&target, "bob"]);
    line_protocol.prints("heard: it snows");
    let (code, said) = line_protocol.ends();
    assert_eq!(code, Some(1));
    assert!(said.contains("who are you?"), "{said}");
    assert_eq!(server.counts().accepted, 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn shared_client_has_every_question_answered() {
    let server = Peer::start(Behaviour::Echo).await.unwrap();
    let mut shared_client = Running::start("shared_client", &[&server.addr().to_string()]);
    shared_client.prints("30 requests answered, 0 lost under way");
    assert_eq!(shared_client.ends().0, Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn health_endpoint_answers_for_the_server_that_it_is_given() {
    let server = Peer::start(Behaviour::Silent).await.unwrap();
    let arguments = [&server.addr().to_string(), "--listen", "127.0.0.1:0"];
    let mut health_endpoint = Running::start("health_endpoint", &arguments);
    let line = health_endpoint.lines.next().unwrap().unwrap();
    let endpoint = line.trim_start_matches("http://").split('/').next();
    let endpoint = endpoint.unwrap();
    let request = format!("GET /health HTTP/1.1\r\nHost: {endpoint}\r\nConnection: close\r\n\r\n");
    // It may be asked before it has connected, and before that connection is ready.
    let begun = Instant::now();
    loop {
        let mut client = TcpStream::connect(endpoint).unwrap();
        client.write_all(request.as_bytes()).unwrap();
        let mut answer = String::new();
        client.read_to_string(&mut answer).unwrap();
        if answer.starts_with("HTTP/1.1 200 OK") {
            assert!(answer.contains("connected_for"), "{answer}");
            break;
        }
        assert!(begun.elapsed() < Duration::from_secs(10), "{answer}");
    }
}

#[cfg(unix)]
#[test]
fn serial_or_pipe_runs_a_command_again_at_its_end() {
    let mut serial_or_pipe = Running::start("serial_or_pipe", &["--", "echo", "22 C"]);
    serial_or_pipe.prints("22 C");
    serial_or_pipe.prints("22 C");
}

#[cfg(unix)]
#[test]
fn custom_transport_asks_the_socket_that_it_is_given() {
    // The path of a socket is short.
    let path = env::temp_dir().join(format!("schmoozer-{}-socket", std::process::id()));
    let listener = std::os::unix::net::UnixListener::bind(&path).unwrap();
    let serving = std::thread::spawn(move || {
        let (visitor, _) = listener.accept().unwrap();
        for (number, question) in (1..=6).zip(BufReader::new(&visitor).lines()) {
            assert_eq!(question.unwrap(), "next");
            writeln!(&visitor, "number {number}").unwrap();
        }
    });
    let mut custom_transport = Running::start("custom_transport", &[&path.display().to_string()]);
    custom_transport.prints("received number 6");
    assert_eq!(custom_transport.ends(), (Some(0), String::new()));
    serving.join().unwrap();
    fs::remove_file(path).unwrap();
}
