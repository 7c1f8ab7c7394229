use crate::Event;

/// Receives every event of a loop, as it happens.
///
/// Closures `FnMut(&Event<'_>)` are observers; [`Runner::on_event`](crate::Runner::on_event) takes one without a type
/// for its parameter. An `Option` of an observer is one too. An observer runs on the loop's own task: it should be
/// quick, and send elsewhere what takes long. It cannot change what the loop does. If it panics, the panic reaches the
/// caller of the loop.
///
/// # Examples
///
/// ```
/// use schmoozer_core::{Event, Observer};
///
/// /// Counts outages.
/// #[derive(Default)]
/// struct Outages(u32);
///
/// impl Observer for Outages {
///     fn on_event(&mut self, event: &Event<'_>) {
///         if let Event::Failed { attempt: 1, .. } = event {
///             self.0 += 1;
///         }
///     }
///
///     fn enabled(&self) -> bool {
///         false // reads no texts
///     }
/// }
/// ```
pub trait Observer: Send {
    /// Receives `event`.
    fn on_event(&mut self, event: &Event<'_>);

    /// Whether this observer reads the texts of an [`Outage`](crate::Outage). If none does, the loop does not write
    /// them.
    fn enabled(&self) -> bool {
        true
    }
}

impl<F: FnMut(&Event<'_>) + Send> Observer for F {
    fn on_event(&mut self, event: &Event<'_>) {
        self(event);
    }
}
