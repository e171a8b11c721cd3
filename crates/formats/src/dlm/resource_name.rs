//! Names of lock resources: up to 64 bytes, any bytes (`DLM_RESNAME_MAXLEN`; o2dlm: 32, `DLM_LOCKID_NAME_MAX`).
//!
//! - GFS2: 24 bytes, the type in hex right-aligned in 8 columns, the number in hex right-aligned in 16
//!   (`gdlm_put_lock`/`gdlm_lock`, `fs/gfs2/lock_dlm.c`; the same since 2.6.32): `"       2           183f3"`.
//! - OCFS2: the printed name of [`LockName`], and for dentry locks 17 characters, a NUL, the inode as 8 bytes big endian, and
//!   NULs up to 31 (`ocfs2_dentry_lock_res_init`). o2dlm's debugfs prints the short form of that.

use crate::gfs2::{GlockName, GlockType};
use crate::ocfs2::{LockName, LockType};
use crate::scan::hex;
use std::fmt;

/// The longest name.
pub const MOST_BYTES: usize = 64;

/// The name of a lock resource, as the bytes it has.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct ResourceName(Box<[u8]>);

impl ResourceName {
    /// The name of these bytes; `None` if there are none or more than 64.
    pub fn new(bytes: &[u8]) -> Option<ResourceName> {
        (!bytes.is_empty() && bytes.len() <= MOST_BYTES).then(|| ResourceName(bytes.into()))
    }

    /// Its bytes.
    pub fn bytes(&self) -> &[u8] {
        &self.0
    }

    /// The glock of this resource, if the name is GFS2's.
    pub fn glock(&self) -> Option<GlockName> {
        let (kind, number) = (self.0.get(..8)?, self.0.get(8..24)?);
        if self.0.len() != 24 {
            return None;
        }
        let kind = u8::try_from(hex(kind.trim_ascii_start())?).ok()?;
        Some(GlockName::new(GlockType(kind), hex(number.trim_ascii_start())?))
    }

    /// The inode that it is about, if the name tells one.
    pub fn inode(&self) -> Option<u64> {
        self.glock().and_then(GlockName::inode).or_else(|| self.ocfs2().and_then(LockName::inode))
    }

    /// The lock of this resource, if the name is OCFS2's.
    pub fn ocfs2(&self) -> Option<LockName> {
        if let Some(name) = LockName::parse(&self.0) {
            return Some(name);
        }
        // A dentry lock as the DLM knows it.
        let (letter, parent) = (self.0.first()?, hex(self.0.get(1..17)?)?);
        let inode: [u8; 8] = self.0.get(18..26)?.try_into().ok()?;
        let is_dentry = *letter == b'N' && self.0.get(17) == Some(&0);
        is_dentry.then(|| LockName::new(LockType::DENTRY, parent, u64::from_be_bytes(inode) as u32))
    }
}

impl From<GlockName> for ResourceName {
    fn from(name: GlockName) -> ResourceName {
        ResourceName(format!("{:8x}{:16x}", name.kind.0, name.number).into_bytes().into())
    }
}

impl From<LockName> for ResourceName {
    /// The printed form, by which o2dlm's debugfs names it, too.
    fn from(name: LockName) -> ResourceName {
        ResourceName(name.to_string().into_bytes().into())
    }
}

impl fmt::Display for ResourceName {
    /// `2/183f3` for GFS2, the printed name for OCFS2, the text of another program's name, or its bytes in hex.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(name) = self.glock() {
            return name.fmt(f);
        }
        if let Some(name) = self.ocfs2() {
            return name.fmt(f);
        }
        match std::str::from_utf8(&self.0) {
            Ok(text) if text.bytes().all(|byte| (b' '..=b'~').contains(&byte)) => f.write_str(text),
            _ => self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}")),
        }
    }
}

impl fmt::Debug for ResourceName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_articles_resource() {
        let name = ResourceName::new(b"       2           183f3").unwrap();
        let glock = name.glock().unwrap();
        assert_eq!((glock.to_string().as_str(), ResourceName::from(glock)), ("2/183f3", name.clone()));
        assert_eq!(name.ocfs2(), None);
    }

    #[test]
    fn a_dentry_lock_has_two_forms() {
        let mut bytes = b"N000000000000e001".to_vec();
        bytes.extend([0, 0, 0, 0, 0, 0, 1, 0xe0, 2, 0, 0, 0, 0, 0]);
        let name = ResourceName::new(&bytes).unwrap().ocfs2().unwrap();
        assert_eq!(name.to_string(), "N000000000000e0010001e002");
        assert_eq!(ResourceName::from(name).ocfs2(), Some(name));
    }

    #[test]
    fn other_names_are_shown_as_text_or_hex() {
        assert_eq!(ResourceName::new(b"clvmd lock").unwrap().to_string(), "clvmd lock");
        assert_eq!(ResourceName::new(b"a\x1b[m").unwrap().to_string(), "611b5b6d");
        assert_eq!((ResourceName::new(b""), ResourceName::new(&[b'x'; 65])), (None, None));
    }
}
