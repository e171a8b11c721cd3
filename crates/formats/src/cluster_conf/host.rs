//! What a configuration is held against: facts of the host that it is read on.

use std::net::Ipv4Addr;

/// Facts of a host. What is not known is not judged.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Host {
    /// Host name.
    pub name: Option<String>,
    /// Its IPv4 addresses.
    pub addresses: Option<Vec<Ipv4Addr>>,
    /// UUIDs of the OCFS2 volumes that it sees, 32 upper-case hexadecimal digits.
    pub volumes: Option<Vec<String>>,
    /// The cluster that it takes part in (`O2CB_BOOTCLUSTER`).
    pub cluster: Option<String>,
}

/// Whether a node is the host of a name: it has that name, or that up to a dot; case does not count (`libo2cb`,
/// `o2cb_node_is_local`).
pub fn is_local(node: &str, host: &str) -> bool {
    host.split_at_checked(node.len())
        .is_some_and(|(start, rest)| !node.is_empty() && start.eq_ignore_ascii_case(node) && (rest.is_empty() || rest.starts_with('.')))
}

/// Whether a text is a region: 32 upper-case hexadecimal digits.
pub fn is_region(text: &[u8]) -> bool {
    text.len() == 32 && text.iter().all(|byte| matches!(byte, b'0'..=b'9' | b'A'..=b'F'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_node_is_local_by_name_or_by_name_up_to_a_dot() {
        assert!(is_local("node1", "node1"));
        assert!(is_local("Node1", "node1.example.com"));
        assert!(is_local("node1.example", "node1.example.com"));
        assert!(!is_local("node1", "node10"));
        assert!(!is_local("node1.example.com", "node1"));
        assert!(!is_local("", ".x"));
    }
}
