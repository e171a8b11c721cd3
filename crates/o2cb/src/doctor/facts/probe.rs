//! Connecting to a node that beats and is not connected, as this node's kernel tries to. Only the node with the higher number connects,
//! so only that direction is tried, and nothing is sent. The other kernel takes the connection for a failed attempt of this node's and
//! may write a line about it to its log.

use crate::status::Status;
use std::io::ErrorKind;
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
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

/// Tries all nodes that beat, are not connected, and have a lower number than this one.
pub fn look(status: &Status) -> Vec<Probe> {
    let Some(cluster) = status.cluster() else { return Vec::new() };
    let (Some(live), Some(connected)) = (status.found.beats.live.is(), status.found.connected.is()) else { return Vec::new() };
    let Some(own) = cluster.local().and_then(|node| node.number.is().copied()) else { return Vec::new() };
    let mut probes = Vec::new();
    for node in &cluster.nodes {
        let (Some(&number), Some(&address), Some(&port)) = (node.number.is(), node.address.is(), node.port.is()) else { continue };
        let lost = live.contains(&u32::from(number)) && !connected.contains(&u32::from(number));
        if lost && number < own {
            probes.push(probe(u32::from(number), address, port));
        }
    }
    probes
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
}
