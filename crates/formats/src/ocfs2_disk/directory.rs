//! Directory entries (`struct ocfs2_dir_entry`, `fs/ocfs2/ocfs2_fs.h`): they tile a block, or the inline data of a dinode.

use super::bytes::{u16_at, u64_at};

/// An entry in use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry<'a> {
    /// Block of the dinode.
    pub inode: u64,
    /// Name.
    pub name: &'a [u8],
    /// `DT_*` of readdir(3).
    pub file_type: u8,
}

/// The entries of one block or of a dinode's inline data. Ends after the first that is malformed, with what is wrong with it.
#[derive(Clone, Debug)]
pub struct Entries<'a> {
    rest: &'a [u8],
}

/// Bytes of an entry before its name.
const HEADER: usize = 12;
/// The trailer that ends a block of a directory with checksums or an index (`struct ocfs2_dir_block_trailer`): to a reader of
/// entries it is one that is not in use.
pub(super) const TRAILER: usize = 64;
const TRAILER_SIGNATURE: &[u8] = b"DIRTRL1\0";
const TRAILER_CHECK: usize = 0x38;

impl<'a> Entries<'a> {
    /// Starts at the first entry.
    pub fn new(block: &'a [u8]) -> Self {
        Entries { rest: block }
    }

    fn take(&mut self) -> Result<Option<Entry<'a>>, &'static str> {
        let cut = "a directory entry is cut short";
        let length = usize::from(u16_at(self.rest, 8).ok_or(cut)?);
        if length < HEADER || !length.is_multiple_of(4) {
            return Err("a directory entry has an impossible length");
        }
        let (entry, rest) = self.rest.split_at_checked(length).ok_or("a directory entry crosses the end of its block")?;
        self.rest = rest;
        let inode = u64_at(entry, 0).ok_or(cut)?;
        if inode == 0 {
            return Ok(None);
        }
        let name = entry.get(HEADER..HEADER + usize::from(*entry.get(10).ok_or(cut)?));
        let name = name.ok_or("a directory entry has a name longer than itself")?;
        Ok(Some(Entry { inode, name, file_type: *entry.get(11).ok_or(cut)? }))
    }
}

impl<'a> Iterator for Entries<'a> {
    type Item = Result<Entry<'a>, &'static str>;

    fn next(&mut self) -> Option<Self::Item> {
        while !self.rest.is_empty() {
            match self.take() {
                Ok(Some(entry)) => return Some(Ok(entry)),
                Ok(None) => {}
                Err(problem) => {
                    self.rest = &[];
                    return Some(Err(problem));
                }
            }
        }
        None
    }
}

/// Where the checksum of a directory's block is; `None` without a trailer.
pub(super) fn trailer_check(block: &[u8]) -> Option<usize> {
    let start = block.len().checked_sub(TRAILER)?;
    block.get(start + 16..)?.starts_with(TRAILER_SIGNATURE).then_some(start + TRAILER_CHECK)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn entry(inode: u64, length: u16, name: &[u8]) -> Vec<u8> {
        let mut entry = inode.to_le_bytes().to_vec();
        entry.extend(length.to_le_bytes());
        entry.extend([name.len() as u8, 1]);
        entry.extend(name);
        entry.resize(usize::from(length), 0);
        entry
    }

    #[test]
    fn unused_entries_are_passed_over() {
        let block = [entry(7, 20, b"slot_map"), entry(0, 24, b"gone"), entry(9, 24, b"heartbeat")].concat();
        let names: Vec<_> = Entries::new(&block).map(|entry| entry.map(|entry| (entry.inode, entry.name))).collect();
        assert_eq!(names, [Ok((7, &b"slot_map"[..])), Ok((9, &b"heartbeat"[..]))]);
    }

    #[test]
    fn damage_ends_the_walk_and_is_told() {
        for (bad, what) in [
            (entry(7, 12, b""), "impossible length"),
            (entry(7, 12, b"a"), "longer than itself"),
            (entry(7, 16, b"abc")[..14].to_vec(), "crosses the end"),
            (vec![1; 9], "cut short"),
        ] {
            let mut bad = bad;
            if what == "impossible length" {
                bad[8] = 0;
            }
            let block = [entry(3, 16, b"ok"), bad, entry(4, 16, b"no")].concat();
            let block = if what == "cut short" || what == "crosses the end" { &block[..block.len() - 16] } else { &block[..] };
            let entries: Vec<_> = Entries::new(block).collect();
            assert_eq!(entries.len(), 2, "{what}: {entries:?}");
            assert!(entries[0].is_ok() && entries[1].unwrap_err().contains(what), "{what}: {entries:?}");
        }
    }

    proptest! {
        #[test]
        fn no_bytes_panic(block in proptest::collection::vec(any::<u8>(), 0..200)) {
            prop_assert!(Entries::new(&block).count() <= block.len() / HEADER + 1);
            let _ = trailer_check(&block);
        }
    }
}
