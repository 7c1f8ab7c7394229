//! What the loop and the dialer must survive: each row names a fault and what must hold, and each row is a test.

#![doc = include_str!("_reliability.md")]
