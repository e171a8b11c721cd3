//! Kernel logs: of this boot, of the one before, of crashes, and those that were named.

use crate::found::Seen;
use crate::kernel::Look;
use crate::place::Place;
use crate::program::answer_of;
use formats::kernel_log::{Message, pstore_order};
use rustix::fs::{Mode, OFlags};
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, SystemTime};

/// How long journalctl may take.
const DEADLINE: Duration = Duration::from_secs(30);
/// The last entries of the boot before that are read.
const ENTRIES: &str = "20000";
/// One record of `/dev/kmsg` at most (`CONSOLE_EXT_LOG_MAX`).
const RECORD: usize = 8192;
/// Where pstore's files are, and where systemd puts them away.
const PSTORE: [&str; 2] = ["/sys/fs/pstore", "/var/lib/systemd/pstore"];

/// One log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Log {
    /// Where it is from.
    pub source: String,
    /// Its messages, oldest first. With a wall clock where one is known.
    pub messages: Vec<Message>,
}

/// All of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Logs {
    /// Of this boot.
    pub now: Seen<Log>,
    /// Of earlier boots, and those that were named.
    pub before: Vec<Log>,
    /// What could not be read, and why.
    pub unread: Vec<String>,
    /// Since the kernel started, µs.
    pub uptime_us: Option<u64>,
}

impl Default for Logs {
    fn default() -> Logs {
        Logs { now: Seen::Absent, before: Vec::new(), unread: Vec::new(), uptime_us: None }
    }
}

impl Logs {
    /// Reads all. `named`: files of `--kernel-log`.
    pub fn look(look: &dyn Look, place: &Place, named: &[PathBuf]) -> anyhow::Result<Logs> {
        let wall_us = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).ok().and_then(|time| i64::try_from(time.as_micros()).ok());
        let uptime = look.read("/proc/uptime").ok().and_then(|text| String::from_utf8_lossy(&text).split('.').next()?.parse::<u64>().ok());
        let uptime_us = uptime.and_then(|seconds| seconds.checked_mul(1_000_000));
        let started_us = wall_us.zip(uptime_us).and_then(|(wall, uptime)| wall.checked_sub_unsigned(uptime));
        let mut logs = Logs { uptime_us, ..Logs::default() };
        logs.now = Seen::of(kmsg(&place.at("/dev/kmsg"))).map(|bytes| {
            let mut messages = Message::all_of(&bytes);
            for message in &mut messages {
                message.at.wall_us = started_us.zip(message.at.boot_us).and_then(|(start, at)| start.checked_add_unsigned(at));
            }
            Log { source: "the kernel's log of this boot".to_owned(), messages }
        });
        if place.at("/") == Path::new("/") {
            logs.journal();
        }
        logs.pstore(look);
        for path in named {
            let bytes = std::fs::read(path).map_err(|error| anyhow::anyhow!("{}: {error}", path.display()))?;
            logs.before.push(Log { source: path.display().to_string(), messages: Message::all_of(&bytes) });
        }
        Ok(logs)
    }

    /// The boot before, if the journal kept it.
    fn journal(&mut self) {
        let mut command = Command::new("journalctl");
        command.args(["-k", "-b", "-1", "--no-pager", "-o", "json", "-n", ENTRIES]);
        command.arg("--output-fields=MESSAGE,_SOURCE_MONOTONIC_TIMESTAMP");
        match answer_of(&mut command, DEADLINE) {
            Ok(answer) if answer.is_ok() => {
                let messages = Message::all_of(answer.stdout.as_bytes());
                self.before.push(Log { source: "the journal of the boot before".to_owned(), messages });
            }
            Ok(answer) => self.unread.push(format!("the journal of the boot before: {}", answer.complaint())),
            // Without a journal there is none of the boot before.
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => self.unread.push(format!("the journal of the boot before: {error}")),
        }
    }

    fn pstore(&mut self, look: &dyn Look) {
        for folder in PSTORE {
            self.pieces(look, folder, 0);
        }
    }

    /// The pieces of a folder are one log; systemd has a folder for each.
    fn pieces(&mut self, look: &dyn Look, folder: &str, depth: u8) {
        let entries = match look.list(folder) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return,
            Err(error) => return self.unread.push(format!("{folder}: {error}")),
        };
        let mut pieces = Vec::new();
        for entry in entries {
            let path = format!("{folder}/{}", entry.name);
            if entry.folder {
                if depth < 3 {
                    self.pieces(look, &path, depth + 1);
                }
                continue;
            }
            // systemd joins the pieces into dmesg.txt, and keeps them beside it.
            if !entry.name.starts_with("dmesg-") && !entry.name.starts_with("console-") {
                continue;
            }
            match look.read(&path) {
                Ok(bytes) => pieces.push(bytes),
                Err(error) => self.unread.push(format!("{path}: {error}")),
            }
        }
        if !pieces.is_empty() {
            self.before.push(Log { source: folder.to_owned(), messages: Message::all_of(&pstore_order(pieces)) });
        }
    }
}

/// All records that the kernel still has.
fn kmsg(path: &Path) -> io::Result<Vec<u8>> {
    let device = rustix::fs::open(path, OFlags::RDONLY | OFlags::NONBLOCK | OFlags::CLOEXEC, Mode::empty())?;
    let mut log = Vec::new();
    let mut record = vec![0; RECORD];
    loop {
        match rustix::io::read(&device, &mut record) {
            Ok(0) | Err(rustix::io::Errno::AGAIN) => return Ok(log),
            Ok(length) => log.extend_from_slice(record.get(..length).unwrap_or_default()),
            // Overwritten while it was read: the next one is there.
            Err(rustix::io::Errno::PIPE | rustix::io::Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::model::ModelKernel;
    use crate::volumes::testing::Machine;

    #[test]
    fn logs_of_a_machine() {
        let machine = Machine::new();
        machine.write("dev/kmsg", "5,1,2500000,-;o2hb: Heartbeat mode set to local\n SUBSYSTEM=x\n");
        let mut kernel = ModelKernel::new();
        kernel.put("/proc/uptime", "12.50 30.1\n");
        kernel.put(
            "/sys/fs/pstore/dmesg-efi-2",
            "Panic#1 Part1\n<3>[   99.0] *** ocfs2 is very sorry to be fencing this system by panicing ***\n",
        );
        kernel.put("/sys/fs/pstore/dmesg-efi-1", "Panic#1 Part2\n<6>[   98.0] o2hb: Heartbeat mode set to local\n");
        let logs = Logs::look(&kernel, &machine.place(), &[]).unwrap();
        let now = logs.now.is().unwrap();
        assert_eq!((now.messages.len(), logs.uptime_us), (1, Some(12_000_000)));
        assert!(now.messages[0].at.wall_us.is_some());
        let before = &logs.before[0];
        assert_eq!((before.source.as_str(), before.messages.len()), ("/sys/fs/pstore", 2));
        assert_eq!(before.messages[0].text, "o2hb: Heartbeat mode set to local");
        assert!(Logs::look(&kernel, &machine.place(), &["/does/not/exist".into()]).is_err());
    }
}
