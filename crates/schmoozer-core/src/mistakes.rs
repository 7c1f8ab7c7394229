//! The likeliest mistakes do not compile. Each one is followed by the same program without it, which does.

/// A closure is no connector.
///
/// ```compile_fail,E0277
/// let _ = schmoozer_core::run(async || Ok::<_, String>("a connection"));
/// ```
///
/// ```no_run
/// # use schmoozer_core::{End, connector_fn, run};
/// # use std::time::Duration;
/// let connect = async || Ok::<_, String>("a connection");
/// let _ = run(connector_fn(connect, async |_, _session| Ok(End::Exit), [Duration::ZERO]));
/// ```
struct ClosureAsConnector;

/// A handler says how its connection ends: `Ok(())` does not end a program by accident.
///
/// ```compile_fail
/// # use schmoozer_core::{End, connector_fn, run};
/// # use std::time::Duration;
/// # let connect = async || Ok::<_, String>(());
/// let _ = run(connector_fn(connect, async |(), _session| Ok(()), [Duration::ZERO]));
/// ```
///
/// ```no_run
/// # use schmoozer_core::{End, connector_fn, run};
/// # use std::time::Duration;
/// # let connect = async || Ok::<_, String>(());
/// let _ = run(connector_fn(connect, async |(), _session| Ok(End::Exit), [Duration::ZERO]));
/// ```
struct HandlerWithoutEnd;

/// A connector keeps one connection at a time.
///
/// ```compile_fail,E0499
/// # use schmoozer_core::{End, connector_fn, run};
/// # use std::time::Duration;
/// # let connect = async || Ok::<_, String>(());
/// let mut connector = connector_fn(connect, async |(), _session| Ok(End::Exit), [Duration::ZERO]);
/// let first = run(&mut connector);
/// let second = run(&mut connector);
/// drop((first, second));
/// ```
///
/// ```no_run
/// # use schmoozer_core::{End, connector_fn, run};
/// # use std::time::Duration;
/// # let connect = async || Ok::<_, String>(());
/// let mut connector = connector_fn(connect, async |(), _session| Ok(End::Exit), [Duration::ZERO]);
/// drop(run(&mut connector));
/// drop(run(&mut connector));
/// ```
struct RunTwiceAtOnce;

/// The futures of a connector go from thread to thread.
///
/// ```compile_fail
/// # use schmoozer_core::{End, connector_fn, run};
/// # use std::{rc::Rc, time::Duration};
/// async fn connect() -> Result<(), String> {
///     let name = Rc::new("db");
///     tokio::task::yield_now().await;
///     Err(name.to_string())
/// }
/// let _ = run(connector_fn(connect, async |(), _session| Ok(End::Exit), [Duration::ZERO]));
/// ```
///
/// ```no_run
/// # use schmoozer_core::{End, connector_fn, run};
/// # use std::{sync::Arc, time::Duration};
/// async fn connect() -> Result<(), String> {
///     let name = Arc::new("db");
///     tokio::task::yield_now().await;
///     Err(name.to_string())
/// }
/// let _ = run(connector_fn(connect, async |(), _session| Ok(End::Exit), [Duration::ZERO]));
/// ```
struct FutureNotSend;

/// A timeout must be told by the error.
///
/// ```compile_fail,E0277
/// # use schmoozer_core::{End, Runner, connector_fn};
/// # use std::time::Duration;
/// let connect = async || Err::<(), _>(0_u8);
/// let link = connector_fn(connect, async |(), _session| Ok(End::Exit), [Duration::ZERO]);
/// let _ = Runner::new(link).connect_timeout(Duration::from_secs(5));
/// ```
///
/// ```no_run
/// # use schmoozer_core::{End, Runner, connector_fn};
/// # use std::time::Duration;
/// let connect = async || Err::<(), _>(0_u8);
/// let link = connector_fn(connect, async |(), _session| Ok(End::Exit), [Duration::ZERO]);
/// let _ = Runner::new(link).connect_timeout_with(Duration::from_secs(5), || 1);
/// ```
struct TimeoutWithoutError;
