//! The nodes a cluster's configuration names: O2CB's `/etc/ocfs2/cluster.conf` (stanzas of `key = value`) and corosync's
//! `corosync.conf` (`nodelist { node { ring0_addr: …; name: …; nodeid: … } }`). Only names, addresses and numbers are read here.

/// One configured node.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ClusterNode {
    /// Name; O2CB requires it to be the node's host name.
    pub name: Option<String>,
    /// Address of the cluster network.
    pub address: Option<String>,
    /// Number of the node, by which the DLM's files name it: O2CB's `number`, 0 to 254; corosync's `nodeid`, from 1. `None` if not
    /// given, or no number.
    pub number: Option<u32>,
}

impl ClusterNode {
    /// What to connect to: the name, else the address.
    pub fn host(&self) -> Option<&str> {
        self.name.as_deref().or(self.address.as_deref())
    }
}

/// Nodes of `/etc/ocfs2/cluster.conf`, in its order. A stanza is a line `node:` and indented `key = value` lines.
pub fn parse_cluster_conf(text: &str) -> Vec<ClusterNode> {
    let mut nodes: Vec<ClusterNode> = Vec::new();
    let mut in_node = false;
    for line in text.lines() {
        let line = line.split('#').next().unwrap_or_default().trim();
        if let Some(stanza) = line.strip_suffix(':') {
            in_node = stanza == "node";
            if in_node {
                nodes.push(ClusterNode::default());
            }
        } else if let (true, Some((key, value)), Some(node)) = (in_node, line.split_once('='), nodes.last_mut()) {
            set(node, key.trim(), value.trim(), ["name", "ip_address", "number"]);
        }
    }
    nodes
}

/// Nodes of `corosync.conf`.
pub fn parse_corosync_conf(text: &str) -> Vec<ClusterNode> {
    let mut nodes: Vec<ClusterNode> = Vec::new();
    let mut sections: Vec<String> = Vec::new();
    for line in text.lines() {
        let line = line.trim();
        if line.starts_with('#') {
            continue;
        }
        if let Some(name) = line.strip_suffix('{') {
            sections.push(name.trim().to_owned());
            if sections == ["nodelist", "node"] {
                nodes.push(ClusterNode::default());
            }
        } else if line == "}" {
            sections.pop();
        } else if let (true, Some((key, value)), Some(node)) = (sections == ["nodelist", "node"], line.split_once(':'), nodes.last_mut()) {
            set(node, key.trim(), value.trim(), ["name", "ring0_addr", "nodeid"]);
        }
    }
    nodes
}

fn set(node: &mut ClusterNode, key: &str, value: &str, [name, address, number]: [&str; 3]) {
    if key == name {
        node.name = Some(value.to_owned());
    } else if key == address {
        node.address = Some(value.to_owned());
    } else if key == number {
        node.number = value.parse().ok();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cluster_conf_names_its_nodes() {
        let text = "cluster:\n\theartbeat_mode = local\n\tname = labo2\n\nnode:\n\tnumber = 1\n\tip_address = 10.9.0.1\n\tname = node1\nnode:\n\tname = node2\n";
        let nodes = parse_cluster_conf(text);
        assert_eq!(nodes.iter().filter_map(ClusterNode::host).collect::<Vec<_>>(), ["node1", "node2"]);
        assert_eq!(nodes[0].address.as_deref(), Some("10.9.0.1"));
    }

    #[test]
    fn corosync_conf_names_its_nodes() {
        let text = "totem {\n  version: 2\n  interface { \n }\n}\nnodelist {\n  node {\n    ring0_addr: 10.77.0.1\n    name: node1\n  }\n  node {\n    ring0_addr: 10.77.0.2\n  }\n}\n";
        let nodes = parse_corosync_conf(text);
        assert_eq!(nodes.iter().filter_map(ClusterNode::host).collect::<Vec<_>>(), ["node1", "10.77.0.2"]);
    }

    #[test]
    fn nodes_have_numbers() {
        let nodes = parse_cluster_conf("node:\n\tnumber = 0\n\tname = a\nnode:\n\tname = b\nnode:\n\tname = c\n\tnumber = x\n");
        assert_eq!(nodes.iter().map(|node| node.number).collect::<Vec<_>>(), [Some(0), None, None]);
        let nodes = parse_corosync_conf("nodelist {\n node {\n  nodeid: 3\n  ring0_addr: 10.9.0.3\n }\n node {\n }\n}\n");
        assert_eq!(nodes.iter().map(|node| node.number).collect::<Vec<_>>(), [Some(3), None]);
    }
}
