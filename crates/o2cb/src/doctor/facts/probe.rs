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
    /// There is no way there, or something else: in the kernel's words.
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
    let outcome = match connect(from, to, began) {
        Ok(()) => Outcome::Connected,
        Err(Errno::CONNREFUSED) => Outcome::Refused,
        Err(Errno::TIMEDOUT) => Outcome::Silence,
        Err(Errno::ADDRNOTAVAIL) => Outcome::Other(format!("this host has not its node's address {from}")),
        Err(error) => Outcome::Other(io::Error::from(error).to_string()),
    };
    Probe { node, at: (*to.ip(), to.port()), outcome, ms: u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX) }
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
