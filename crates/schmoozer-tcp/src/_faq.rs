//! Questions about programs that reconnect, and what this crate does.
//!
//! The answers link public questions about other projects, where people met the same problem.

#![doc = include_str!("_faq/connecting.md")]
#![doc = include_str!("_faq/using.md")]
#![doc = include_str!("_faq/operating.md")]
