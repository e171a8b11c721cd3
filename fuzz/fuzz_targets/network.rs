//! Arbitrary bytes as what a machine says of its network and of the cluster's nodes: sockets by netlink and by `/proc/net/tcp`, routes,
//! addresses, node lists of `cluster.conf` and `corosync.conf`.

#![no_main]

use formats::proc::{fib_trie, net_tcp, route};
use formats::{cluster_nodes, sock_diag};
use libfuzzer_sys::fuzz_target;
use std::net::Ipv4Addr;

fuzz_target!(|bytes: &[u8]| {
    let lines = bytes.iter().filter(|byte| **byte == b'\n').count();
    // The first line is a head.
    assert!(net_tcp::parse(bytes).len() <= lines);
    let routes = route::parse(bytes);
    assert!(routes.len() <= lines);
    let way = route::interface_to(&routes, Ipv4Addr::new(10, 9, 0, 2));
    assert!(way.is_none_or(|way| routes.iter().any(|route| route.interface == way)));
    assert!(fib_trie::local_addresses(bytes).len() <= lines + 1);
    let mut sockets = Vec::new();
    sock_diag::parse(bytes, &mut sockets);
    assert!(sockets.len() <= bytes.len() / 16);
    let text = String::from_utf8_lossy(bytes);
    for node in cluster_nodes::parse_cluster_conf(&text).into_iter().chain(cluster_nodes::parse_corosync_conf(&text)) {
        let _ = node.host();
    }
});
