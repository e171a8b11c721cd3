//! The root image: Debian's user space of the cluster file systems, one read-only ext4 file for all nodes and both engines.
//! A node puts a tmpfs over it, so nothing that it writes stays.

use crate::cache::Recipe;
use crate::{progress, tool};
use anyhow::Context as _;
use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

/// What is installed in it.
const PACKAGES: &str = "ocfs2-tools,gfs2-utils,dlm-controld,corosync,dropbear-bin,openssh-client,kmod,iproute2,iputils-ping,procps,\
strace,util-linux,mount,netbase,psmisc,busybox-static,dmsetup,lsb-base,sysvinit-utils";

/// Files of our own in it: path, mode, text.
const FILES: [(&str, u32, &str); 6] = [
    ("sbin/lab-init", 0o755, include_str!("../recipe/root/lab-init")),
    ("sbin/lab-start", 0o755, include_str!("../recipe/root/lab-start")),
    ("etc/inittab", 0o644, include_str!("../recipe/root/inittab")),
    ("etc/hosts", 0o644, include_str!("../recipe/root/hosts")),
    ("root/.ssh/config", 0o600, include_str!("../recipe/root/ssh_config")),
    ("etc/shells", 0o644, "/bin/sh\n/bin/bash\n"),
];

/// Directories that the nodes mount things at.
const DIRECTORIES: [&str; 10] =
    ["overlay", "lib/modules", "mnt/ocfs2", "mnt/other", "mnt/gfs2", "dlm", "etc/ocfs2", "etc/corosync", "etc/dlm", "etc/dropbear"];

fn recipe() -> Recipe {
    let mut recipe = Recipe::new("root", &["1", PACKAGES]);
    recipe.ingredients.extend(FILES.iter().map(|(path, mode, text)| format!("{path} {mode:o} {text}")));
    recipe.ingredients.extend(DIRECTORIES.map(str::to_owned));
    recipe
}

/// Where the image and its key are.
#[derive(Clone, Debug)]
pub struct Root {
    /// The image.
    pub image: PathBuf,
    /// The private key that its nodes let in.
    pub key: PathBuf,
}

impl Root {
    fn at(place: &Path) -> Root {
        Root { image: place.join("root.ext4"), key: place.join("ssh_key") }
    }

    /// The image in the cache.
    pub fn find() -> anyhow::Result<Root> {
        Ok(Root::at(&recipe().find("setup")?))
    }

    /// Makes it unless the cache has it.
    pub fn set_up() -> anyhow::Result<Root> {
        Ok(Root::at(&recipe().make(make)?))
    }
}

fn make(place: &Path) -> anyhow::Result<()> {
    let tree = place.join("tree");
    progress::say("root image: installing Debian packages into it (half a minute)");
    let mut install = Command::new("mmdebstrap");
    install.args(["--quiet", "--variant=essential", "--mode=root", "--include", PACKAGES]);
    for path in ["man", "locale", "doc"] {
        install.arg(format!("--dpkgopt=path-exclude=/usr/share/{path}/*"));
    }
    install.arg("bookworm").arg(&tree);
    tool::succeed(install, Duration::from_secs(1800))?;

    for directory in DIRECTORIES {
        fs::create_dir_all(tree.join(directory)).with_context(|| directory.to_owned())?;
    }
    fs::create_dir_all(tree.join("root/.ssh"))?;
    for (path, mode, text) in FILES {
        let path = tree.join(path);
        fs::write(&path, text)
            .and_then(|()| fs::set_permissions(&path, Permissions::from_mode(mode)))
            .with_context(|| path.display().to_string())?;
    }
    // mkfs.ocfs2 looks there for what is mounted.
    replace_link("/proc/self/mounts", &tree.join("etc/mtab"))?;

    let key = place.join("ssh_key");
    let mut keygen = Command::new("ssh-keygen");
    keygen.args(["-q", "-t", "ed25519", "-N", "", "-C", "lab", "-f"]).arg(&key);
    tool::succeed(keygen, Duration::from_secs(60))?;
    fs::copy(place.join("ssh_key.pub"), tree.join("root/.ssh/authorized_keys"))?;
    // Nodes reach each other as the host reaches them.
    fs::copy(&key, tree.join("root/.ssh/id_ed25519"))?;
    for (path, mode) in [("root", 0o700), ("root/.ssh", 0o700), ("root/.ssh/authorized_keys", 0o600), ("root/.ssh/id_ed25519", 0o600)] {
        fs::set_permissions(tree.join(path), Permissions::from_mode(mode))?;
    }
    let mut host_key = Command::new("chroot");
    host_key.arg(&tree).args(["dropbearkey", "-t", "ed25519", "-f", "/etc/dropbear/dropbear_ed25519_host_key"]);
    tool::succeed(host_key, Duration::from_secs(60))?;
    pack(&tree, &place.join("root.ext4"))?;
    fs::remove_dir_all(&tree)?;
    Ok(())
}

fn replace_link(target: &str, link: &Path) -> anyhow::Result<()> {
    if fs::symlink_metadata(link).is_ok() {
        fs::remove_file(link)?;
    }
    symlink(target, link).with_context(|| link.display().to_string())
}

/// Makes an ext4 image of a directory, without mounting anything.
pub fn pack(tree: &Path, image: &Path) -> anyhow::Result<()> {
    let mut size = Command::new("du");
    size.args(["--summarize", "--block-size=1M"]).arg(tree);
    let used: u64 = tool::succeed(size, Duration::from_secs(120))?
        .split_whitespace()
        .next()
        .and_then(|number| number.parse().ok())
        .with_context(|| format!("du tells no size of {}", tree.display()))?;
    let file = fs::File::create(image)?;
    file.set_len((used * 115 / 100 + 40) << 20)?;
    let mut make = Command::new("mke2fs");
    make.args(["-q", "-F", "-t", "ext4", "-O", "^has_journal", "-d"]).arg(tree).arg(image);
    tool::succeed(make, Duration::from_secs(300))?;
    Ok(())
}
