//! The faults that the loop and the dialer must survive. Each row names a fault and the required behaviour, and has tests.

#![doc = include_str!("_reliability.md")]
