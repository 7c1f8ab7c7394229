//! Real programs on the schmoozer crates, one directory or file each, beside this package.

/// The program in the project's README.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
struct Readme;
