use std::convert::Infallible;
use std::future::pending;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::watch;
use tokio::time::{sleep, timeout};

use crate::service::{HOSTS, Service};

/// As many as the system allows: clients come in thousands.
const BACKLOG: u32 = 4_096;

/// Runs the servers, until standard input ends.
///
/// Prints their addresses, a line each; then each line that is read says what one of them does from
/// now on: its number, and `answer`, `refuse`, `close`, `reset` or `hole`. One that answers sends each
/// client a byte at once, and one each `heartbeat`.
///
/// # Errors
///
/// When an address cannot be had, or a line is none of these.
pub async fn serve(heartbeat: Duration) -> io::Result<()> {
    let mut services = Vec::new();
    for number in 0..HOSTS {
        // Not 127.0.0.1: from there the clients come, and one of them might have the port of a server
        // that is down. Several, so that each has all ports for itself.
        let last = u8::try_from(number + 2).map_err(io::Error::other)?;
        let listener = listen(
            SocketAddr::from((Ipv4Addr::new(127, 0, 0, last), 0)),
            BACKLOG,
        )?;
        let addr = listener.local_addr()?;
        println!("{addr}");
        let (service, receiver) = watch::channel(Service::Answer);
        services.push(service);
        tokio::spawn(host(addr, listener, receiver, heartbeat));
    }
    let mut lines = BufReader::new(tokio::io::stdin()).lines();
    while let Some(line) = lines.next_line().await? {
        let told = line.split_once(' ').and_then(|(number, service)| {
            let number: usize = number.parse().ok()?;
            Some((services.get(number)?, service.parse().ok()?))
        });
        let (host, service) = told.ok_or_else(|| io::Error::other(format!("what is {line:?}?")))?;
        host.send_if_modified(|now| std::mem::replace(now, service) != service);
    }
    Ok(())
}

async fn host(
    addr: SocketAddr,
    listener: TcpListener,
    mut services: watch::Receiver<Service>,
    heartbeat: Duration,
) {
    let mut first = Some(listener);
    loop {
        let service = *services.borrow_and_update();
        let among = services.clone();
        let serving = async {
            match first.take() {
                Some(listener) => accept(listener, service, &among, heartbeat).await,
                None => open(addr, service, &among, heartbeat).await,
            }
        };
        tokio::select! {
            changed = services.changed() => if changed.is_err() {
                return;
            },
            Err(error) = serving => {
                eprintln!("{addr} cannot {service}: {error}");
                sleep(Duration::from_millis(100)).await;
            }
        }
    }
}

/// Begins to do what `service` says.
async fn open(
    addr: SocketAddr,
    service: Service,
    services: &watch::Receiver<Service>,
    heartbeat: Duration,
) -> io::Result<Infallible> {
    match service {
        Service::Refuse => pending().await,
        Service::Hole => {
            let listener = listen(addr, 0)?;
            let mut fillers = Vec::new();
            // As long as there is room in the backlog, connects succeed.
            while let Ok(filler) =
                timeout(Duration::from_millis(100), TcpStream::connect(addr)).await
            {
                fillers.push(filler?);
            }
            let _kept = (listener, fillers);
            pending().await
        }
        _ => accept(listen(addr, BACKLOG)?, service, services, heartbeat).await,
    }
}

fn listen(addr: SocketAddr, backlog: u32) -> io::Result<TcpListener> {
    let socket = TcpSocket::new_v4()?;
    socket.set_reuseaddr(true)?;
    socket.bind(addr)?;
    socket.listen(backlog)
}

async fn accept(
    listener: TcpListener,
    service: Service,
    services: &watch::Receiver<Service>,
    heartbeat: Duration,
) -> io::Result<Infallible> {
    loop {
        let (stream, _) = listener.accept().await?;
        match service {
            Service::Answer => {
                tokio::spawn(converse(stream, services.clone(), heartbeat));
            }
            Service::Reset => stream.set_zero_linger()?,
            _ => {}
        }
    }
}

/// Sends a byte now and then, until the client leaves or the service changes.
async fn converse(
    mut stream: TcpStream,
    mut services: watch::Receiver<Service>,
    heartbeat: Duration,
) -> io::Result<()> {
    let mut said = [0];
    stream.write_all(b".").await?;
    loop {
        tokio::select! {
            changed = services.changed() => {
                if changed.is_ok() && *services.borrow_and_update() == Service::Hole {
                    break;
                }
                if *services.borrow() == Service::Reset {
                    stream.set_zero_linger()?;
                }
                return Ok(());
            }
            left = stream.read(&mut said) => return left.map(drop),
            () = sleep(heartbeat) => stream.write_all(b".").await?,
        }
    }
    // Silent until the client has had enough, or the hole is closed.
    tokio::select! {
        _ = services.changed() => Ok(()),
        left = stream.read(&mut said) => left.map(drop),
    }
}
