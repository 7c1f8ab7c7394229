//! Where it runs: what was built and tested for which system, and what differs from one to the other.

#![doc = include_str!("_portability.md")]
