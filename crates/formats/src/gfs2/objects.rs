//! ` I:`, ` R:`, `  L:` and `  B:` lines of `glocks`: what a glock protects (`inode_go_dump`, `fs/gfs2/glops.c`;
//! `gfs2_rgrp_dump`, `dump_rs`, `fs/gfs2/rgrp.c`). `I:` and `R:` are printed only while the glock is not UN.
//!
//! ```text
//!  I: n:1/99315 t:4 f:0x00 d:0x00000003 s:2048 p:1
//!  R: n:8245 f:90000000 b:59865/59865 i:15 q:4 r:0 e:62463
//!   L: f:00 b:59865 i:15
//!   B: n:9285 s:8300 f:4
//! ```

use super::cursor::Cursor;
use crate::problem::LineProblem;

/// An inode. It is printed under its glock of type 2 and again under that of type 5.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InodeObject<'a> {
    /// `n:` formal inode number: counts the inodes ever made.
    pub formal: u64,
    /// `n:` disk address, which is `st_ino`: decimal here, hexadecimal in the glock's name.
    pub address: u64,
    /// `t:` kind of file as in `readdir` (`DT_*`): 1 fifo, 2 character, 4 directory, 6 block, 8 regular, 10 link, 12 socket.
    pub dtype: u8,
    /// `f:` flags in memory (`GIF_*`).
    pub flags: u64,
    /// `d:` flags on disk (`GFS2_DIF_*`).
    pub disk_flags: u32,
    /// `s:` size in bytes.
    pub size: Option<u64>,
    /// `s:` what the first kernels print behind a slash: a second size in bytes.
    pub second_size: Option<u64>,
    /// `p:` pages of data cached. Since 5.4.
    pub pages: Option<u64>,
    /// What follows the fields known.
    pub rest: &'a [u8],
}

impl<'a> InodeObject<'a> {
    /// File kind "directory" in [`InodeObject::dtype`].
    pub const DIRECTORY: u8 = 4;
    /// Disk flag of files that belong to the file system (`GFS2_DIF_SYSTEM`).
    pub const SYSTEM: u32 = 0x200;

    /// Whether it is a directory.
    pub fn is_directory(&self) -> bool {
        self.dtype == Self::DIRECTORY
    }

    /// Whether it belongs to the file system itself: journals, statfs, quota, the index of resource groups.
    pub fn is_system(&self) -> bool {
        self.disk_flags & Self::SYSTEM != 0
    }

    #[inline]
    pub(super) fn read(mut cursor: Cursor<'a>) -> Result<InodeObject<'a>, LineProblem> {
        let c = &mut cursor;
        let (formal, address) = pair(c, b'n', "n: and two numbers of an inode such as 1/99315")?;
        let dtype = if c.key(b't') { c.decimal() } else { None };
        let dtype = dtype.and_then(|dtype| u8::try_from(dtype).ok()).ok_or_else(|| c.problem("t: and a kind of file"))?;
        let flags = if c.key(b'f') && c.text(b"0x") { c.whole_hex() } else { None };
        let flags = flags.ok_or_else(|| c.problem("f: and flags such as 0x00"))?;
        let disk_flags = if c.key(b'd') && c.text(b"0x") { c.whole_hex() } else { None };
        let disk_flags = disk_flags.and_then(|flags| u32::try_from(flags).ok());
        let disk_flags = disk_flags.ok_or_else(|| c.problem("d: and flags such as 0x00000201"))?;
        let (mut size, mut second_size) = (None, None);
        if c.key(b's') {
            size = Some(c.digits().ok_or_else(|| c.problem("a size"))?);
            if c.byte(b'/') {
                second_size = Some(c.digits().ok_or_else(|| c.problem("a size"))?);
            }
            if !c.at_end() {
                return Err(c.problem("a size"));
            }
        }
        let pages = c.optional(b'p', "a number of pages")?;
        Ok(InodeObject { formal, address, dtype, flags, disk_flags, size, second_size, pages, rest: c.tail() })
    }
}

/// A resource group: a stretch of the disk with its own allocation bitmaps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RgrpObject<'a> {
    /// `n:` disk address, decimal here.
    pub address: u64,
    /// `f:` flags: 0x08 no allocation, 0x10 trimmed, `0x1000_0000` unlinked inodes to be checked, `0x2000_0000` up to date (old
    /// kernels), `0x4000_0000` error, `0x8000_0000` preferred by this node.
    pub flags: u64,
    /// `b:` free blocks.
    pub free: u64,
    /// `b:` free blocks in the copy of the bitmap that keeps what was freed since the last commit.
    pub free_clone: u64,
    /// `i:` inodes in it.
    pub dinodes: u64,
    /// `q:` as printed. Since 5.12; see [`RgrpObject::requested`].
    pub q: Option<u64>,
    /// `r:` as printed. It changed its meaning when `q:` came; see [`RgrpObject::requested`] and [`RgrpObject::reserved`].
    pub r: Option<u64>,
    /// `e:` length in blocks of a stretch that could not be allocated last time. Not in the first kernels.
    pub extfail: Option<u64>,
    /// What follows the fields known.
    pub rest: &'a [u8],
}

impl<'a> RgrpObject<'a> {
    /// Blocks that reservations ask for: `q:`, or `r:` of kernels without `q:`.
    pub fn requested(&self) -> Option<u64> {
        self.q.or(self.r)
    }

    /// Blocks really set aside for reservations: `r:` of kernels that print `q:` too; `None` on others.
    pub fn reserved(&self) -> Option<u64> {
        self.q.and(self.r)
    }

    #[inline]
    pub(super) fn read(mut cursor: Cursor<'a>) -> Result<RgrpObject<'a>, LineProblem> {
        let c = &mut cursor;
        let address = number(c, b'n', "n: and the address of a resource group")?;
        let flags = hex(c)?;
        let (free, free_clone) = pair(c, b'b', "b: and free blocks such as 7/7")?;
        let dinodes = number(c, b'i', "i: and a number of inodes")?;
        let q = c.optional(b'q', "a number of blocks")?;
        let r = c.optional(b'r', "a number of blocks")?;
        let extfail = c.optional(b'e', "a number of blocks")?;
        Ok(RgrpObject { address, flags, free, free_clone, dinodes, q, r, extfail, rest: c.tail() })
    }
}

/// What the lock value block of a resource group says; printed with mount option `rgrplvb`. RHEL 7, and since 5.4.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RgrpLvb<'a> {
    /// `f:` flags, the low ones of [`RgrpObject::flags`].
    pub flags: u64,
    /// `b:` free blocks.
    pub free: u64,
    /// `i:` inodes in it.
    pub dinodes: u64,
    /// What follows the fields known.
    pub rest: &'a [u8],
}

impl<'a> RgrpLvb<'a> {
    #[inline]
    pub(super) fn read(mut cursor: Cursor<'a>) -> Result<RgrpLvb<'a>, LineProblem> {
        let c = &mut cursor;
        let flags = hex(c)?;
        let free = number(c, b'b', "b: and free blocks")?;
        let dinodes = number(c, b'i', "i: and a number of inodes")?;
        Ok(RgrpLvb { flags, free, dinodes, rest: c.tail() })
    }
}

/// Blocks of a resource group that a file has reserved for what it will write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reservation<'a> {
    /// `n:` inode (`st_ino`), decimal.
    pub inode: u64,
    /// `s:` first block.
    pub start: u64,
    /// `b:` offset in the bitmap. Gone in 5.15.
    pub offset: Option<u64>,
    /// `f:` blocks free in it; since 5.12 blocks it asks for.
    pub blocks: u64,
    /// What follows the fields known.
    pub rest: &'a [u8],
}

impl<'a> Reservation<'a> {
    #[inline]
    pub(super) fn read(mut cursor: Cursor<'a>) -> Result<Reservation<'a>, LineProblem> {
        let c = &mut cursor;
        let inode = number(c, b'n', "n: and an inode")?;
        let start = number(c, b's', "s: and a block")?;
        let offset = c.optional(b'b', "an offset")?;
        let blocks = number(c, b'f', "f: and a number of blocks")?;
        Ok(Reservation { inode, start, offset, blocks, rest: c.tail() })
    }
}

#[inline]
fn number(c: &mut Cursor<'_>, key: u8, expected: &'static str) -> Result<u64, LineProblem> {
    let value = if c.key(key) { c.decimal() } else { None };
    value.ok_or_else(|| c.problem(expected))
}

#[inline]
fn hex(c: &mut Cursor<'_>) -> Result<u64, LineProblem> {
    let value = if c.key(b'f') { c.whole_hex() } else { None };
    value.ok_or_else(|| c.problem("f: and flags in hexadecimal"))
}

/// Two decimal numbers with a slash between.
#[inline]
fn pair(c: &mut Cursor<'_>, key: u8, expected: &'static str) -> Result<(u64, u64), LineProblem> {
    if !c.key(key) {
        return Err(c.problem(expected));
    }
    let start = *c;
    let first = c.digits().filter(|_| c.byte(b'/')).ok_or_else(|| start.problem(expected))?;
    let second = c.decimal().ok_or_else(|| c.problem(expected))?;
    Ok((first, second))
}
