//! The servers that some of the larger examples demonstrate themselves against.

mod postgres;
mod redis;

pub use postgres::FakePostgres;
pub use redis::FakeRedis;
