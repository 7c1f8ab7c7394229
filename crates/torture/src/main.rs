//! Runs what takes long; `cargo xtask torture` builds it as a release.
#![forbid(unsafe_code)]

use std::env;
use std::error::Error;
use std::io;
use std::process::{Command, ExitCode};
use std::time::{Duration, Instant};

use clap::{Parser, ValueEnum as _};
use schmoozer_core::Pacer;
use tokio::runtime::Runtime;
use tokio::signal::unix::{SignalKind, signal};
use tokio::task::LocalSet;
use torture::simulation::{Plan, simulate};
use torture::{Chaos, Installed, KillRun, Program, Scene, Soak, Verdict, allow_descriptors, rows};

/// Runs what takes long: without an option, a simulated network that breaks
#[derive(Debug, Clone, Parser)]
#[command(name = "cargo xtask torture")]
#[expect(clippy::struct_excessive_bools, reason = "flags of a command line")]
struct Options {
    /// How many seeds the simulation plays
    #[arg(long, default_value_t = 1_000, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    seeds: u64,
    /// Plays this seed alone, and shows what happens in it; what the others do is drawn from it
    #[arg(long, value_name = "S", conflicts_with = "seeds")]
    seed: Option<u64>,
    /// Keeps many connectors for so long on real sockets among servers that fail
    #[arg(long, group = "what", value_name = "TIME", value_parser = humantime::parse_duration)]
    soak: Option<Duration>,
    #[command(flatten)]
    settings: Soak,
    /// Plays with real servers, those that are installed
    #[arg(long, group = "what")]
    servers: bool,
    /// With `--servers`: seconds instead of minutes
    #[arg(long)]
    quick: bool,
    /// With `--servers`: how often redis and postgres are killed each
    #[arg(long, default_value_t = 20, value_name = "N")]
    kills: u32,
    /// Has three clients behind a proxy that misbehaves at random
    #[arg(long, group = "what")]
    chaos: bool,
    /// With `--chaos`: for how many minutes
    #[arg(long, default_value_t = 8.0, value_parser = minutes, value_name = "N")]
    minutes: f64,
    /// Runs each row of the reliability page with the defaults; takes 15 minutes once all is built
    #[arg(long, group = "what")]
    rows: bool,
    /// These servers or rows alone
    #[arg(long, value_name = "NAME")]
    only: Vec<String>,
    /// Runs one after the other: the simulation, the soak for ten minutes, the real servers, chaos, the rows
    #[arg(long, group = "what")]
    all: bool,
    /// Plays a part in surroundings of its own: what the program starts itself
    #[arg(long, hide = true, group = "what")]
    part: Option<String>,
}

/// Set to anything, a server that is not installed is a failure.
const REQUIRED: &str = "SCHMOOZER_REQUIRE_SERVERS";

type Outcome = Result<bool, Box<dyn Error>>;

fn minutes(text: &str) -> Result<f64, String> {
    let minutes = text.parse().map_err(|error| format!("{error}"))?;
    Duration::try_from_secs_f64(60.0 * minutes).map_err(|error| error.to_string())?;
    Ok(minutes)
}

fn main() -> Result<ExitCode, Box<dyn Error>> {
    let options = Options::parse();
    let other = options.servers || options.chaos || options.rows || options.part.is_some();
    let mut holds = true;
    if options.all || !(other || options.soak.is_some()) {
        holds &= simulation(&options);
    }
    let scenes = LocalSet::new();
    holds &= Runtime::new()?.block_on(async {
        let mut interrupt = signal(SignalKind::interrupt())?;
        let mut terminate = signal(SignalKind::terminate())?;
        // What is dropped then takes its servers and directories with it.
        tokio::select! {
            holds = scenes.run_until(on_sockets(&options)) => holds,
            _ = interrupt.recv() => Ok(false),
            _ = terminate.recv() => Ok(false),
        }
    })?;
    Ok(ExitCode::from(u8::from(!holds)))
}

async fn on_sockets(options: &Options) -> Outcome {
    if let Some(part) = &options.part {
        return match part.as_str() {
            "soak" => torture::serve(options.settings.heartbeat).await,
            "names" => return Ok(play_all(options).await),
            part => rows::play_part(part).await,
        }
        .map(|()| true)
        .map_err(Into::into);
    }
    let mut holds = true;
    let ten_minutes = options.all.then_some(Duration::from_secs(600));
    if let Some(time) = options.soak.or(ten_minutes) {
        holds &= soak(options, time).await?;
    }
    if options.all || options.servers {
        holds &= play_all(options).await;
    }
    if options.all || options.chaos {
        holds &= chaos(options).await?;
    }
    if options.all || options.rows {
        holds &= rows::run(&options.only, |line| println!("{line}")).await?;
    }
    Ok(holds)
}

/// Plays many seeds, and says which of them show a fault.
fn simulation(options: &Options) -> bool {
    let begin = Instant::now();
    let range = options.seed.map_or(1..=options.seeds, |seed| seed..=seed);
    let (mut played, mut failed, mut attempts, mut outages) = (0, Vec::new(), 0, 0);
    for seed in range {
        match simulate(seed) {
            Ok(outcome) => {
                if options.seed.is_some() {
                    println!("{}\n{outcome}", Plan::new(seed));
                }
                attempts += u64::from(outcome.attempts);
                outages += u64::from(outcome.outages);
            }
            Err(fault) => {
                println!("{fault}\nreplay: cargo xtask torture --seed {seed}\n");
                failed.push(seed);
            }
        }
        played += 1;
        if played % 100 == 0 {
            println!("{played} seeds played, {} failed", failed.len());
        }
    }
    let seconds = begin.elapsed().as_secs_f64();
    println!(
        "{played} seeds: {attempts} attempts, {outages} outages, failed: {failed:?}, in {seconds:.1} s"
    );
    failed.is_empty()
}

async fn soak(options: &Options, duration: Duration) -> Outcome {
    let soak = Soak {
        duration,
        seed: options.seed.unwrap_or(1),
        ..options.settings
    };
    // A process has more open than its connections.
    allow_descriptors(soak.connectors as u64 + 1_000)?;
    let mut servers = Command::new(env::current_exe()?);
    let heartbeat = humantime::format_duration(soak.heartbeat).to_string();
    servers.args(["--part", "soak", "--heartbeat", &heartbeat]);
    let pacer = Pacer::per_second(soak.per_second).burst(soak.burst)?;
    let report = soak.run(&pacer, servers, |line| println!("{line}")).await?;
    println!(
        "{} attempts, {} connections lost",
        report.attempts, report.lost
    );
    Ok(all_hold("", &report.verdicts))
}

async fn chaos(options: &Options) -> Outcome {
    let (minutes, seed) = (options.minutes, options.seed.unwrap_or(1));
    let duration = Duration::from_secs_f64(60.0 * minutes);
    let chaos = Chaos { duration, seed };
    let verdicts = chaos.run(|line| println!("{line}")).await?;
    let holds = all_hold("", &verdicts);
    if !holds {
        println!("replay: cargo xtask torture --chaos --minutes {minutes} --seed {seed}");
    }
    Ok(holds)
}

/// Those real servers that are killed under load come one after the other, the others meanwhile.
async fn play_all(options: &Options) -> bool {
    let all = Program::value_variants();
    let known: Vec<_> = all.iter().map(Program::to_string).collect();
    if let Some(unknown) = options.only.iter().find(|it| !known.contains(it)) {
        println!("{unknown} is none of {}", known.join(", "));
        return false;
    }
    let mut holds = true;
    let (mut killed, mut played) = (Vec::new(), Vec::new());
    for (program, name) in all.iter().zip(&known) {
        if !options.only.is_empty() && !options.only.contains(name) {
            continue;
        }
        match program.find() {
            Ok(installed) if installed.is_killed() => killed.push(installed),
            Ok(installed) => {
                let options = options.clone();
                played.push(tokio::task::spawn_local(async move {
                    play(installed, &options).await
                }));
            }
            Err(missing) => {
                println!("skipped: {program}: {missing}");
                holds &= env::var_os(REQUIRED).is_none();
            }
        }
    }
    for installed in killed {
        holds &= play(installed, options).await;
    }
    for playing in played {
        holds &= playing.await.unwrap_or(false);
    }
    holds
}

/// Prints the verdicts on one server, and returns whether all hold.
async fn play(installed: Installed, options: &Options) -> bool {
    let program = installed.program().to_string();
    let tell = |line: &str| println!("{program}: {line}");
    let scene = if options.quick {
        Scene::QUICK
    } else {
        Scene::FULL
    };
    let verdicts = if installed.is_killed() {
        let (kills, seed) = (options.kills, options.seed.unwrap_or(1));
        KillRun { kills, seed }.run(&installed, tell).await
    } else {
        let mut again = vec!["--part", "names", "--only", &program];
        again.extend(options.quick.then_some("--quick"));
        let again = options.part.is_none().then_some(&again[..]);
        installed.play(&scene, again, tell).await
    };
    let fails = |error: io::Error| vec![Verdict::new("end", false, error.to_string())];
    all_hold(&program, &verdicts.unwrap_or_else(fails))
}

/// Prints verdicts on something.
fn all_hold(of: &str, verdicts: &[Verdict]) -> bool {
    for verdict in verdicts {
        match of {
            "" => println!("{verdict}"),
            of => println!("{of:<9} {verdict}"),
        }
    }
    verdicts.iter().all(|verdict| verdict.holds)
}
