//! The image of a kernel's modules, one file that every node mounts read-only at `/lib/modules`.

use crate::image;
use crate::tool;
use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

/// Indexes `place/modules/RELEASE`, makes `place/modules.ext4` of it and removes the tree.
pub fn finish(place: &Path, release: &str) -> anyhow::Result<()> {
    let tree = place.join("modules");
    // depmod wants the path that the files will have.
    let base = place.join("base");
    fs::create_dir_all(base.join("lib"))?;
    fs::rename(&tree, base.join("lib/modules"))?;
    let mut depmod = Command::new("depmod");
    depmod.arg("-b").arg(&base).arg(release);
    tool::succeed(depmod, Duration::from_secs(120))?;
    image::pack(&base.join("lib/modules"), &super::modules(place))?;
    fs::write(place.join("release"), release)?;
    fs::remove_dir_all(&base)?;
    Ok(())
}
