use std::io;
use std::time::Duration;

use schmoozer_faults::{Behaviour, Peer};
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::sync::watch;
use tokio::time::sleep;

use crate::service::{HOSTS, Service, Turns};

/// Runs the servers, until standard input ends.
///
/// Prints their addresses, a line each. They answer: each client receives a byte at once, and one each `heartbeat`. A
/// line with the milliseconds of a turn and a seed has them fail, turn by turn; another one has them answer again.
///
/// # Errors
///
/// When an address cannot be had, or a line is neither.
pub async fn serve(heartbeat: Duration) -> io::Result<()> {
    let mut hosts = Vec::new();
    for number in 0..HOSTS {
        // Not 127.0.0.1: from there the clients come. Several, so that each has all ports for itself.
        let last = u8::try_from(number + 2).map_err(io::Error::other)?;
        let answer = Behaviour::Drip(b".".into(), heartbeat);
        let peer = Peer::start_at(([127, 0, 0, last], 0), answer).await?;
        println!("{}", peer.addr());
        let (service, receiver) = watch::channel(Service::Answer);
        hosts.push(service);
        tokio::spawn(host(peer, receiver, heartbeat));
    }
    let mut lines = BufReader::new(tokio::io::stdin()).lines();
    let mut storm: Option<(Duration, Turns)> = None;
    loop {
        let turn = storm.as_ref().map(|(turn, _)| *turn);
        tokio::select! {
            line = lines.next_line() => match line? {
                None => return Ok(()),
                Some(line) => storm = storm_of(&line)?,
            },
            () = sleep(turn.unwrap_or_default()), if turn.is_some() => {}
        }
        let services = match &mut storm {
            Some((_, turns)) => turns.next(),
            None => [Service::Answer; HOSTS],
        };
        for (host, service) in hosts.iter().zip(services) {
            host.send_if_modified(|now| std::mem::replace(now, service) != service);
        }
    }
}

fn storm_of(line: &str) -> io::Result<Option<(Duration, Turns)>> {
    let Some((millis, seed)) = line.split_once(' ') else {
        return Ok(None);
    };
    let turn = Duration::from_millis(millis.parse().map_err(io::Error::other)?);
    let turns = Turns::new(seed.parse().map_err(io::Error::other)?);
    Ok(Some((turn, turns)))
}

/// Becomes what it should be, as long as somebody says so.
async fn host(peer: Peer, mut services: watch::Receiver<Service>, heartbeat: Duration) {
    while services.changed().await.is_ok() {
        let service = *services.borrow_and_update();
        if let Err(error) = become_now(&peer, service, heartbeat).await {
            eprintln!("{} cannot {service:?}: {error}", peer.addr());
        }
    }
}

async fn become_now(peer: &Peer, service: Service, heartbeat: Duration) -> io::Result<()> {
    match service {
        Service::Answer => {
            let answer = Behaviour::Drip(b".".into(), heartbeat);
            peer.restart(answer).await.map(drop)
        }
        Service::Refuse => peer.stop().await,
        Service::Close => peer.restart(Behaviour::Close).await.map(drop),
        Service::Reset => {
            peer.switch(Behaviour::Reset).await?;
            peer.reset_live().await
        }
        Service::Hole => {
            peer.switch(Behaviour::BlackHole).await?;
            peer.freeze_live().await
        }
    }
}
