//! What a dial to a literal address allocates, and a connector that keeps one: what a bare connect does.

// The counter overflows its stack there, before the first test: its thread-local storage allocates.
#![cfg(not(all(windows, target_env = "gnu")))]

use std::future::Future;
use std::io;
use std::time::Duration;

use allocation_counter::{AllocationInfo, measure};
use schmoozer_core::connector_fn;
use schmoozer_tcp::{Connector, Dialer, End, Session, TcpConnector, closed, run};
use socket2::SockRef;
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::{Builder, Runtime};

fn runtime() -> io::Result<Runtime> {
    Builder::new_current_thread().enable_all().build()
}

/// Measures what happens when `connect` is called `times` times, after one call that warms up.
fn measured<F>(runtime: &Runtime, times: u32, mut connect: impl FnMut() -> F) -> AllocationInfo
where
    F: Future,
{
    runtime.block_on(connect());
    measure(|| {
        for _ in 0..times {
            runtime.block_on(connect());
        }
    })
}

#[test]
fn a_dial_to_a_literal_address_allocates_what_a_bare_connect_does() -> io::Result<()> {
    let runtime = runtime()?;
    let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0"))?;
    let addr = listener.local_addr()?;
    let dialer = Dialer::new(addr)?;
    let accepted = |connected: io::Result<TcpStream>| {
        // Reset, so that no port is held in TIME_WAIT.
        let reset = connected.and_then(|stream| stream.set_zero_linger());
        SockRef::from(&listener)
            .accept()
            .and(reset)
            .expect("the listener is up");
    };
    let bare = measured(&runtime, 100, || async {
        accepted(TcpStream::connect(addr).await);
    });
    let ours = measured(&runtime, 100, || async {
        accepted(dialer.dial().await.map_err(io::Error::from));
    });
    assert_eq!(
        (ours.count_total, ours.bytes_total),
        (bare.count_total, bare.bytes_total)
    );
    Ok(())
}

/// Accepts a connection, and resets it, so that no port is held in `TIME_WAIT`.
fn resets(listener: &TcpListener, stream: &TcpStream) {
    let accepted = SockRef::from(listener).accept().map(drop);
    let reset = stream.set_zero_linger();
    accepted.and(reset).expect("the listener is up");
}

/// Counts what 100 more connections allocate that are lost at once.
fn of_a_hundred_more<C: Connector>(runtime: &Runtime, connector: impl Fn(usize) -> C) -> u64 {
    let counted = |connections: usize| {
        let connector = connector(connections);
        measure(|| drop(runtime.block_on(run(connector)))).count_total
    };
    counted(2);
    let few = counted(10);
    counted(110) - few
}

#[test]
fn a_connector_allocates_what_the_loop_does_with_a_bare_connect() -> io::Result<()> {
    let runtime = runtime()?;
    let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0"))?;
    let addr = listener.local_addr()?;
    let dialer = Dialer::new(addr)?;
    let serve = |stream: TcpStream, _: Session| {
        resets(&listener, &stream);
        async { Err::<End, _>(closed()) }
    };
    let retries = |connections| vec![Duration::ZERO; connections - 1];
    let bare = of_a_hundred_more(&runtime, |connections| {
        connector_fn(
            move || TcpStream::connect(addr),
            serve,
            retries(connections),
        )
    });
    let ours = of_a_hundred_more(&runtime, |connections| {
        TcpConnector::new(dialer.clone(), serve).retry(retries(connections))
    });
    assert_eq!(ours, bare);
    Ok(())
}

#[test]
fn refused_dials_leave_nothing_on_the_heap() -> io::Result<()> {
    let runtime = runtime()?;
    let nobody = runtime
        .block_on(TcpListener::bind("127.0.0.1:0"))?
        .local_addr()?;
    let dialer = Dialer::new(nobody)?;
    let refused = measured(&runtime, 20_000, || async {
        dialer.dial().await.expect_err("nobody listens");
    });
    assert_eq!(refused.bytes_current, 0);
    Ok(())
}
