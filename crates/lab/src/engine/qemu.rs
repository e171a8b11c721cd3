//! Nodes in QEMU, emulated: stock kernels, and a monitor (QMP) for what is done to the machine from outside.

use super::Machine;
use crate::{kernel, network};
use anyhow::{Context as _, bail, ensure};
use serde_json::{Value, json};
use std::ffi::OsString;
use std::io::{BufRead as _, BufReader, Write as _};
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::time::Duration;

/// The socket of the node's monitor.
pub fn monitor(machine: &Machine, node: u8) -> PathBuf {
    machine.place.node(node).join("qmp")
}

pub(super) fn command_line(machine: &Machine, node: u8) -> Vec<OsString> {
    let mut line: Vec<OsString> = vec!["qemu-system-x86_64".into()];
    let mut add = |words: &[&str]| line.extend(words.iter().map(OsString::from));
    add(&["-nodefaults", "-no-user-config", "-no-reboot", "-display", "none", "-serial", "stdio"]);
    add(&["-machine", "q35,hpet=off,vmport=off,smm=off,usb=off,sata=off"]);
    add(&["-accel", "tcg,thread=multi,tb-size=96", "-cpu", "max", "-smp", "1", "-m", &machine.memory.to_string()]);
    for (index, (file, read_only)) in machine.files().iter().enumerate() {
        // One file behind the host's page cache is the same disk for all nodes; nothing of a lab must survive the host.
        let file = escape(&file.to_string_lossy());
        let read_only = if *read_only { ",readonly=on" } else { "" };
        let drive = format!("id=disk{index},file={file},format=raw,if=none,file.locking=off,cache=unsafe{read_only}");
        let share = if read_only.is_empty() { ",share-rw=on" } else { "" };
        add(&["-drive", &drive, "-device", &format!("virtio-blk-pci,drive=disk{index}{share}")]);
    }
    for (index, role) in network::ROLES.iter().enumerate() {
        add(&["-netdev", &format!("tap,id=net{index},ifname={},script=no,downscript=no", role.tap(node))]);
        add(&["-device", &format!("virtio-net-pci,netdev=net{index},mac={},romfile=", role.mac(node))]);
    }
    add(&["-device", "virtio-rng-pci"]);
    let kernel_line = [
        "console=ttyS0 quiet loglevel=6 mitigations=off nopti nokaslr panic=1 no_timer_check tsc=reliable random.trust_cpu=on nowatchdog",
        "rcupdate.rcu_expedited=1 raid=noautodetect",
        &machine.parameters(node).join(" "),
    ]
    .join(" ");
    add(&["-append", &kernel_line]);
    line.extend(["-kernel".into(), kernel::image(&machine.kernel).into_os_string()]);
    line.extend(["-initrd".into(), kernel::initrd(&machine.kernel).into_os_string()]);
    let mut socket = OsString::from("unix:");
    socket.push(monitor(machine, node));
    socket.push(",server=on,wait=off");
    line.extend(["-qmp".into(), socket]);
    line
}

/// Lets the node's disk number `index` do at most so many bytes a second; 0: as many as it can.
pub fn throttle(machine: &Machine, node: u8, index: usize, bytes_per_second: u64) -> anyhow::Result<()> {
    let limits = json!({
        "device": format!("disk{index}"), "bps": bytes_per_second, "bps_rd": 0, "bps_wr": 0, "iops": 0, "iops_rd": 0, "iops_wr": 0,
    });
    let path = monitor(machine, node);
    let stream = UnixStream::connect(&path).with_context(|| format!("node{node}'s monitor {}", path.display()))?;
    stream.set_read_timeout(Some(Duration::from_secs(10)))?;
    let mut answers = BufReader::new(stream.try_clone()?);
    let mut line = String::new();
    answers.read_line(&mut line).context("the monitor's greeting")?;
    for (command, arguments) in [("qmp_capabilities", json!({})), ("block_set_io_throttle", limits)] {
        writeln!(&stream, "{}", json!({"execute": command, "arguments": arguments}))?;
        loop {
            line.clear();
            ensure!(answers.read_line(&mut line)? > 0, "the monitor hung up on {command}");
            let answer: Value = serde_json::from_str(&line).with_context(|| line.clone())?;
            if let Some(error) = answer.get("error") {
                bail!("node{node}: {command}: {error}");
            }
            // Events come in between.
            if answer.get("return").is_some() {
                break;
            }
        }
    }
    Ok(())
}

/// A comma in a value of QEMU's options is doubled.
fn escape(text: &str) -> String {
    text.replace(',', ",,")
}
