//! What the schmoozer crates cost and do, beside their peers.
