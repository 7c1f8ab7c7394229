use std::io::{self, IsTerminal as _, Write as _};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

/// Runs `work`, and meanwhile shows its name, and on a terminal how long it has been running.
///
/// Returns what `work` returned, and how long it took.
pub(crate) fn timed<T>(name: &str, work: impl FnOnce() -> T) -> (T, Duration) {
    let begin = Instant::now();
    let show = |rest: &str| {
        print!("{name:<16} {rest}");
        // Nothing is lost but a line of progress.
        let _ = io::stdout().flush();
    };
    show("");
    if !io::stdout().is_terminal() {
        return (work(), begin.elapsed());
    }
    let (done, is_done) = mpsc::channel::<()>();
    let outcome = thread::scope(|scope| {
        scope.spawn(move || {
            while let Err(RecvTimeoutError::Timeout) = is_done.recv_timeout(Duration::from_secs(1))
            {
                print!("\r");
                show(&format!("{:>4} s …", begin.elapsed().as_secs()));
            }
            print!("\r");
            show("");
        });
        let outcome = work();
        drop(done);
        outcome
    });
    (outcome, begin.elapsed())
}
