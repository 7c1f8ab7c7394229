//! Questions about programs that reconnect, and what this crate does.
//!
//! Where a question was asked of another project in public, that is linked: it shows that the question comes up.

#![doc = include_str!("_faq/connecting.md")]
#![doc = include_str!("_faq/using.md")]
#![doc = include_str!("_faq/operating.md")]
