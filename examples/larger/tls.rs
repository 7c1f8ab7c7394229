//! TLS over the dialer's plain `TcpStream`: the handshake is part of connecting, so one that fails is a failed attempt.
//! Shows `TcpConnector::upgraded`, and an error that is final: a broken line is retried, a wrong certificate is not.
//! Without arguments it talks to its own server, which goes down once; `-- HOST:PORT ROOT.pem` to any whose root is in that file.

use std::error::Error;
use std::future::pending;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use clap::Parser;
use examples::outage;
use schmoozer_faults::{Behaviour, Connection, Peer};
use schmoozer_tcp::{Dialer, End, Event, Runner, TcpConnector, closed};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tokio::time::sleep;
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

/// Keeps a connection to `target`, whose certificate must be for `name`, and prints lines until `leave` resolves.
/// Returns how many connections that took.
async fn keep(
    target: &str,
    name: &str,
    tls: TlsConnector,
    leave: impl Future + Send,
) -> Result<u32, Box<dyn Error>> {
    // A server that accepts and says nothing must not hold the handshake up.
    let dialer = Dialer::new(target)?.timeout(Duration::from_secs(5));
    let name = ServerName::try_from(name.to_owned())?;
    let handshake = move |stream| tls.connect(name.clone(), stream);
    let link = TcpConnector::upgraded(dialer, handshake, |stream, _session| read(stream));
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

async fn read(stream: TlsStream<TcpStream>) -> io::Result<End> {
    println!("connected, the certificate is good");
    let mut lines = BufReader::new(stream).lines();
    while let Some(line) = lines.next_line().await? {
        println!("received {line}");
    }
    Err(closed())
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let Arguments { target, root } = Arguments::parse();
    if let (Some(target), Some(root)) = (target, root) {
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
    let service = Behaviour::serve(move |stream| count(stream, acceptor.clone()));
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

/// Counts, a line each tenth of a second.
async fn count(stream: Connection, acceptor: TlsAcceptor) -> io::Result<()> {
    let mut stream = acceptor.accept(stream).await?;
    for number in 1.. {
        stream.write_all(format!("{number}\n").as_bytes()).await?;
        stream.flush().await?;
        sleep(Duration::from_millis(100)).await;
    }
    Ok(())
}
