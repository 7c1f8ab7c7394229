//! A resolver that says what a test tells it to.

use std::collections::VecDeque;
use std::io;
use std::net::SocketAddr;
use std::sync::Mutex;
use std::time::Duration;

use schmoozer_tcp::{Answers, Resolve};
use tokio::time::sleep;

/// What one lookup does, step by step.
#[derive(Debug, Clone)]
pub(crate) enum Step {
    /// Gives an address.
    Give(SocketAddr),
    /// Takes a while.
    Wait(Duration),
    /// Fails. A lookup without this as its last step succeeds.
    Fail(&'static str),
}

/// Goes through one script a lookup; the last one repeats.
#[derive(Debug)]
pub(crate) struct Scripted {
    scripts: Mutex<VecDeque<Vec<Step>>>,
    asked: Mutex<Vec<String>>,
}

impl Scripted {
    pub(crate) fn new(scripts: impl IntoIterator<Item = Vec<Step>>) -> Self {
        Self {
            scripts: Mutex::new(scripts.into_iter().collect()),
            asked: Mutex::default(),
        }
    }

    /// Answers every lookup with these addresses, all at once.
    pub(crate) fn giving(addrs: impl IntoIterator<Item = SocketAddr>) -> Self {
        Self::new([addrs.into_iter().map(Step::Give).collect()])
    }

    /// Returns what was looked up so far.
    pub(crate) fn asked(&self) -> Vec<String> {
        self.asked.lock().expect("no test panics here").clone()
    }

    fn script(&self) -> Vec<Step> {
        let mut scripts = self.scripts.lock().expect("no test panics here");
        if scripts.len() > 1 {
            scripts.pop_front()
        } else {
            scripts.front().cloned()
        }
        .unwrap_or_default()
    }
}

impl Resolve for Scripted {
    async fn resolve(&self, host: &str, port: u16, answers: &Answers) -> io::Result<()> {
        self.asked
            .lock()
            .expect("no test panics here")
            .push(format!("{host}:{port}"));
        for step in self.script() {
            match step {
                Step::Give(addr) => answers.push(addr),
                Step::Wait(duration) => sleep(duration).await,
                Step::Fail(reason) => return Err(io::Error::other(reason)),
            }
        }
        Ok(())
    }
}
