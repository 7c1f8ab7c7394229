//! Which form a handler has, and what the compiler says about the forms that do not work.

#![doc = include_str!("_handlers.md")]
