//! What a dial to a literal address allocates: what a bare connect does, and nothing that stays.

use std::future::Future;
use std::io;

use allocation_counter::{AllocationInfo, measure};
use schmoozer_tcp::Dialer;
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
