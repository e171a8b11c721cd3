//! Sends this very program to a node, into a file that has no name any more when its contents come.

use super::connection::{Connection, Ended, Step};
use super::node::Node;
use sample::message::PROTOCOL;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// How long the node may take to store and try the program once it was sent: what is on its way over a slow line counts too.
const STORE: Duration = Duration::from_secs(60);
/// How often an upload looks whether it goes on.
const LOOK: Duration = Duration::from_millis(200);

/// Sends the program. `Ok(Err(why))`: it cannot run on this node, and the shell waits for the next word.
pub(super) fn send(connection: &mut Connection, node: &Node, system: &str, machine: &str) -> Result<Result<(), String>, Ended> {
    let path = node.program();
    let program = match fs::read(&path) {
        Ok(program) => program,
        Err(error) => return Ok(Err(format!("cannot read {}: {error}", path.display()))),
    };
    if let Err(why) = fits(&program, system, machine) {
        return Ok(Err(why));
    }
    let length = program.len() as u64;
    connection.send(&format!("upload {length}"));
    match connection.answer(node.timeouts().answer)?.as_str() {
        "send" => {}
        "refused" => return Ok(Err("no directory where a program may run".to_owned())),
        other => return Ok(Err(format!("upload: {}", super::classify::evidence(other)))),
    }
    let target = connection.ssh.written() + length;
    connection.ssh.write(program);
    let (mut sent, mut since) = (0, Instant::now());
    while connection.ssh.written() < target {
        if connection.step(Instant::now() + LOOK)? == Step::Output {
            break;
        }
        let now = connection.ssh.written();
        if now > sent {
            (sent, since) = (now, Instant::now());
        }
        if since.elapsed() > node.timeouts().answer {
            return Err(Ended::Fault(connection.silent(since.elapsed())));
        }
    }
    let answer = connection.answer(node.timeouts().answer.max(STORE))?;
    let said = super::classify::evidence(&answer);
    match answer.split_once(' ') {
        Some(("sent", protocol)) if protocol.trim_end() == protocol_line() => Ok(Ok(())),
        Some(("sent", _)) => Ok(Err(format!("the uploaded program does not run there: {}", said.trim_start_matches("sent ")))),
        // Stored in part: the rest may still be on its way, so this connection is of no use any more.
        _ => {
            node.rule_out_upload(format!("upload failed: {said} of {length} bytes"));
            Err(Ended::Again)
        }
    }
}

/// What `dlmtop collect --protocol` prints.
pub(super) fn protocol_line() -> String {
    format!("dlmtop-protocol {PROTOCOL}")
}

/// The file of the running program, also after a package replaced it.
pub(super) fn own_program() -> PathBuf {
    let by_kernel = Path::new("/proc/self/exe");
    if by_kernel.exists() { by_kernel.to_owned() } else { std::env::current_exe().unwrap_or_else(|_| by_kernel.to_owned()) }
}

/// Whether a program can run on a node, as far as its ELF header and `uname -s`, `uname -m` tell; else why not.
fn fits(program: &[u8], system: &str, machine: &str) -> Result<(), String> {
    if system != "Linux" {
        return Err(format!("the node runs {}", super::classify::evidence(system)));
    }
    let Some(&[0x7f, b'E', b'L', b'F', class, data, ..]) = program.first_chunk::<16>() else {
        return Err("this program is no ELF file".to_owned());
    };
    let number = match (program.get(18), program.get(19)) {
        (Some(&low), Some(&high)) if data == 1 => u16::from_le_bytes([low, high]),
        (Some(&high), Some(&low)) => u16::from_be_bytes([high, low]),
        _ => return Err("this program is no ELF file".to_owned()),
    };
    // ELF's e_machine, class (2: 64 bits), byte order (1: little endian).
    let machines: &[&str] = match (number, class, data) {
        (62, 2, 1) => &["x86_64"],
        (3, 1, 1) => &["i386", "i486", "i586", "i686", "x86_64"],
        (183, 2, 1) => &["aarch64"],
        (40, 1, 1) => &["armv6l", "armv7l", "armv8l"],
        (243, 2, 1) => &["riscv64"],
        (21, 2, 1) => &["ppc64le"],
        (21, 2, 2) => &["ppc64"],
        (22, 2, 2) => &["s390x"],
        (258, 2, 1) => &["loongarch64"],
        _ => &[],
    };
    if machines.contains(&machine) { Ok(()) } else { Err(format!("another architecture: {}", super::classify::evidence(machine))) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_program_runs_on_machines_like_this_only() {
        let own = fs::read(own_program()).unwrap();
        let machine = rustix::system::uname().machine().to_string_lossy().into_owned();
        assert_eq!(fits(&own, "Linux", &machine), Ok(()));
        assert_eq!(fits(&own, "Linux", "sparc64"), Err("another architecture: sparc64".to_owned()));
        assert!(fits(&own, "SunOS", &machine).is_err());
        assert!(fits(b"#!/bin/sh\n", "Linux", &machine).is_err());
        assert!(fits(&own[..17], "Linux", &machine).is_err());
    }
}
