//! Nodes in User Mode Linux: the kernel is a program.

use super::Machine;
use crate::{kernel, network};
use anyhow::Context as _;
use std::ffi::OsString;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::PathBuf;

/// The program that a node is started by: a link of its own to the kernel.
///
/// A rebooting UML kernel starts itself again by its own name, without its network. So the link is removed once the node is up:
/// a node that fences itself then ends, as a machine that is cut from power.
fn program(machine: &Machine, node: u8) -> PathBuf {
    machine.place.node(node).join("linux")
}

pub(super) fn command_line(machine: &Machine, node: u8) -> anyhow::Result<Vec<OsString>> {
    let program = program(machine, node);
    if fs::symlink_metadata(&program).is_ok() {
        fs::remove_file(&program)?;
    }
    symlink(kernel::image(&machine.kernel), &program).with_context(|| program.display().to_string())?;
    let mut line: Vec<OsString> = vec![program.into(), format!("mem={}M", machine.memory).into()];
    let option = |name: &str, value: &std::path::Path| {
        let mut option = OsString::from(name);
        option.push(value);
        option
    };
    line.push(option("uml_dir=", &machine.place.node(node).join("uml")));
    line.push("umid=node".into());
    for (index, (file, read_only)) in machine.files().iter().enumerate() {
        // c: shared, no lock on the file. r: read-only.
        line.push(option(&format!("ubd{index}{}c=", if *read_only { "r" } else { "" }), file));
    }
    for (index, role) in network::ROLES.iter().enumerate() {
        // Without gro a node drops what its kernel's neighbour coalesced.
        line.push(format!("vec{index}:transport=tap,ifname={},depth=128,gro=1,mac={}", role.tap(node), role.mac(node)).into());
    }
    for word in ["root=/dev/ubda", "rootfstype=ext4", "ro", "init=/sbin/lab-init", "con0=null,fd:1", "con=null", "ssl=null", "panic=1"] {
        line.push(word.into());
    }
    // O2CB's heartbeat writes to the device of the mounted volume. Since 6.8 a kernel without BLK_DEV_WRITE_MOUNTED refuses that
    // (mount: EBUSY) unless told so; an older one does not know the word.
    line.push("bdev_allow_write_mounted=1".into());
    line.extend(machine.parameters(node).map(OsString::from));
    Ok(line)
}

/// Called once the node is up: from now on a reboot ends it.
pub fn seal(machine: &Machine, node: u8) -> anyhow::Result<()> {
    let program = program(machine, node);
    fs::remove_file(&program).with_context(|| program.display().to_string())
}
