//! Reading one `locking_state` into the lock table, parsed while it is read.
//!
//! The kernel loses about one record at the end of each read(2) (`ocfs2_dlm_seq_start` ignores its position), and where
//! a read ends is up to the reader. Reads of random size spread the losses evenly over all locks and dumps; with reads
//! of one size the same locks are lost every time (measured on 6.1.192: up to a third of all M locks, for ever).

use super::files::Dump;
use super::lines::{LineSplitter, shown};
use crate::node::clock;
use formats::ocfs2::locking_state::parse_line;
use sample::{LockTable, NodeClock};
use std::io::{self, Read};
use std::time::{Duration, Instant};

/// A dump longer than this is cut: about 10 million locks.
const MOST_BYTES: u64 = 4 << 30;
/// A dump that takes longer is cut.
const MOST_TIME: Duration = Duration::from_secs(120);

/// How one pass went.
#[derive(Debug)]
pub struct PassEnd {
    /// Bytes read.
    pub bytes: u64,
    /// What stopped it before the end of the file.
    pub stopped: Option<io::Error>,
}

/// Reads `dump` once into `table`. `place` names the file in problems.
pub fn read_pass(dump: Dump, table: &mut LockTable, at: NodeClock, place: &str) -> PassEnd {
    read_pass_told(dump, table, at, place, || None)
}

/// As [`read_pass`], of a dump that another process reads: `reads` tells at its end in how many reads.
pub fn read_pass_told(dump: Dump, table: &mut LockTable, at: NodeClock, place: &str, reads_told: impl Fn() -> Option<u64>) -> PassEnd {
    table.begin_pass(at);
    let mut sizes = ReadSizes::new(dump.live);
    let mut reader = dump.reader;
    let mut lines = Lines::new(table, place);
    let mut buffer = vec![0; sizes.largest()];
    let (mut bytes, mut reads, mut stopped) = (0u64, 0u64, None);
    let start = Instant::now();
    loop {
        let size = sizes.next_size();
        match reader.read(buffer.get_mut(..size).unwrap_or_default()) {
            Ok(0) => break,
            Ok(length) => {
                bytes += length as u64;
                reads += 1;
                lines.push(buffer.get(..length).unwrap_or_default());
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => {
                stopped = Some(error);
                break;
            }
        }
        if bytes > MOST_BYTES || (reads % 256 == 0 && start.elapsed() > MOST_TIME) {
            stopped = Some(io::Error::new(io::ErrorKind::FileTooLarge, "dump cut: too long for one pass"));
            break;
        }
    }
    lines.end(stopped.is_none());
    table.end_pass(bytes, if dump.live { Some(reads) } else { reads_told().or(dump.recorded_reads) });
    PassEnd { bytes, stopped }
}

/// Hands the lines of a dump to the table.
pub struct Lines<'t> {
    table: &'t mut LockTable,
    place: &'t str,
    splitter: LineSplitter,
    number: u64,
}

impl<'t> Lines<'t> {
    /// Lines of the file `place` go into `table`.
    pub fn new(table: &'t mut LockTable, place: &'t str) -> Self {
        Lines { table, place, splitter: LineSplitter::default(), number: 0 }
    }

    /// Takes the next piece of the file.
    pub fn push(&mut self, piece: &[u8]) {
        let Lines { table, place, splitter, number } = self;
        splitter.push(piece, |line| {
            *number += 1;
            match parse_line(line) {
                Ok(record) => table.record(&record),
                Err(problem) => {
                    let number = *number;
                    table.problem(|| format!("{place}:{number}: {problem}: {}", shown(line)));
                }
            }
        });
    }

    /// Ends the file. A last line without newline is a problem: it may lack digits.
    pub fn end(&mut self, whole: bool) {
        let cut = self.splitter.end();
        if !cut.is_empty() && whole {
            self.number += 1;
            let (place, number) = (self.place, self.number);
            self.table.problem(|| format!("{place}:{number}: the last line is cut: {}", shown(&cut)));
        }
    }
}

/// Sizes of read(2)s.
pub struct ReadSizes {
    random: fastrand::Rng,
    page: usize,
    spread: bool,
}

impl ReadSizes {
    /// Random sizes for the kernel's file, large ones for a file that loses nothing.
    pub fn new(live: bool) -> ReadSizes {
        ReadSizes { random: fastrand::Rng::new(), page: rustix::param::page_size(), spread: live }
    }

    /// No size is larger.
    pub fn largest(&self) -> usize {
        if self.spread { self.page } else { 256 << 10 }
    }

    /// The next size: between three eighths of a page and a page, which is the most that one read(2) returns.
    pub fn next_size(&mut self) -> usize {
        if self.spread { self.random.usize(self.page * 3 / 8..=self.page) } else { self.largest() }
    }
}

/// Measures one piece of work: `(CPU time of this thread in µs, wall time in µs)`.
pub fn measured<T>(work: impl FnOnce() -> T) -> (T, u64, u64) {
    let (cpu, wall) = (clock::thread_cpu_ns(), Instant::now());
    let result = work();
    (result, clock::thread_cpu_ns().saturating_sub(cpu) / 1000, wall.elapsed().as_micros() as u64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use sample::Pace;

    const LINE: &str = include_str!("../../testdata/line-v4.txt");

    fn dump(text: &str) -> Dump {
        Dump {
            reader: Box::new(io::Cursor::new(text.as_bytes().to_vec())),
            identity: None,
            recorded_reads: None,
            recorded_clock: None,
            recorded_wall_us: None,
            live: true,
        }
    }

    #[test]
    fn lines_come_whole_out_of_reads_of_any_size() {
        let text = LINE.repeat(50);
        let mut table = LockTable::new("U", None);
        let end = read_pass(dump(&text), &mut table, NodeClock::default(), "f");
        let sample = table.finish(Pace::default());
        assert_eq!((end.bytes, sample.dump.records, sample.dump.problems.lines), (text.len() as u64, 50, 0));
        assert!(sample.dump.reads.unwrap() >= end.bytes / rustix::param::page_size() as u64);
    }

    #[test]
    fn a_bad_line_costs_itself_and_is_named() {
        let text = format!("{LINE}cat: Input/output \x1b[31merror\n{LINE}0x4\tM00");
        let mut table = LockTable::new("U", None);
        read_pass(dump(&text), &mut table, NodeClock::default(), "/sys/x/locking_state");
        let sample = table.finish(Pace::default());
        assert_eq!((sample.dump.records, sample.dump.problems.lines), (2, 2));
        let first = sample.dump.problems.first.unwrap();
        assert!(first.starts_with("/sys/x/locking_state:2: field 1: expected"), "{first}");
        assert!(!first.contains('\x1b'), "{first}");
    }
}
