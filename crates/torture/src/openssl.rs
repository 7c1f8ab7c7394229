//! `openssl s_server`, which is restarted under clients that do their handshake as part of connecting.

use std::io;
use std::net::SocketAddr;
use std::path::Path;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use schmoozer_tcp::{Dialer, End, Runner, Session, TcpConnector};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::{sleep, timeout};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName};
use tokio_rustls::rustls::{self, ClientConfig, RootCertStore};

use crate::client::Client;
use crate::process::succeeds;
use crate::scene::{PATIENCE, SILENCE, Scene, ends_for_good};
use crate::server::{Scratch, Server, dying_with_us, free_addr};
use crate::verdict::Verdict;

pub(crate) async fn play(program: &Path, scene: &Scene) -> io::Result<Vec<Verdict>> {
    let (addr, scratch) = (free_addr()?, Scratch::new()?);
    let certificate = scratch.path().join("good.pem");
    for name in ["good", "other"] {
        let mut make = dying_with_us(program, None);
        make.current_dir(scratch.path());
        make.args("req -x509 -newkey rsa:2048 -nodes -subj /CN=server.test -days 2".split(' '));
        make.args(["-addext", "basicConstraints=critical,CA:FALSE"]);
        make.args(["-addext", "subjectAltName=DNS:server.test"]);
        make.args(["-keyout", &format!("{name}.key")]);
        make.args(["-out", &format!("{name}.pem")]);
        succeeds(&mut make, "").await?;
    }
    let tls = trusting(&certificate)?;
    let server = |name: &str, scratch| {
        let mut command = dying_with_us(program, None);
        // It answers each line with the line reversed.
        command.args(["s_server", "-rev", "-quiet", "-accept", &addr.to_string()]);
        let (certificate, key) = (format!("{name}.pem"), format!("{name}.key"));
        command.args(["-cert", &certificate, "-key", &key]);
        Server::new(addr, command, scratch)
    };
    let mut good = server("good", scratch);
    good.listen().await?;
    let trusting = link(addr, &tls)?.stable_after(scene.stable);
    let client = Client::run(Runner::new(trusting), scene.stable);
    let killed = scene.kills(client, &mut good).await?;
    good.kill().await?;
    let mut other = server("other", good.into_scratch());
    other.listen().await?;
    // A certificate that is not to be trusted is the same the next time.
    let distrusting = link(addr, &tls)?.retry_if(|failure| {
        let tls = failure.cause.get_ref().and_then(|it| it.downcast_ref());
        !matches!(tls, Some(rustls::Error::InvalidCertificate(_)))
    });
    let distrusted = ends_for_good("distrusted", distrusting, 0).await?;
    other.kill().await?;
    Ok(vec![killed, distrusted])
}

fn trusting(certificate: &Path) -> io::Result<TlsConnector> {
    let certificate = CertificateDer::from_pem_file(certificate).map_err(io::Error::other)?;
    let mut roots = RootCertStore::empty();
    roots.add(certificate).map_err(io::Error::other)?;
    let config = ClientConfig::builder().with_root_certificates(roots);
    Ok(TlsConnector::from(Arc::new(config.with_no_client_auth())))
}

type Upgrading = Pin<Box<dyn Future<Output = io::Result<TlsStream<TcpStream>>> + Send>>;
type Serving = Pin<Box<dyn Future<Output = io::Result<End>> + Send>>;
type Link = TcpConnector<
    Box<dyn FnMut(TcpStream) -> Upgrading + Send>,
    fn(TlsStream<TcpStream>, Session) -> Serving,
    io::Error,
    TlsStream<TcpStream>,
>;

fn link(addr: SocketAddr, tls: &TlsConnector) -> io::Result<Link> {
    let dialer = Dialer::new(addr)?.timeout(PATIENCE / 10);
    let name = ServerName::try_from("server.test").map_err(io::Error::other)?;
    let tls = tls.clone();
    let upgrade = move |stream| -> Upgrading { Box::pin(tls.connect(name.clone(), stream)) };
    let serve = |stream, session| -> Serving { Box::pin(ask(stream, session)) };
    Ok(TcpConnector::upgraded(dialer, Box::new(upgrade), serve))
}

/// Asks now and then.
async fn ask(mut stream: TlsStream<TcpStream>, _session: Session) -> io::Result<End> {
    loop {
        stream.write_all(b"abc\n").await?;
        let mut answer = [0; 4];
        timeout(SILENCE, stream.read_exact(&mut answer)).await??;
        if answer != *b"cba\n" {
            return Err(io::Error::other(format!("no answer: {answer:?}")));
        }
        sleep(Duration::from_millis(200)).await;
    }
}
