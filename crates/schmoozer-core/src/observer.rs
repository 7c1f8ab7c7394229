use crate::Event;

/// Is told every transition of the loop, as it happens.
///
/// Closures `FnMut(&Event<'_>)` are observers, and so are pairs and `Option`s of observers. An observer
/// runs on the loop's own task: it should be quick, and send elsewhere what takes long. It cannot
/// change what the loop does; if it panics, the panic reaches the caller of the loop.
///
/// # Examples
///
/// ```
/// use schmoozer_core::{Event, Runner, connector_fn};
/// # use std::{convert::Infallible, time::Duration};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Infallible> {
/// # let connector = connector_fn(async || Ok::<_, Infallible>(()), async |()| Ok(()), [Duration::ZERO]);
/// Runner::new(connector)
///     .observer(|event: &Event<'_>| match event {
///         Event::OutageBegan { outage } => eprintln!("down: {}", outage.first_cause),
///         Event::Recovered { outage } => eprintln!("up again after {:?}", outage.length),
///         _ => {}
///     })
///     .run()
///     .await
/// # }
/// ```
pub trait Observer: Send {
    /// Is told of `event`.
    fn on_event(&mut self, event: &Event<'_>);

    /// Whether anybody listens. While nobody does, the loop spares itself the text of the causes.
    fn enabled(&self) -> bool {
        true
    }
}

impl<F: FnMut(&Event<'_>) + Send> Observer for F {
    fn on_event(&mut self, event: &Event<'_>) {
        self(event);
    }
}

/// Nobody watches.
impl Observer for () {
    fn on_event(&mut self, _: &Event<'_>) {}

    fn enabled(&self) -> bool {
        false
    }
}

impl<A: Observer, B: Observer> Observer for (A, B) {
    fn on_event(&mut self, event: &Event<'_>) {
        self.0.on_event(event);
        self.1.on_event(event);
    }

    fn enabled(&self) -> bool {
        self.0.enabled() || self.1.enabled()
    }
}

impl<O: Observer> Observer for Option<O> {
    fn on_event(&mut self, event: &Event<'_>) {
        if let Some(observer) = self {
            observer.on_event(event);
        }
    }

    fn enabled(&self) -> bool {
        self.as_ref().is_some_and(O::enabled)
    }
}
