//! Connecting to a node that beats and is not connected, as this node's kernel tries to. Only the node with the higher number connects,
//! so only that direction is tried, and nothing is sent. The other kernel takes the connection for a failed attempt of this node's and
//! may write a line about it to its log.

use crate::found::FoundNode;
use crate::status::Status;
use rustix::event::{self, PollFd, PollFlags, Timespec};
use rustix::io::Errno;
use rustix::net::{self, AddressFamily, SocketFlags, SocketType};
use std::io;
use std::net::{Ipv4Addr, SocketAddrV4};
use std::thread;
use std::time::{Duration, Instant};

/// How long an answer is waited for.
const PATIENCE: Duration = Duration::from_secs(3);

/// What came of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// A connection came about.
    Connected,
    /// Nothing listens there, or a firewall rejects.
    Refused,
    /// No answer: a firewall drops, a wrong address, no such host.
    Silence,
    /// A way or a host is said to be missing, in the kernel's words: a firewall that rejects says so too (`icmp_err_convert`,
    /// `net/ipv4/icmp.c`: its prohibitions of a host or of all are `EHOSTUNREACH`, of a network `ENETUNREACH`).
    Unreachable(String),
    /// Something else: in the kernel's words.
    Other(String),
}

/// One attempt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Probe {
    /// The node's number.
    pub node: u32,
    /// Where it should listen.
    pub at: (Ipv4Addr, u16),
    /// What came of it.
    pub outcome: Outcome,
    /// After how many milliseconds.
    pub ms: u64,
}

/// Tries all nodes that beat, are not connected, and have a lower number than this one; all at once.
pub fn look(status: &Status) -> Vec<Probe> {
    // From another address of this host the other kernel would not know who it is.
    let own = status.cluster().and_then(|cluster| cluster.local()).and_then(|node| Some((*node.number.is()?, *node.address.is()?)));
    let Some((own, from)) = own else { return Vec::new() };
    let at = |node: &FoundNode| Some((u32::from(*node.number.is()?), SocketAddrV4::new(*node.address.is()?, *node.port.is()?)));
    let lower = |node: &&FoundNode| node.number.is().is_some_and(|number| *number < own);
    let targets = status.lost().unwrap_or_default().into_iter().filter(lower).filter_map(at).collect();
    all_at_once(targets, |node, to| probe(node, from, to))
}

/// A node that drops packets costs all of the patience: each has a thread. In the order of the targets.
fn all_at_once(targets: Vec<(u32, SocketAddrV4)>, one: impl Fn(u32, SocketAddrV4) -> Probe + Sync) -> Vec<Probe> {
    let one = &one;
    thread::scope(|scope| {
        let threads: Vec<_> = targets.into_iter().map(|(node, to)| (node, to, scope.spawn(move || one(node, to)))).collect();
        let died = |node, to: SocketAddrV4| {
            let outcome = Outcome::Other("the thread that tried it died".to_owned());
            Probe { node, at: (*to.ip(), to.port()), outcome, ms: 0 }
        };
        threads.into_iter().map(|(node, to, thread)| thread.join().unwrap_or_else(|_| died(node, to))).collect()
    })
}

/// One attempt, from this node's own address as its kernel makes it (`o2net_start_connect`, `fs/ocfs2/cluster/tcp.c`).
fn probe(node: u32, from: Ipv4Addr, to: SocketAddrV4) -> Probe {
    let began = Instant::now();
    let outcome = connect(from, to, began).map_or_else(|errno| failed(errno, from), |()| Outcome::Connected);
    Probe { node, at: (*to.ip(), to.port()), outcome, ms: u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX) }
}

fn failed(errno: Errno, from: Ipv4Addr) -> Outcome {
    let words = || io::Error::from(errno).to_string();
    match errno {
        Errno::CONNREFUSED => Outcome::Refused,
        Errno::TIMEDOUT => Outcome::Silence,
        Errno::HOSTUNREACH | Errno::NETUNREACH => Outcome::Unreachable(words()),
        Errno::ADDRNOTAVAIL => Outcome::Other(format!("this host has not its node's address {from}")),
        _ => Outcome::Other(words()),
    }
}

fn connect(from: Ipv4Addr, to: SocketAddrV4, began: Instant) -> rustix::io::Result<()> {
    let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
    let socket = net::socket_with(AddressFamily::INET, SocketType::STREAM, flags, None)?;
    net::bind(&socket, &SocketAddrV4::new(from, 0))?;
    match net::connect(&socket, &to) {
        Err(Errno::INPROGRESS) => {}
        done => return done,
    }
    loop {
        let left = PATIENCE.saturating_sub(began.elapsed());
        let left = Timespec::try_from(left).map_err(|_| Errno::TIMEDOUT)?;
        match event::poll(&mut [PollFd::new(&socket, PollFlags::OUT)], Some(&left)) {
            Ok(0) => return Err(Errno::TIMEDOUT),
            Ok(_) => return net::sockopt::socket_error(&socket)?,
            Err(Errno::INTR) => {}
            Err(error) => return Err(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_that_listens_and_one_that_does_not() {
        let listener = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let to = SocketAddrV4::new(Ipv4Addr::LOCALHOST, listener.local_addr().unwrap().port());
        // The other side sees the node's own address, though the host has others.
        let from = Ipv4Addr::new(127, 0, 0, 77);
        assert_eq!(probe(1, from, to).outcome, Outcome::Connected);
        assert_eq!(listener.accept().unwrap().1.ip(), from);
        drop(listener);
        assert_eq!(probe(1, from, to).outcome, Outcome::Refused);
    }

    #[test]
    fn an_address_that_is_not_here() {
        let probe = probe(1, Ipv4Addr::new(192, 0, 2, 1), SocketAddrV4::new(Ipv4Addr::LOCALHOST, 9));
        assert!(matches!(&probe.outcome, Outcome::Other(why) if why.contains("192.0.2.1")), "{probe:?}");
    }

    #[test]
    fn what_an_errno_means() {
        let outcome = |errno| failed(Errno::from_raw_os_error(errno), Ipv4Addr::LOCALHOST);
        assert!(matches!(outcome(113), Outcome::Unreachable(why) if why.contains("No route to host")));
        assert!(matches!(outcome(101), Outcome::Unreachable(why) if why.contains("unreachable")));
        assert_eq!((outcome(110), outcome(111)), (Outcome::Silence, Outcome::Refused));
        assert!(matches!(outcome(13), Outcome::Other(_)));
    }

    #[test]
    fn nodes_are_tried_at_once() {
        // Each waits until both are being tried: one after the other would never end.
        let both = std::sync::Barrier::new(2);
        let one = |node, to: SocketAddrV4| {
            both.wait();
            Probe { node, at: (*to.ip(), to.port()), outcome: Outcome::Silence, ms: 0 }
        };
        let to = SocketAddrV4::new(Ipv4Addr::LOCALHOST, 1);
        let probes = all_at_once(vec![(2, to), (1, to)], one);
        assert_eq!(probes.iter().map(|probe| probe.node).collect::<Vec<_>>(), [2, 1]);
    }
}
