use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tokio::sync::watch;

use crate::Stopped;

/// The live connection's client, for other tasks to use while the connection comes and goes.
///
/// `T` is what they need of it: a channel's sender, an `Arc<Client>`. The connector's `run` publishes
/// it, and withdraws it when it ends, so nobody is given a value whose connection is gone. One who has
/// a value already may of course still hold it when its connection breaks; the value's own errors tell.
///
/// # Examples
///
/// Three tasks send requests through whatever connection is live:
///
/// ```
/// use std::{convert::Infallible, time::Duration};
/// use schmoozer_core::{Current, connector_fn, run};
/// use tokio::sync::mpsc;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let (publisher, current) = Current::new();
///
/// let connector = connector_fn(
///     async || Ok::<_, Infallible>(mpsc::channel(8)),
///     move |(requests, mut inbox)| {
///         let publisher = publisher.clone();
///         async move {
///             let _live = publisher.publish(requests);
///             for _ in 0..3 {
///                 inbox.recv().await;
///             }
///             Ok(())
///         }
///     },
///     [Duration::from_secs(1)],
/// );
/// let keeper = tokio::spawn(run(connector));
///
/// let tasks = ["a", "b", "c"].map(|request| {
///     let current = current.clone();
///     tokio::spawn(async move {
///         let requests: mpsc::Sender<&str> = current.ready().await?;
///         requests.send(request).await?;
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
    value: watch::Receiver<Option<T>>,
}

impl<T: Clone> Current<T> {
    /// Makes the two ends: one for the connector, one for everybody else.
    #[must_use]
    pub fn new() -> (Publisher<T>, Self) {
        let (sender, value) = watch::channel(None);
        let publisher = Publisher {
            value: sender,
            latest: Arc::default(),
        };
        (publisher, Self { value })
    }

    /// The live value, or `None` while there is none. Never waits.
    #[must_use]
    pub fn get(&self) -> Option<T> {
        self.value.borrow().clone()
    }

    /// Waits for a live value: the one that is there, or the next one.
    ///
    /// # Errors
    ///
    /// [`Stopped`] when every [`Publisher`] is gone, which a connector takes with it when it is dropped.
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost when it is dropped.
    pub async fn ready(&self) -> Result<T, Stopped> {
        let mut value = self.value.clone();
        match value.wait_for(Option::is_some).await {
            Ok(live) => live.clone().ok_or(Stopped),
            Err(_) => Err(Stopped),
        }
    }

    /// A receiver of every change. As with any `watch` channel, one that looks rarely sees only the
    /// latest.
    #[must_use]
    pub fn watch(&self) -> watch::Receiver<Option<T>> {
        self.value.clone()
    }
}

impl<T> Clone for Current<T> {
    fn clone(&self) -> Self {
        Self {
            value: self.value.clone(),
        }
    }
}

impl<T> fmt::Debug for Current<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Current")
            .field("live", &self.value.borrow().is_some())
            .finish()
    }
}

/// The connector's end of a [`Current`].
pub struct Publisher<T> {
    value: watch::Sender<Option<T>>,
    /// Which value was published last; changed only while the channel is locked.
    latest: Arc<AtomicU64>,
}

impl<T> Publisher<T> {
    /// Shows `value` to everybody until the guard is dropped, in place of one that is shown already.
    pub fn publish(&self, value: T) -> Published<T> {
        let mut number = 0;
        // Dropped once the channel is unlocked: its `Drop` is not ours, and may look at the channel.
        let mut replaced = None;
        self.value.send_modify(|live| {
            number = self.latest.fetch_add(1, Ordering::Relaxed).wrapping_add(1);
            replaced = live.replace(value);
        });
        drop(replaced);
        Published {
            publisher: self.clone(),
            number,
        }
    }
}

impl<T> Clone for Publisher<T> {
    fn clone(&self) -> Self {
        Self {
            value: self.value.clone(),
            latest: Arc::clone(&self.latest),
        }
    }
}

impl<T> fmt::Debug for Publisher<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Publisher")
            .field("live", &self.value.borrow().is_some())
            .finish_non_exhaustive()
    }
}

/// Withdraws the published value when it is dropped: keep it for as long as the connection serves.
#[must_use = "the value is withdrawn when this is dropped"]
pub struct Published<T> {
    publisher: Publisher<T>,
    number: u64,
}

impl<T> Drop for Published<T> {
    fn drop(&mut self) {
        let Publisher { value, latest } = &self.publisher;
        // As above.
        let mut withdrawn = None;
        value.send_if_modified(|live| {
            let mine = latest.load(Ordering::Relaxed) == self.number;
            if mine {
                withdrawn = live.take();
            }
            mine
        });
    }
}

impl<T> fmt::Debug for Published<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Published").finish_non_exhaustive()
    }
}
