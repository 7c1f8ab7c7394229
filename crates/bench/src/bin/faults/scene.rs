use std::fs::File;
use std::io::{self, BufRead as _, BufReader, Write as _};
use std::iter;
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;
use std::time::Duration;

use socket2::{Domain, SockRef, Socket, Type};
use tokio::time::timeout;

use crate::fault::{Fault, TICK};

/// What surrounds a client that has a fault.
#[derive(Debug)]
pub(crate) struct Scene {
    target: String,
    visitors: Option<Arc<AtomicU32>>,
    _hole: Option<(Socket, Vec<tokio::net::TcpStream>)>,
}

impl Scene {
    pub(crate) async fn set(fault: Fault) -> io::Result<Self> {
        let passes_after = fault.passes_after().unwrap_or_default();
        match fault {
            Fault::AcceptThenClose => Self::with_server(|_| {}),
            Fault::AcceptThenReset => Self::with_server(|stream| {
                // Whoever has left is of no interest.
                let _ = SockRef::from(&stream).set_linger(Some(Duration::ZERO));
            }),
            Fault::LoginThenClose => Self::with_server(|stream| {
                // As above.
                let _ = take_login(&stream);
            }),
            Fault::NameNotFound => Ok(Self::without_server("schmoozer.invalid:7000".to_owned())),
            Fault::NoDescriptors => {
                let scene = Self::without_server(keeps_connections()?.to_string());
                let all: Vec<File> = iter::from_fn(|| File::open("/dev/null").ok()).collect();
                thread::spawn(move || {
                    thread::sleep(passes_after);
                    drop(all);
                });
                Ok(scene)
            }
            Fault::NoRoute => {
                let port = keeps_connections()?.port();
                thread::spawn(move || {
                    thread::sleep(passes_after);
                    let up = "ip link set lo up && ip address add 10.77.0.1/32 dev lo";
                    Command::new("sh").args(["-c", up]).status()
                });
                Ok(Self::without_server(format!("10.77.0.1:{port}")))
            }
            Fault::BlackHole => Self::black_hole().await,
        }
    }

    pub(crate) fn target(&self) -> &str {
        &self.target
    }

    /// How many connections there were, where there is a server to count them.
    pub(crate) fn visitors(&self) -> Option<u32> {
        let visitors = self.visitors.as_ref()?;
        Some(visitors.load(Ordering::Relaxed))
    }

    const fn without_server(target: String) -> Self {
        Self {
            target,
            visitors: None,
            _hole: None,
        }
    }

    fn with_server(serve: fn(TcpStream)) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let mut scene = Self::without_server(listener.local_addr()?.to_string());
        let visitors = Arc::<AtomicU32>::default();
        scene.visitors = Some(Arc::clone(&visitors));
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                visitors.fetch_add(1, Ordering::Relaxed);
                serve(stream);
            }
        });
        Ok(scene)
    }

    /// Listens without a backlog, fills what there is of it, and never accepts: the kernel drops further SYNs.
    async fn black_hole() -> io::Result<Self> {
        let socket = Socket::new(Domain::IPV4, Type::STREAM, None)?;
        socket.bind(&SocketAddr::from((Ipv4Addr::LOCALHOST, 0)).into())?;
        socket.listen(0)?;
        let addr = socket
            .local_addr()?
            .as_socket()
            .ok_or(io::ErrorKind::Other)?;
        let mut fillers = Vec::new();
        let pending = Duration::from_millis(200);
        while let Ok(filler) = timeout(pending, tokio::net::TcpStream::connect(addr)).await {
            fillers.push(filler?);
        }
        Ok(Self {
            _hole: Some((socket, fillers)),
            ..Self::without_server(addr.to_string())
        })
    }
}

/// Starts a server that keeps what it accepts.
fn keeps_connections() -> io::Result<SocketAddr> {
    let listener = TcpListener::bind((Ipv4Addr::UNSPECIFIED, 0))?;
    let port = listener.local_addr()?.port();
    thread::spawn(move || {
        let mut kept = Vec::new();
        for stream in listener.incoming() {
            match stream {
                Ok(stream) => kept.push(stream),
                // Out of descriptors as well.
                Err(_) => thread::sleep(TICK),
            }
        }
    });
    Ok(SocketAddr::from((Ipv4Addr::LOCALHOST, port)))
}

/// Does what a NATS server does until a client is logged in: `INFO`, then `CONNECT`, `PING` and `PONG`.
fn take_login(stream: &TcpStream) -> io::Result<()> {
    let mut writer = stream;
    let info = r#"INFO {"server_id":"S","server_name":"s","version":"2.10.0","go":"go1.22","host":"127.0.0.1","port":4222,"headers":true,"max_payload":1048576,"proto":1}"#;
    write!(writer, "{info}\r\n")?;
    for line in BufReader::new(stream).lines() {
        if line?.starts_with("PING") {
            return writer.write_all(b"PONG\r\n");
        }
    }
    Ok(())
}
