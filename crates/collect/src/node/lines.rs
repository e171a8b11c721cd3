//! Lines out of pieces of a file, and files read within bounds.

use super::discover::described;
use super::files::NodeFiles;
use formats::scan::split_line;
use sample::NodeClock;
use std::io::{self, Read};
use std::time::{Duration, Instant};

/// A line longer than this is not one of the kernel's (`locking_state` v4 with a full LVB has about 900 bytes).
const LONGEST_LINE: usize = 64 << 10;

/// Puts lines together from pieces.
#[derive(Debug, Default)]
pub struct LineSplitter {
    carry: Vec<u8>,
}

impl LineSplitter {
    /// Takes the next piece of the file; `take` gets each whole line, without its newline.
    #[inline]
    pub fn push(&mut self, piece: &[u8], mut take: impl FnMut(&[u8])) {
        self.push_to(
            piece,
            &mut EachLine(|line: &[u8]| {
                take(line);
                Next::Line
            }),
        );
    }

    /// The same, with a short cut: at the start of each line that is in the piece, `ahead` may take whole lines off it, and says
    /// how many bytes of them.
    #[inline]
    pub(super) fn push_to(&mut self, mut piece: &[u8], take: &mut impl Lines) -> Next {
        if !self.carry.is_empty() {
            let Some((head, rest)) = split_line(piece) else {
                self.carry.extend_from_slice(piece);
                if self.carry.len() > LONGEST_LINE {
                    return take.line(&std::mem::take(&mut self.carry));
                }
                return Next::Line;
            };
            self.carry.extend_from_slice(head);
            let next = take.line(&self.carry);
            self.carry.clear();
            if next == Next::Enough {
                return next;
            }
            piece = rest;
        }
        loop {
            piece = piece.get(take.ahead(piece)..).unwrap_or_default();
            let Some((line, rest)) = split_line(piece) else { break };
            if take.line(line) == Next::Enough {
                return Next::Enough;
            }
            piece = rest;
        }
        self.carry.extend_from_slice(piece);
        Next::Line
    }

    /// What is left without a newline at the file's end.
    pub fn end(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.carry)
    }
}

/// The start of a line, for people: control characters are shown, not sent to a terminal.
pub fn shown(line: &[u8]) -> String {
    let start = line.get(..80).unwrap_or(line);
    String::from_utf8_lossy(start).escape_debug().to_string()
}

/// How much of a file may be read.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    /// Bytes.
    pub bytes: u64,
    /// Time.
    pub time: Duration,
}

/// How reading a file within bounds went.
#[derive(Clone, Debug, Default)]
pub struct Bounded {
    /// Bytes read.
    pub bytes: u64,
    /// Reads that returned data.
    pub reads: u64,
    /// Wall time; of a recording: what it took on the node, if that is told.
    pub wall_us: u64,
    /// The node's clocks when a recorded file was read; `None`: live, now.
    pub recorded_clock: Option<NodeClock>,
    /// Why it ended before the file did.
    pub cut: Option<String>,
}

/// What `take` says after each line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// Go on.
    Line,
    /// All that was wanted is there.
    Enough,
}

/// What is done with the lines of a file.
pub trait Lines {
    /// Takes one line, without its newline.
    fn line(&mut self, line: &[u8]) -> Next;

    /// Takes lines off the start of `text`, as many as it has a short cut for, and returns their bytes with the newlines. `text`
    /// starts with a line and ends anywhere. Which lines it takes depends on how the file came in pieces: it must make no
    /// difference.
    fn ahead(&mut self, text: &[u8]) -> usize;
}

/// All lines one by one.
struct EachLine<F>(F);

impl<F: FnMut(&[u8]) -> Next> Lines for EachLine<F> {
    fn line(&mut self, line: &[u8]) -> Next {
        (self.0)(line)
    }

    fn ahead(&mut self, _text: &[u8]) -> usize {
        0
    }
}

/// Reads a file line by line within bounds. `size` is what one read(2) asks for: the kernel's seq files return at most a page
/// (GFS2: 32 KiB). A last line without newline is taken too.
pub fn read_lines(files: &dyn NodeFiles, path: &str, bounds: Bounds, size: usize, take: impl FnMut(&[u8]) -> Next) -> io::Result<Bounded> {
    read_lines_to(files, path, bounds, size, &mut EachLine(take))
}

/// [`read_lines`] for what has short cuts.
pub fn read_lines_to(files: &dyn NodeFiles, path: &str, bounds: Bounds, size: usize, take: &mut impl Lines) -> io::Result<Bounded> {
    let dump = files.dumps(path)?.into_iter().next().ok_or(io::ErrorKind::NotFound)?;
    let mut bounded = Bounded { recorded_clock: dump.recorded_clock, ..Bounded::default() };
    let (start, mut reader, mut buffer) = (Instant::now(), dump.reader, vec![0; size]);
    let mut splitter = LineSplitter::default();
    let mut next = Next::Line;
    while next == Next::Line {
        match reader.read(&mut buffer) {
            Ok(0) => {
                let last = splitter.end();
                if !last.is_empty() {
                    take.line(&last);
                }
                break;
            }
            Ok(length) => {
                bounded.bytes += length as u64;
                bounded.reads += 1;
                next = splitter.push_to(buffer.get(..length).unwrap_or_default(), take);
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) if bounded.reads > 0 => {
                bounded.cut = Some(described(path, &error));
                break;
            }
            Err(error) => return Err(error),
        }
        if bounded.bytes > bounds.bytes {
            bounded.cut = Some(format!("{path}: cut after {} bytes", bounded.bytes));
            break;
        }
        if dump.live && start.elapsed() > bounds.time {
            bounded.cut = Some(format!("{path}: cut after {:.1} s and {} bytes", start.elapsed().as_secs_f64(), bounded.bytes));
            break;
        }
    }
    bounded.wall_us = dump.recorded_wall_us.unwrap_or(start.elapsed().as_micros() as u64);
    Ok(bounded)
}
