use std::env;
use std::fmt;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::client::Client;
use crate::promises::Promises;
use crate::server::Server;
use crate::{postgres, redis};

/// A real server, as Debian packages it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Program {
    /// Passes messages on to those who are subscribed.
    Redis,
    /// Keeps rows, and tells those who `LISTEN` of new ones.
    Postgres,
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
    pub const ALL: [Self; 2] = [Self::Redis, Self::Postgres];

    /// Looks for the program, and for the one that has it killed with us.
    ///
    /// # Errors
    ///
    /// When one of them is not here.
    pub fn find(self) -> Result<Installed, Missing> {
        let missing = |what, package| Missing { what, package };
        on_path("setpriv").ok_or(missing("setpriv", "util-linux"))?;
        let path = match self {
            Self::Redis => on_path("redis-server").ok_or(missing("redis-server", "redis-server")),
            Self::Postgres => newest(Path::new("/usr/lib/postgresql"))
                .ok_or(missing("PostgreSQL, in /usr/lib/postgresql", "postgresql")),
        }?;
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

    pub(crate) async fn server(&self) -> io::Result<Server> {
        match self.program {
            Program::Redis => redis::server(&self.path),
            Program::Postgres => postgres::server(&self.path).await,
        }
    }

    /// The client that gives the server something to pass on.
    pub(crate) fn teller(&self, server: &Server, promises: &Arc<Promises>) -> io::Result<Client> {
        let promises = Arc::clone(promises);
        match self.program {
            Program::Redis => redis::publisher(server.addr(), promises),
            Program::Postgres => postgres::inserter(server.addr(), promises),
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
            Program::Redis => redis::subscriber(server.addr(), number, promises),
            Program::Postgres => postgres::listener(server.addr(), number, promises),
        }
    }
}

impl fmt::Display for Program {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Redis => "redis",
            Self::Postgres => "postgres",
        })
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

fn on_path(program: &str) -> Option<PathBuf> {
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
