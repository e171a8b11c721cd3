//! `/proc/net/fib_trie`: the host's own IPv4 addresses (`net/ipv4/fib_trie.c`, `fib_trie_seq_show`). A leaf `|-- ADDRESS` is
//! followed by what it is; `/32 host LOCAL` says that it is the host's.

use std::net::Ipv4Addr;

/// The host's addresses, each once, in the file's order.
pub fn local_addresses(text: &[u8]) -> Vec<Ipv4Addr> {
    let mut addresses = Vec::new();
    let mut leaf = None;
    for line in text.split(|byte| *byte == b'\n') {
        let line = line.trim_ascii();
        if let Some(address) = line.strip_prefix(b"|-- ") {
            leaf = std::str::from_utf8(address).ok().and_then(|address| address.parse().ok());
        } else if line == b"/32 host LOCAL"
            && let Some(address) = leaf
            && !addresses.contains(&address)
        {
            addresses.push(address);
        }
    }
    addresses
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn local_leaves_are_the_hosts() {
        let text = b"Main:\n  +-- 0.0.0.0/0 3 0 5\n     |-- 0.0.0.0\n        /0 universe UNICAST\nLocal:\n     +-- 10.0.0.0/24 2 0 2\n        |-- 10.0.0.0\n           /24 link UNICAST\n        |-- 10.0.0.2\n           /32 host LOCAL\n        |-- 10.0.0.255\n           /32 link BROADCAST\n     |-- 127.0.0.1\n        /32 host LOCAL\nLocal:\n     |-- 10.0.0.2\n        /32 host LOCAL\n";
        assert_eq!(local_addresses(text), [Ipv4Addr::new(10, 0, 0, 2), Ipv4Addr::LOCALHOST]);
    }
}
