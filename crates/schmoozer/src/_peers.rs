//! A comparison with other crates, and what they do better.
//!
// The first definition of a link counts: these are for the rendered page, and those in the file are for the repository.
#![cfg_attr(
    feature = "tcp",
    doc = "[from stubborn-io]: crate::tcp::_moving_over::from_stubborn_io"
)]
#![cfg_attr(
    not(feature = "tcp"),
    doc = "[from stubborn-io]: https://docs.rs/schmoozer-tcp"
)]
#![cfg_attr(
    feature = "backoff",
    doc = "[moving over]: crate::backoff::_moving_over"
)]
#![cfg_attr(
    not(feature = "backoff"),
    doc = "[moving over]: https://docs.rs/schmoozer-backoff"
)]
//!
#![doc = include_str!("_peers.md")]
