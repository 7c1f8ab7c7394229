//! Real servers, killed a few times; and what the program does where they are not.

use std::env;
use std::fs;
use std::process::{Command, Output, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use torture::{KillRun, Program, Verdict};

const SERVERS: &str = env!("CARGO_BIN_EXE_servers");

/// Kills the server twice, if it is installed.
fn verdicts(program: Program) -> Option<Vec<Verdict>> {
    let kills = KillRun {
        kills: 2,
        listeners: 2,
        patience: Duration::from_secs(60),
        seed: 1,
    };
    let installed = match program.find() {
        Ok(installed) => installed,
        Err(missing) if env::var_os("SCHMOOZER_REQUIRE_SERVERS").is_none() => {
            println!("skipped: {missing}");
            return None;
        }
        Err(missing) => panic!("{missing}"),
    };
    let runtime = tokio::runtime::Runtime::new().unwrap();
    Some(runtime.block_on(kills.run(&installed, |_| ())).unwrap())
}

fn all_hold(verdicts: &[Verdict]) {
    let on: Vec<_> = verdicts.iter().map(|verdict| verdict.on).collect();
    assert_eq!(on, ["subscribed", "passed on", "events", "outages"]);
    assert!(verdicts.iter().all(|it| it.holds), "{verdicts:#?}");
}

/// Row 36: redis is killed twice; 20 times with `cargo xtask torture --servers`.
#[test]
fn subscribers_come_back_to_a_redis_that_was_killed() {
    if let Some(verdicts) = verdicts(Program::Redis) {
        all_hold(&verdicts);
    }
}

/// Row 36: `PostgreSQL` is killed twice; 20 times with `cargo xtask torture --servers`.
#[test]
fn listeners_come_back_to_a_postgres_that_was_killed() {
    if let Some(verdicts) = verdicts(Program::Postgres) {
        all_hold(&verdicts);
    }
}

/// Without a `PATH` there is no redis, and nothing that would kill a server with us.
fn without_programs(command: &mut Command) -> Output {
    command.env("PATH", "").output().unwrap()
}

#[test]
fn what_is_not_installed_is_skipped_with_the_command_that_installs_it() {
    let output = without_programs(Command::new(SERVERS).env_remove("SCHMOOZER_REQUIRE_SERVERS"));
    let printed = String::from_utf8(output.stdout).unwrap();
    let lines: Vec<_> = printed.lines().collect();
    assert_eq!(lines.len(), Program::ALL.len(), "{printed}");
    for line in lines {
        assert!(line.starts_with("skipped: "), "{line}");
        assert!(line.contains("apt-get install"), "{line}");
    }
    assert!(output.status.success());
}

#[test]
fn what_is_not_installed_is_a_failure_where_it_is_required() {
    let output = without_programs(Command::new(SERVERS).env("SCHMOOZER_REQUIRE_SERVERS", "1"));
    assert_eq!(output.status.code(), Some(1));
}

/// The process ids of the redis servers whose data is under `directory`.
fn running_in(directory: &str) -> Vec<String> {
    let processes = fs::read_dir("/proc").unwrap().flatten();
    let names = processes.filter_map(|entry| {
        let line = fs::read_to_string(entry.path().join("cmdline")).ok()?;
        let pid = entry.file_name().into_string().ok()?;
        (line.contains("redis-server") && is_in(&pid, directory)).then_some(pid)
    });
    names.collect()
}

fn is_in(pid: &str, directory: &str) -> bool {
    fs::read_link(format!("/proc/{pid}/cwd")).is_ok_and(|cwd| cwd.starts_with(directory))
}

fn soon(what: &str, mut holds: impl FnMut() -> bool) {
    let begin = Instant::now();
    while !holds() {
        assert!(begin.elapsed() < Duration::from_secs(30), "{what}");
        sleep(Duration::from_millis(20));
    }
}

#[test]
fn no_server_outlives_a_program_that_is_killed_itself() {
    if Program::Redis.find().is_err() {
        println!("skipped: redis-server is not here; `apt-get install redis-server` installs it");
        return;
    }
    let directory = env::temp_dir().join(format!("schmoozer-torture-{}", std::process::id()));
    fs::create_dir(&directory).unwrap();
    let directory = directory.canonicalize().unwrap();
    let directory = directory.to_str().unwrap();
    let mut program = Command::new(SERVERS)
        .env("TMPDIR", directory)
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    soon("redis runs", || !running_in(directory).is_empty());
    program.kill().unwrap();
    program.wait().unwrap();
    soon("redis is gone", || running_in(directory).is_empty());
    fs::remove_dir_all(directory).unwrap();
}
