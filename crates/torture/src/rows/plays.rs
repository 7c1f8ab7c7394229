//! What is played with the defaults, and where.

use std::future::Future;
use std::io;

use super::{Measured, Play, cable, connections, dials, endings, lacking, outages};
use crate::process::{again_inside, succeeds};

fn play(
    rows: &'static [&'static str],
    name: &'static str,
    play: impl Future<Output = Measured> + Send + 'static,
) -> Play {
    (rows, name, Box::pin(play))
}

/// What is judged to 20 ms.
pub(super) fn exact() -> Vec<Play> {
    vec![
        play(&["6"], "a black hole", dials::black_hole()),
        play(&["7"], "a dead address first", dials::dead_first()),
        play(&["8"], "a refused address first", dials::refused_first()),
        play(&["9"], "two addresses fail", dials::all_fail()),
        play(&["10"], "dead IPv6 addresses", dials::dead_v6()),
        play(&["13"], "a lookup hangs", dials::hung_lookup()),
    ]
}

/// What takes a minute or two.
pub(super) fn short() -> Vec<Play> {
    let mut plays = vec![
        play(&["1"], "not there for 10 s", outages::not_there_yet()),
        play(&["2"], "away for 10 s", outages::restart()),
        play(&["3"], "closes for a minute", endings::closes()),
        play(&["4"], "resets for a minute", endings::resets()),
        play(&["5"], "resets once", outages::reset_once()),
        play(&["11"], "no answer for 10 s", outages::no_answer()),
        play(&["12"], "moves", outages::moves()),
        play(&["15"], "no route for 10 s", inside("route")),
        play(&["18"], "no descriptors for 10 s", alone("descriptors")),
        play(&["19"], "no ports for 10 s", inside("ports")),
        play(&["23"], "shutdown in each state", endings::shutdown()),
        play(&["24"], "dropped in each state", alone("dropped")),
        play(&["26", "51"], "50 reconnect", connections::reconnect()),
        play(&["37"], "logs in for a minute", endings::login_then_close()),
        play(&["38"], "silent for a minute", endings::silent()),
        play(&["39"], "EPERM for 10 s", outages::forbidden()),
        play(&["40"], "no address for 10 s", inside("address")),
        play(&["41"], "IPv6 alone for 10 s", outages::missing_family()),
        play(&["42"], "handler fails for 10 s", outages::handler_fails()),
        play(&["43"], "slow lookups", inside("lookups")),
        play(&["44"], "primary closes", endings::primary_closes()),
        play(&["46"], "700 hang for a minute", inside("hung")),
        play(&["50"], "hickory, kept off for 10 s", inside("hickory")),
        play(&["52"], "retry_now in a hung dial", dials::retry_now()),
        play(&["53"], "1,000 requests a second", outages::impatience()),
        play(&["55"], "1,000 are sent away", connections::go_away()),
    ];
    for count in [16, 20, 64] {
        let (addresses, endpoints) = (dials::dead_addresses(count), dials::dead_endpoints(count));
        plays.push(play(&["45"], "dead addresses", addresses));
        plays.push(play(&["45"], "dead endpoints", endpoints));
    }
    plays
}

/// What takes minutes, and little of the machine.
pub(super) fn long() -> Vec<Play> {
    vec![
        play(&["14", "49"], "a cable is cut", inside("cable")),
        play(
            &["48"],
            "reads nothing for 50 s",
            connections::slow_reader(50),
        ),
        play(&["48"], "for 10 minutes", connections::slow_reader(600)),
    ]
}

/// What takes all of the machine.
pub(super) fn busy() -> Vec<Play> {
    vec![
        play(&["17"], "simulated", again("--seeds 1000", "1000 seeds:")),
        play(&["31"], "10,000 connectors", again("--soak 1m", "pacer")),
        play(&["36"], "redis", killed("redis")),
        play(&["36"], "postgres", killed("postgres")),
    ]
}

/// Has a server killed under load, by this program once more.
async fn killed(server: &str) -> Measured {
    let arguments = format!("--servers --only {server}");
    again(&arguments, &format!("{server}: killed 20")).await
}

/// Has this program run once more, by itself, and returns the line that begins so: where there is none, all was skipped.
async fn again(arguments: &str, begin: &str) -> Measured {
    let mut command = tokio::process::Command::new(std::env::current_exe()?);
    let said = succeeds(command.args(arguments.split(' ')), "").await?;
    let line = said.lines().find(|line| line.starts_with(begin));
    let skipped = || io::Error::new(io::ErrorKind::Unsupported, &*said);
    line.map(str::to_owned).ok_or_else(skipped)
}

/// Has this program play a part in a process of its own.
async fn alone(part: &str) -> Measured {
    again(&format!("--part {part}"), "").await
}

/// Has this program play a part in a network of its own.
async fn inside(part: &str) -> Measured {
    again_inside(&["--part", part]).await
}

/// Plays a part that takes a process of its own, and prints what was measured.
///
/// # Errors
///
/// When that is not as the row has it, or there is no such part.
pub async fn play_part(part: &str) -> io::Result<()> {
    let measured = match part {
        "there" => cable::there().await,
        "cable" => cable::here().await,
        "descriptors" => lacking::no_descriptors().await,
        "route" => lacking::no_route().await,
        "address" => lacking::no_local_address().await,
        "ports" => lacking::no_ports().await,
        "dropped" => endings::dropped().await,
        "hung" => lacking::hung_lookups().await,
        "hickory" => lacking::hickory().await,
        "lookups" => lacking::slow_lookups().await,
        _ => Err(io::ErrorKind::InvalidInput.into()),
    };
    measured.map(|measured| println!("{measured}"))
}
