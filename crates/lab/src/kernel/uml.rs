//! User Mode Linux from Debian's kernel source: a small configuration, everything built in, and one changed constant.

use super::modules;
use crate::cache::Recipe;
use crate::plan::Series;
use crate::{packages, progress, tool};
use anyhow::{Context as _, ensure};
use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

const OPTIONS: &str = include_str!("../../recipe/uml.config");

/// The size of the floating point state that UML keeps of a process, in longs, as the source has it: 21 KB.
/// A CPU with AMX has 11 KB of state and is fine in 12288 longs; with fewer than the CPU has, the first process dies
/// ("ptrace set fp regs failed, errno = 14").
const STATE_WAS: &str = "DEFINE_LONGS(HOST_FP_SIZE, 2696)";
const STATE_IS: &str = "DEFINE_LONGS(HOST_FP_SIZE, 12288)";

/// Options that a series no longer has.
fn gone(series: Series) -> &'static [&'static str] {
    match series {
        Series::V6_1 => &[],
        // Since 6.11 only its opposite is there, BASE_SMALL.
        Series::V6_12 => &["CONFIG_BASE_FULL=y"],
    }
}

/// The options for a series.
fn options(series: Series) -> String {
    let keep = |line: &&str| !gone(series).contains(&line.trim_end());
    OPTIONS.split_inclusive('\n').filter(keep).collect()
}

pub(super) fn recipe(series: Series) -> Recipe {
    Recipe::new(&format!("kernel-uml-{}", series.name()), &["2", &options(series), STATE_IS])
}

pub(super) fn build(series: Series, place: &Path) -> anyhow::Result<()> {
    let work = place.join("work");
    fs::create_dir(&work)?;
    let package = format!("linux-source-{}", series.name());
    progress::say(&format!("kernel: fetching {package}"));
    let unpacked = packages::unpack(&package, &work)?;
    let archive = unpacked.join(format!("usr/src/{package}.tar.xz"));
    progress::say("kernel: unpacking the source");
    let mut unpack = Command::new("tar");
    unpack.args(["--extract", "--xz", "--strip-components=1", "--file"]).arg(&archive).arg("--directory").arg(&work);
    tool::succeed(unpack, Duration::from_secs(600))?;

    let offsets = work.join("arch/x86/um/user-offsets.c");
    let text = fs::read_to_string(&offsets).with_context(|| offsets.display().to_string())?;
    ensure!(text.contains(STATE_WAS), "{}: no {STATE_WAS}: this source differs from the one that the change is for", offsets.display());
    fs::write(&offsets, text.replace(STATE_WAS, STATE_IS))?;

    let wanted = options(series);
    let options = place.join("options");
    fs::write(&options, &wanted)?;
    let make = |arguments: &[&str], minutes: u64| {
        let mut make = Command::new("make");
        make.arg("--silent").arg("ARCH=um").args(arguments).current_dir(&work);
        make.env("KCONFIG_ALLCONFIG", &options);
        // A build that depends on neither the machine's name nor its user.
        make.env("KBUILD_BUILD_USER", "lab").env("KBUILD_BUILD_HOST", "lab");
        tool::succeed(make, Duration::from_secs(minutes * 60))
    };
    make(&["allnoconfig"], 5)?;
    check_options(&wanted, &fs::read_to_string(work.join(".config"))?)?;
    let jobs = format!("-j{}", std::thread::available_parallelism().map_or(1, usize::from));
    progress::say("kernel: compiling (4 to 10 minutes)");
    make(&[&jobs, "linux"], 60)?;
    make(&["modules.builtin"], 5)?;

    let mut strip = Command::new("strip");
    strip.arg("-o").arg(super::image(place)).arg(work.join("linux"));
    tool::succeed(strip, Duration::from_secs(60))?;
    let release = fs::read_to_string(work.join("include/config/kernel.release"))?;
    let tree = place.join("modules").join(release.trim());
    fs::create_dir_all(&tree)?;
    for file in ["modules.builtin", "modules.builtin.modinfo"] {
        fs::copy(work.join(file), tree.join(file)).with_context(|| file.to_owned())?;
    }
    fs::write(tree.join("modules.order"), "")?;
    fs::copy(work.join(".config"), tree.join("config"))?;
    modules::finish(place, release.trim())?;
    fs::remove_dir_all(&work)?;
    fs::remove_file(&options)?;
    Ok(())
}

/// Kconfig drops an option whose dependency is missing without a word; the lab would miss it much later.
fn check_options(wanted: &str, config: &str) -> anyhow::Result<()> {
    let missing: Vec<&str> =
        wanted.lines().filter(|line| line.starts_with("CONFIG_")).filter(|&line| !config.lines().any(|have| have == line)).collect();
    ensure!(missing.is_empty(), "the kernel's configuration does not take: {}", missing.join(", "));
    Ok(())
}
