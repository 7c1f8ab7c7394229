//! tower's `Reconnect`, and a program that asks it for one connection after the other.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::net::TcpStream;
use tower::reconnect::Reconnect;
use tower::{Service, ServiceExt as _, service_fn};

use crate::clients::{connect, serve};
use crate::seen::Seen;

type Pinned<T> = Pin<Box<dyn Future<Output = io::Result<T>> + Send>>;

/// A connection that serves one request, which lasts as long as it does.
struct Lines {
    stream: Option<TcpStream>,
    login: bool,
}

impl Service<()> for Lines {
    type Response = ();
    type Error = io::Error;
    type Future = Pinned<()>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(match self.stream {
            Some(_) => Ok(()),
            None => Err(io::ErrorKind::NotConnected.into()),
        })
    }

    fn call(&mut self, (): ()) -> Self::Future {
        let (stream, login) = (self.stream.take(), self.login);
        Box::pin(async move { serve(stream.ok_or(io::ErrorKind::NotConnected)?, login).await })
    }
}

/// Asks for the next connection whenever one broke, or was not to be had.
pub(crate) async fn tower(target: String, login: bool, seen: Seen) -> io::Result<()> {
    let make = service_fn(move |target: String| -> Pinned<Lines> {
        let seen = seen.clone();
        Box::pin(async move {
            let stream = Some(connect(&target, &seen).await?);
            Ok(Lines { stream, login })
        })
    });
    let mut service = Reconnect::new(make, target);
    loop {
        let ready = service.ready().await.map_err(io::Error::other)?;
        // That it failed is why there is a next one.
        let _ = ready.call(()).await;
    }
}
