use std::fmt::Debug;
use std::io;
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::timeout;

/// How long a waiter waits, if not told otherwise.
pub(crate) const PATIENCE: Duration = Duration::from_secs(10);

/// Waits until what `look` returns of a watched value is `done`.
///
/// `done` may look at the watched value again: no lock is held. After `patience`, the error tells what was
/// there.
pub(crate) async fn until<T, S: Debug>(
    watched: &watch::Sender<T>,
    patience: Duration,
    look: impl Fn(&T) -> io::Result<S>,
    mut done: impl FnMut(&S) -> bool,
) -> io::Result<()> {
    let mut receiver = watched.subscribe();
    let waiting = async {
        loop {
            let seen = look(&receiver.borrow_and_update())?;
            if done(&seen) {
                return Ok(());
            }
            // The sender is borrowed for as long as this lasts.
            receiver.changed().await.map_err(io::Error::other)?;
        }
    };
    if let Ok(result) = timeout(patience, waiting).await {
        return result;
    }
    let seen = look(&watched.borrow())?;
    let text = format!("waited {patience:?} in vain, and then saw {seen:?}");
    Err(io::Error::new(io::ErrorKind::TimedOut, text))
}
