//! Rules of nodes.

use super::{Check, Given};
use crate::cluster_conf::document::Stanza;
use crate::cluster_conf::syntax::show;
use crate::cluster_conf::{Node, rules, value};
use std::collections::HashMap;
use std::net::Ipv4Addr;

/// Longest name of a node, in bytes (`O2NM_MAX_NAME_LEN`).
const NAME_BYTES: usize = 64;
/// Most nodes of a cluster (`O2NM_MAX_NODES`).
const NODES: usize = 255;
/// What the reader takes as a node's number, exclusive (`INT_MAX`).
const READER_NUMBERS: u64 = i32::MAX as u64;

/// What nodes of a cluster may not share, and the line that has it.
#[derive(Default)]
struct Taken {
    names: HashMap<Vec<u8>, u32>,
    hosts: HashMap<Vec<u8>, u32>,
    numbers: HashMap<u8, u32>,
    addresses: HashMap<Ipv4Addr, u32>,
}

impl<'a> Check<'a> {
    /// A cluster's nodes that nobody refuses.
    pub(super) fn nodes(&mut self, cluster: &[u8]) -> Vec<Node> {
        let mut taken = Taken::default();
        let mut nodes = Vec::new();
        let document = self.document;
        for (index, stanza) in document.stanzas_of("node", Some(cluster)).enumerate() {
            if index == NODES {
                let what = format!("more than {NODES} nodes in a cluster");
                self.tell(stanza.name.start, rules::TOO_MANY_NODES, what, "numbers are 0 to 254: remove nodes");
            }
            nodes.extend(self.node(stanza, &mut taken));
        }
        nodes
    }

    fn node(&mut self, stanza: &'a Stanza, taken: &mut Taken) -> Option<Node> {
        let name = self.required(stanza, "name", "HOSTNAME");
        let name = name.and_then(|given| self.node_name(&given, taken));
        let number = self.number(stanza, "number", "1", READER_NUMBERS);
        let number = number.and_then(|(number, given)| self.node_number(number, &given, taken));
        let address = self.required(stanza, "ip_address", "10.0.0.1");
        let address = address.and_then(|given| self.node_address(&given, taken));
        let port = self.number(stanza, "ip_port", "7777", 1 << 32);
        let port = port.and_then(|(port, given)| self.node_port(port, &given));
        Some(Node { name: name?, number: number?, address: address?, port: port? })
    }

    fn line(&self, given: &Given<'_>) -> u32 {
        self.document.place(given.attribute.name.start).0
    }

    fn node_name(&mut self, given: &Given<'a>, taken: &mut Taken) -> Option<String> {
        let (text, line) = (show(&given.value), self.line(given));
        if let Some(earlier) = taken.names.insert(given.value.to_vec(), line) {
            let what = format!("the node '{text}' is there twice: also in line {earlier}");
            self.tell(given.at(), rules::DUPLICATE_NODE, what, "remove one of them, or give it its own host's name");
            return None;
        }
        if let Some(earlier) = taken.hosts.insert(given.value.to_ascii_lowercase(), line) {
            let what = format!("the node '{text}' differs from the one in line {earlier} in capitals only: on that host both are local");
            self.tell(given.at(), rules::SAME_HOST, what, "the kernel takes one local node only: remove or rename one of them");
        }
        let bytes = given.value.as_ref();
        if bytes.len() > NAME_BYTES {
            let what = format!("the node's name has {} bytes, of at most {NAME_BYTES}", bytes.len());
            self.tell(given.at(), rules::NODE_NAME, what, "use the host's name up to its first dot");
            return None;
        }
        if bytes.contains(&b'/') || bytes == b"." || bytes == b".." {
            let what = format!("the node's name '{text}' cannot be the name of a folder, which the kernel makes of it");
            self.tell(given.at(), rules::NODE_NAME, what, "use the host's name");
            return None;
        }
        let Ok(name) = std::str::from_utf8(bytes) else {
            let what = format!("the node's name '{text}' is no text, and no host has such a name");
            self.tell(given.at(), rules::NODE_NAME_TEXT, what, "use the host's name");
            return None;
        };
        if !bytes.iter().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.')) {
            let fix = given.fix("use the host's name");
            self.tell(given.at(), rules::ODD_NAME, format!("no host has a name such as the node's, '{text}'"), fix);
        }
        Some(name.to_owned())
    }

    fn node_number(&mut self, number: u64, given: &Given<'a>, taken: &mut Taken) -> Option<u8> {
        let line = self.line(given);
        let Some(number) = u8::try_from(number).ok().filter(|&number| number < u8::MAX) else {
            self.tell(given.at(), rules::NODE_NUMBER, format!("the node's number {number} is above 254"), "choose one of 0 to 254");
            return None;
        };
        if let Some(earlier) = taken.numbers.insert(number, line) {
            let what = format!("the number {number} is another node's too: line {earlier}");
            self.tell(given.at(), rules::DUPLICATE_NUMBER, what, "give each node its own, the same in all nodes' files");
            return None;
        }
        Some(number)
    }

    fn node_address(&mut self, given: &Given<'a>, taken: &mut Taken) -> Option<Ipv4Addr> {
        let (text, line) = (show(&given.value), self.line(given));
        let Some(address) = value::address(&given.value) else {
            let fix = given.fix("write four numbers of 0 to 255 without leading zeros, such as 10.0.0.1; names and IPv6 are not taken");
            self.tell(given.at(), rules::NOT_AN_ADDRESS, format!("ip_address '{text}' is no IPv4 address"), fix);
            return None;
        };
        if address.is_unspecified() {
            let what = "ip_address 0.0.0.0 is nobody's: no other node can connect to it";
            self.tell(given.at(), rules::UNSPECIFIED_ADDRESS, what, "use the node's address in the cluster's network");
            return None;
        }
        if let Some(earlier) = taken.addresses.insert(address, line) {
            let what = format!("ip_address {address} is another node's too: line {earlier}");
            self.tell(given.at(), rules::DUPLICATE_ADDRESS, what, "give each node its own");
            return None;
        }
        if address.is_loopback() || address.is_multicast() || address.is_broadcast() {
            let what = format!("other nodes cannot connect to ip_address {address}");
            self.tell(given.at(), rules::ODD_ADDRESS, what, "use the node's address in the cluster's network");
        }
        Some(address)
    }

    fn node_port(&mut self, port: u64, given: &Given<'a>) -> Option<u16> {
        let number = u16::try_from(port).ok().filter(|port| (1..u16::MAX).contains(port));
        if number.is_none() {
            self.tell(given.at(), rules::PORT, format!("ip_port {port} is not one of 1 to 65534"), "use 7777, the same on all nodes");
        }
        number
    }
}
