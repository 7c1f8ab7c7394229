use std::error::Error;
use std::fmt;
use std::ops::Deref;
use std::sync::Arc;

use tokio::sync::watch;

use crate::Session;

/// The live connection's client, for other tasks to use while connections come and go.
///
/// `T` is what they need of it: a channel's sender, a client. The handler publishes it, and it is withdrawn when the
/// handler drops its [`Published`] guard. So no task is given a client whose handler is gone. A task that has a client
/// already may still hold it when the connection breaks; the client's own errors tell.
///
/// Several handlers may publish at once, for example two loops of which one replaces the other. The newest client
/// shows, and the one before it again if the newest is withdrawn first.
///
/// # Examples
///
/// Three tasks send requests through whatever connection is live:
///
/// ```
/// use std::{convert::Infallible, time::Duration};
/// use schmoozer_core::{Current, End, connector_fn, run};
/// use tokio::sync::mpsc;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let (publisher, current) = Current::new();
///
/// let connector = connector_fn(
///     async || Ok::<_, Infallible>(mpsc::channel(8)),
///     move |(requests, mut inbox), session| {
///         let publisher = publisher.clone();
///         async move {
///             let _live = publisher.publish(&session, requests); // shown, and then ready
///             for _ in 0..3 {
///                 inbox.recv().await;
///             }
///             Ok(End::Exit)
///         }
///     },
///     [Duration::from_secs(1)],
/// );
/// let keeper = tokio::spawn(run(connector.ready_when_marked()));
///
/// let tasks = ["a", "b", "c"].map(|request| {
///     let current = current.clone();
///     tokio::spawn(async move {
///         let requests = current.ready().await?;
///         mpsc::Sender::send(&requests, request).await?;
///         Ok::<_, Box<dyn std::error::Error + Send + Sync>>(())
///     })
/// });
/// for task in tasks {
///     assert!(task.await?.is_ok());
/// }
/// keeper.await??;
/// assert!(current.ready().await.is_err(), "the connector has stopped");
/// # Ok(())
/// # }
/// ```
pub struct Current<T> {
    /// The newest last.
    clients: watch::Receiver<Vec<Live<T>>>,
}

impl<T> Current<T> {
    /// Makes the two ends: one for the connector, one for everything else.
    #[must_use]
    pub fn new() -> (Publisher<T>, Self) {
        let (sender, clients) = watch::channel(Vec::new());
        (Publisher { clients: sender }, Self { clients })
    }

    /// Returns the live client, or `None` while there is none. Never waits.
    #[must_use]
    pub fn get(&self) -> Option<Live<T>> {
        self.clients.borrow().last().cloned()
    }

    /// Waits for a live client: the one that is there, or the next one.
    ///
    /// # Errors
    ///
    /// Returns [`PublishersGone`] when every [`Publisher`] is gone, as it is when the connector that holds it is
    /// dropped.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: nothing is lost when it is dropped.
    pub async fn ready(&self) -> Result<Live<T>, PublishersGone> {
        let mut clients = self.clients.clone();
        let shown = clients.wait_for(|clients| !clients.is_empty()).await;
        let live = shown.ok().and_then(|clients| clients.last().cloned());
        live.ok_or(PublishersGone)
    }
}

impl<T> Clone for Current<T> {
    fn clone(&self) -> Self {
        Self {
            clients: self.clients.clone(),
        }
    }
}

impl<T> fmt::Debug for Current<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Current")
            .field("live", &!self.clients.borrow().is_empty())
            .finish()
    }
}

/// A live client, from [`Current`]. Dereferences to the client, and is cheap to clone.
#[derive(Debug)]
pub struct Live<T> {
    id: u64,
    client: Arc<T>,
}

impl<T> Live<T> {
    /// The id of the client's connection, for [`Handle::reconnect_if`](crate::Handle::reconnect_if).
    #[must_use]
    pub fn id(live: &Self) -> u64 {
        live.id
    }
}

impl<T> Deref for Live<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.client
    }
}

impl<T> Clone for Live<T> {
    fn clone(&self) -> Self {
        Self {
            id: self.id,
            client: Arc::clone(&self.client),
        }
    }
}

/// Every [`Publisher`] of a [`Current`] is gone: there will be no more clients.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct PublishersGone;

impl fmt::Display for PublishersGone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("every publisher of this client is gone")
    }
}

impl Error for PublishersGone {}

/// The connector's end of a [`Current`].
pub struct Publisher<T> {
    clients: watch::Sender<Vec<Live<T>>>,
}

impl<T> Publisher<T> {
    /// Shows `client` until the guard is dropped, and then marks the session ready.
    ///
    /// On a session that has ended or was told to end it shows nothing.
    pub fn publish(&self, session: &Session, client: T) -> Published<T> {
        let live = Live {
            id: session.id(),
            client: Arc::new(client),
        };
        if session.is_live() {
            self.clients
                .send_modify(|clients| clients.push(live.clone()));
            session.ready();
        }
        Published {
            publisher: self.clone(),
            live,
        }
    }
}

impl<T> Clone for Publisher<T> {
    fn clone(&self) -> Self {
        Self {
            clients: self.clients.clone(),
        }
    }
}

impl<T> fmt::Debug for Publisher<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Publisher")
            .field("live", &!self.clients.borrow().is_empty())
            .finish()
    }
}

/// Withdraws a published client when it is dropped: keep it for as long as the connection serves.
#[must_use = "the client is withdrawn when this is dropped"]
pub struct Published<T> {
    publisher: Publisher<T>,
    live: Live<T>,
}

impl<T> Drop for Published<T> {
    fn drop(&mut self) {
        // The client itself is dropped later, with `live`, when the channel is unlocked: its `Drop` is not ours.
        self.publisher.clients.send_if_modified(|clients| {
            let before = clients.len();
            clients.retain(|live| !Arc::ptr_eq(&live.client, &self.live.client));
            clients.len() < before
        });
    }
}

impl<T> fmt::Debug for Published<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Published")
            .field("id", &self.live.id)
            .finish_non_exhaustive()
    }
}
