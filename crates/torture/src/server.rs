use std::env;
use std::ffi::OsStr;
use std::fs::{self, File};
use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{self, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::unistd::{Pid, User, geteuid};
use tokio::net::TcpStream;
use tokio::process::{Child, Command};
use tokio::time::{Instant, sleep};

use crate::process::work_goes_on_in;
use crate::scene::{PATIENCE, until};

/// A real server program that is killed and started again.
///
/// It dies with this process, however that ends, and its data goes with this.
#[derive(Debug)]
pub(crate) struct Server {
    addr: SocketAddr,
    command: Command,
    child: Option<Child>,
    scratch: Scratch,
    contained: bool,
}

impl Server {
    /// One that `command` runs at `addr`, with its data in `scratch`, where it works.
    pub(crate) fn new(addr: SocketAddr, mut command: Command, scratch: Scratch) -> Self {
        command.current_dir(scratch.path());
        Self {
            addr,
            command,
            child: None,
            scratch,
            contained: false,
        }
    }

    /// Its command is one of [`contained`].
    pub(crate) fn contained(mut self) -> Self {
        self.contained = true;
        self
    }

    pub(crate) fn addr(&self) -> SocketAddr {
        self.addr
    }

    pub(crate) fn start(&mut self) -> io::Result<()> {
        let log = File::options().create(true).append(true).open(self.log())?;
        self.command.stdin(Stdio::null());
        self.command.stdout(log.try_clone()?).stderr(log);
        self.child = Some(self.command.kill_on_drop(true).spawn()?);
        Ok(())
    }

    /// Starts it, and waits until it listens.
    pub(crate) async fn listen(&mut self) -> io::Result<()> {
        self.start()?;
        let begin = Instant::now();
        while TcpStream::connect(self.addr).await.is_err() {
            self.is_up()?;
            if begin.elapsed() > Duration::from_secs(10) {
                return Err(self.fails("does not listen"));
            }
            sleep(Duration::from_millis(20)).await;
        }
        Ok(())
    }

    /// Writes a file that it reads, and returns the file's path.
    pub(crate) fn write(&self, name: &str, text: &str) -> io::Result<PathBuf> {
        let path = self.scratch.path().join(name);
        fs::write(&path, text)?;
        Ok(path)
    }

    pub(crate) fn signal(&self, signal: Signal) -> io::Result<()> {
        let pid = self.child.as_ref().and_then(Child::id);
        let pid = pid.ok_or_else(|| self.fails("was not started"))?;
        // What runs in a namespace of its own is the child of what made the namespace.
        let children = fs::read_to_string(format!("/proc/{pid}/task/{pid}/children"))?;
        let pid = match (self.contained, children.split_whitespace().next()) {
            (true, Some(child)) => child.parse().map_err(io::Error::other)?,
            _ => i32::try_from(pid).map_err(io::Error::other)?,
        };
        Ok(kill(Pid::from_raw(pid), signal)?)
    }

    /// Kills it with SIGKILL, and waits until the processes that it had started have seen that.
    ///
    /// # Errors
    ///
    /// When it had ended by itself, or when one that it started stays.
    pub(crate) async fn kill(&mut self) -> io::Result<()> {
        self.is_up()?;
        if let Some(mut child) = self.child.take() {
            child.kill().await?;
            let late = || self.fails("has left processes behind").to_string();
            // Found by their working directory: no list has the processes that it started in its last moment.
            let gone = || work_goes_on_in(self.scratch.path()).is_ok_and(|goes_on| !goes_on);
            until(PATIENCE, late, gone).await?;
        }
        Ok(())
    }

    /// Makes sure that it has not ended by itself.
    pub(crate) fn is_up(&mut self) -> io::Result<()> {
        match &mut self.child {
            Some(child) => match child.try_wait()? {
                None => Ok(()),
                Some(status) => Err(self.fails(&format!("ended with {status}"))),
            },
            None => Err(self.fails("was not started")),
        }
    }

    /// What it has printed.
    pub(crate) fn printed(&self) -> String {
        fs::read_to_string(self.log()).unwrap_or_default()
    }

    /// What it did, and the end of its log.
    fn fails(&self, what: &str) -> io::Error {
        let log = self.printed();
        let lines: Vec<&str> = log.lines().collect();
        let last = lines[lines.len().saturating_sub(10)..].join("\n");
        io::Error::other(format!("the server {what}\n{last}"))
    }

    fn log(&self) -> PathBuf {
        self.scratch.path().join("log")
    }
}

/// A directory for the data of a server, which is removed when this is dropped.
#[derive(Debug)]
pub(crate) struct Scratch {
    path: PathBuf,
}

impl Scratch {
    pub(crate) fn new() -> io::Result<Self> {
        static MADE: AtomicU32 = AtomicU32::new(0);
        let name = format!(
            "schmoozer-torture-{}-{}",
            process::id(),
            MADE.fetch_add(1, Ordering::Relaxed)
        );
        // As `/proc` names it, where a link leads to it.
        let path = env::temp_dir().canonicalize()?.join(name);
        fs::create_dir(&path)?;
        Ok(Self { path })
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        if let Err(error) = fs::remove_dir_all(&self.path) {
            eprintln!("{} is left behind: {error}", self.path.display());
        }
    }
}

/// An address for a server, whose port is free.
///
/// Not of 127.0.0.1: from there the clients come, and one of them might have the port while the server
/// is down.
pub(crate) fn free_addr() -> io::Result<SocketAddr> {
    TcpListener::bind((Ipv4Addr::new(127, 0, 0, 2), 0))?.local_addr()
}

/// Runs `program` as `user` if one is given, and has it killed when the thread ends that started it.
pub(crate) fn dying_with_us(program: &Path, user: Option<&User>) -> Command {
    let mut command = Command::new("setpriv");
    command.args(["--pdeathsig", "KILL"]);
    if let Some(User { uid, gid, .. }) = user {
        let ids = [format!("--reuid={uid}"), format!("--regid={gid}")];
        command.args(ids).arg("--clear-groups");
    }
    command.arg(OsStr::new("--")).arg(program);
    command
}

/// Runs `program` so that no process outlives it which it started: in a namespace of processes.
pub(crate) fn contained(program: &Path) -> Command {
    let mut command = dying_with_us(Path::new("unshare"), None);
    if !geteuid().is_root() {
        command.args(["--user", "--map-root-user"]);
    }
    command.args(["--pid", "--fork", "--kill-child=KILL", "--"]);
    command.arg(program);
    command
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_is_a_directory_of_its_own_and_goes_with_what_is_in_it() {
        let (one, other) = (Scratch::new().unwrap(), Scratch::new().unwrap());
        let (kept, gone) = (one.path().to_owned(), other.path().to_owned());
        assert_ne!(kept, gone);
        fs::write(gone.join("data"), "").unwrap();
        drop(other);
        assert!(kept.exists() && !gone.exists());
    }
}
