//! Features of a volume (`OCFS2_FEATURE_*`, `fs/ocfs2/ocfs2_fs.h`): three sets, by what a kernel that does not know one may still do.

/// The volume's three words of features.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Features {
    /// Harmless to kernels that do not know them.
    pub compat: u32,
    /// A kernel that does not know one cannot mount the volume.
    pub incompat: u32,
    /// A kernel that does not know one can mount it read-only.
    pub ro_compat: u32,
}

/// Backup superblocks are kept.
pub(super) const BACKUP_SUPER: u32 = 0x1;
/// The device carries a heartbeat only.
pub(super) const HEARTBEAT_DEVICE: u32 = 0x2;
/// Mounted by one machine, without a cluster.
pub(super) const LOCAL: u32 = 0x8;
/// Another cluster stack than o2cb.
pub(super) const USERSPACE_STACK: u32 = 0x80;
/// Slots carry a flag and a 32-bit node number.
pub(super) const EXTENDED_SLOT_MAP: u32 = 0x100;
/// Blocks of metadata carry checksums.
pub(super) const METAECC: u32 = 0x800;
/// The superblock names stack and cluster.
pub(super) const CLUSTERINFO: u32 = 0x4000;

/// Names as mkfs.ocfs2 and debugfs.ocfs2 use them.
const COMPAT_NAMES: [(u32, &str); 2] = [(BACKUP_SUPER, "backup-super"), (0x2, "strict-journal-super")];
const INCOMPAT_NAMES: [(u32, &str); 15] = [
    (HEARTBEAT_DEVICE, "heartbeat-device"),
    (0x4, "resize-in-progress"),
    (LOCAL, "local"),
    (0x10, "sparse"),
    (0x20, "tunefs-in-progress"),
    (0x40, "inline-data"),
    (USERSPACE_STACK, "userspace-stack"),
    (EXTENDED_SLOT_MAP, "extended-slotmap"),
    (0x200, "xattr"),
    (0x400, "indexed-dirs"),
    (METAECC, "metaecc"),
    (0x1000, "refcount"),
    (0x2000, "discontig-bg"),
    (CLUSTERINFO, "clusterinfo"),
    (0x8000, "append-dio"),
];
const RO_COMPAT_NAMES: [(u32, &str); 3] = [(0x1, "unwritten"), (0x2, "usrquota"), (0x4, "grpquota")];

impl Features {
    /// In words, in the order of their bits: compat, incompat, `ro_compat`. A bit without a name is told as `compat-0x…` and so on.
    pub fn words(&self) -> Vec<String> {
        let mut words = Vec::new();
        add(&mut words, self.compat, "compat", &COMPAT_NAMES);
        add(&mut words, self.incompat, "incompat", &INCOMPAT_NAMES);
        add(&mut words, self.ro_compat, "ro-compat", &RO_COMPAT_NAMES);
        words
    }

    /// Whether backup superblocks are kept.
    pub fn backup_super(&self) -> bool {
        self.compat & BACKUP_SUPER != 0
    }

    /// Whether the device carries a heartbeat and no files.
    pub fn heartbeat_only(&self) -> bool {
        self.incompat & HEARTBEAT_DEVICE != 0
    }

    /// Whether one machine mounts the volume without a cluster.
    pub fn local(&self) -> bool {
        self.incompat & LOCAL != 0
    }

    /// Whether blocks of metadata carry checksums.
    pub fn metaecc(&self) -> bool {
        self.incompat & METAECC != 0
    }

    /// Whether the slot map is of the newer form.
    pub fn extended_slot_map(&self) -> bool {
        self.incompat & EXTENDED_SLOT_MAP != 0
    }

    /// Whether the superblock names a stack.
    pub(super) fn names_stack(self) -> bool {
        self.incompat & (USERSPACE_STACK | CLUSTERINFO) != 0
    }

    /// Whether the superblock's stack flags mean something.
    pub(super) fn clusterinfo(self) -> bool {
        self.incompat & CLUSTERINFO != 0
    }
}

fn add(words: &mut Vec<String>, bits: u32, set: &str, names: &[(u32, &str)]) {
    for bit in (0..u32::BITS).map(|shift| 1u32 << shift).filter(|bit| bits & bit != 0) {
        match names.iter().find(|(named, _)| *named == bit) {
            Some((_, name)) => words.push((*name).to_owned()),
            None => words.push(format!("{set}-{bit:#x}")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn features_in_words() {
        let features = Features { compat: 3, incompat: 0xb758, ro_compat: 1 };
        assert_eq!(
            features.words().join(" "),
            "backup-super strict-journal-super local sparse inline-data extended-slotmap xattr indexed-dirs refcount discontig-bg append-dio unwritten"
        );
        assert!(features.local() && features.backup_super() && features.extended_slot_map());
        assert!(!features.metaecc() && !features.heartbeat_only());
        let strange = Features { compat: 0x8000_0000, incompat: 0x1_0000, ro_compat: 8 };
        assert_eq!(strange.words(), ["compat-0x80000000", "incompat-0x10000", "ro-compat-0x8"]);
    }
}
