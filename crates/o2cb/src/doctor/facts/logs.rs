//! Kernel logs: of this boot, of the one before, of crashes, and those that were named.

use crate::found::Seen;
use crate::kernel::Look;
use crate::place::Place;
use crate::program::{Answer, MOST_BYTES as MOST_PRINTED, output_of};
use formats::kernel_log::{Message, pstore_order};
use rustix::fs::{Mode, OFlags};
use rustix::time::{ClockId, clock_gettime};
use std::collections::VecDeque;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant, SystemTime};

/// How long journalctl may take.
const DEADLINE: Duration = Duration::from_secs(30);
/// The last entries of the boot before that are read.
const ENTRIES: &str = "20000";
/// One record of `/dev/kmsg` at most (`CONSOLE_EXT_LOG_MAX`).
const RECORD: usize = 8192;
/// The most that is kept of this boot's log, bytes: its end.
const MOST_BYTES: usize = 16 << 20;
/// How long it is read at most: a kernel that writes faster than it is read would never end.
const MOST_TIME: Duration = Duration::from_secs(20);
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
    /// Of earlier boots of this machine.
    pub before: Vec<Log>,
    /// Those that were named: they may be another machine's.
    pub named: Vec<Log>,
    /// What could not be read, and why.
    pub unread: Vec<String>,
    /// Why the newest messages of this boot are not among them, though others are.
    pub behind: Option<String>,
    /// [`Clocks::printk_us`] when those of this boot were read.
    pub uptime_us: Option<u64>,
}

/// Two clocks at one moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Clocks {
    /// The clock that stamps messages, µs: since the kernel started, without the time that it was suspended. `/proc/uptime` counts that
    /// time, too, so it is another clock.
    pub printk_us: Option<u64>,
    /// µs since 1970.
    pub wall_us: Option<i64>,
}

impl Clocks {
    /// What they say now. Messages are stamped by `local_clock()` (`kernel/printk/printk.c`), which no time service turns: the raw
    /// monotonic clock is nearest to it.
    pub fn now() -> Clocks {
        let raw = clock_gettime(ClockId::MonotonicRaw);
        let us = |seconds: i64, ns: i64| u64::try_from(seconds).ok()?.checked_mul(1_000_000)?.checked_add(u64::try_from(ns / 1000).ok()?);
        let wall = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).ok();
        Clocks { printk_us: us(raw.tv_sec, raw.tv_nsec), wall_us: wall.and_then(|time| i64::try_from(time.as_micros()).ok()) }
    }
}

impl Default for Logs {
    fn default() -> Logs {
        Logs { now: Seen::Absent, before: Vec::new(), named: Vec::new(), unread: Vec::new(), behind: None, uptime_us: None }
    }
}

impl Logs {
    /// Reads those of earlier boots, and `named`: files of `--kernel-log`.
    pub fn before(look: &dyn Look, place: &Place, named: &[PathBuf]) -> anyhow::Result<Logs> {
        let mut logs = Logs::default();
        if place.at("/") == Path::new("/") {
            logs.journal();
        }
        logs.pstore(look);
        for path in named {
            let bytes = std::fs::read(path).map_err(|error| anyhow::anyhow!("{}: {error}", path.display()))?;
            logs.named.push(Log { source: path.display().to_string(), messages: Message::all_of(&bytes) });
        }
        Ok(logs)
    }

    /// Reads that of this boot; `clocks`: of now.
    pub fn look_now(&mut self, place: &Place, clocks: Clocks) {
        let started_us = clocks.wall_us.zip(clocks.printk_us).and_then(|(wall, uptime)| wall.checked_sub_unsigned(uptime));
        self.uptime_us = clocks.printk_us;
        self.now = Seen::of(kmsg(&place.at("/dev/kmsg"), MOST_BYTES, MOST_TIME)).map(|read| {
            if read.cut {
                self.unread.push(format!("the kernel's log of this boot: what comes before its last {} MiB", MOST_BYTES >> 20));
            }
            self.behind =
                read.behind.then(|| format!("the kernel's log: it is written faster than it is read in {} s", MOST_TIME.as_secs()));
            let mut messages = Message::all_of(&read.log);
            for message in &mut messages {
                message.at.wall_us = started_us.zip(message.at.boot_us).and_then(|(start, at)| start.checked_add_unsigned(at));
            }
            Log { source: "the kernel's log of this boot".to_owned(), messages }
        });
        self.unread.extend(self.behind.iter().cloned());
    }

    /// The boot before, if the journal kept it.
    fn journal(&mut self) {
        let mut command = Command::new("journalctl");
        // The newest first: if all of it is too much, its end, where the fence is, is what is wanted.
        command.args(["-k", "-b", "-1", "--no-pager", "--reverse", "-o", "json", "-n", ENTRIES]);
        command.arg("--output-fields=MESSAGE,_SOURCE_MONOTONIC_TIMESTAMP");
        match output_of(&mut command, DEADLINE) {
            // Where journals do not outlive a boot it ends well, and says so on stderr only (systemd 252).
            Ok(output) if output.code == Some(0) && output.stdout.is_empty() => {
                let said = if output.stderr.is_empty() { "it is empty".to_owned() } else { Answer::from(output).complaint() };
                self.unread.push(format!("the journal of the boot before: {said}"));
            }
            Ok(output) if output.code == Some(0) => {
                let (log, cut) = oldest_first(&output.stdout, MOST_PRINTED);
                if cut {
                    self.unread.push(format!("the journal of the boot before: what comes before its last {} MiB", MOST_PRINTED >> 20));
                }
                self.before.push(Log { source: "the journal of the boot before".to_owned(), messages: Message::all_of(&log) });
            }
            Ok(output) => self.unread.push(format!("the journal of the boot before: {}", Answer::from(output).complaint())),
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

/// Lines the other way round. If there are more than `most` bytes, the last one may be a part of a line and is left out; and whether
/// this is so.
fn oldest_first(lines: &[u8], most: usize) -> (Vec<u8>, bool) {
    let cut = lines.len() > most;
    let whole = lines.iter().rposition(|byte| *byte == b'\n').map_or(0, |end| end + 1);
    let lines = if cut { lines.get(..whole).unwrap_or_default() } else { lines };
    let mut turned = Vec::with_capacity(lines.len() + 1);
    for line in lines.split(|byte| *byte == b'\n').rev().filter(|line| !line.is_empty()) {
        turned.extend_from_slice(line);
        turned.push(b'\n');
    }
    (turned, cut)
}

/// What was read of this boot's log.
struct Kmsg {
    log: Vec<u8>,
    /// Whether older records were dropped.
    cut: bool,
    /// Whether newer ones were left.
    behind: bool,
}

/// The newest records that the kernel has, `most` bytes of them; no more are begun after `time`.
fn kmsg(path: &Path, most: usize, time: Duration) -> io::Result<Kmsg> {
    let device = rustix::fs::open(path, OFlags::RDONLY | OFlags::NONBLOCK | OFlags::CLOEXEC, Mode::empty())?;
    let began = Instant::now();
    let mut records: VecDeque<Vec<u8>> = VecDeque::new();
    let (mut length, mut cut) = (0, false);
    let mut record = vec![0; RECORD];
    let behind = loop {
        match rustix::io::read(&device, &mut record) {
            Ok(0) | Err(rustix::io::Errno::AGAIN) => break false,
            Ok(read) => {
                length += read;
                records.push_back(record.get(..read).unwrap_or_default().to_vec());
            }
            // Overwritten while it was read: the next one is there.
            Err(rustix::io::Errno::PIPE | rustix::io::Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
        while length > most
            && let Some(oldest) = records.pop_front()
        {
            length -= oldest.len();
            cut = true;
        }
        if began.elapsed() >= time {
            break true;
        }
    };
    Ok(Kmsg { log: Vec::from(records).concat(), cut, behind })
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
        // It was suspended for long: its messages do not know.
        kernel.put("/proc/uptime", "99912.50 30.1\n");
        kernel.put(
            "/sys/fs/pstore/dmesg-efi-2",
            "Panic#1 Part1\n<3>[   99.0] *** ocfs2 is very sorry to be fencing this system by panicing ***\n",
        );
        kernel.put("/sys/fs/pstore/dmesg-efi-1", "Panic#1 Part2\n<6>[   98.0] o2hb: Heartbeat mode set to local\n");
        let clocks = Clocks { printk_us: Some(12_000_000), wall_us: Some(1_795_779_530_000_000) };
        let mut logs = Logs::before(&kernel, &machine.place(), &[]).unwrap();
        logs.look_now(&machine.place(), clocks);
        let now = logs.now.is().unwrap();
        assert_eq!((now.messages.len(), logs.uptime_us), (1, Some(12_000_000)));
        assert_eq!(now.messages[0].at.wall_us, Some(1_795_779_520_500_000));
        let before = &logs.before[0];
        assert_eq!((before.source.as_str(), before.messages.len()), ("/sys/fs/pstore", 2));
        assert_eq!(before.messages[0].text, "o2hb: Heartbeat mode set to local");
        assert!(Logs::before(&kernel, &machine.place(), &["/does/not/exist".into()]).is_err());
        let named = Logs::before(&kernel, &machine.place(), &[machine.place().at("/dev/kmsg")]).unwrap();
        assert_eq!((named.named.len(), named.before.len()), (1, 1), "it may be another machine's");
    }

    #[test]
    fn a_journal_that_is_too_long_keeps_its_end() {
        let journal = b"{\"MESSAGE\":\"three\"}\n{\"MESSAGE\":\"two\"}\n{\"MESSAGE\":\"one\"}\n";
        let texts = |(log, cut): (Vec<u8>, bool)| (Message::all_of(&log).into_iter().map(|message| message.text).collect::<Vec<_>>(), cut);
        assert_eq!(texts(oldest_first(journal, 1000)), (vec!["one".to_owned(), "two".to_owned(), "three".to_owned()], false));
        assert_eq!(texts(oldest_first(&journal[..45], 44)), (vec!["two".to_owned(), "three".to_owned()], true));
        assert_eq!(oldest_first(b"", 0), (Vec::new(), false));
    }

    #[test]
    fn a_log_without_end_is_not_read_for_ever_and_keeps_its_end() {
        let machine = Machine::new();
        let lines = (0..3000).map(|number| format!("6,{number},1,-;message {number:05}\n")).collect::<Vec<_>>().concat();
        machine.write("dev/kmsg", &lines);
        let read = |most, time| kmsg(&machine.place().at("/dev/kmsg"), most, time).unwrap();
        let newest = read(20_000, MOST_TIME);
        assert!(newest.cut && !newest.behind && (20_000 - RECORD..=20_000).contains(&newest.log.len()), "{}", newest.log.len());
        assert!(newest.log.ends_with(b";message 02999\n"));
        let all = read(MOST_BYTES, MOST_TIME);
        assert!(!all.cut && !all.behind && all.log == lines.as_bytes());
        assert!(read(MOST_BYTES, Duration::ZERO).behind);
    }

    #[test]
    fn now_is_by_the_clock_that_stamps_messages() {
        let (before, now, after) =
            (clock_gettime(ClockId::MonotonicRaw), Clocks::now().printk_us.unwrap(), clock_gettime(ClockId::MonotonicRaw));
        let us = |time: rustix::time::Timespec| u64::try_from(time.tv_sec * 1_000_000 + time.tv_nsec / 1000).unwrap();
        assert!((us(before)..=us(after)).contains(&now), "{now}");
    }
}
