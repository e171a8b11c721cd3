//! What a device says of itself before it is made a heartbeat region: read from its OCFS2 superblock, never written.

use crate::place::Place;
use crate::volumes;
use anyhow::{Context as _, bail};
use formats::ocfs2_disk::Superblock;
use std::fs;
use std::io;
use std::os::unix::fs::FileTypeExt as _;
use std::path::Path;

/// An OCFS2 volume that could be a region.
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
    fn of(superblock: &Superblock) -> Region {
        Region {
            uuid: superblock.uuid_text(),
            label: superblock.label.clone(),
            local_mount: superblock.features.local(),
            cluster: superblock.cluster.as_ref().map(|cluster| FormattedFor {
                stack: cluster.stack.clone(),
                name: cluster.name.clone(),
                global: superblock.global_heartbeat(),
            }),
        }
    }

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

/// Reads a device's superblock, through a child: a device that hangs is told after a while.
///
/// # Errors
/// No UUID and no block device, or one that cannot be read or holds no OCFS2 volume.
pub fn region_of(place: &Place, device: &Path) -> anyhow::Result<Region> {
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
    of_volume(place, device)
}

fn of_volume(place: &Place, device: &Path) -> anyhow::Result<Region> {
    let superblock = volumes::superblock_of(place, device).context("'o2cb volumes' shows those that are there")?;
    if superblock.uuid == [0; 16] {
        bail!("{}: its superblock has no UUID; 'fsck.ocfs2' may tell why", device.display());
    }
    Ok(Region::of(&superblock))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::volumes::testing::Machine;
    use std::fs::File;
    use std::process::Command;

    fn region(image: &str) -> Region {
        let machine = Machine::new();
        machine.volume("sda", image);
        of_volume(&machine.place(), &machine.place().at("/dev/sda")).unwrap()
    }

    fn formatted(name: &str, global: bool) -> FormattedFor {
        FormattedFor { stack: "o2cb".to_owned(), name: name.to_owned(), global }
    }

    #[test]
    fn a_volume_for_global_heartbeat_suits_its_cluster() {
        for image in ["heartbeat-only", "global2k"] {
            let region = region(image);
            assert_eq!(region.cluster, Some(formatted("web", true)), "{image}");
            assert_eq!((region.misfit("web"), region.note()), (None, None), "{image}");
            assert!(region.misfit("other").is_some_and(|(what, _)| what.contains("'web', not for 'other'")));
        }
        let region = region("heartbeat-only");
        assert_eq!((region.uuid.as_str(), region.label.as_str()), ("004B6E0110D04D8EA84F55C2FD471E4D", "hbvol1"));
    }

    #[test]
    fn volumes_for_something_else_do_not_suit() {
        assert!(region("pcmk").misfit("web").unwrap().0.contains("'pcmk'"));
        assert!(region("local512").misfit("web").unwrap().0.contains("single node"));
        let classic = region("classic");
        assert_eq!((classic.misfit("web"), classic.cluster.clone()), (None, None));
        assert!(classic.note().is_some());
        let local = region("o2cb1k");
        assert_eq!(local.cluster, Some(formatted("web", false)));
        assert!(local.misfit("web").is_none() && local.note().is_some());
    }

    #[test]
    fn what_is_no_volume_is_refused() {
        let machine = Machine::new();
        machine.disk("sda", 1 << 20);
        for text in [String::new(), "x".repeat(1 << 20)] {
            machine.write("dev/sda", &text);
            let said = format!("{:#}", of_volume(&machine.place(), &machine.place().at("/dev/sda")).unwrap_err());
            assert!(said.contains("no OCFS2 volume"), "{said}");
        }
        machine.volume("sdb", "o2cb1k");
        machine.overwrite("sdb", 2048 + 0x150, &[0; 16]);
        let said = format!("{:#}", of_volume(&machine.place(), &machine.place().at("/dev/sdb")).unwrap_err());
        assert!(said.contains("no UUID"), "{said}");
        // Defect 3: ocfs2-tools store any text as a region.
        for path in ["/dev/doesnotexist", "/etc/passwd", "/", "/dev/null"] {
            assert!(region_of(&machine.place(), Path::new(path)).unwrap_err().to_string().contains("neither a UUID"), "{path}");
        }
    }

    #[test]
    fn volumes_that_mkfs_made_are_read() {
        let folder = tempfile::tempdir().unwrap();
        let place = Place::under(folder.path(), None);
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
            let region = of_volume(&place, &path).unwrap();
            assert_eq!((region.uuid.as_str(), region.label.as_str()), (uuid, "a label"), "{block} {kind}");
            assert_eq!(region.local_mount, kind == "-Mlocal", "{block} {kind}");
        }
    }
}
