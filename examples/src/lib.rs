//! Real programs on the schmoozer crates, one file each, beside this package.
