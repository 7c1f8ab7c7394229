//! `openssl s_server`, which is restarted under the example `tls`: the handshake is part of connecting.

use std::env;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use examples::cargo;
use tokio::process::Command;
use tokio::time::{sleep, timeout};

use crate::client::Lines;
use crate::process::succeeds;
use crate::report::ClientReport;
use crate::scene::{PATIENCE, Scene, until};
use crate::server::{Scratch, Server, dying_with_us, free_addr};
use crate::verdict::Verdict;

/// How long the server is away.
const DOWN: Duration = Duration::from_secs(2);

pub(crate) async fn play(program: &Path, scene: &Scene) -> io::Result<Vec<Verdict>> {
    let example = built().await?;
    let (addr, keys) = (free_addr()?, Scratch::new()?);
    let certificate = keys.path().join("good.pem");
    for name in ["good", "other"] {
        let mut make = dying_with_us(program, None);
        make.current_dir(keys.path());
        make.args("req -x509 -newkey rsa:2048 -nodes -subj /CN=server.test -days 2".split(' '));
        make.args(["-addext", "basicConstraints=critical,CA:FALSE"]);
        make.args(["-addext", &format!("subjectAltName=IP:{}", addr.ip())]);
        make.args(["-keyout", &format!("{name}.key")]);
        make.args(["-out", &format!("{name}.pem")]);
        succeeds(&mut make, "").await?;
    }
    let client = || {
        let mut command = dying_with_us(&example, None);
        command.arg(addr.to_string()).arg(&certificate);
        command
    };
    let server = |name: &str| {
        let mut command = dying_with_us(program, None);
        // It answers each line with the line reversed.
        command.args(["s_server", "-rev", "-quiet", "-accept", &addr.to_string()]);
        let file = |end| keys.path().join(format!("{name}.{end}"));
        command.arg("-cert").arg(file("pem"));
        command.arg("-key").arg(file("key"));
        Ok::<_, io::Error>(Server::new(addr, command, Scratch::new()?))
    };
    let mut good = server("good")?;
    good.listen().await?;
    let mut running = Server::new(addr, client(), Scratch::new()?);
    running.start()?;
    let report = || report(&running.printed());
    let late = || format!("the example has printed {}", running.printed());
    until(PATIENCE, late, || report().answered > Some(0)).await?;
    for time in 1..=scene.times {
        good.kill().await?;
        until(PATIENCE, late, || report().warnings == time).await?;
        sleep(DOWN).await;
        good.listen().await?;
        until(PATIENCE, late, || report().recoveries == time).await?;
    }
    let attempts = u64::from(scene.times) * Scene::attempts_in(DOWN);
    let killed = report().verdict("kill", scene.times.into(), attempts);
    running.kill().await?;
    good.kill().await?;

    let mut other = server("other")?;
    other.listen().await?;
    // A certificate that is not to be trusted is the same the next time.
    let ended = timeout(PATIENCE, succeeds(&mut client(), "")).await?;
    let said = ended.unwrap_or_else(|error| error.to_string());
    let starts = |what| said.lines().filter(|line| line.starts_with(what)).count();
    let errors = said.matches("ERROR schmoozer: stopped by a final error ");
    let [failures, errors] = [starts("invalid peer certificate: "), errors.count()];
    let numbers = format!("{failures} attempts of 1, {errors} ERROR");
    let distrusted = Verdict::new("distrusted", (failures, errors) == (1, 1), numbers);
    other.kill().await?;
    Ok(vec![killed, distrusted])
}

/// Builds the example as this program was built, beside it, and returns where it is.
async fn built() -> io::Result<PathBuf> {
    let program = env::current_exe()?;
    let directory = |up| program.ancestors().nth(up).ok_or(io::ErrorKind::NotFound);
    let (built, target) = (directory(1)?, directory(2)?);
    let profile = match built.file_name() {
        Some(name) if name != "debug" => name,
        _ => "dev".as_ref(),
    };
    let line = "build --quiet --locked --package larger-examples --example tls --profile";
    let mut command = Command::from(cargo(line));
    command.arg(profile).arg("--target-dir").arg(target);
    command.current_dir(env!("CARGO_MANIFEST_DIR"));
    succeeds(&mut command, "").await?;
    Ok(built.join("examples/tls"))
}

/// How the example fared, by what it printed: each number must be answered once, in order, and reversed.
fn report(printed: &str) -> ClientReport {
    let lines = Lines::default();
    let counts = printed.lines().map(|line| lines.count(line));
    let (warnings, recoveries) = counts.last().unwrap_or_default();
    let attempts = printed.split(" attempts=").skip(1);
    let attempts = attempts.filter_map(|it| it.split(' ').next()?.parse::<u64>().ok());
    let sent = printed.lines().filter(|line| line.starts_with("sent "));
    let expected = (1..).map(|number: u64| {
        let reversed: String = number.to_string().chars().rev().collect();
        format!("sent {number}, received {reversed}")
    });
    let wrong = sent
        .clone()
        .zip(expected)
        .find(|(line, expected)| line != expected);
    ClientReport {
        attempts: 1 + attempts.sum::<u64>(),
        outages: warnings.into(),
        warnings,
        recoveries,
        answered: Some(sent.map(|_| 1).sum()),
        fault: wrong.map(|(line, expected)| format!("{line}, instead of {expected}")),
        ..ClientReport::default()
    }
}
