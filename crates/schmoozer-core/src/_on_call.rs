//! For on-call engineers: what each log line and metric means, and what to alert on.

#![doc = include_str!("_on_call.md")]
