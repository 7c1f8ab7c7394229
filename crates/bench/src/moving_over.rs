//! The pages on moving over: their examples are tests of this crate, which knows both sides.

#[doc = include_str!("../../schmoozer-backoff/src/_moving_over/from_backoff.md")]
struct FromBackoff;

#[doc = include_str!("../../schmoozer-backoff/src/_moving_over/from_backon.md")]
struct FromBackon;

#[doc = include_str!("../../schmoozer-backoff/src/_moving_over/from_tokio_retry.md")]
struct FromTokioRetry;

#[doc = include_str!("../../schmoozer-tcp/src/_moving_over/from_a_loop.md")]
struct FromALoop;

#[doc = include_str!("../../schmoozer-tcp/src/_moving_over/from_schmoozer_0_4.md")]
struct FromSchmoozer;

#[doc = include_str!("../../schmoozer-tcp/src/_moving_over/from_stubborn_io.md")]
struct FromStubbornIo;
