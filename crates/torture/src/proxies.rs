//! haproxy and nginx before a server: they accept whatever becomes of it.

use std::io;
use std::path::Path;

use nix::sys::signal::Signal;
use schmoozer_faults::Peer;
use schmoozer_tcp::Dialer;
use tokio::net::TcpStream;
use tokio::time::{sleep, timeout};

use crate::chaos::exchange;
use crate::client::Client;
use crate::requests::{LOGIN, Requests};
use crate::scene::{PATIENCE, Scene};
use crate::server::{Scratch, Server, contained, dying_with_us, free_addr};
use crate::verdict::Verdict;

const CONFIG: &str = "proxy.conf";

/// Where Debian's package has it.
pub(crate) const MODULE: &str = "/usr/lib/nginx/modules/ngx_stream_module.so";

/// A proxy, and what is behind it.
struct Proxy<'a> {
    server: Server,
    backend: Peer,
    requests: Requests,
    scene: &'a Scene,
}

pub(crate) async fn haproxy(program: &Path, scene: &Scene) -> io::Result<Vec<Verdict>> {
    let mut command = dying_with_us(program, None);
    command.args(["-W", "-db", "-f", CONFIG]);
    let server = Server::new(free_addr()?, command, Scratch::new()?);
    let mut proxy = Proxy::before(server, scene).await?;
    let (addr, to) = (proxy.server.addr(), proxy.backend.addr());
    let config = format!(
        "global\n hard-stop-after 300ms\ndefaults\n mode tcp\n retries 0\n timeout connect 300ms\n timeout queue 1m\n \
         timeout client 1h\n timeout server 1h\nlisten chat\n bind {addr}\n server one {to} maxconn 1\n"
    );
    proxy.server.write(CONFIG, &config)?;
    proxy.server.listen().await?;
    let queue = proxy.queue().await?;
    let mut verdicts = proxy.play(Signal::SIGUSR2).await?;
    verdicts.push(queue);
    Ok(verdicts)
}

pub(crate) async fn nginx(program: &Path, scene: &Scene) -> io::Result<Vec<Verdict>> {
    // Its workers live on when the master is killed.
    let mut command = contained(program);
    command.args(["-p", ".", "-c", CONFIG, "-e", "stderr"]);
    let server = Server::new(free_addr()?, command, Scratch::new()?).contained();
    let mut proxy = Proxy::before(server, scene).await?;
    let (addr, to) = (proxy.server.addr(), proxy.backend.addr());
    let config = format!(
        "load_module {MODULE};\ndaemon off;\nuser root;\npid nginx.pid;\nworker_processes 1;\nworker_shutdown_timeout \
         300ms;\nevents {{}}\nstream {{ proxy_connect_timeout 300ms; server {{ listen {addr}; proxy_pass {to}; }} }}\n"
    );
    proxy.server.write(CONFIG, &config)?;
    proxy.server.listen().await?;
    proxy.play(Signal::SIGHUP).await
}

impl<'a> Proxy<'a> {
    async fn before(server: Server, scene: &'a Scene) -> io::Result<Self> {
        let requests = Requests::default();
        let backend = Peer::start_at(([127, 0, 0, 3], 0), requests.behaviour()).await?;
        Ok(Self {
            server,
            backend,
            requests,
            scene,
        })
    }

    fn client(&self) -> io::Result<Client> {
        let dialer = Dialer::new(self.server.addr())?;
        Ok(self.requests.client(dialer, self.scene))
    }

    async fn play(mut self, reload: Signal) -> io::Result<Vec<Verdict>> {
        let no_backend = self.no_backend().await?;
        let (client, scene) = (self.client()?, self.scene);
        // The workers of old end soon, and their connections with them.
        let signal = async |server: &mut Server, _: &Client| server.signal(reload);
        let reload = scene.repeat("reload", client, &mut self.server, signal);
        let reload = reload.await?;
        let kill = scene.kills(self.client()?, &mut self.server).await?;
        self.server.kill().await?;
        Ok(vec![no_backend, reload, kill])
    }

    /// The proxy accepts, and closes.
    async fn no_backend(&self) -> io::Result<Verdict> {
        let (client, bad) = (self.client()?, self.scene.bad);
        client.stable(PATIENCE).await?;
        self.backend.stop().await?;
        sleep(bad).await;
        self.backend.switch(self.requests.behaviour()).await?;
        let attempts = Scene::attempts_in(bad);
        client.back("no backend", 1, attempts).await
    }

    /// Another client has the only place, so this one is connected and hears nothing.
    async fn queue(&self) -> io::Result<Verdict> {
        let mut first = TcpStream::connect(self.server.addr()).await?;
        exchange(&mut first, LOGIN).await?;
        let (client, bad) = (self.client()?, self.scene.bad);
        let answered = timeout(bad, client.handle.connected()).await.is_ok();
        drop(first);
        let attempts = Scene::attempts_in(bad);
        let verdict = client.back("queue", 1, attempts).await?;
        let holds = verdict.holds && !answered;
        Ok(Verdict { holds, ..verdict })
    }
}
