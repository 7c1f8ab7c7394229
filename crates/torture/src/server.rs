use std::ffi::OsStr;
use std::fs::{self, File};
use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use tokio::process::{Child, Command};
use tokio::time::{Instant, sleep};

use crate::process::work_goes_on_in;
use crate::scratch::Scratch;
use crate::user::User;

/// A real server program that is killed and started again.
///
/// It dies with this process, however that ends, and its data goes with this.
#[derive(Debug)]
pub(crate) struct Server {
    addr: SocketAddr,
    command: Command,
    child: Option<Child>,
    scratch: Scratch,
}

impl Server {
    /// One that `command` runs at `addr`, with its data in `scratch`.
    pub(crate) fn new(addr: SocketAddr, command: Command, scratch: Scratch) -> Self {
        Self {
            addr,
            command,
            child: None,
            scratch,
        }
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

    /// Kills it with SIGKILL, and waits until the processes that it had started have seen that.
    ///
    /// # Errors
    ///
    /// When it had ended by itself, or when one that it started stays.
    pub(crate) async fn kill(&mut self) -> io::Result<()> {
        self.is_up()?;
        if let Some(mut child) = self.child.take() {
            child.kill().await?;
            let begin = Instant::now();
            // Looked for by where they work: whom it started in its last moment nobody knows.
            while work_goes_on_in(self.scratch.path())? {
                if begin.elapsed() > Duration::from_secs(10) {
                    return Err(self.fails("has left processes behind"));
                }
                sleep(Duration::from_millis(5)).await;
            }
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

    /// What it did, and the end of its log.
    fn fails(&self, what: &str) -> io::Error {
        let log = fs::read_to_string(self.log()).unwrap_or_default();
        let lines: Vec<&str> = log.lines().collect();
        let last = lines[lines.len().saturating_sub(10)..].join("\n");
        io::Error::other(format!("the server {what}\n{last}"))
    }

    fn log(&self) -> std::path::PathBuf {
        self.scratch.path().join("log")
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
pub(crate) fn dying_with_us(program: &Path, user: Option<User>) -> Command {
    let mut command = Command::new("setpriv");
    command.args(["--pdeathsig", "KILL"]);
    if let Some(User { uid, gid }) = user {
        let ids = [format!("--reuid={uid}"), format!("--regid={gid}")];
        command.args(ids).arg("--clear-groups");
    }
    command.arg(OsStr::new("--")).arg(program);
    command
}
