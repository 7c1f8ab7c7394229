//! How the code is laid out, how a failure travels through it, and what is deliberately absent.

#![doc = include_str!("_architecture.md")]
