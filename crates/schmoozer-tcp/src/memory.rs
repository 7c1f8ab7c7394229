//! What a dialer has learned about its endpoints and their addresses.

use std::net::SocketAddr;
use std::sync::{Mutex, PoisonError};

use crate::order::Turn;
use crate::{Order, Target, Tried};

/// How many addresses are remembered; the oldest are forgotten.
const LONGEST: usize = 1_024;

/// Where a connection leads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Route {
    /// The number of the endpoint, in the order in which they were given.
    pub(crate) endpoint: usize,
    /// The address that was dialed.
    pub(crate) addr: SocketAddr,
}

/// Remembers across dials and clones what has been tried since the order last started again.
#[derive(Debug, Default)]
pub(crate) struct Memory {
    pub(crate) turn: Turn,
    seen: Mutex<Seen>,
}

#[derive(Debug, Default)]
struct Seen {
    endpoints: Vec<Mark<usize>>,
    addrs: Vec<Mark<SocketAddr>>,
}

/// Something that was tried, and whether it goes behind what was not.
#[derive(Debug)]
struct Mark<T> {
    of: T,
    behind: bool,
}

impl Memory {
    /// Arranges the numbers of `len` endpoints for one dial. When all of them have been tried, the order starts again.
    pub(crate) fn arrange(&self, order: Order, len: usize) -> Vec<usize> {
        let mut numbers = order.arrange(len, &self.turn);
        self.with(|seen| {
            if seen.endpoints.len() == len {
                seen.endpoints.clear();
            }
            // A stable sort, so that those behind keep their order as well.
            numbers.sort_by_key(|number| is_behind(&seen.endpoints, number));
        });
        numbers
    }

    /// Tells whether an address goes behind the others of its name.
    pub(crate) fn is_behind(&self, addr: SocketAddr) -> bool {
        self.with(|seen| is_behind(&seen.addrs, &addr))
    }

    /// Takes note of all addresses of a name. When all of them have been tried, their order starts again.
    pub(crate) fn resolved(&self, addrs: &[SocketAddr]) {
        self.with(|seen| {
            let tried = |addr: &SocketAddr| seen.addrs.iter().any(|mark| mark.of == *addr);
            if addrs.iter().all(tried) {
                seen.addrs.retain(|mark| !addrs.contains(&mark.of));
            }
        });
    }

    /// Takes note of a dial that failed. What it tried goes behind what it did not reach.
    pub(crate) fn dial_failed(&self, targets: &[Target], tried: &[Tried]) {
        self.with(|seen| {
            for step in tried {
                if let Some(endpoint) = targets.iter().position(|target| *target == step.target) {
                    mark(&mut seen.endpoints, endpoint, true);
                }
                if let Some(addr) = step.addr {
                    mark(&mut seen.addrs, addr, true);
                }
            }
        });
    }

    /// Takes note of a connection that failed. If it was not stable, its endpoint and address go behind the others.
    pub(crate) fn connection_failed(&self, route: Route, stable: bool) {
        self.with(|seen| {
            mark(&mut seen.endpoints, route.endpoint, !stable);
            mark(&mut seen.addrs, route.addr, !stable);
        });
    }

    fn with<T>(&self, f: impl FnOnce(&mut Seen) -> T) -> T {
        f(&mut self.seen.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

fn mark<T: PartialEq>(marks: &mut Vec<Mark<T>>, of: T, behind: bool) {
    marks.retain(|mark| mark.of != of);
    if marks.len() == LONGEST {
        marks.remove(0);
    }
    marks.push(Mark { of, behind });
}

fn is_behind<T: PartialEq>(marks: &[Mark<T>], of: &T) -> bool {
    marks.iter().any(|mark| mark.of == *of && mark.behind)
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST), 1);

    fn to(endpoint: usize) -> Route {
        Route { endpoint, addr: A }
    }

    /// Row 44: what failed before it was stable goes behind the others, until all have been tried.
    #[test]
    fn an_endpoint_that_failed_goes_behind_until_all_have_been_tried() {
        let memory = Memory::default();
        let order = || memory.arrange(Order::Failover, 3);
        assert_eq!(order(), [0, 1, 2]);
        memory.connection_failed(to(0), false);
        assert_eq!(order(), [1, 2, 0]);
        memory.connection_failed(to(1), false);
        assert_eq!(order(), [2, 0, 1]);
        memory.connection_failed(to(2), false);
        assert_eq!(order(), [0, 1, 2]);
    }

    #[test]
    fn a_stable_connection_that_was_lost_is_no_reason_to_go_behind() {
        let memory = Memory::default();
        memory.connection_failed(to(0), true);
        assert_eq!(memory.arrange(Order::Failover, 2), [0, 1]);
        memory.connection_failed(to(1), false);
        // Both have been tried.
        assert_eq!(memory.arrange(Order::Failover, 2), [0, 1]);
        memory.connection_failed(to(0), false);
        memory.connection_failed(to(1), true);
        assert_eq!(memory.arrange(Order::Failover, 2), [0, 1]);
    }

    #[test]
    fn every_order_puts_what_failed_behind() {
        for order in [Order::InTurn, Order::Shuffled, Order::Failover] {
            let memory = Memory::default();
            memory.connection_failed(to(1), false);
            for _ in 0..20 {
                assert_eq!(memory.arrange(order, 3)[2], 1, "{order:?}");
            }
        }
    }

    #[test]
    fn the_addresses_of_one_name_start_again_when_all_have_been_tried() {
        let memory = Memory::default();
        let [a, b, other] = [1, 2, 3].map(|port| SocketAddr::new(A.ip(), port));
        for addr in [a, other] {
            memory.connection_failed(Route { endpoint: 0, addr }, false);
        }
        memory.resolved(&[a, b]);
        assert!(memory.is_behind(a) && !memory.is_behind(b));
        memory.connection_failed(
            Route {
                endpoint: 0,
                addr: b,
            },
            true,
        );
        memory.resolved(&[a, b]);
        assert!(!memory.is_behind(a) && memory.is_behind(other));
    }

    #[test]
    fn addresses_that_change_for_ever_do_not_fill_the_memory() {
        let memory = Memory::default();
        for i in 0..10_000_u32 {
            let addr = SocketAddr::from((std::net::Ipv4Addr::from(i), 1));
            memory.connection_failed(Route { endpoint: 0, addr }, false);
        }
        assert_eq!(memory.with(|seen| seen.addrs.len()), LONGEST);
    }
}
