//! TLS over the dialer's plain `TcpStream`: the handshake is part of connecting, so one that fails is a failed attempt.
//! Shows `TcpConnector::upgraded`, and an error that is final: a broken line is retried, a wrong certificate is not.
//! Without arguments it talks to its own server, which goes down once; `-- HOST:PORT ROOT.pem` to any whose root is in that file and
//! that answers lines, and writes the logs of the loop to standard error.

use std::error::Error;
use std::future::pending;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use clap::Parser;
use examples::outage;
use schmoozer_faults::{Behaviour, Connection, Peer};
use schmoozer_tcp::{Dialer, End, Event, Runner, TcpConnector, closed};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tokio::time::{sleep, timeout};
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use tokio_rustls::rustls::{self, ClientConfig, RootCertStore, ServerConfig};
use tokio_rustls::{TlsAcceptor, TlsConnector};

#[derive(Parser)]
struct Arguments {
    /// The server to connect to, whose certificate must be for this name
    #[arg(value_name = "HOST:PORT", requires = "root")]
    target: Option<String>,
    /// The certificates to trust, in PEM
    #[arg(value_name = "ROOT.pem")]
    root: Option<PathBuf>,
}

/// The limit of a dial with its handshake, and of an answer: a server that accepts and says nothing must not hold them up.
const LIMIT: Duration = Duration::from_secs(5);

/// A certificate that is not to be trusted will be the same the next time.
fn is_final(error: &io::Error) -> bool {
    let tls = error
        .get_ref()
        .and_then(|source| source.downcast_ref::<rustls::Error>());
    matches!(tls, Some(rustls::Error::InvalidCertificate(_)))
}

fn trusting(
    certificates: impl IntoIterator<Item = CertificateDer<'static>>,
) -> Result<TlsConnector, rustls::Error> {
    let mut roots = RootCertStore::empty();
    for certificate in certificates {
        roots.add(certificate)?;
    }
    let config = ClientConfig::builder()
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(TlsConnector::from(Arc::new(config)))
}

/// Keeps a connection to `target`, whose certificate must be for `name`, and asks until `leave` resolves.
/// Returns how many connections that took.
async fn keep(
    target: &str,
    name: &str,
    tls: TlsConnector,
    leave: impl Future + Send,
) -> Result<u32, Box<dyn Error>> {
    let dialer = Dialer::new(target)?.timeout(LIMIT);
    let name = ServerName::try_from(name.to_owned())?;
    let handshake = move |stream| tls.connect(name.clone(), stream);
    let answered = AtomicU32::new(0);
    let serve = |stream, _session| ask(stream, &answered);
    let link = TcpConnector::upgraded(dialer, handshake, serve);
    let mut connections = 0;
    Runner::new(link.retry_if(|failure| !is_final(&failure.cause)))
        .shutdown(leave)
        .on_event(|event| match event {
            Event::Connected { .. } => connections += 1,
            Event::Failed { cause, .. } => println!("{cause}"),
            _ => {}
        })
        .run()
        .await?;
    Ok(connections)
}

/// Sends one number after the other, each until it is answered: also on the next connection.
async fn ask(stream: TlsStream<TcpStream>, answered: &AtomicU32) -> io::Result<End> {
    println!("connected, the certificate is good");
    let mut stream = BufReader::new(stream);
    loop {
        let number = answered.load(Ordering::Relaxed) + 1;
        stream.write_all(format!("{number}\n").as_bytes()).await?;
        stream.flush().await?;
        let mut answer = String::new();
        timeout(LIMIT, stream.read_line(&mut answer)).await??;
        let answer = answer.strip_suffix('\n').ok_or_else(closed)?;
        println!("sent {number}, received {answer}");
        answered.store(number, Ordering::Relaxed);
        sleep(Duration::from_millis(100)).await;
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let Arguments { target, root } = Arguments::parse();
    if let (Some(target), Some(root)) = (target, root) {
        tracing_subscriber::fmt().with_writer(io::stderr).init();
        let name = target
            .rsplit_once(':')
            .map_or(target.as_str(), |(host, _)| host)
            .trim_matches(['[', ']']);
        let roots = CertificateDer::pem_file_iter(root)?.collect::<Result<Vec<_>, _>>()?;
        keep(&target, name, trusting(roots)?, tokio::signal::ctrl_c()).await?;
        return Ok(());
    }

    let certified = rcgen::generate_simple_self_signed(["localhost".to_owned()])?;
    let certificate = certified.cert.der().clone();
    let key = PrivateKeyDer::try_from(certified.signing_key.serialize_der())?;
    let config = ServerConfig::builder()
        .with_no_client_auth()
        .with_single_cert(vec![certificate.clone()], key)?;
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let service = Behaviour::serve(move |stream| echo(stream, acceptor.clone()));
    let server = Peer::start(service.clone()).await?;
    let target = format!("localhost:{}", server.addr().port());

    let end = sleep(Duration::from_secs(2));
    let keeping = keep(&target, "localhost", trusting([certificate])?, end);
    let losing = async {
        sleep(Duration::from_millis(500)).await;
        println!("--- the server goes down for half a second");
        outage(&server, &service, Duration::from_millis(500)).await
    };
    let (connections, down) = tokio::join!(keeping, losing);
    down?;
    match connections? {
        2 => {}
        connections => return Err(format!("{connections} connections instead of 2").into()),
    }

    println!("--- with another root than the server's");
    let other = rcgen::generate_simple_self_signed(["localhost".to_owned()])?;
    let tls = trusting([other.cert.der().clone()])?;
    let refused = keep(&target, "localhost", tls, pending::<()>()).await;
    let refusal = refused.err().ok_or("it was trusted")?.to_string();
    println!("not tried again: {refusal}");
    if refusal.starts_with("invalid peer certificate") {
        Ok(())
    } else {
        Err("refused for another reason".into())
    }
}

async fn echo(stream: Connection, acceptor: TlsAcceptor) -> io::Result<()> {
    let (mut questions, mut answers) = tokio::io::split(acceptor.accept(stream).await?);
    tokio::io::copy(&mut questions, &mut answers).await?;
    Ok(())
}
