//! From a name to addresses.

use std::future::Future;
use std::io;
use std::net::{SocketAddr, ToSocketAddrs as _};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use tokio::sync::{Semaphore, oneshot};

/// How many addresses of one name are taken; what comes after is left out.
const LONGEST: usize = 64;

/// How many lookups of the system's may be under way at once: as many as tokio's blocking threads.
static LOOKUPS: Semaphore = Semaphore::const_new(512);

/// Turns a host name into addresses, anew at every dial.
///
/// Addresses go into `answers` as they arrive, and the dialer connects to the first while the rest
/// is still on its way. One that has them all at once pushes them all and returns:
///
/// ```
/// use std::io;
/// use std::net::{Ipv4Addr, SocketAddr};
/// use schmoozer_tcp::{Answers, Dialer, Resolve};
///
/// struct Registry;
///
/// impl Resolve for Registry {
///     async fn resolve(&self, host: &str, port: u16, answers: &Answers) -> io::Result<()> {
///         match host {
///             "db" => answers.push(SocketAddr::from((Ipv4Addr::LOCALHOST, port))),
///             _ => return Err(io::Error::other("no such service")),
///         }
///         Ok(())
///     }
/// }
///
/// let dialer = Dialer::new("db:5432")?.resolver(Registry);
/// # Ok::<(), schmoozer_tcp::InvalidTarget>(())
/// ```
pub trait Resolve: Send + Sync {
    /// Resolves `host`, and pushes each address with the port to connect to.
    ///
    /// That is `port`, unless the resolver knows a better one, as a service registry does. The order
    /// of the pushes is the order of preference; see [`Answers`] for what the dialer makes of it.
    ///
    /// # Errors
    ///
    /// Whatever kept the name from being resolved. Addresses that were pushed before count all the same.
    ///
    /// # Cancel safety
    ///
    /// The dialer drops the future once a connection is up or its timeout has passed.
    fn resolve(
        &self,
        host: &str,
        port: u16,
        answers: &Answers,
    ) -> impl Future<Output = io::Result<()>> + Send;
}

impl<R: Resolve> Resolve for Arc<R> {
    fn resolve(
        &self,
        host: &str,
        port: u16,
        answers: &Answers,
    ) -> impl Future<Output = io::Result<()>> + Send {
        R::resolve(self, host, port, answers)
    }
}

/// Asks the operating system, by `getaddrinfo`, which has all addresses at once, sorted by RFC 6724.
///
/// It cannot be stopped, so it runs on a thread of its own. A dial that ends before it leaves that
/// thread behind until it returns; neither a runtime that is dropped nor a program that ends waits for
/// it. At most 512 of them run at once in a process, and who comes then waits for one to end.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemResolver;

impl Resolve for SystemResolver {
    async fn resolve(&self, host: &str, port: u16, answers: &Answers) -> io::Result<()> {
        let turn = LOOKUPS.acquire().await.map_err(io::Error::other)?;
        let (tell, told) = oneshot::channel();
        let host = host.to_owned();
        // Not on a blocking thread of tokio's: a runtime that is dropped waits for those, so that a program
        // that was told to stop would not end while a name server is silent.
        thread::Builder::new()
            .name("schmoozer-lookup".to_owned())
            .spawn(move || {
                let found = (host, port).to_socket_addrs();
                drop(turn);
                // Nobody waits for it any more if the dial has ended.
                let _ = tell.send(found);
            })?;
        told.await
            .map_err(io::Error::other)??
            .for_each(|addr| answers.push(addr));
        Ok(())
    }
}

/// Collects the addresses of one name and hands them to the dialer in the order to try them.
///
/// Families take turns, beginning with that of the first address (RFC 8305 §4). An IPv4 address that
/// arrives alone waits 50 ms for an IPv6 one, unless the lookup ends before (§3). An address that
/// was pushed already is left out, and so is what comes after the first 64.
#[derive(Debug, Default)]
pub struct Answers(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    answers: Vec<Answer>,
    complete: bool,
    /// Whether an IPv4 address had to wait for an IPv6 one, which then goes first.
    waited: bool,
    /// Whether the address taken last was of IPv6; `None` before the first.
    last_was_v6: Option<bool>,
}

#[derive(Debug)]
struct Answer {
    addr: SocketAddr,
    taken: bool,
}

/// What there is to try next.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Next {
    /// This address.
    Try(SocketAddr),
    /// Nothing until another answer arrives.
    Wait,
    /// Nothing until another answer arrives or the resolution delay is over.
    WaitBriefly,
    /// Nothing any more.
    End,
}

impl Answers {
    /// Adds an address.
    pub fn push(&self, addr: SocketAddr) {
        self.with(|state| {
            if state.answers.len() < LONGEST
                && state.answers.iter().all(|answer| answer.addr != addr)
            {
                state.answers.push(Answer { addr, taken: false });
            }
        });
    }

    /// Tells whether no address has been added yet.
    pub(crate) fn is_empty(&self) -> bool {
        self.with(|state| state.answers.is_empty())
    }

    /// Marks that the lookup has ended.
    pub(crate) fn complete(&self) {
        self.with(|state| state.complete = true);
    }

    /// Takes the next address to try.
    pub(crate) fn next(&self, resolution_delay_is_over: bool) -> Next {
        self.with(|state| state.next(resolution_delay_is_over))
    }

    fn with<T>(&self, f: impl FnOnce(&mut State) -> T) -> T {
        f(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl State {
    fn next(&mut self, resolution_delay_is_over: bool) -> Next {
        let Some(first) = self.answers.first() else {
            return self.nothing();
        };
        let v6_is_there = self.answers.iter().any(|answer| answer.addr.is_ipv6());
        if self.last_was_v6.is_none() && !v6_is_there && !self.complete && !resolution_delay_is_over
        {
            self.waited = true;
            return Next::WaitBriefly;
        }
        let v6_next = match self.last_was_v6 {
            Some(v6) => !v6,
            None => v6_is_there && (self.waited || first.addr.is_ipv6()),
        };
        let untaken = || {
            self.answers
                .iter()
                .enumerate()
                .filter(|(_, answer)| !answer.taken)
        };
        let of_its_turn = untaken().find(|(_, answer)| answer.addr.is_ipv6() == v6_next);
        let Some((i, _)) = of_its_turn.or_else(|| untaken().next()) else {
            return self.nothing();
        };
        let answer = &mut self.answers[i];
        answer.taken = true;
        self.last_was_v6 = Some(answer.addr.is_ipv6());
        Next::Try(answer.addr)
    }

    fn nothing(&self) -> Next {
        if self.complete { Next::End } else { Next::Wait }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn addr(text: &str) -> SocketAddr {
        text.parse().expect("a good address")
    }

    fn answers(texts: &[&str]) -> Answers {
        let answers = Answers::default();
        for text in texts {
            answers.push(addr(text));
        }
        answers
    }

    fn drain(answers: &Answers) -> Vec<String> {
        let mut order = Vec::new();
        while let Next::Try(addr) = answers.next(false) {
            order.push(addr.to_string());
        }
        order
    }

    #[test]
    fn families_take_turns_beginning_with_the_resolvers_first() {
        let v6_first = answers(&["[::1]:1", "[::2]:1", "[::3]:1", "1.0.0.1:1", "1.0.0.2:1"]);
        v6_first.complete();
        assert_eq!(
            drain(&v6_first),
            ["[::1]:1", "1.0.0.1:1", "[::2]:1", "1.0.0.2:1", "[::3]:1"]
        );
        let v4_first = answers(&["1.0.0.1:1", "1.0.0.2:1", "[::1]:1"]);
        v4_first.complete();
        assert_eq!(drain(&v4_first), ["1.0.0.1:1", "[::1]:1", "1.0.0.2:1"]);
        assert_eq!(v4_first.next(false), Next::End);
    }

    #[test]
    fn an_ipv4_address_alone_waits_and_lets_an_ipv6_one_go_first() {
        let answers = answers(&["1.0.0.1:1"]);
        assert_eq!(answers.next(false), Next::WaitBriefly);
        answers.push(addr("[::1]:1"));
        answers.complete();
        assert_eq!(drain(&answers), ["[::1]:1", "1.0.0.1:1"]);
    }

    #[test]
    fn an_ipv4_address_waits_no_longer_than_the_resolution_delay_or_the_lookup() {
        let late = answers(&["1.0.0.1:1"]);
        assert_eq!(late.next(false), Next::WaitBriefly);
        assert_eq!(late.next(true), Next::Try(addr("1.0.0.1:1")));
        assert_eq!(late.next(true), Next::Wait);
        let ended = answers(&["1.0.0.1:1"]);
        assert_eq!(ended.next(false), Next::WaitBriefly);
        ended.complete();
        assert_eq!(ended.next(false), Next::Try(addr("1.0.0.1:1")));
    }

    #[test]
    fn an_ipv6_address_waits_for_nothing() {
        let answers = answers(&["[::1]:1"]);
        assert_eq!(answers.next(false), Next::Try(addr("[::1]:1")));
        answers.push(addr("[::2]:1"));
        answers.push(addr("1.0.0.1:1"));
        assert_eq!(drain(&answers), ["1.0.0.1:1", "[::2]:1"]);
    }

    #[test]
    fn an_address_is_tried_once() {
        let answers = answers(&["[::1]:1", "[::1]:1", "[::1]:2"]);
        assert_eq!(answers.next(false), Next::Try(addr("[::1]:1")));
        answers.push(addr("[::1]:1"));
        assert_eq!(drain(&answers), ["[::1]:2"]);
    }

    #[test]
    fn a_flood_of_answers_is_bounded() {
        let answers = Answers::default();
        (0..10_000).for_each(|i| answers.push(SocketAddr::from(([10, 0, 0, 1], i))));
        answers.complete();
        assert_eq!(drain(&answers).len(), LONGEST);
    }

    #[test]
    fn nothing_is_tried_before_the_first_answer() {
        let answers = Answers::default();
        assert_eq!(answers.next(true), Next::Wait);
        answers.complete();
        assert_eq!(answers.next(true), Next::End);
    }
}
