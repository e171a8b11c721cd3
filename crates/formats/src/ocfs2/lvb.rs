//! The lock value block of metadata locks: the inode as its last exclusive holder left it (`struct ocfs2_meta_lvb`,
//! `fs/ocfs2/dlmglue.h`, version 5, big-endian).

use crate::scan::{Fields, prefixed_hex};

/// Version of `struct ocfs2_meta_lvb` that is decoded.
pub const META_LVB_VERSION: u8 = 5;

/// The 64 bytes of a record's LVB. Tokens are the bytes of a `char`, sign-extended on some kernels. `None` if they are not 64 byte tokens.
pub fn bytes(tokens: &[u8]) -> Option<[u8; 64]> {
    let mut lvb = [0; 64];
    let mut fields = Fields::new(tokens);
    for byte in &mut lvb {
        *byte = prefixed_hex(fields.next_field()?)? as u8;
    }
    Some(lvb)
}

/// What the LVB of a metadata lock says of its inode. It is valid only while the lock is held at PR or EX somewhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MetaLvb {
    /// Clusters allocated.
    pub clusters: u32,
    /// Owner.
    pub uid: u32,
    /// Group.
    pub gid: u32,
    /// Size in bytes.
    pub size: u64,
    /// Type and permissions, as in `st_mode`.
    pub mode: u16,
    /// Hard links.
    pub links: u16,
    /// Generation of the inode.
    pub generation: u32,
    /// Times in ns since the epoch: access, status change, modification (the kernel packs 34 bits of seconds and 30 of ns).
    pub atime_ns: u128,
    /// Status change.
    pub ctime_ns: u128,
    /// Modification.
    pub mtime_ns: u128,
}

impl MetaLvb {
    /// Decodes a version-5 LVB; `None` if it holds another version (all zero before the first use).
    pub fn decode(lvb: &[u8; 64]) -> Option<MetaLvb> {
        let [version, _reserved, _dyn_features0, _dyn_features1, rest @ ..] = lvb;
        if *version != META_LVB_VERSION {
            return None;
        }
        let mut reader = Reader(rest);
        Some(MetaLvb {
            clusters: reader.u32()?,
            uid: reader.u32()?,
            gid: reader.u32()?,
            atime_ns: packed_time(reader.u64()?),
            ctime_ns: packed_time(reader.u64()?),
            mtime_ns: packed_time(reader.u64()?),
            size: reader.u64()?,
            mode: reader.u16()?,
            links: reader.u16()?,
            generation: {
                let _attributes = reader.u32()?;
                reader.u32()?
            },
        })
    }

    /// `st_mode`'s file type as a word.
    pub fn file_type(&self) -> &'static str {
        match self.mode & 0o170_000 {
            0o040_000 => "directory",
            0o100_000 => "file",
            0o120_000 => "symlink",
            0o020_000 => "character device",
            0o060_000 => "block device",
            0o010_000 => "fifo",
            0o140_000 => "socket",
            _ => "unknown",
        }
    }
}

/// `ocfs2_pack_timespec`: seconds in the upper 34 bits, nanoseconds in the lower 30.
fn packed_time(packed: u64) -> u128 {
    u128::from(packed >> 30) * 1_000_000_000 + u128::from(packed & 0x3fff_ffff)
}

struct Reader<'a>(&'a [u8]);

impl Reader<'_> {
    fn take<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (head, tail) = self.0.split_first_chunk::<N>()?;
        self.0 = tail;
        Some(*head)
    }
    fn u16(&mut self) -> Option<u16> {
        self.take().map(u16::from_be_bytes)
    }
    fn u32(&mut self) -> Option<u32> {
        self.take().map(u32::from_be_bytes)
    }
    fn u64(&mut self) -> Option<u64> {
        self.take().map(u64::from_be_bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signed_and_unsigned_kernels_give_the_same_byte() {
        let mut tokens: Vec<String> = vec!["0x0".to_owned(); 64];
        tokens[0] = "0xffffffb1".to_owned();
        tokens[1] = "0xb1".to_owned();
        let lvb = bytes(tokens.join("\t").as_bytes()).unwrap();
        assert_eq!((lvb[0], lvb[1], lvb[2]), (0xb1, 0xb1, 0));
        assert_eq!(bytes(b"0x0\t0x1"), None);
    }

    #[test]
    fn an_empty_lvb_decodes_to_nothing() {
        assert_eq!(MetaLvb::decode(&[0; 64]), None);
    }
}
