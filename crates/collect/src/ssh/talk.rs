//! Requests to a node's shell and their answers, one at a time: a slow node never builds a queue.

use super::answers::{End, clock, times_us};
use super::connection::{Connection, Ended, Step};
use sample::{Fault, FaultKind, NodeClock};
use std::io;
use std::time::{Duration, Instant};

/// A line that is longer is none of the shell's.
const LONGEST_LINE: usize = 4 << 10;

/// A conversation with the reader. After an error of the connection every request fails, until [`Talk::ended`] is taken.
pub(super) struct Talk {
    /// The connection.
    pub connection: Connection,
    /// Why it ended, if it did.
    pub ended: Option<Ended>,
    /// How long the node may keep silent in an answer.
    pub patience: Duration,
    /// The node's clocks at the start of the last dump.
    pub clock: NodeClock,
    /// Reads and CPU time of the last dump that was read to its end.
    pub cost: Option<(u64, u64)>,
    streaming: bool,
    cpu_before_us: u64,
    asked: Instant,
}

impl Talk {
    /// Talks over `connection`.
    pub fn new(connection: Connection, patience: Duration) -> Talk {
        Talk {
            connection,
            ended: None,
            patience,
            clock: NodeClock::default(),
            cost: None,
            streaming: false,
            cpu_before_us: 0,
            asked: Instant::now(),
        }
    }

    /// Asks for a line and waits for its answer.
    pub fn ask(&mut self, request: &str) -> io::Result<String> {
        self.begin(request)?;
        let answer = self.connection.answer(self.patience);
        self.kept(answer)
    }

    /// Asks for a file or a list: all of it, of which at most `limit` bytes are kept.
    pub fn fetch(&mut self, request: &str, limit: usize) -> io::Result<Vec<u8>> {
        if self.ask(request)? != "data" {
            return Err(self.broken("no data came"));
        }
        let mut all = Vec::new();
        while let Some(piece) = self.piece()? {
            let room = limit.saturating_sub(all.len()).min(piece.len());
            all.extend_from_slice(piece.get(..room).unwrap_or_default());
        }
        self.end()?.error().map_or(Ok(all), Err)
    }

    /// Asks for a dump; its bytes follow by [`Talk::dump_piece`]. Returns the file's inode, which changes when the file
    /// system is mounted again.
    pub fn begin_dump(&mut self, request: &str) -> io::Result<Option<u64>> {
        self.cost = None;
        let answer = self.ask(request)?;
        if let Some(words) = answer.strip_prefix("dump ") {
            self.clock = clock(words).ok_or_else(|| self.broken("the node's clock cannot be read"))?;
            let inode = words.split(' ').nth(2).and_then(|inode| inode.parse().ok());
            self.cpu_before_us = self.times()?;
            self.streaming = true;
            return Ok(inode);
        }
        let end = End::parse(&answer).ok_or_else(|| self.broken("no dump came"))?;
        Err(end.error().unwrap_or_else(|| io::Error::other("no dump came")))
    }

    /// The next piece of the dump; `None` at its end. An error of reading on the node comes last.
    pub fn dump_piece(&mut self) -> io::Result<Option<Vec<u8>>> {
        if !self.streaming {
            return Ok(None);
        }
        if let Some(piece) = self.piece()? {
            return Ok(Some(piece));
        }
        let end = self.end()?;
        let cpu_us = self.rest_of_dump()?;
        self.streaming = false;
        self.cost = Some((end.reads, cpu_us));
        end.error().map_or(Ok(None), Err)
    }

    /// The two lines of the shell's `times`: its own CPU time and its children's, µs.
    fn times(&mut self) -> io::Result<u64> {
        Ok(times_us(&self.text_line()?) + times_us(&self.text_line()?))
    }

    /// The next line, whatever it is.
    fn text_line(&mut self) -> io::Result<String> {
        loop {
            if let Some(line) = self.connection.line() {
                return Ok(line);
            }
            if self.connection.output.len() > LONGEST_LINE {
                return Err(self.broken("a line without end"));
            }
            self.more()?;
        }
    }

    /// The lines after a dump's end: `times`, and `done`. Returns the CPU time that it took on the node, as far as the
    /// shell's clock tells (hundredths of a second): printing by the kernel is charged to the dd that reads.
    fn rest_of_dump(&mut self) -> io::Result<u64> {
        let after = self.times()?;
        let done = self.connection.answer(self.patience);
        match self.kept(done)?.as_str() {
            "done" => Ok(after.saturating_sub(self.cpu_before_us)),
            _ => Err(self.broken("the end of a dump cannot be read")),
        }
    }

    /// The next piece before the line that ends the data. The shell puts a newline before that line, which is not data.
    fn piece(&mut self) -> io::Result<Option<Vec<u8>>> {
        let needle = format!("\n{}end ", self.connection.marker()).into_bytes();
        loop {
            let output = &mut self.connection.output;
            if let Some(at) = memchr::memmem::find(output, &needle) {
                let rest = output.split_off(at);
                let piece = std::mem::replace(output, rest);
                return Ok((!piece.is_empty()).then_some(piece));
            }
            // What may be the beginning of that line stays.
            let sure = output.len().saturating_sub(needle.len() - 1);
            if sure > 0 {
                let rest = output.split_off(sure);
                return Ok(Some(std::mem::replace(output, rest)));
            }
            self.more()?;
        }
    }

    /// The line that ends the data.
    fn end(&mut self) -> io::Result<End> {
        let answer = self.connection.answer(self.patience);
        let answer = self.kept(answer)?;
        End::parse(&answer).ok_or_else(|| self.broken("the end of an answer cannot be read"))
    }

    fn begin(&mut self, request: &str) -> io::Result<()> {
        if self.ended.is_some() {
            return Err(io::ErrorKind::BrokenPipe.into());
        }
        // A dump that was cut here still comes: it must pass first.
        if self.streaming {
            while self.piece()?.is_some() {}
            self.end()?;
            self.rest_of_dump()?;
            self.streaming = false;
        }
        self.asked = Instant::now();
        self.connection.send(request);
        Ok(())
    }

    /// Waits for more output.
    fn more(&mut self) -> io::Result<()> {
        if self.ended.is_some() {
            return Err(io::ErrorKind::BrokenPipe.into());
        }
        loop {
            let deadline = self.connection.heard.max(self.asked) + self.patience;
            let step = self.connection.step(deadline);
            match self.kept(step)? {
                Step::Output => return Ok(()),
                Step::Command => {}
                Step::Late => {
                    self.ended = Some(Ended::Fault(self.connection.silent(self.patience)));
                    return Err(io::ErrorKind::BrokenPipe.into());
                }
            }
        }
    }

    /// Keeps the reason if the connection ended.
    fn kept<T>(&mut self, result: Result<T, Ended>) -> io::Result<T> {
        result.map_err(|ended| {
            self.ended = Some(ended);
            io::ErrorKind::BrokenPipe.into()
        })
    }

    /// The answers cannot be trusted any more.
    fn broken(&mut self, why: &str) -> io::Error {
        self.ended = Some(Ended::Fault(Fault::new(FaultKind::Protocol, format!("the node's shell: {why}"))));
        io::ErrorKind::BrokenPipe.into()
    }
}
