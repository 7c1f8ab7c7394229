use std::fmt;
use std::time::Duration;

use crate::service::{HOSTS, Service};
use crate::verdict::mib;

/// How a soak is getting on.
#[derive(Debug, Clone)]
pub struct Progress {
    pub(crate) elapsed: Duration,
    pub(crate) services: [Service; HOSTS],
    pub(crate) connected: usize,
    pub(crate) connecting: usize,
    pub(crate) waiting: usize,
    pub(crate) attempts: u64,
    pub(crate) lost: u64,
    pub(crate) resident: u64,
}

impl Progress {
    /// The time since the servers began to fail.
    #[must_use]
    pub fn elapsed(&self) -> Duration {
        self.elapsed
    }
}

impl fmt::Display for Progress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            connected,
            connecting,
            waiting,
            attempts,
            lost,
            ..
        } = self;
        write!(
            f,
            "{:>6.1} s  up {connected:>5}  connecting {connecting:>5}  waiting {waiting:>5}  \
             attempts {attempts:>7}  lost {lost:>7}  {}  servers:",
            self.elapsed.as_secs_f64(),
            mib(self.resident)
        )?;
        for service in Service::ALL {
            match self.services.iter().filter(|it| **it == service).count() {
                0 => {}
                count => write!(f, " {count} {service}")?,
            }
        }
        Ok(())
    }
}
