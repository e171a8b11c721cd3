//! Rules of a cluster's own stanza, and whether one of its nodes is this host.

use super::{Check, Given};
use crate::cluster_conf::document::Stanza;
use crate::cluster_conf::host::is_local;
use crate::cluster_conf::syntax::show;
use crate::cluster_conf::{Cluster, Config, HeartbeatMode, Node, rules};

impl<'a> Check<'a> {
    /// 1 to 16 letters and digits.
    pub(super) fn cluster_name(&mut self, name: &Given<'a>) -> Option<String> {
        let text = show(&name.value);
        let what = match name.value.len() {
            0 => "the cluster's name is empty".to_owned(),
            1..=16 if name.value.iter().all(u8::is_ascii_alphanumeric) => return Some(text),
            1..=16 => format!("the cluster's name '{text}' has other characters than letters and digits"),
            length => format!("the cluster's name '{text}' has {length} characters, of at most 16"),
        };
        let fix = name.fix("choose 1 to 16 letters and digits, and change it in the cluster's nodes and regions too");
        self.tell(name.at(), rules::CLUSTER_NAME, what, fix);
        None
    }

    /// Mode and count of nodes.
    pub(super) fn cluster_head(&mut self, stanza: &'a Stanza) -> Option<(HeartbeatMode, u32)> {
        let mode = match self.given(stanza, "heartbeat_mode") {
            None => Some(HeartbeatMode::Local),
            Some(given) if given.value.eq_ignore_ascii_case(b"local") => Some(HeartbeatMode::Local),
            Some(given) if given.value.eq_ignore_ascii_case(b"global") => Some(HeartbeatMode::Global),
            Some(given) => {
                let fix = given.fix("write 'heartbeat_mode = local' or 'heartbeat_mode = global'");
                let what = format!("heartbeat_mode '{}' is neither local nor global", show(&given.value));
                self.tell(given.at(), rules::HEARTBEAT_MODE, what, fix);
                None
            }
        };
        let count = self.document.value(stanza, "name").map_or(0, |name| self.document.stanzas_of("node", Some(&name)).count());
        let (said, given) = self.number(stanza, "node_count", &count.to_string(), 1 << 32)?;
        // Nodes may stand behind headers that are not understood.
        if said != count as u64 && self.document.is_understood() {
            let nodes = if count == 1 { "1 node".to_owned() } else { format!("{count} nodes") };
            let what = format!("node_count is {said}, but the cluster has {nodes}");
            self.tell(given.at(), rules::NODE_COUNT, what, format!("write 'node_count = {count}'"));
        }
        if count == 0 && self.document.is_understood() {
            let name = self.document.value(stanza, "name").unwrap_or_default();
            let what = format!("the cluster '{}' has no nodes", show(&name));
            self.tell(stanza.name.start, rules::NO_NODES, what, "add them with 'o2cb add-node'");
        }
        Some((mode?, u32::try_from(said).ok()?))
    }

    /// Whether this host is one node of the cluster that it takes part in, with an address of its own.
    pub(super) fn this_host(&mut self, config: &Config) {
        let Some(host) = self.host else { return };
        let Some(name) = &host.name else { return };
        let local = |cluster: &Cluster| cluster.nodes.iter().filter(|node| is_local(&node.name, name)).cloned().collect::<Vec<Node>>();
        // Other clusters in the file may be other hosts'.
        let named = host.cluster.as_ref().filter(|wanted| config.clusters.iter().any(|cluster| cluster.name == **wanted));
        let elsewhere = config.clusters.iter().any(|cluster| !local(cluster).is_empty());
        for cluster in config.clusters.iter().filter(|cluster| !cluster.nodes.is_empty()) {
            let nodes = local(cluster);
            let ours = named.is_none_or(|named| *named == cluster.name);
            if nodes.is_empty() && ours && (named.is_some() || !elsewhere) && self.document.is_understood() {
                let at = self.head_of(&cluster.name);
                let what = format!("no node of the cluster '{}' is this host, '{}'", cluster.name, show(name.as_bytes()));
                let fix = "a node's name is the host's name, or that up to a dot; without such a node the cluster is of no use here";
                self.tell(at, rules::NOT_THIS_HOST, what, fix);
            }
            if let [first, second, ..] = nodes.as_slice() {
                let what = format!("'{}' and '{}' are both this host, '{}'", first.name, second.name, show(name.as_bytes()));
                let at = self.value_of(&cluster.name, &second.name, "name");
                self.tell(at, rules::SAME_HOST, what, "the kernel takes one local node only: remove or rename one of them");
            }
            for node in &nodes {
                if host.addresses.as_ref().is_some_and(|addresses| !addresses.contains(&node.address)) {
                    let at = self.value_of(&cluster.name, &node.name, "ip_address");
                    let what = format!("no interface of this host has the address {} of its node '{}'", node.address, node.name);
                    self.tell(at, rules::ADDRESS_NOT_HERE, what, "correct ip_address on all nodes, or bring the interface up first");
                }
            }
        }
    }

    fn head_of(&self, cluster: &str) -> usize {
        self.document.stanzas_of("cluster", Some(cluster.as_bytes())).next().map_or(0, |stanza| stanza.name.start)
    }

    /// Where an attribute's value of a cluster's node is.
    fn value_of(&self, cluster: &str, node: &str, name: &str) -> usize {
        let mut stanzas = self.document.stanzas_of("node", Some(cluster.as_bytes()));
        let stanza = stanzas.find(|stanza| self.document.value(stanza, "name").is_some_and(|value| *value == *node.as_bytes()));
        stanza.and_then(|stanza| self.document.attribute(stanza, name)).map_or(0, |attribute| attribute.value.start)
    }
}
