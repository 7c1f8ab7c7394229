//! What other crates do, beside this one: incomplete and biased, and each cell measured or cited.

#![doc = include_str!("_peers.md")]
