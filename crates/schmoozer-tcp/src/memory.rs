//! What a dialer has learned about its endpoints and their addresses.

use std::net::SocketAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::Order;

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
pub(crate) struct Memory(Mutex<Seen>);

#[derive(Debug, Default)]
struct Seen {
    /// The endpoint whose turn it is, without regard to how many there are.
    turn: usize,
    endpoints: Marks<usize>,
    addrs: Marks<SocketAddr>,
}

/// What was tried, the latest last, and whether it goes behind what was not.
type Marks<T> = Vec<(T, bool)>;

impl Memory {
    /// Arranges the numbers of `len` endpoints for one dial. When all of them have been tried, the order starts again.
    pub(crate) fn arrange(&self, order: Order, len: usize) -> Vec<usize> {
        let seen = &mut *self.seen();
        let mut numbers = order.arrange(len, &mut seen.turn);
        if seen.endpoints.len() == len {
            seen.endpoints.clear();
        }
        // A stable sort, so that those behind keep their order as well.
        numbers.sort_by_key(|number| is_behind(&seen.endpoints, number));
        numbers
    }

    /// Takes note of the endpoint that a connection was made to.
    pub(crate) fn used(&self, endpoint: usize) {
        self.seen().turn = endpoint + 1;
    }

    /// Tells whether an address goes behind the others of its name.
    pub(crate) fn is_behind(&self, addr: &SocketAddr) -> bool {
        is_behind(&self.seen().addrs, addr)
    }

    /// Takes note of all addresses of a name. When all of them have been tried, their order starts again.
    pub(crate) fn resolved(&self, addrs: &[SocketAddr]) {
        let seen = &mut self.seen().addrs;
        let is_tried = |addr| seen.iter().any(|(tried, _)| tried == addr);
        if addrs.iter().all(is_tried) {
            seen.retain(|(tried, _)| !addrs.contains(tried));
        }
    }

    /// Takes note of an endpoint and an address that were tried. If they failed, they go behind the others.
    pub(crate) fn put(&self, endpoint: Option<usize>, addr: Option<SocketAddr>, behind: bool) {
        let seen = &mut *self.seen();
        endpoint.inspect(|endpoint| mark(&mut seen.endpoints, *endpoint, behind));
        addr.inspect(|addr| mark(&mut seen.addrs, *addr, behind));
    }

    /// Takes note that a connection failed, or was reconnected before it was stable.
    pub(crate) fn learn(&self, route: Route, stable: bool) {
        self.put(Some(route.endpoint), Some(route.addr), !stable);
    }

    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn mark<T: PartialEq>(marks: &mut Marks<T>, tried: T, behind: bool) {
    marks.retain(|(other, _)| *other != tried);
    if marks.len() == LONGEST {
        marks.remove(0);
    }
    marks.push((tried, behind));
}

fn is_behind<T: PartialEq>(marks: &Marks<T>, one: &T) -> bool {
    marks.iter().any(|(tried, behind)| tried == one && *behind)
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST), 1);

    fn failed(memory: &Memory, endpoint: usize, stable: bool) {
        memory.put(Some(endpoint), Some(A), !stable);
    }

    /// Row 44: what failed before it was stable goes behind the others, until all have been tried.
    #[test]
    fn an_endpoint_that_failed_goes_behind_until_all_have_been_tried() {
        let memory = Memory::default();
        let order = || memory.arrange(Order::Failover, 3);
        assert_eq!(order(), [0, 1, 2]);
        failed(&memory, 0, false);
        assert_eq!(order(), [1, 2, 0]);
        failed(&memory, 1, false);
        assert_eq!(order(), [2, 0, 1]);
        failed(&memory, 2, false);
        assert_eq!(order(), [0, 1, 2]);
    }

    #[test]
    fn in_turn_goes_on_after_the_one_that_was_used() {
        let memory = Memory::default();
        let order = |order| memory.arrange(order, 3);
        assert_eq!(order(Order::InTurn), [0, 1, 2]);
        memory.used(1);
        assert_eq!(order(Order::InTurn), [2, 0, 1]);
        memory.used(2);
        assert_eq!(order(Order::InTurn), [0, 1, 2]);
        memory.used(1);
        assert_eq!(order(Order::Failover), [0, 1, 2]);
        assert_eq!(order(Order::InTurn), [2, 0, 1]);
    }

    #[test]
    fn a_stable_connection_that_was_lost_is_no_reason_to_go_behind() {
        let memory = Memory::default();
        failed(&memory, 0, true);
        assert_eq!(memory.arrange(Order::Failover, 2), [0, 1]);
        failed(&memory, 1, false);
        // Both have been tried.
        assert_eq!(memory.arrange(Order::Failover, 2), [0, 1]);
        failed(&memory, 0, false);
        failed(&memory, 1, true);
        assert_eq!(memory.arrange(Order::Failover, 2), [0, 1]);
    }

    #[test]
    fn every_order_puts_what_failed_behind() {
        for order in [Order::InTurn, Order::Shuffled, Order::Failover] {
            let memory = Memory::default();
            failed(&memory, 1, false);
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
            memory.put(None, Some(addr), true);
        }
        memory.resolved(&[a, b]);
        assert!(memory.is_behind(&a) && !memory.is_behind(&b));
        memory.put(None, Some(b), false);
        memory.resolved(&[a, b]);
        assert!(!memory.is_behind(&a) && memory.is_behind(&other));
    }

    #[test]
    fn addresses_that_change_for_ever_do_not_fill_the_memory() {
        let memory = Memory::default();
        for i in 0..10_000_u32 {
            let addr = SocketAddr::from((std::net::Ipv4Addr::from(i), 1));
            memory.put(None, Some(addr), true);
        }
        assert_eq!(memory.seen().addrs.len(), LONGEST);
    }
}
