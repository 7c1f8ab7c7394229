//! Real servers, killed a few times; and what the program does where they are not.

use std::env;
use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::process::{Command, Output, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use clap::ValueEnum as _;
use torture::Program;

const REQUIRED: &str = "SCHMOOZER_REQUIRE_SERVERS";
const NAMESPACES: &str = "SCHMOOZER_REQUIRE_NAMESPACES";
const TORTURE: &str = env!("CARGO_BIN_EXE_torture");

/// Plays with a server for some seconds, if it is installed; those that are killed under load are killed twice.
fn plays_with(program: Program) {
    if let Err(missing) = program.find() {
        assert!(env::var_os(REQUIRED).is_none(), "{missing}");
        println!("skipped: {missing}");
        return;
    }
    let name = program.to_string();
    let mut command = Command::new(TORTURE);
    let output = command
        .args(["--servers", "--quick", "--kills", "2", "--only", &name])
        .output()
        .unwrap();
    let printed = String::from_utf8(output.stdout).unwrap();
    let verdicts = printed.lines().filter(|line| line.contains(" ok "));
    assert!(output.status.success() && verdicts.count() > 1, "{printed}");
}

/// Row 36: redis is killed twice; 20 times with `cargo xtask torture --servers`.
#[test]
fn subscribers_come_back_to_a_redis_that_was_killed() {
    plays_with(Program::Redis);
}

/// Row 36: `PostgreSQL` is killed twice; 20 times with `cargo xtask torture --servers`.
#[test]
fn listeners_come_back_to_a_postgres_that_was_killed() {
    plays_with(Program::Postgres);
}

/// Rows 2, 37, 42: a takeover of the session, a server that hangs, and refused logins.
#[test]
fn mosquitto_clients_meet_growing_delays_and_come_back() {
    plays_with(Program::Mosquitto);
}

/// Rows 2, 3, 38: no backend, a queue, reloads and a restart.
#[test]
fn haproxy_clients_are_not_back_before_the_server_behind_it_speaks() {
    plays_with(Program::Haproxy);
}

/// Rows 2, 3: no backend, reloads and a restart.
#[test]
fn nginx_clients_are_back_when_its_backend_is() {
    plays_with(Program::Nginx);
}

/// Row 55: a lame duck asks all its clients to go away.
#[test]
fn nats_clients_go_when_they_are_asked_to_without_an_outage() {
    plays_with(Program::Nats);
}

/// Rows 11, 12, 43: dnsmasq keeps an answer that is no longer right, drops AAAA, and fails.
#[test]
fn names_that_dnsmasq_resolves_badly_are_connected_to() {
    if !fs::metadata("/proc/self").is_ok_and(|it| it.uid() == 0) {
        assert!(env::var_os(NAMESPACES).is_none());
        println!("skipped: there can be no network namespace: not root");
        return;
    }
    plays_with(Program::Dnsmasq);
}

/// All that dnsmasq takes is there, but `ip`.
#[test]
fn names_are_not_played_without_a_namespace_unless_that_is_required() {
    if let Err(missing) = Program::Dnsmasq.find() {
        println!("skipped: {missing}");
        return;
    }
    let directory = env::temp_dir().join(format!("schmoozer-lacks-{}", std::process::id()));
    fs::create_dir(&directory).unwrap();
    for tool in ["dnsmasq", "setpriv", "unshare"] {
        fs::write(directory.join(tool), "").unwrap();
    }
    let run = |command: &mut Command| {
        let only = ["--servers", "--quick", "--only", "dnsmasq"];
        let output = command.args(only).env("PATH", &directory).output().unwrap();
        let printed = String::from_utf8(output.stdout).unwrap();
        (output.status.code(), printed)
    };
    let (code, printed) = run(Command::new(TORTURE).env_remove(NAMESPACES));
    assert_eq!(
        (code, &*printed),
        (Some(0), "dnsmasq: skipped: ip is not here\n")
    );
    let (code, printed) = run(Command::new(TORTURE).env(NAMESPACES, "1"));
    assert!(code == Some(1) && printed.contains("FAILED"), "{printed}");
    fs::remove_dir_all(directory).unwrap();
}

/// Row 2: the handshake is part of connecting, and a wrong certificate is final.
#[test]
fn tls_clients_are_back_with_their_server_and_refuse_another() {
    plays_with(Program::Openssl);
}

/// Without a `PATH` there is no redis, and nothing that would kill a server with us.
fn without_programs(command: &mut Command) -> Output {
    command.arg("--servers").env("PATH", "").output().unwrap()
}

#[test]
fn what_is_not_installed_is_skipped_with_the_command_that_installs_it() {
    let output = without_programs(Command::new(TORTURE).env_remove(REQUIRED));
    let printed = String::from_utf8(output.stdout).unwrap();
    let lines: Vec<_> = printed.lines().collect();
    assert_eq!(lines.len(), Program::value_variants().len(), "{printed}");
    for line in lines {
        assert!(line.starts_with("skipped: "), "{line}");
        assert!(line.contains("apt-get install"), "{line}");
    }
    assert!(output.status.success());
}

#[test]
fn what_is_not_installed_is_a_failure_where_it_is_required() {
    let output = without_programs(Command::new(TORTURE).env(REQUIRED, "1"));
    assert_eq!(output.status.code(), Some(1));
}

/// The command lines of the processes that work under `directory`.
fn running_in(directory: &str) -> Vec<String> {
    let processes = fs::read_dir("/proc").unwrap().flatten();
    let lines = processes.filter_map(|entry| {
        let cwd = fs::read_link(entry.path().join("cwd")).ok()?;
        let line = fs::read_to_string(entry.path().join("cmdline")).ok()?;
        cwd.starts_with(directory).then_some(line)
    });
    lines.collect()
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
    // The first has one process, the second has workers that outlive their master.
    let installed = [Program::Redis, Program::Nginx].map(|it| it.find().is_ok());
    if installed != [true; 2] {
        println!(
            "skipped: `apt-get install redis-server nginx libnginx-mod-stream` installs what it takes"
        );
        return;
    }
    let directory = env::temp_dir().join(format!("schmoozer-torture-{}", std::process::id()));
    fs::create_dir(&directory).unwrap();
    let directory = directory.canonicalize().unwrap();
    let directory = directory.to_str().unwrap();
    let mut program = Command::new(TORTURE)
        .args(["--servers", "--only", "redis", "--only", "nginx"])
        .env("TMPDIR", directory)
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    for name in ["redis-server", "nginx: worker"] {
        soon(name, || {
            running_in(directory).iter().any(|line| line.contains(name))
        });
    }
    program.kill().unwrap();
    program.wait().unwrap();
    soon("all are gone", || running_in(directory).is_empty());
    fs::remove_dir_all(directory).unwrap();
}
