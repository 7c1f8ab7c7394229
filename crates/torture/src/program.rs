use std::env;
use std::fmt;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::client::Client;
use crate::promises::Promises;
use crate::proxies::MODULE;
use crate::scene::Scene;
use crate::server::Server;
use crate::verdict::Verdict;
use crate::{mosquitto, names, nats, openssl, postgres, proxies, redis};

/// A real server, as Debian packages it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Program {
    /// Passes messages on to those who are subscribed.
    Redis,
    /// Keeps rows, and tells those who `LISTEN` of new ones.
    Postgres,
    /// Lets one client of an id in, stops answering, and wants a password.
    Mosquitto,
    /// Has no backend, queues clients, and is reloaded.
    Haproxy,
    /// Has no backend, and is reloaded.
    Nginx,
    /// Asks its clients to go away before it goes.
    Nats,
    /// Answers questions about names badly.
    Dnsmasq,
    /// Speaks TLS, and is restarted.
    Openssl,
}

/// Where a server's program is.
#[derive(Debug, Clone)]
pub struct Installed {
    program: Program,
    path: PathBuf,
}

/// A program is not here, and a command installs it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Missing {
    what: &'static str,
    package: &'static str,
}

impl Program {
    /// All that there are.
    pub const ALL: [Self; 8] = [
        Self::Redis,
        Self::Postgres,
        Self::Mosquitto,
        Self::Haproxy,
        Self::Nginx,
        Self::Nats,
        Self::Dnsmasq,
        Self::Openssl,
    ];

    /// Its name, the name of its program, and that of its package.
    const fn names(self) -> [&'static str; 3] {
        match self {
            Self::Redis => ["redis", "redis-server", "redis-server"],
            Self::Postgres => [
                "postgres",
                "PostgreSQL, in /usr/lib/postgresql",
                "postgresql",
            ],
            Self::Mosquitto => ["mosquitto"; 3],
            Self::Haproxy => ["haproxy"; 3],
            Self::Nginx => ["nginx", "nginx", "nginx libnginx-mod-stream"],
            Self::Nats => ["nats", "nats-server", "nats-server"],
            Self::Dnsmasq => ["dnsmasq"; 3],
            Self::Openssl => ["openssl"; 3],
        }
    }

    /// The program with this name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|it| it.names()[0] == name)
    }

    /// Looks for the program, and for the ones that have it killed with us.
    ///
    /// # Errors
    ///
    /// When one of them is not here.
    pub fn find(self) -> Result<Installed, Missing> {
        let [_, what, package] = self.names();
        for tool in ["setpriv", "unshare"] {
            let missing = Missing {
                what: tool,
                package: "util-linux",
            };
            on_path(tool).ok_or(missing)?;
        }
        let path = match self {
            Self::Postgres => newest(Path::new("/usr/lib/postgresql")),
            Self::Nginx if !Path::new(MODULE).is_file() => None,
            _ => on_path(what),
        };
        let path = path.ok_or(Missing { what, package })?;
        Ok(Installed {
            program: self,
            path,
        })
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

    /// Plays what is asked of one that is not killed under load. `inside` are the arguments with which this program
    /// plays the same again `inside` a namespace, which dnsmasq needs; empty, it is inside.
    ///
    /// # Errors
    ///
    /// When the server does not start or ends by itself, and when a client is not back in time.
    pub async fn play(
        &self,
        scene: &Scene,
        inside: &[&str],
        tell: impl FnMut(&str),
    ) -> io::Result<Vec<Verdict>> {
        let path = &self.path;
        match self.program {
            Program::Mosquitto => mosquitto::play(path, scene).await,
            Program::Haproxy => proxies::haproxy(path, scene).await,
            Program::Nginx => proxies::nginx(path, scene).await,
            Program::Nats => nats::play(path, scene).await,
            Program::Dnsmasq if !inside.is_empty() => names::outside(inside, tell).await,
            Program::Dnsmasq => names::play(path, scene).await,
            Program::Openssl => openssl::play(path, scene).await,
            Program::Redis | Program::Postgres => Ok(Vec::new()),
        }
    }

    pub(crate) async fn server(&self) -> io::Result<Server> {
        match self.program {
            Program::Postgres => postgres::server(&self.path).await,
            _ => redis::server(&self.path),
        }
    }

    /// The client that gives the server something to pass on.
    pub(crate) fn teller(&self, server: &Server, promises: &Arc<Promises>) -> io::Result<Client> {
        let promises = Arc::clone(promises);
        match self.program {
            Program::Postgres => postgres::inserter(server.addr(), promises),
            _ => redis::publisher(server.addr(), promises),
        }
    }

    /// The listener of this number.
    pub(crate) fn listener(
        &self,
        server: &Server,
        number: usize,
        promises: &Arc<Promises>,
    ) -> io::Result<Client> {
        let promises = Arc::clone(promises);
        match self.program {
            Program::Postgres => postgres::listener(server.addr(), number, promises),
            _ => redis::subscriber(server.addr(), number, promises),
        }
    }
}

impl fmt::Display for Program {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.names()[0])
    }
}

impl fmt::Display for Missing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { what, package } = self;
        write!(
            f,
            "{what} is not here; `apt-get install {package}` installs it"
        )
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
    use crate::scratch::Scratch;

    #[test]
    fn what_is_missing_is_told_with_the_command_that_installs_it() {
        let missing = Missing {
            what: "redis-server",
            package: "redis-server",
        };
        let told = "redis-server is not here; `apt-get install redis-server` installs it";
        assert_eq!(missing.to_string(), told);
    }

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
