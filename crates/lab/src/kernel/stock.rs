//! A stock Debian kernel, unchanged: the image, the modules that the lab needs, and an initial RAM disk that finds the root.

use super::modules;
use crate::cache::Recipe;
use crate::plan::Series;
use crate::{packages, progress, tool};
use anyhow::{Context as _, ensure};
use std::collections::BTreeSet;
use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

/// The first program of the RAM disk.
const INIT: &str = include_str!("../../recipe/initrd-init");

/// Modules that the nodes use, with all that they depend on.
const MODULES: [&str; 25] = [
    "virtio_pci",
    "virtio_blk",
    "virtio_net",
    "virtio_rng",
    "ext4",
    "overlay",
    "configfs",
    "dm-mod",
    "dm-delay",
    "dm-flakey",
    "ocfs2",
    "ocfs2_dlmfs",
    "ocfs2_stack_o2cb",
    "ocfs2_stack_user",
    "ocfs2_dlm",
    "ocfs2_nodemanager",
    "dlm",
    "gfs2",
    "sctp",
    "crc32c_generic",
    "crc32c-intel",
    "libcrc32c",
    "netconsole",
    "softdog",
    "nls_utf8",
];

/// Modules of the RAM disk: up to a mounted root.
const EARLY: [&str; 5] = ["virtio_pci", "virtio_blk", "crc32c_generic", "ext4", "overlay"];

fn meta_package(series: Series) -> &'static str {
    match series {
        Series::V6_1 => "linux-image-amd64",
        Series::V6_12 => "linux-image-6.12-amd64",
    }
}

pub(super) fn recipe(series: Series) -> Recipe {
    Recipe::new(&format!("kernel-qemu-{}", series.name()), &["2", meta_package(series), INIT, &MODULES.join(" "), &EARLY.join(" ")])
}

pub(super) fn fetch(series: Series, place: &Path) -> anyhow::Result<()> {
    let work = place.join("work");
    fs::create_dir(&work)?;
    let package = packages::behind(meta_package(series), "linux-image-")?;
    let release = package.trim_start_matches("linux-image-").to_owned();
    progress::say(&format!("kernel: fetching {package}"));
    let unpacked = packages::unpack(&package, &work)?;
    let all = [unpacked.join("lib/modules"), unpacked.join("usr/lib/modules")]
        .into_iter()
        .map(|path| path.join(&release))
        .find(|path| path.is_dir())
        .with_context(|| format!("{package} has no modules of {release}"))?;
    fs::copy(unpacked.join(format!("boot/vmlinuz-{release}")), super::image(place))?;

    progress::say("kernel: choosing modules");
    // modprobe looks below a base directory of its own.
    let base = work.join("base");
    fs::create_dir_all(base.join("lib/modules"))?;
    fs::rename(&all, base.join("lib/modules").join(&release))?;
    let all = base.join("lib/modules").join(&release);
    let mut depmod = Command::new("depmod");
    depmod.arg("-b").arg(&base).arg(&release);
    tool::succeed(depmod, Duration::from_secs(300))?;

    let tree = place.join("modules").join(&release);
    fs::create_dir_all(&tree)?;
    let mut chosen = BTreeSet::new();
    for module in MODULES {
        chosen.extend(files_of(&base, &release, module)?);
    }
    for file in &chosen {
        let relative = file.strip_prefix(&all).with_context(|| format!("{} is not a module of {release}", file.display()))?;
        let to = tree.join(relative);
        fs::create_dir_all(to.parent().context("a module without a directory")?)?;
        fs::copy(file, &to)?;
    }
    for file in ["modules.builtin", "modules.builtin.modinfo", "modules.order"] {
        fs::copy(all.join(file), tree.join(file)).with_context(|| file.to_owned())?;
    }
    fs::copy(unpacked.join(format!("boot/config-{release}")), tree.join("config"))?;
    // A node under emulation should not spend its time on decompression.
    let packed: Vec<PathBuf> = chosen.iter().filter(|file| file.extension().is_some_and(|extension| extension == "xz")).cloned().collect();
    if !packed.is_empty() {
        let mut find = Command::new("find");
        find.arg(&tree).args(["-name", "*.ko.xz", "-exec", "xz", "--decompress", "{}", "+"]);
        tool::succeed(find, Duration::from_secs(300))?;
    }
    make_initrd(&base, &release, &tree, place)?;
    modules::finish(place, &release)?;
    fs::remove_dir_all(&work)?;
    Ok(())
}

/// Files of `module` and of what it depends on, in the order to load them. None if it is built in or the kernel has none such.
fn files_of(base: &Path, release: &str, module: &str) -> anyhow::Result<Vec<PathBuf>> {
    let mut modprobe = Command::new("modprobe");
    modprobe.arg("-d").arg(base).args(["-S", release, "--show-depends", module]);
    let output = tool::output(modprobe, &[], Duration::from_secs(60))?;
    let text = output.text();
    Ok(text.lines().filter_map(|line| line.strip_prefix("insmod ")).map(|path| PathBuf::from(path.trim())).collect())
}

fn make_initrd(base: &Path, release: &str, tree: &Path, place: &Path) -> anyhow::Result<()> {
    let disk = place.join("ramdisk");
    for directory in ["bin", "dev", "proc", "sys", "root", "modules"] {
        fs::create_dir_all(disk.join(directory))?;
    }
    let mut order: Vec<String> = Vec::new();
    for module in EARLY {
        for file in files_of(base, release, module)? {
            let name = file.file_name().context("a module without a name")?.to_string_lossy().replace(".xz", "");
            if !order.contains(&name) {
                let from = tree.join(file.strip_prefix(base.join("lib/modules").join(release))?.with_extension("").with_extension("ko"));
                fs::copy(&from, disk.join("modules").join(&name)).with_context(|| from.display().to_string())?;
                order.push(name);
            }
        }
    }
    ensure!(!order.is_empty(), "the kernel has none of the modules {}", EARLY.join(", "));
    // The host may have one that is not static.
    let shell = place.join("shell");
    fs::create_dir(&shell)?;
    let unpacked = packages::unpack("busybox-static", &shell)?;
    let busybox = [unpacked.join("bin/busybox"), unpacked.join("usr/bin/busybox")].into_iter().find(|path| path.exists());
    fs::copy(busybox.context("busybox-static has no busybox")?, disk.join("bin/busybox"))?;
    fs::remove_dir_all(&shell)?;
    fs::write(disk.join("init"), INIT)?;
    fs::set_permissions(disk.join("init"), Permissions::from_mode(0o755))?;
    fs::write(disk.join("modules/order"), order.join("\n") + "\n")?;
    let mut pack = Command::new("sh");
    pack.args(["-c", "find . | cpio --create --format=newc --quiet --owner=0:0 >../initrd"]).current_dir(&disk);
    tool::succeed(pack, Duration::from_secs(120))?;
    fs::remove_dir_all(&disk)?;
    Ok(())
}
