//! Whatever is given as a policy is read, or refused in a short line without its secrets. The fuzz targets `policy` and
//! `config` ask the same of text that nobody thought of.

#![cfg(feature = "config")]

#[cfg(feature = "serde")]
mod file;
mod line;
