//! Debian packages: those the host needs are installed; those that only give a file are fetched and unpacked beside it.

use crate::{progress, tool};
use anyhow::Context as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

/// What the lab runs on the host: a program, and the package that has it.
const PROGRAMS: [(&str, &str); 17] = [
    ("mmdebstrap", "mmdebstrap"),
    ("mke2fs", "e2fsprogs"),
    ("ssh", "openssh-client"),
    ("ip", "iproute2"),
    ("nc", "netcat-openbsd"),
    ("unshare", "util-linux"),
    ("make", "make"),
    ("gcc", "gcc"),
    ("flex", "flex"),
    ("bison", "bison"),
    ("bc", "bc"),
    ("xz", "xz-utils"),
    ("cpio", "cpio"),
    ("depmod", "kmod"),
    ("zstd", "zstd"),
    ("qemu-system-x86_64", "qemu-system-x86"),
    ("perl", "perl"),
];

/// Installs what is missing of the host's programs, and of the headers that a kernel's build asks for.
pub fn install() -> anyhow::Result<()> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let directories: Vec<PathBuf> = std::env::split_paths(&path).chain(["/usr/sbin", "/sbin"].map(PathBuf::from)).collect();
    let has = |program: &str| directories.iter().any(|directory| directory.join(program).exists());
    let mut missing: Vec<&str> = PROGRAMS.iter().filter(|(program, _)| !has(program)).map(|&(_, package)| package).collect();
    if !Path::new("/usr/include/libelf.h").exists() {
        missing.push("libelf-dev");
    }
    if missing.is_empty() {
        return Ok(());
    }
    progress::say(&format!("Debian packages to install: {}", missing.join(" ")));
    update()?;
    let mut install = tool::command("apt-get", ["install", "-y", "-qq", "--no-install-recommends"]);
    install.args(&missing).env("DEBIAN_FRONTEND", "noninteractive");
    tool::succeed(install, Duration::from_secs(900))?;
    Ok(())
}

/// Reads the package lists anew.
fn update() -> anyhow::Result<()> {
    tool::succeed(tool::command("apt-get", ["update", "-qq"]), Duration::from_secs(300))?;
    Ok(())
}

/// Fetches `package` into `work` and unpacks it to `work/unpacked`, without installing it. Returns that directory.
pub fn unpack(package: &str, work: &Path) -> anyhow::Result<PathBuf> {
    let fetch = || {
        let mut download = Command::new("apt-get");
        // apt's own unprivileged user cannot write below root's cache directory.
        download.args(["download", "-qq", "-o", "APT::Sandbox::User=root", package]).current_dir(work);
        tool::succeed(download, Duration::from_secs(900))
    };
    if fetch().is_err() {
        // The lists may be missing or older than the archive.
        update()?;
        fetch()?;
    }
    let file = std::fs::read_dir(work)?
        .filter_map(Result::ok)
        .map(|entry| entry.path())
        .find(|path| path.extension().is_some_and(|extension| extension == "deb"))
        .with_context(|| format!("apt-get download {package} left no .deb in {}", work.display()))?;
    let unpacked = work.join("unpacked");
    let mut unpack = Command::new("dpkg-deb");
    unpack.arg("-x").arg(&file).arg(&unpacked);
    tool::succeed(unpack, Duration::from_secs(300))?;
    std::fs::remove_file(&file)?;
    Ok(unpacked)
}

/// The package that the meta-package `meta` stands for at present, whose name begins with `prefix`.
pub fn behind(meta: &str, prefix: &str) -> anyhow::Result<String> {
    let ask = || {
        let text = tool::run("apt-cache", ["depends", "--important", meta])?;
        let name = text.lines().find_map(|line| line.trim().strip_prefix("Depends: ").filter(|name| name.starts_with(prefix)));
        anyhow::Ok(name.map(str::to_owned))
    };
    if let Ok(Some(name)) = ask() {
        return Ok(name);
    }
    update()?;
    ask()?.with_context(|| format!("the package {meta} depends on no {prefix}…: is this Debian 12 with its security updates?"))
}
