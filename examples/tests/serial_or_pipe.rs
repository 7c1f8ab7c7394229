//! `serial_or_pipe` on a path: a named pipe whose writer comes and goes.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Stdio};

use examples::example;

/// A program that ends with the test.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Writes each line in a life of the pipe of its own.
#[cfg(unix)]
fn write(path: &str, lines: [&str; 2]) {
    for line in lines {
        // Opens once there is a reader.
        std::fs::write(path, line).unwrap();
    }
}

#[cfg(windows)]
#[tokio::main(flavor = "current_thread")]
async fn write(path: &str, lines: [&str; 2]) {
    use tokio::io::AsyncWriteExt as _;
    use tokio::net::windows::named_pipe::ServerOptions;

    for line in lines {
        let mut pipe = ServerOptions::new().create(path).unwrap();
        pipe.connect().await.unwrap();
        pipe.write_all(line.as_bytes()).await.unwrap();
    }
}

#[test]
fn a_named_pipe_is_opened_again_when_its_writer_has_left() {
    let name = format!("serial_or_pipe-{}", std::process::id());
    let path = if cfg!(windows) {
        format!(r"\\.\pipe\{name}")
    } else {
        std::env::temp_dir().join(name).to_str().unwrap().to_owned()
    };
    if cfg!(unix) {
        let made = std::process::Command::new("mkfifo").arg(&path).status();
        assert!(made.unwrap().success());
    }
    let mut reader = example("serial_or_pipe");
    let reader = reader.args(["--path", &path]).stdout(Stdio::piped());
    let mut reader = Running(reader.spawn().unwrap());
    let mut read = BufReader::new(reader.0.stdout.take().unwrap()).lines();
    let lines = ["before\n", "after\n"];
    let pipe = path.clone();
    let writer = std::thread::spawn(move || write(&pipe, lines));
    for line in lines {
        assert_eq!(read.next().unwrap().unwrap(), line.trim_end());
    }
    writer.join().unwrap();
    if cfg!(unix) {
        std::fs::remove_file(path).unwrap();
    }
}
