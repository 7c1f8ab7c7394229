//! Recipes: what programs that stay connected need besides the connection, each short, complete, and tested.
//!
//! They need tokio with `io-util`, `macros`, `net`, `rt-multi-thread`, `signal`, `sync` and `time`.
//!
//! - [A login that must not take for ever](#a-login-that-must-not-take-for-ever)
//! - [Credentials that expire](#credentials-that-expire)
//! - [A server that says when to come back](#a-server-that-says-when-to-come-back)
//! - [Following the leader](#following-the-leader)
//! - [Connecting only when needed](#connecting-only-when-needed)
//! - [One connection for each tenant](#one-connection-for-each-tenant)
//! - [Reloading the configuration](#reloading-the-configuration)
//! - [Requests that wait for a connection, but not for ever](#requests-that-wait-for-a-connection-but-not-for-ever)
//! - [Stopping on Ctrl-C and SIGTERM](#stopping-on-ctrl-c-and-sigterm)
//! - [A health check](#a-health-check)
//! - [Testing it without waiting](#testing-it-without-waiting)

#![doc = include_str!("_cookbook/login.md")]
#![doc = include_str!("_cookbook/credentials.md")]
#![doc = include_str!("_cookbook/retry_hint.md")]
#![doc = include_str!("_cookbook/leader.md")]
#![doc = include_str!("_cookbook/on_demand.md")]
#![doc = include_str!("_cookbook/tenants.md")]
#![doc = include_str!("_cookbook/reload.md")]
#![doc = include_str!("_cookbook/waiting_requests.md")]
#![doc = include_str!("_cookbook/shutdown.md")]
#![doc = include_str!("_cookbook/health.md")]
#![doc = include_str!("_cookbook/testing.md")]
