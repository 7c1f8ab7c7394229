use std::env;
use std::fmt;
use std::fs;
use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::ValueEnum;

use crate::client::Client;
use crate::promises::Promises;
use crate::proxies::MODULE;
use crate::scene::Scene;
use crate::server::Server;
use crate::verdict::Verdict;
use crate::{mosquitto, names, nats, openssl, postgres, proxies, redis};

/// A real server, as Debian packages it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
#[expect(missing_docs, reason = "names of programs")]
pub enum Program {
    Redis,
    Postgres,
    Mosquitto,
    Haproxy,
    Nginx,
    Nats,
    Dnsmasq,
    Openssl,
}

/// Where a server's program is.
#[derive(Debug, Clone)]
pub struct Installed {
    program: Program,
    path: PathBuf,
}

impl Program {
    /// The name of its program, and that of its package.
    const fn names(self) -> (&'static str, &'static str) {
        match self {
            Self::Redis => ("redis-server", "redis-server"),
            Self::Postgres => ("PostgreSQL, in /usr/lib/postgresql", "postgresql"),
            Self::Mosquitto => ("mosquitto", "mosquitto"),
            Self::Haproxy => ("haproxy", "haproxy"),
            Self::Nginx => ("nginx", "nginx libnginx-mod-stream"),
            Self::Nats => ("nats-server", "nats-server"),
            Self::Dnsmasq => ("dnsmasq", "dnsmasq"),
            Self::Openssl => ("openssl", "openssl"),
        }
    }

    /// Looks for the program, and for the ones that have it killed with us.
    ///
    /// # Errors
    ///
    /// When one of them is not here: which, and the command that installs it.
    pub fn find(self) -> Result<Installed, String> {
        let missing =
            |what, package| format!("{what} is not here; `apt-get install {package}` installs it");
        for tool in ["setpriv", "unshare"] {
            on_path(tool).ok_or_else(|| missing(tool, "util-linux"))?;
        }
        let (what, package) = self.names();
        let path = match self {
            Self::Postgres => newest(Path::new("/usr/lib/postgresql")),
            Self::Nginx if !Path::new(MODULE).is_file() => None,
            _ => on_path(what),
        };
        let path = path.ok_or_else(|| missing(what, package))?;
        let program = self;
        Ok(Installed { program, path })
    }
}

impl Installed {
    /// Which it is.
    #[must_use]
    pub fn program(&self) -> Program {
        self.program
    }

    /// Whether it is killed again and again under load, by a [`KillRun`](crate::KillRun).
    #[must_use]
    pub fn is_killed(&self) -> bool {
        matches!(self.program, Program::Redis | Program::Postgres)
    }

    /// Plays what is asked of one that is not killed under load. With the arguments `again` this program plays the same
    /// in a namespace, which dnsmasq needs; without them it is in there.
    ///
    /// # Errors
    ///
    /// When the server does not start or ends by itself, and when a client is not back in time.
    pub async fn play(
        &self,
        scene: &Scene,
        again: Option<&[&str]>,
        tell: impl FnMut(&str),
    ) -> io::Result<Vec<Verdict>> {
        let path = &self.path;
        match (self.program, again) {
            (Program::Mosquitto, _) => mosquitto::play(path, scene).await,
            (Program::Haproxy, _) => proxies::haproxy(path, scene).await,
            (Program::Nginx, _) => proxies::nginx(path, scene).await,
            (Program::Nats, _) => nats::play(path, scene).await,
            (Program::Dnsmasq, Some(again)) => names::outside(again, tell).await,
            (Program::Dnsmasq, None) => names::play(path, scene).await,
            (Program::Openssl, _) => openssl::play(path, scene).await,
            (Program::Redis | Program::Postgres, _) => Ok(Vec::new()),
        }
    }

    pub(crate) async fn server(&self) -> io::Result<Server> {
        match self.program {
            Program::Postgres => postgres::server(&self.path).await,
            _ => redis::server(&self.path),
        }
    }

    /// The listener of this number, or else the client that gives the server something to pass on.
    pub(crate) fn client(
        &self,
        at: SocketAddr,
        listener: Option<usize>,
        promises: &Arc<Promises>,
    ) -> io::Result<Client> {
        let promises = Arc::clone(promises);
        match (self.program, listener) {
            (Program::Postgres, None) => postgres::inserter(at, promises),
            (Program::Postgres, Some(number)) => postgres::listener(at, number, promises),
            (_, None) => redis::publisher(at, promises),
            (_, Some(number)) => redis::subscriber(at, number, promises),
        }
    }
}

impl fmt::Display for Program {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&format!("{self:?}").to_lowercase())
    }
}

/// Where a program of this name is.
pub(crate) fn on_path(program: &str) -> Option<PathBuf> {
    let path = env::var_os("PATH")?;
    let found = env::split_paths(&path).map(|directory| directory.join(program));
    found.into_iter().find(|path| path.is_file())
}

/// The programs of the newest release that is installed under `releases`.
fn newest(releases: &Path) -> Option<PathBuf> {
    let installed = fs::read_dir(releases).ok()?.filter_map(Result::ok);
    let numbered = installed.filter_map(|entry| {
        let number: u32 = entry.file_name().to_str()?.parse().ok()?;
        let programs = entry.path().join("bin");
        let whole = ["initdb", "postgres"].map(|name| programs.join(name).is_file());
        (whole == [true; 2]).then_some((number, programs))
    });
    numbered.max().map(|(_, programs)| programs)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::server::Scratch;

    #[test]
    fn the_newest_release_that_is_whole_is_taken() {
        let scratch = Scratch::new().unwrap();
        for (release, programs) in [
            ("9", &["initdb", "postgres"][..]),
            ("15", &["initdb", "postgres"]),
            ("17", &["initdb"]),
            ("old", &["initdb", "postgres"]),
        ] {
            let bin = scratch.path().join(release).join("bin");
            fs::create_dir_all(&bin).unwrap();
            for program in programs {
                fs::write(bin.join(program), "").unwrap();
            }
        }
        let expected = scratch.path().join("15").join("bin");
        assert_eq!(newest(scratch.path()), Some(expected));
        assert_eq!(newest(&scratch.path().join("none")), None);
    }
}
