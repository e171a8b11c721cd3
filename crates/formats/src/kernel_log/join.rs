//! Messages that the kernel spreads over several records, made whole: a list of nodes is printed piece by piece
//! (`__dlm_print_nodes`, `fs/ocfs2/dlm/dlmdomain.c`; `o2cb_cluster_check`, `fs/ocfs2/stack_o2cb.c`), and since Linux 4.9 each piece is a record.
//!
//! ```text
//! o2dlm: Joining domain D        o2cb: This node could not connect to nodes:
//! (                               1
//! 1                              .
//! ) 1 nodes
//! ```

use super::record::Record;

/// Between the pieces of a message, µs, at most.
const TOGETHER_US: i64 = 1_000_000;

/// Puts them together. Records in between stay; they come after the message.
pub fn join(records: Vec<Record>) -> Vec<Record> {
    let mut joined: Vec<Record> = Vec::with_capacity(records.len());
    // The message that is still open, by its place.
    let mut open: Option<usize> = None;
    for record in records {
        if let Some(index) = open
            && let Some(whole) = joined.get_mut(index)
        {
            let near = record.boot == whole.boot && record.at.since(whole.at).is_none_or(|apart| apart.abs() <= TOGETHER_US);
            let piece = record.text.trim();
            if near && is_piece(piece) {
                if !whole.text.ends_with(' ') && piece != "." {
                    whole.text.push(' ');
                }
                whole.text.push_str(piece);
                if is_end(piece) {
                    open = None;
                }
                continue;
            }
        }
        if is_begin(&record.text) {
            open = Some(joined.len());
        }
        joined.push(record);
    }
    joined
}

fn is_begin(text: &str) -> bool {
    let list = |start: &str| text.starts_with(start) && !text.contains('(');
    let domain = list("o2dlm: Joining domain ")
        || (text.starts_with("o2dlm: Node ")
            && (text.contains(" joins domain ") || text.contains(" leaves domain "))
            && !text.contains('('));
    domain || text.trim_end() == "o2cb: This node could not connect to nodes:"
}

fn is_piece(piece: &str) -> bool {
    piece == "(" || (!piece.is_empty() && piece.len() <= 3 && piece.bytes().all(|byte| byte.is_ascii_digit())) || is_end(piece)
}

fn is_end(piece: &str) -> bool {
    piece == "." || (piece.starts_with(") ") && piece.ends_with(" nodes"))
}

#[cfg(test)]
mod tests {
    use super::super::parse;
    use super::*;

    fn joined(text: &str) -> Vec<String> {
        join(parse(text.as_bytes())).into_iter().map(|record| record.text).collect()
    }

    #[test]
    fn lists_of_nodes_are_whole_again() {
        let text = "[   94.960000] o2dlm: Node 2 joins domain 49F9 \n[   94.960000] ( \n[   94.960000] 1 \n[   94.961000] usb 1-1: new\n[   94.960000] 2 \n[   94.960000] ) 2 nodes\n";
        assert_eq!(joined(text), ["o2dlm: Node 2 joins domain 49F9 ( 1 2 ) 2 nodes", "usb 1-1: new"]);
        let text = "[  150.0] o2cb: This node could not connect to nodes:\n[  150.0]  1\n[  150.0]  12\n[  150.0] .\n[  150.0] o2cb: Cluster check failed.";
        assert_eq!(joined(text), ["o2cb: This node could not connect to nodes: 1 12.", "o2cb: Cluster check failed."]);
    }

    #[test]
    fn what_is_whole_or_far_apart_stays() {
        let whole = "o2dlm: Joining domain D ( 1 2 ) 2 nodes";
        assert_eq!(joined(&format!("[ 1.0] {whole}\n[ 1.0] 7\n")), [whole, "7"]);
        assert_eq!(joined("[ 1.0] o2dlm: Joining domain D \n[ 9.0] 7\n"), ["o2dlm: Joining domain D ", "7"]);
    }
}
