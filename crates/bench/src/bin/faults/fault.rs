use std::process::Command;
use std::time::Duration;

use clap::ValueEnum;

pub(crate) const TICK: Duration = Duration::from_millis(20);

/// Something that goes wrong for a client.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Fault {
    /// The server accepts and closes at once.
    AcceptThenClose,
    /// The server accepts and resets at once.
    AcceptThenReset,
    /// The server takes the client's login, and closes then.
    LoginThenClose,
    /// The name cannot be resolved.
    NameNotFound,
    /// The process is out of descriptors, for two seconds.
    NoDescriptors,
    /// There is no route, for two seconds.
    NoRoute,
    /// Nothing answers a SYN.
    BlackHole,
}

impl Fault {
    pub(crate) const ALL: &[Self] = &[
        Self::AcceptThenClose,
        Self::AcceptThenReset,
        Self::LoginThenClose,
        Self::NameNotFound,
        Self::NoDescriptors,
        Self::NoRoute,
        Self::BlackHole,
    ];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::AcceptThenClose => "accept-then-close",
            Self::AcceptThenReset => "accept-then-reset",
            Self::LoginThenClose => "login-then-close",
            Self::NameNotFound => "name-not-found",
            Self::NoDescriptors => "no-descriptors",
            Self::NoRoute => "no-route",
            Self::BlackHole => "black-hole",
        }
    }

    /// How long a client is watched, if not told otherwise.
    pub(crate) fn watched(self, seconds: Option<u64>) -> Duration {
        Duration::from_secs(seconds.unwrap_or(match self {
            Self::AcceptThenClose | Self::AcceptThenReset | Self::LoginThenClose => 3,
            Self::NameNotFound | Self::NoDescriptors | Self::NoRoute => 8,
            // Longer than a dial of ours, shorter than one of the kernel's.
            Self::BlackHole => 12,
        }))
    }

    /// When the fault passes, if it does.
    pub(crate) const fn passes_after(self) -> Option<Duration> {
        match self {
            Self::NoDescriptors | Self::NoRoute => Some(Duration::from_secs(2)),
            _ => None,
        }
    }

    pub(crate) const fn keeps_the_processor_busy(self) -> bool {
        matches!(
            self,
            Self::AcceptThenClose | Self::AcceptThenReset | Self::LoginThenClose
        )
    }

    /// Says why the fault cannot be had here.
    pub(crate) fn why_not(self) -> Option<&'static str> {
        let missing = self == Self::NoRoute && namespace().is_none();
        missing.then_some("there can be no network namespace: it takes root, unshare and iproute2")
    }

    /// The command that a client's process is run by, as far as the fault lies there.
    pub(crate) fn surroundings(self) -> Vec<String> {
        let words: &[&str] = match self {
            Self::NoDescriptors => &["sh", "-c", "ulimit -n 40; exec \"$@\"", "sh"],
            // Without a network no question about a name leaves the machine.
            Self::NameNotFound | Self::NoRoute => namespace().unwrap_or_default(),
            _ => &[],
        };
        words.iter().map(|&word| word.to_owned()).collect()
    }
}

/// The command that runs another in a network of its own, which has nothing in it.
fn namespace() -> Option<&'static [&'static str]> {
    const WAYS: [&[&str]; 2] = [
        &["unshare", "--net"],
        &["unshare", "--net", "--map-root-user"],
    ];
    WAYS.into_iter().find(|way| {
        Command::new(way[0])
            .args(&way[1..])
            .args(["ip", "link", "set", "lo", "up"])
            .output()
            .is_ok_and(|output| output.status.success())
    })
}
