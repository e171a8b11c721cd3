//! What passes within seconds is read a second time, after the heartbeats were watched: a node that is just connecting, one that just
//! died, a domain that is just joined, a short wait.

use super::waits::{self, Wait};
use crate::found::{Domain, FoundCluster, FoundNode, Seen, domains, nodes};
use crate::kernel::{DEBUGFS, Look};
use collect::node::{NodeFiles, o2cb_network};
use sample::o2cb::{Connection, Member};

/// All of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Again {
    /// Nodes that beat in any region, with this one.
    pub live: Seen<Vec<u32>>,
    /// Nodes with a connection whose handshake is done.
    pub connected: Seen<Vec<u32>>,
    /// Domains that this node is in.
    pub domains: Seen<Vec<Domain>>,
    /// Those of the long waits for locks that have not ended.
    pub waits: Seen<Vec<Wait>>,
    /// TCP's view of the connections to other nodes, or why it was not asked.
    pub tcp: Result<Vec<Connection>, String>,
}

impl Again {
    /// Reads it; `waits`: those that were long before. TCP is not asked.
    pub fn look(look: &dyn Look, waits: &[Wait]) -> Again {
        Again {
            waits: waits::lasting(look, waits),
            live: nodes(look, &format!("{DEBUGFS}/o2hb/livenodes")),
            connected: nodes(look, &format!("{DEBUGFS}/o2net/connected_nodes")),
            domains: domains(look),
            tcp: Err("it was not asked".to_owned()),
        }
    }

    /// Asks TCP for its view of the connections between nodes of `cluster`.
    pub fn ask_tcp(&mut self, files: &dyn NodeFiles, cluster: &FoundCluster) {
        let member = |node: &FoundNode| Member {
            name: node.name.clone(),
            number: node.number.is().copied(),
            address: node.address.is().copied(),
            port: node.port.is().copied(),
            local: node.local.is().copied(),
        };
        self.tcp = o2cb_network::of_nodes(files, &cluster.nodes.iter().map(member).collect::<Vec<_>>());
    }

    /// For how long nothing has come from a node over an established connection, ms; `None`: TCP does not tell.
    pub fn silent_ms(&self, node: u32) -> Option<u64> {
        let of_node = |connection: &&Connection| u32::from(connection.node) == node && connection.established;
        self.tcp.as_ref().ok()?.iter().filter(of_node).filter_map(|connection| connection.received_ms).min()
    }

    /// Whether a node still beats and is not connected; what could not be read a second time counts as unchanged.
    pub fn lost(&self, node: u32) -> bool {
        let live = self.live.is().is_none_or(|live| live.contains(&node));
        live && self.connected.is().is_none_or(|connected| !connected.contains(&node))
    }

    /// Whether a node beats and has a connection; what could not be read a second time counts as unchanged: it had both.
    pub fn connected(&self, node: u32) -> bool {
        let has = |seen: &Seen<Vec<u32>>| seen.is().is_none_or(|nodes| nodes.contains(&node));
        has(&self.live) && has(&self.connected)
    }

    /// The domain of this name; `None`: it is gone, or was not read.
    pub fn domain(&self, name: &str) -> Option<&Domain> {
        self.domains.is()?.iter().find(|domain| domain.name == name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::found::Found;
    use crate::plan::tests::{go_online, timeouts};
    use crate::stack::samples;
    use collect::node::files::Dump;
    use formats::cluster_conf::HeartbeatMode;
    use formats::sock_diag::Socket;
    use sample::TasksSample;
    use sample::task::TaskRequest;
    use std::io;
    use std::net::Ipv4Addr;

    /// A node with these sockets, and whether the kernel can be asked for them without loading something.
    struct Sockets(Vec<Socket>, bool);

    impl NodeFiles for Sockets {
        fn read(&self, _: &str, _: usize) -> io::Result<Vec<u8>> {
            Ok(Vec::new())
        }

        fn list(&self, path: &str) -> io::Result<Vec<String>> {
            if self.1 && path == "/sys/module/tcp_diag" { Ok(Vec::new()) } else { Err(io::ErrorKind::NotFound.into()) }
        }

        fn dumps(&self, _: &str) -> io::Result<Vec<Dump>> {
            Err(io::ErrorKind::NotFound.into())
        }

        fn can_repeat(&self) -> bool {
            false
        }

        fn tasks(&self, _: &TaskRequest) -> TasksSample {
            TasksSample::default()
        }

        fn tcp_sockets(&self) -> io::Result<Vec<Socket>> {
            Ok(self.0.clone())
        }
    }

    #[test]
    fn the_connection_of_a_node_is_found_among_the_sockets() {
        let mut kernel = samples::machine(1);
        go_online(&mut kernel, &samples::cluster(HeartbeatMode::Global, 3, 1), &timeouts(&[]));
        let found = Found::look(&kernel);
        let cluster = found.cluster().unwrap();
        let socket = |own_port, from, established, received_ms| Socket {
            local: (Ipv4Addr::new(10, 9, 0, 1), own_port),
            remote: (Ipv4Addr::new(10, 9, 0, from), 40_000),
            established,
            unacknowledged: 0,
            retransmits: 0,
            sent_ms: Some(1),
            received_ms: Some(received_ms),
        };
        // Node 2's connection, one that is being made, one to another port, and one of a host that is no node.
        let sockets = vec![socket(7777, 2, true, 61_000), socket(7777, 2, false, 5), socket(22, 2, true, 6), socket(7777, 9, true, 7)];
        let mut again = Again::look(&kernel, &[]);
        assert_eq!(again.silent_ms(2), None, "TCP was not asked");
        again.ask_tcp(&Sockets(sockets.clone(), true), cluster);
        assert_eq!((again.silent_ms(2), again.silent_ms(3)), (Some(61_000), None));
        again.ask_tcp(&Sockets(sockets, false), cluster);
        assert!(again.silent_ms(2).is_none() && again.tcp.as_ref().is_err_and(|why| why.contains("tcp_diag is not loaded")));
    }
}
