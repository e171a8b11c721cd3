//! What a device says of itself before it is made a heartbeat region: read from its OCFS2 superblock, never written.

use anyhow::{Context as _, bail};
use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::{FileExt as _, FileTypeExt as _, OpenOptionsExt as _};
use std::path::Path;

/// An OCFS2 volume that could be a region (`struct ocfs2_super_block`, `fs/ocfs2/ocfs2_fs.h`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Region {
    /// UUID, 32 upper-case hexadecimal digits: the region's name.
    pub uuid: String,
    /// Label; may be empty.
    pub label: String,
    /// Formatted for one node only.
    pub local_mount: bool,
    /// The cluster that it was formatted for; `None`: for O2CB, whatever the cluster, in local mode.
    pub cluster: Option<FormattedFor>,
}

/// What a volume was formatted for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FormattedFor {
    /// Cluster stack: `o2cb`, `pcmk`, `cman`.
    pub stack: String,
    /// Name of the cluster.
    pub name: String,
    /// Whether its heartbeat is on the configuration's regions.
    pub global: bool,
}

impl Region {
    /// Why the volume does not suit a cluster's region, and what to do.
    pub fn misfit(&self, cluster: &str) -> Option<(String, String)> {
        if self.local_mount {
            let fix = "choose a volume that all nodes share".to_owned();
            return Some(("this OCFS2 volume was formatted for a single node (-M local)".to_owned(), fix));
        }
        let formatted = self.cluster.as_ref()?;
        if formatted.stack != "o2cb" {
            let what = format!("this OCFS2 volume was formatted for the cluster stack '{}', not for o2cb", formatted.stack);
            return Some((what, "choose another one".to_owned()));
        }
        if formatted.name != cluster {
            let what = format!("this OCFS2 volume was formatted for the cluster '{}', not for '{cluster}'", formatted.name);
            return Some((what, "choose one of this cluster: the other one may be using it".to_owned()));
        }
        None
    }

    /// What to know of a volume that suits.
    pub fn note(&self) -> Option<&'static str> {
        if self.cluster.as_ref().is_some_and(|formatted| formatted.global) {
            return None;
        }
        Some(
            "this volume was formatted for local heartbeat: it can be a region, but is mounted in global mode only after \
             'tunefs.ocfs2 --update-cluster-stack'",
        )
    }
}

/// Reads a device's superblock.
///
/// # Errors
/// No UUID and no block device, or one that cannot be read or holds no OCFS2 volume.
pub fn region_of(device: &Path) -> anyhow::Result<Region> {
    let shown = device.display();
    let metadata = match fs::metadata(device) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            bail!("'{shown}' is neither a UUID (32 hexadecimal digits) nor a device that is there; 'o2cb volumes' shows both")
        }
        metadata => metadata.with_context(|| format!("{shown}: cannot be looked at"))?,
    };
    if !metadata.file_type().is_block_device() {
        bail!("'{shown}' is neither a UUID (32 hexadecimal digits) nor a block device; 'o2cb volumes' shows both");
    }
    // A device without a medium answers at once instead of waiting for one.
    let flags = rustix::fs::OFlags::NONBLOCK.bits().cast_signed();
    let file = OpenOptions::new().read(true).custom_flags(flags).open(device);
    superblock(&file.with_context(|| format!("{shown}: cannot be opened"))?).with_context(|| shown.to_string())
}

/// Bytes of the superblock that are looked at.
const HEAD: usize = 0x178;
/// Features that older systems must not mount (`OCFS2_FEATURE_INCOMPAT_…`).
const LOCAL_MOUNT: u32 = 0x8;
const USERSPACE_STACK: u32 = 0x80;
const CLUSTERINFO: u32 = 0x4000;
/// `OCFS2_CLUSTER_O2CB_GLOBAL_HEARTBEAT`.
const GLOBAL: u8 = 1;

/// Finds the superblock: block 2 of a file system whose block size it alone tells.
fn superblock(file: &File) -> anyhow::Result<Region> {
    for bits in 9..=12u32 {
        let mut head = [0; HEAD];
        match file.read_exact_at(&mut head, 2 << bits) {
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => break,
            read => read.context("cannot be read")?,
        }
        if head.starts_with(b"OCFSV2") && u32_at(&head, 0xf8) == bits && u64_at(&head, 0x50) == 2 {
            return region(&head);
        }
    }
    bail!("no OCFS2 volume is on this device; 'o2cb volumes' shows those that are there")
}

fn region(head: &[u8; HEAD]) -> anyhow::Result<Region> {
    let incompat = u32_at(head, 0xe0);
    let uuid = bytes(head, 0x150, 16).try_into().map_or(0, u128::from_be_bytes);
    if uuid == 0 {
        bail!("its superblock has no UUID; 'fsck.ocfs2' may tell why");
    }
    let cluster = (incompat & (USERSPACE_STACK | CLUSTERINFO) != 0).then(|| FormattedFor {
        stack: text(head, 0x160, 4),
        name: text(head, 0x168, 16),
        global: incompat & CLUSTERINFO != 0 && bytes(head, 0x164, 1).iter().any(|flags| flags & GLOBAL != 0),
    });
    Ok(Region { uuid: format!("{uuid:032X}"), label: text(head, 0x110, 64), local_mount: incompat & LOCAL_MOUNT != 0, cluster })
}

fn bytes(head: &[u8], at: usize, length: usize) -> &[u8] {
    head.get(at..at + length).unwrap_or_default()
}

fn text(head: &[u8], at: usize, length: usize) -> String {
    let text = bytes(head, at, length).split(|byte| *byte == 0).next().unwrap_or_default();
    String::from_utf8_lossy(text).into_owned()
}

fn u32_at(head: &[u8], at: usize) -> u32 {
    bytes(head, at, 4).try_into().map_or(0, u32::from_le_bytes)
}

fn u64_at(head: &[u8], at: usize) -> u64 {
    bytes(head, at, 8).try_into().map_or(0, u64::from_le_bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::process::Command;

    fn volume(bits: u32, incompat: u32, cluster: &[u8; 24]) -> File {
        let mut head = [0; HEAD];
        head[..6].copy_from_slice(b"OCFSV2");
        head[0x50] = 2;
        head[0xe0..0xe4].copy_from_slice(&incompat.to_le_bytes());
        head[0xf8] = bits as u8;
        head[0x110..0x113].copy_from_slice(b"lab");
        head[0x150..0x160].copy_from_slice(&[0xab; 16]);
        head[0x160..].copy_from_slice(cluster);
        let file = tempfile::tempfile().unwrap();
        file.write_all_at(&head, 2 << bits).unwrap();
        file.set_len(16384).unwrap();
        file
    }

    #[test]
    fn a_volume_for_global_heartbeat_suits_its_cluster() {
        for bits in 9..=12 {
            let region = superblock(&volume(bits, CLUSTERINFO, b"o2cb\x01\0\0\0web\0\0\0\0\0\0\0\0\0\0\0\0\0")).unwrap();
            assert_eq!(region.uuid, "AB".repeat(16));
            assert_eq!(region.label, "lab");
            assert_eq!(region.cluster, Some(FormattedFor { stack: "o2cb".into(), name: "web".into(), global: true }));
            assert_eq!((region.misfit("web"), region.note()), (None, None));
            assert!(region.misfit("other").is_some_and(|(what, _)| what.contains("'web', not for 'other'")));
        }
    }

    #[test]
    fn volumes_for_something_else_do_not_suit() {
        let stack = b"pcmk\0\0\0\0web\0\0\0\0\0\0\0\0\0\0\0\0\0";
        assert!(superblock(&volume(12, USERSPACE_STACK, stack)).unwrap().misfit("web").unwrap().0.contains("'pcmk'"));
        assert!(superblock(&volume(12, LOCAL_MOUNT, &[0; 24])).unwrap().misfit("web").unwrap().0.contains("single node"));
        let classic = superblock(&volume(12, 0, &[0; 24])).unwrap();
        assert_eq!((classic.misfit("web"), classic.cluster.clone()), (None, None));
        assert!(classic.note().is_some());
        let local = superblock(&volume(12, CLUSTERINFO, b"o2cb\0\0\0\0web\0\0\0\0\0\0\0\0\0\0\0\0\0")).unwrap();
        assert!(local.misfit("web").is_none() && local.note().is_some());
    }

    #[test]
    fn what_is_no_volume_is_refused() {
        let empty = tempfile::tempfile().unwrap();
        assert!(superblock(&empty).unwrap_err().to_string().contains("no OCFS2"));
        empty.set_len(1 << 20).unwrap();
        assert!(superblock(&empty).unwrap_err().to_string().contains("no OCFS2"));
        // Defect 3: ocfs2-tools store any text as a region.
        for path in ["/dev/doesnotexist", "/etc/passwd", "/", "/dev/null"] {
            assert!(region_of(Path::new(path)).unwrap_err().to_string().contains("neither a UUID"), "{path}");
        }
    }

    #[test]
    fn volumes_that_mkfs_made_are_read() {
        let folder = tempfile::tempdir().unwrap();
        for (block, kind) in [("512", "-H"), ("1024", "-H"), ("4096", "-Mlocal")] {
            let path = folder.path().join(format!("image{block}{kind}"));
            File::create(&path).unwrap().set_len(64 << 20).unwrap();
            let uuid = "0123456789ABCDEF0123456789ABCDEF";
            let mkfs = Command::new("mkfs.ocfs2")
                .args(["-q", "-x", "-F", "-C", "4096", "-b", block, "-L", "a label", "-U", uuid, kind])
                .arg(&path)
                .output();
            let Ok(mkfs) = mkfs else {
                eprintln!("SKIPPED: no mkfs.ocfs2 here (apt-get install ocfs2-tools); only made-up superblocks were read");
                return;
            };
            assert!(mkfs.status.success(), "{mkfs:?}");
            let region = superblock(&File::open(&path).unwrap()).unwrap();
            assert_eq!((region.uuid.as_str(), region.label.as_str()), (uuid, "a label"), "{block} {kind}");
            assert_eq!(region.local_mount, kind == "-Mlocal", "{block} {kind}");
        }
    }
}
