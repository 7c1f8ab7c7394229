//! A transport that is no socket, on `schmoozer-core` alone: what a serial port, or the pipes of a command, deliver line by line.
//! Shows `connector_with`, whose state outlives connections, with a policy of your own.
//! Without arguments it reads a device that it plays itself and unplugs twice; `-- --path /dev/ttyUSB0` reads that, `-- -- COMMAND` runs that.

use std::env;
use std::error::Error;
use std::io;
use std::path::PathBuf;
use std::pin::Pin;
use std::process::Stdio;
use std::time::Duration;

use clap::Parser;
use schmoozer_core::{End, Event, Runner, Session, closed, connector_with};
use tokio::fs::File;
use tokio::io::{AsyncBufReadExt, AsyncRead, BufReader, Lines};
use tokio::process::{Child, Command};
use tokio::time::sleep;

#[derive(Parser)]
struct Arguments {
    /// The port or named pipe to read, such as `/dev/ttyUSB0`, `COM3` or `\\.\pipe\NAME`. Something sets a port up whenever
    /// it is plugged in: a rule of udev that runs `stty -F /dev/ttyUSB0 raw 115200`, or on Windows `mode COM3 baud=115200`
    #[arg(long, conflicts_with = "command")]
    path: Option<PathBuf>,
    /// The command to run, as in `-- ssh host journalctl -f`
    #[arg(last = true)]
    command: Vec<String>,
    /// Plays the device: prints so many readings and hangs up
    #[arg(long, hide = true)]
    play: Option<u32>,
}

enum Source {
    Path(PathBuf),
    Command(Vec<String>),
}

type Bytes = Pin<Box<dyn AsyncRead + Send>>;
/// What is open, and the child that it comes from: that ends with it.
type Readings = (Lines<BufReader<Bytes>>, Option<Child>);

/// What is read, and what came of it so far.
struct Reader {
    source: Source,
    received: u32,
    /// After how many readings it ends. Without a number, it goes on until it is stopped.
    wanted: Option<u32>,
}

impl Reader {
    async fn open(&mut self) -> io::Result<Readings> {
        let (bytes, child): (Bytes, _) = match &self.source {
            Source::Path(path) => (Box::pin(File::open(path).await?), None),
            Source::Command(words) => {
                let words = words.split_first();
                let (program, arguments) = words.ok_or(io::ErrorKind::InvalidInput)?;
                let mut child = Command::new(program)
                    .args(arguments)
                    .stdin(Stdio::null())
                    .stdout(Stdio::piped())
                    .kill_on_drop(true)
                    .spawn()?;
                let stdout = child.stdout.take().ok_or(io::ErrorKind::BrokenPipe)?;
                (Box::pin(stdout), Some(child))
            }
        };
        // Without timeouts, Windows reads a port until the buffer is full, and no line would come through.
        let buffer = if cfg!(windows) { 1 } else { 8 * 1024 };
        Ok((BufReader::with_capacity(buffer, bytes).lines(), child))
    }

    async fn read(&mut self, readings: Readings, _session: Session) -> io::Result<End> {
        // Both, or else the child would end here already.
        let (mut lines, _child) = readings;
        while let Some(reading) = lines.next_line().await? {
            println!("{reading}");
            self.received += 1;
            if Some(self.received) == self.wanted {
                return Ok(End::Exit);
            }
        }
        Err(closed())
    }
}

/// Keeps reading from `source`, and returns how many readings came.
async fn keep(source: Source, name: &str, wanted: Option<u32>) -> io::Result<u32> {
    let policy = [200, 500, 1_000].map(Duration::from_millis);
    let reader = Reader {
        source,
        received: 0,
        wanted,
    };
    let delays = policy.into_iter().cycle();
    let mut link = connector_with(reader, Reader::open, Reader::read, delays)
        .stable_after(Duration::from_secs(1))
        .target(name);
    Runner::new(&mut link)
        .on_event(|event| match event {
            Event::Failed { cause, .. } => eprintln!("{name}: {cause}"),
            Event::Waiting { delay, .. } => eprintln!("{name}: opened again in {delay:?}"),
            _ => {}
        })
        .run()
        .await?;
    Ok(link.into_state().received)
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let Arguments {
        path,
        command,
        play,
    } = Arguments::parse();
    if let Some(readings) = play {
        return play_device(readings).await;
    }
    if let Some(path) = path {
        let name = path.display().to_string();
        keep(Source::Path(path), &name, None).await?;
    } else if let [program, ..] = command.as_slice() {
        let name = program.clone();
        keep(Source::Command(command), &name, None).await?;
    } else {
        let itself = env::current_exe()?.display().to_string();
        let device = vec![itself, "--play".to_owned(), "3".to_owned()];
        let received = keep(Source::Command(device), "device", Some(9)).await?;
        println!("{received} readings, though the device was unplugged after every third");
    }
    Ok(())
}

async fn play_device(readings: u32) -> Result<(), Box<dyn Error>> {
    for reading in 1..=readings {
        println!("{}.5 °C", 20 + reading);
        sleep(Duration::from_millis(50)).await;
    }
    Ok(())
}
