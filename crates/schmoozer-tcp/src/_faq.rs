//! Questions that people ask of programs that reconnect, and what this one does.
//!
//! Where a question was asked of another project in public, that is linked: it is how we know that it comes up.

#![doc = include_str!("_faq/connecting.md")]
#![doc = include_str!("_faq/using.md")]
#![doc = include_str!("_faq/operating.md")]
