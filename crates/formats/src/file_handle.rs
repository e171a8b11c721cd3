//! File handles as `open_by_handle_at(2)` takes them: what a file system needs to find an inode again without its path. Their bytes
//! are the file system's own affair; both that matter here make them of numbers which their locks tell.

/// One file handle.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct FileHandle {
    /// `handle_type`.
    pub kind: i32,
    /// `f_handle`.
    pub bytes: Vec<u8>,
}

impl FileHandle {
    /// An inode of GFS2: four big-endian words, formal number and disk address; the type is how many words there are
    /// (`gfs2_encode_fh`, `GFS2_SMALL_FH_SIZE`, `fs/gfs2/export.c`). A glock's `I:` line tells both numbers.
    pub fn gfs2(formal: u64, address: u64) -> FileHandle {
        FileHandle { kind: 4, bytes: [formal.to_be_bytes(), address.to_be_bytes()].concat() }
    }

    /// An inode of OCFS2: three little-endian words, of the block's upper and lower half and the generation; type 1 is one without
    /// its parent (`ocfs2_encode_fh`, `fs/ocfs2/export.c`).
    pub fn ocfs2(block: u64, generation: u32) -> FileHandle {
        let words = [(block >> 32) as u32, block as u32, generation];
        FileHandle { kind: 1, bytes: words.iter().flat_map(|word| word.to_le_bytes()).collect() }
    }

    /// The bytes in hex.
    pub fn hex(&self) -> String {
        self.bytes.iter().fold(String::new(), |hex, byte| hex + &format!("{byte:02x}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_the_kernels_make_them() {
        let handle = FileHandle::gfs2(0x1_0000_0014, 0x1b39);
        assert_eq!((handle.kind, handle.hex().as_str()), (4, "00000001000000140000000000001b39"));
        let handle = FileHandle::ocfs2(0x2_0000_1b39, 0xf10e_1d25);
        assert_eq!((handle.kind, handle.hex().as_str()), (1, "02000000391b0000251d0ef1"));
    }
}
