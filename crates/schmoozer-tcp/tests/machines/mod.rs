mod bad_network;
#[cfg(feature = "hickory")]
mod hickory;
#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
mod lacking;
mod limits;
mod listed;
mod lookups;
pub(crate) mod network;
pub(crate) mod rerun;
mod routes;
