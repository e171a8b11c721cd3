//! Lists of node numbers, a blank after each: `o2net/connected_nodes` (`o2net_debug_fops`), `o2hb/livenodes` and
//! `o2hb/UUID/livenodes` (`o2hb_debug_open`, `fs/ocfs2/cluster/heartbeat.c`, since 2.6.29), and the maps within o2dlm's files
//! (`stringify_nodemap`, `fs/ocfs2/dlm/dlmdebug.c`).
//!
//! ```text
//! 1 2 7
//! ```

use super::number32;

/// Longest list that is read: the kernel has 255 nodes.
const MOST_NODES: usize = 256;

/// The nodes of one list, in the order printed (ascending); empty for an empty line. `None` if anything there is no node number.
pub fn parse(text: &[u8]) -> Option<Vec<u32>> {
    let words = text.split(u8::is_ascii_whitespace).filter(|word| !word.is_empty());
    let nodes: Vec<u32> = words.take(MOST_NODES + 1).map(number32).collect::<Option<_>>()?;
    (nodes.len() <= MOST_NODES).then_some(nodes)
}

/// Prints a list as the kernel does, without a newline.
pub fn print(nodes: &[u32]) -> String {
    nodes.iter().fold(String::new(), |text, node| text + &node.to_string() + " ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn an_empty_list_is_one_newline() {
        assert_eq!((parse(b"\n"), parse(b"1 2 7 \n")), (Some(vec![]), Some(vec![1, 2, 7])));
        assert_eq!((parse(b"1 x \n"), parse(b"1 -2 \n"), parse(b"4294967296\n")), (None, None, None));
    }

    proptest! {
        #[test]
        fn printed_lists_read_back(nodes in proptest::collection::vec(0u32..255, 0..255), bytes: Vec<u8>) {
            prop_assert_eq!(parse(print(&nodes).as_bytes()), Some(nodes));
            let _ = parse(&bytes);
        }
    }
}
