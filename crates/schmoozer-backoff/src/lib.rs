//! Delay policies.
