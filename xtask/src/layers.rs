use crate::project::LINUX;

/// Who may depend on what. To add a dependency, add it here, with its reason in the commit.
pub(crate) const LAYERS: &[Layer] = &[
    Layer {
        name: "schmoozer",
        declares: &[
            "schmoozer-core",
            "optional schmoozer-backoff",
            "optional schmoozer-tcp",
        ],
        strangers: &[],
        trees: &[
            // Each is one more than that of the crate which it stands for.
            Tree("--no-default-features", LINUX, 4, PURE),
            Tree("--no-default-features --features backoff", LINUX, 6, PURE),
            Tree("", LINUX, 22, NO_RUNTIME),
            Tree("", MACOS, 16, NO_RUNTIME),
            Tree("", WINDOWS, 17, NO_RUNTIME),
        ],
    },
    Layer {
        name: "schmoozer-backoff",
        declares: &["fastrand", "optional backoff", "optional serde"],
        strangers: &["schmoozer", "schmoozer-core", "schmoozer-tcp", "tokio"],
        trees: &[
            Tree("", LINUX, 2, PURE),
            Tree("--features serde", LINUX, 4, PURE),
        ],
    },
    Layer {
        name: "schmoozer-core",
        declares: &[
            "pin-project-lite",
            "tokio: sync, time",
            "optional metrics",
            "optional tracing",
        ],
        strangers: &["schmoozer", "schmoozer-backoff", "schmoozer-tcp"],
        trees: &[
            Tree("--no-default-features", LINUX, 3, &["tokio/rt"]),
            // `rt` is there by default: `Runner::spawn` needs it, and it adds no crate.
            Tree("", LINUX, 3, &["a proc macro", "tokio/net"]),
            Tree("--features tracing", LINUX, 6, PURE),
        ],
    },
    Layer {
        name: "schmoozer-faults",
        declares: &[
            "socket2",
            "tokio: io-util, net, rt, sync, time",
            "optional metrics",
            "optional metrics-util",
            "optional schmoozer-core",
            "optional tracing",
        ],
        strangers: &["schmoozer", "schmoozer-backoff", "schmoozer-tcp"],
        trees: &[],
    },
    Layer {
        name: "schmoozer-tcp",
        declares: &[
            "fastrand",
            "libc",
            "nix",
            "schmoozer-backoff",
            "schmoozer-core",
            "socket2",
            "thiserror",
            "tokio: net, sync, time",
            "optional hickory-resolver",
            "optional resolv-conf",
            "optional serde",
        ],
        strangers: &["schmoozer"],
        trees: &[
            Tree("", LINUX, 21, NO_RUNTIME),
            Tree("", MACOS, 15, NO_RUNTIME),
            Tree("", WINDOWS, 16, NO_RUNTIME),
        ],
    },
];

const MACOS: &str = "aarch64-apple-darwin";
const WINDOWS: &str = "x86_64-pc-windows-msvc";

const PURE: &[&str] = &["a proc macro"];
const NO_RUNTIME: &[&str] = &["tokio/macros", "tokio/rt-multi-thread"];

/// What one published crate may depend on.
pub(crate) struct Layer {
    pub(crate) name: &'static str,
    /// What its manifest declares, but for what only tests need; tokio with its features.
    pub(crate) declares: &'static [&'static str],
    /// Crates that it must not know at all, not even in tests.
    pub(crate) strangers: &'static [&'static str],
    pub(crate) trees: &'static [Tree],
}

/// What the users of a crate compile: how cargo is told which features they chose, their system, the most crates that
/// the tree may hold, the crate itself included, and what none of these may be or have.
pub(crate) struct Tree(
    pub(crate) &'static str,
    pub(crate) &'static str,
    pub(crate) usize,
    pub(crate) &'static [&'static str],
);
