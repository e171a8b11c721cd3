//! Volumes as `mkfs.ocfs2` 1.8.7 made them, and what the tools say of them; volumes made by hand; volumes made of anything.

mod by_hand;
mod images;
mod wild;

use super::*;

pub(super) fn image(name: &str) -> Extract {
    let path = format!("{}/testdata/ocfs2_disk/{name}.txt", env!("CARGO_MANIFEST_DIR"));
    Extract::parse(&std::fs::read_to_string(path).unwrap()).unwrap()
}

/// All that is ever read of a volume.
pub(super) fn walk<S: Storage>(storage: S) -> Result<Superblock, DiskFault<S::Error>> {
    let mut volume = Volume::open(storage)?;
    let _ = volume.slot_map();
    if let Ok(file) = volume.heartbeat_file() {
        for sector in [512, 4096] {
            if let Ok(region) = file.region(sector) {
                let _ = volume.storage_mut().read(region.offset(), region.length());
            }
        }
    }
    Ok(volume.superblock().clone())
}
