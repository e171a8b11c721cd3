//! The order of pstore's files. A dying kernel's log is kept in pieces, the last piece of the log first (`pstore_dump`,
//! `fs/pstore/platform.c`): each starts with `Panic#1 Part2` or `Oops#1 Part1`.

/// Puts pieces into the log's order and drops their first lines. What has no such line stays whole, at the end.
pub fn order(pieces: Vec<Vec<u8>>) -> Vec<u8> {
    let mut known: Vec<(u64, std::cmp::Reverse<u64>, Vec<u8>)> = Vec::new();
    let mut others = Vec::new();
    for piece in pieces {
        let end = piece.iter().position(|&byte| byte == b'\n').map_or(piece.len(), |at| at + 1);
        let (head, rest) = piece.split_at(end);
        match numbers(&String::from_utf8_lossy(head)) {
            Some((dump, part)) => known.push((dump, std::cmp::Reverse(part), rest.to_vec())),
            None => others.push(piece),
        }
    }
    known.sort();
    let mut log = Vec::new();
    for piece in known.into_iter().map(|(_, _, piece)| piece).chain(others) {
        log.extend_from_slice(&piece);
        if !log.ends_with(b"\n") {
            log.push(b'\n');
        }
    }
    log
}

/// `Panic#2 Part1`: number of the dump, and of its piece.
fn numbers(head: &str) -> Option<(u64, u64)> {
    let (reason, part) = head.trim().split_once(" Part")?;
    let (_, dump) = reason.split_once('#')?;
    Some((dump.parse().ok()?, part.parse().ok()?))
}

#[cfg(test)]
mod tests {
    #[test]
    fn pieces_come_in_the_order_of_the_log() {
        let pieces = ["Panic#1 Part1\n<0>[    3.0] c", "no head\n", "Panic#1 Part2\n<6>[    1.0] a\n<6>[    2.0] b\n"];
        let log = super::order(pieces.iter().map(|piece| piece.as_bytes().to_vec()).collect());
        assert_eq!(String::from_utf8(log).unwrap(), "<6>[    1.0] a\n<6>[    2.0] b\n<0>[    3.0] c\nno head\n");
    }
}
