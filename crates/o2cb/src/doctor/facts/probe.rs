//! Connecting to a node that beats and is not connected, as this node's kernel tries to. Only the node with the higher number connects,
//! so only that direction is tried, and nothing is sent. The other kernel takes the connection for a failed attempt of this node's and
//! may write a line about it to its log.

use crate::found::FoundNode;
use crate::status::Status;
use std::io::ErrorKind;
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
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
    let own = status.cluster().and_then(|cluster| cluster.local()?.number.is().copied());
    let lower = |node: &&FoundNode| node.number.is().copied().zip(own).is_some_and(|(number, own)| number < own);
    let lost: Vec<&FoundNode> = status.lost().unwrap_or_default().into_iter().filter(lower).collect();
    let at = |node: &FoundNode| Some((u32::from(*node.number.is()?), *node.address.is()?, *node.port.is()?));
    all_at_once(lost.into_iter().filter_map(at).collect(), probe)
}

/// A node that drops packets costs all of the patience: each has a thread. In the order of the targets.
fn all_at_once(targets: Vec<(u32, Ipv4Addr, u16)>, one: impl Fn(u32, Ipv4Addr, u16) -> Probe + Sync) -> Vec<Probe> {
    let one = &one;
    thread::scope(|scope| {
        let threads: Vec<_> = targets
            .into_iter()
            .map(|(node, address, port)| (node, (address, port), scope.spawn(move || one(node, address, port))))
            .collect();
        let died = |node, at| Probe { node, at, outcome: Outcome::Other("the thread that tried it died".to_owned()), ms: 0 };
        threads.into_iter().map(|(node, at, thread)| thread.join().unwrap_or_else(|_| died(node, at))).collect()
    })
}

fn probe(node: u32, address: Ipv4Addr, port: u16) -> Probe {
    let began = Instant::now();
    let outcome = match TcpStream::connect_timeout(&SocketAddr::from((address, port)), PATIENCE) {
        Ok(_) => Outcome::Connected,
        Err(error) => match error.kind() {
            ErrorKind::ConnectionRefused => Outcome::Refused,
            ErrorKind::TimedOut | ErrorKind::WouldBlock => Outcome::Silence,
            _ => Outcome::Other(error.to_string()),
        },
    };
    Probe { node, at: (address, port), outcome, ms: u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_that_listens_and_one_that_does_not() {
        let listener = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        assert_eq!(probe(1, Ipv4Addr::LOCALHOST, port).outcome, Outcome::Connected);
        drop(listener);
        assert_eq!(probe(1, Ipv4Addr::LOCALHOST, port).outcome, Outcome::Refused);
    }

    #[test]
    fn nodes_are_tried_at_once() {
        // Each waits until both are being tried: one after the other would never end.
        let both = std::sync::Barrier::new(2);
        let one = |node, address, port| {
            both.wait();
            Probe { node, at: (address, port), outcome: Outcome::Silence, ms: 0 }
        };
        let probes = all_at_once(vec![(2, Ipv4Addr::LOCALHOST, 1), (1, Ipv4Addr::LOCALHOST, 1)], one);
        assert_eq!(probes.iter().map(|probe| probe.node).collect::<Vec<_>>(), [2, 1]);
    }
}
