//! The guides that need crates which the products do not: their examples are tests of this crate.

#[cfg(doctest)]
mod pages;
