use std::cell::Cell;
use std::fmt;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use schmoozer_core::Handle;
use turmoil::{Builder, Sim};

use super::link::{CONNECT_TIMEOUT, PATIENCE, PAUSE, boot, serve};
use super::monitor::{Monitor, Seen};
use super::plan::{Incident, Plan, Service, Weather};

pub(crate) const TICK: Duration = Duration::from_millis(10);

/// How long everybody must stay connected once all is well.
const CALM: Duration = Duration::from_secs(10);

/// What a simulation has seen of its clients.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// How often the clients dialled.
    pub attempts: u32,
    /// How many outages they had.
    pub outages: u32,
    /// What each was told, and when.
    pub events: Vec<Vec<(Duration, String)>>,
}

/// Plays the plan that follows from `seed`.
///
/// # Errors
///
/// What did not hold, with the plan and what the clients were told.
pub fn simulate(seed: u64) -> Result<Outcome, String> {
    play(Plan::new(seed))
}

/// Plays `plan`.
///
/// # Errors
///
/// What did not hold, with the plan and what the clients were told.
pub fn play(plan: Plan) -> Result<Outcome, String> {
    let plan = Arc::new(plan);
    let mut world = World::new(&plan);
    match world.play() {
        Ok(()) => Ok(world.outcome()),
        Err(fault) => Err(format!("{fault}\n\n{plan}\n{}", world.outcome())),
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (client, events) in self.events.iter().enumerate() {
            writeln!(f, "client {client}")?;
            for (at, event) in events {
                writeln!(f, "{:>8.3} s  {event}", at.as_secs_f64())?;
            }
        }
        Ok(())
    }
}

struct World<'a> {
    plan: Arc<Plan>,
    sim: Sim<'a>,
    service: Rc<Cell<Service>>,
    monitors: Vec<Arc<Monitor>>,
    weather: Vec<Weather>,
}

impl World<'_> {
    fn new(plan: &Arc<Plan>) -> Self {
        let mut sim = Builder::new()
            .rng_seed(plan.seed)
            .tick_duration(TICK)
            .min_message_latency(Duration::from_millis(1))
            .max_message_latency(plan.latency)
            .build();
        let service = Rc::new(Cell::new(Service::Answers));
        let of_server = Rc::clone(&service);
        sim.host("server", move || serve(Rc::clone(&of_server)));
        let monitors: Vec<Arc<Monitor>> = (0..plan.clients).map(|_| Arc::default()).collect();
        for (client, monitor) in monitors.iter().enumerate() {
            let (plan, monitor) = (Arc::clone(plan), Arc::clone(monitor));
            sim.host(name(client), move || {
                boot(Arc::clone(&plan), Arc::clone(&monitor))
            });
        }
        Self {
            plan: Arc::clone(plan),
            sim,
            service,
            weather: vec![Weather::Clear; monitors.len()],
            monitors,
        }
    }

    fn play(&mut self) -> Result<(), String> {
        let plan = Arc::clone(&self.plan);
        for (at, incident) in &plan.incidents {
            self.go_on_until(*at)?;
            self.apply(*incident);
        }

        // What was under way when all was healed may still fail: a dial, or a connection that is dead.
        let found_out = CONNECT_TIMEOUT.max(PAUSE + PATIENCE);
        let dial = 4 * (plan.latency + TICK);
        let back = plan.storm + found_out + plan.cap + dial;
        self.go_on_until(back)?;
        let instead = format!("is not connected again at {back:?}");
        self.each(&instead, |it| it.connected.is_some())?;
        self.go_on_until(back + CALM)?;
        let instead = format!("lost its connection after {back:?}");
        self.each(&instead, |it| {
            it.connected.is_some_and(|since| since <= back)
        })?;

        for monitor in &self.monitors {
            if let Some(handle) = &monitor.seen().handle {
                handle.shutdown();
            }
        }
        self.go_on_until(self.sim.elapsed() + 2 * TICK)?;
        for monitor in &self.monitors {
            monitor.none_is_live();
        }
        self.each("has not stopped", |it| it.stopped)
    }

    /// Fails if something does not hold of each client: with the first such client, and what it does instead.
    fn each(&self, instead: &str, holds: impl Fn(&Seen) -> bool) -> Result<(), String> {
        let odd = self.monitors.iter().position(|it| !holds(&it.seen()));
        odd.map_or(Ok(()), |client| Err(format!("client {client} {instead}")))
    }

    fn go_on_until(&mut self, moment: Duration) -> Result<(), String> {
        while self.sim.elapsed() < moment {
            let ended = self.sim.step();
            ended.map_err(|fault| format!("at {:?}: {fault}", self.sim.elapsed()))?;
        }
        Ok(())
    }

    fn apply(&mut self, incident: Incident) {
        match incident {
            Incident::Link(client, weather) => self.change(client, weather),
            Incident::Server(service) => {
                let before = self.service.replace(service);
                match (before, service) {
                    (Service::Crashed, Service::Crashed) => {}
                    (_, Service::Crashed) => self.sim.crash("server"),
                    (Service::Crashed, _) => self.sim.bounce("server"),
                    _ => {}
                }
            }
            Incident::ClientCrashes(client) => {
                self.sim.crash(name(client));
                self.monitors[client].crashed();
            }
            Incident::ClientBoots(client) => self.sim.bounce(name(client)),
            Incident::RetryNow(client) => self.ask(client, Handle::retry_now),
            Incident::Reconnect(client) => self.ask(client, Handle::reconnect),
        }
    }

    fn ask(&self, client: usize, request: fn(&Handle)) {
        let mut seen = self.monitors[client].seen();
        if let Some(handle) = &seen.handle {
            request(handle);
            seen.asked = Some(self.sim.elapsed());
        }
    }

    fn change(&mut self, client: usize, weather: Weather) {
        let here = name(client);
        let there = "server";
        match self.weather[client] {
            Weather::Held => self.sim.release(&*here, there),
            _ => self.sim.repair(&*here, there),
        }
        match weather {
            Weather::Clear => {}
            Weather::Cut => self.sim.partition(&*here, there),
            Weather::Deaf => self.sim.partition_oneway(&*here, there),
            Weather::Mute => self.sim.partition_oneway(there, &*here),
            Weather::Held => self.sim.hold(&*here, there),
        }
        self.weather[client] = weather;
    }

    fn outcome(&self) -> Outcome {
        let seen = || self.monitors.iter().map(|monitor| monitor.seen());
        Outcome {
            attempts: seen().map(|seen| seen.attempts).sum(),
            outages: seen().map(|seen| seen.outages).sum(),
            events: seen().map(|seen| seen.events.clone()).collect(),
        }
    }
}

fn name(client: usize) -> String {
    format!("client-{client}")
}
