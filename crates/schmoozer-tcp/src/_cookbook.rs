//! Recipes: what programs that stay connected need besides the connection. Each is short, complete, and tested.
//!
//! They need tokio with `io-util`, `macros`, `net`, `rt-multi-thread`, `signal`, `sync` and `time`.
//!
//! The life of one connection:
//!
//! - [Log in and stay](#log-in-and-stay)
//! - [Say goodbye](#say-goodbye)
//! - [A refused password](#a-refused-password)
//! - [A queue that outlives connections](#a-queue-that-outlives-connections)
//! - [A server that says when to come back](#a-server-that-says-when-to-come-back)
//! - [Credentials that expire](#credentials-that-expire)
//! - [Which error type](#which-error-type)
//!
//! Servers and networks:
//!
//! - [A server that is up but stuck](#a-server-that-is-up-but-stuck)
//! - [The network comes and goes](#the-network-comes-and-goes)
//! - [A preferred server and a spare](#a-preferred-server-and-a-spare)
//! - [Following the leader](#following-the-leader)
//! - [Make before break](#make-before-break)
//!
//! The connection in a program:
//!
//! - [In your application](#in-your-application): a struct, fifty connections, reload, shutdown
//! - [Wait for the connection at the start](#wait-for-the-connection-at-the-start)
//! - [A client that other tasks share](#a-client-that-other-tasks-share)
//! - [Requests that wait](#requests-that-wait)
//! - [Many connections, stopped together](#many-connections-stopped-together)
//! - [Connecting only when needed](#connecting-only-when-needed)
//! - [Reloading the configuration](#reloading-the-configuration)
//! - [Configuration](#configuration): a file, the environment and the command line
//! - [Stopping on Ctrl-C and SIGTERM](#stopping-on-ctrl-c-and-sigterm)
//! - [A health check](#a-health-check)
//! - [Testing](#testing)
//!
//! Without a connection:
//!
//! - [Retry a plain operation](#retry-a-plain-operation)
//!
//! Other pages: [which form a handler has](crate::_handlers), [proxies, TLS and other transports](crate::_transports),
//! [for on-call engineers](schmoozer_core::_on_call).

#![doc = include_str!("_cookbook/login.md")]
#![doc = include_str!("_cookbook/goodbye.md")]
#![doc = include_str!("_cookbook/refused.md")]
#![doc = include_str!("_cookbook/queue.md")]
#![doc = include_str!("_cookbook/retry_hint.md")]
#![doc = include_str!("_cookbook/renewed.md")]
#![doc = include_str!("_cookbook/errors.md")]
// These two need other crates: they are tested in crates/guides.
#![cfg_attr(not(doctest), doc = include_str!("_cookbook/stuck.md"))]
#![cfg_attr(not(doctest), doc = include_str!("_cookbook/network.md"))]
#![doc = include_str!("_cookbook/failback.md")]
#![doc = include_str!("_cookbook/leader.md")]
#![doc = include_str!("_cookbook/make_before_break.md")]
#![doc = include_str!("_cookbook/application.md")]
#![doc = include_str!("_cookbook/start.md")]
#![doc = include_str!("_cookbook/shared_client.md")]
#![doc = include_str!("_cookbook/waiting.md")]
#![doc = include_str!("_cookbook/many.md")]
#![doc = include_str!("_cookbook/on_demand.md")]
#![doc = include_str!("_cookbook/reload.md")]
#![cfg_attr(feature = "serde", doc = include_str!("_cookbook/configuration.md"))]
#![cfg_attr(
    not(feature = "serde"),
    doc = "# Configuration\n\nThis page needs the feature `serde`."
)]
#![doc = include_str!("_cookbook/shutdown.md")]
#![doc = include_str!("_cookbook/health.md")]
#![doc = include_str!("_cookbook/testing.md")]
#![doc = include_str!("_cookbook/retry.md")]
