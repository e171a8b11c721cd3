//! Collecting where no program of ours can run: a POSIX shell sends the raw text, and the collector runs here over it.
//!
//! The price is the network (all of each dump goes over it) and processes on the node; the kernel's loss of one record
//! per read(2) is met as on the node itself, by dd's with block sizes that this side draws anew for every dump.

use super::classify::evidence;
use super::connection::{Connection, Ended, Step};
use super::inbox::Inbox;
use super::node::Node;
use super::session::unexpected;
use super::stage::Stage;
use super::talk::Talk;
use crate::node::Collector;
use crate::node::files::{Dump, DumpCost, NodeFiles};
use sample::TasksSample;
use sample::message::{Hello, PROTOCOL};
use sample::task::TaskRequest;
use sample::{FromNode, Way};
use std::cell::{Cell, RefCell};
use std::convert::Infallible;
use std::fmt::Write as _;
use std::io::{self, Read};
use std::rc::Rc;
use std::time::{Duration, Instant};

/// An idle shell is asked so often whether it lives.
const PING_EVERY: Duration = Duration::from_secs(2);
/// Block sizes of one dump; the node takes them in turn until the end of the file.
const SIZES: usize = 24;
/// Reads with each size: about so many dd's make a dump, however long it is. A dd costs its node a millisecond.
const PROCESSES: u64 = 40;
const FEWEST_READS: u64 = 16;
const MOST_READS: u64 = 512;
/// A directory that is longer is cut.
const MOST_LISTING: usize = 1 << 20;

/// Collects over `connection` until it ends.
pub(super) fn follow(connection: Connection, node: &Node, way: Way) -> Ended {
    let inbox = Rc::clone(&connection.inbox);
    let talk = Rc::new(RefCell::new(Talk::new(connection, node.timeouts().answer)));
    let ended = match collected(&talk, &inbox, node, way) {
        Err(ended) => ended,
        Ok(never) => match never {},
    };
    talk.borrow_mut().connection.close(&ended, node.timeouts().end);
    ended
}

fn collected(talk: &Rc<RefCell<Talk>>, inbox: &Inbox, node: &Node, way: Way) -> Result<Infallible, Ended> {
    let (hello, page) = greeting(&ask(talk, "hello")?)?;
    talk.borrow_mut().connection.stage = Stage::Up;
    node.is_up(way)?;
    node.message(FromNode::Hello(hello))?;
    inbox.forget_told();
    let files = ShellFiles { talk: Rc::clone(talk), page, last_reads: Cell::new(0) };
    let mut collector = Collector::new(inbox.configuration());
    let mut last_dump = Duration::ZERO;
    loop {
        for message in inbox.untold() {
            collector.follow(message);
        }
        let start = Instant::now();
        talk.borrow_mut().patience = node.patience(&inbox.configuration(), last_dump);
        let messages = collector.round(&files, &mut || talk.borrow().clock);
        // What a broken connection made of the files is no news of the node.
        if let Some(ended) = talk.borrow_mut().ended.take() {
            return Err(ended);
        }
        for message in messages {
            if let FromNode::Sample(sample) = &message {
                last_dump = Duration::from_micros(sample.pace.wall_us);
                node.has_sampled();
            }
            node.message(message)?;
        }
        idle(talk, inbox, node, &mut collector, start)?;
    }
}

/// Until the next round is due; the node's shell is asked now and then whether it lives.
fn idle(talk: &Rc<RefCell<Talk>>, inbox: &Inbox, node: &Node, collector: &mut Collector, start: Instant) -> Result<(), Ended> {
    loop {
        let due = start + Duration::from_millis(collector.interval_ms());
        let now = Instant::now();
        if now >= due {
            return Ok(());
        }
        let ping = now + PING_EVERY;
        let step = talk.borrow_mut().connection.step(due.min(ping))?;
        match step {
            Step::Command => inbox.untold().into_iter().for_each(|message| collector.follow(message)),
            // Nothing was asked.
            Step::Output => talk.borrow_mut().connection.output.clear(),
            Step::Late if ping < due => match ask(talk, "ping")?.as_str() {
                "alive" => node.message(FromNode::Alive)?,
                other => return Err(unexpected(other)),
            },
            Step::Late => {}
        }
    }
}

fn ask(talk: &RefCell<Talk>, request: &str) -> Result<String, Ended> {
    let mut talk = talk.borrow_mut();
    let answer = talk.ask(request);
    answer.map_err(|error| talk.ended.take().unwrap_or_else(|| unexpected(&error.to_string())))
}

/// `hello HOST RELEASE PAGESIZE`; the last is lacking where there is no getconf.
fn greeting(answer: &str) -> Result<(Hello, usize), Ended> {
    let mut words = answer.split(' ');
    let (Some("hello"), Some(host), Some(kernel)) = (words.next(), words.next(), words.next()) else {
        return Err(unexpected(answer));
    };
    let page = words.next().and_then(|page| page.parse().ok()).filter(|page| (4096..=65536).contains(page)).unwrap_or(4096);
    let version = env!("CARGO_PKG_VERSION").to_owned();
    Ok((Hello { protocol: PROTOCOL, version, host: evidence(host), kernel: evidence(kernel) }, page))
}

/// A node's files, read by its shell.
struct ShellFiles {
    talk: Rc<RefCell<Talk>>,
    page: usize,
    last_reads: Cell<u64>,
}

impl ShellFiles {
    /// `dump PATH COUNT SIZE SIZE …`, with sizes as [`crate::node::dump::ReadSizes`] draws them.
    fn dump_request(&self, path: &str) -> String {
        let count = (self.last_reads.get() / PROCESSES).clamp(FEWEST_READS, MOST_READS);
        let mut request = format!("dump {path} {count}");
        for _ in 0..SIZES {
            // Writing into a String cannot fail.
            let _ = write!(request, " {}", fastrand::usize(self.page * 3 / 8..=self.page));
        }
        request
    }
}

impl NodeFiles for ShellFiles {
    fn read(&self, path: &str, limit: usize) -> io::Result<Vec<u8>> {
        self.talk.borrow_mut().fetch(&format!("get {}", plain(path)?), limit)
    }

    fn list(&self, path: &str) -> io::Result<Vec<String>> {
        let listing = self.talk.borrow_mut().fetch(&format!("list {}", plain(path)?), MOST_LISTING)?;
        let mut names: Vec<String> =
            listing.split(|&byte| byte == b'\n').filter_map(|name| String::from_utf8(name.to_vec()).ok()).collect();
        names.retain(|name| !name.is_empty());
        names.sort();
        Ok(names)
    }

    fn dumps(&self, path: &str) -> io::Result<Vec<Dump>> {
        let inode = self.talk.borrow_mut().begin_dump(&self.dump_request(plain(path)?))?;
        let reader = ShellDump { talk: Rc::clone(&self.talk), piece: Vec::new(), at: 0 };
        let identity = inode.map(|inode| (0, inode));
        let recorded_clock = Some(self.talk.borrow().clock);
        // How many reads it takes is known at its end, see `cost`.
        Ok(vec![Dump { reader: Box::new(reader), identity, recorded_reads: None, recorded_clock, recorded_wall_us: None, live: false }])
    }

    fn can_repeat(&self) -> bool {
        true
    }

    fn tasks(&self, _request: &TaskRequest) -> TasksSample {
        TasksSample { unseen: Some("processes are not looked at over a plain shell".to_owned()), ..TasksSample::default() }
    }

    fn cost(&self) -> Option<DumpCost> {
        let (reads, cpu_us) = self.talk.borrow().cost?;
        self.last_reads.set(reads);
        Some(DumpCost { reads, cpu_us })
    }
}

/// The path, if the node's shell would take it: it checks the same.
fn plain(path: &str) -> io::Result<&str> {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"_./:-".contains(&byte);
    if path.starts_with('/') && !path.contains("..") && path.bytes().all(allowed) {
        Ok(path)
    } else {
        Err(io::Error::new(io::ErrorKind::InvalidInput, "this path is not read over a shell"))
    }
}

/// One dump as it comes.
struct ShellDump {
    talk: Rc<RefCell<Talk>>,
    piece: Vec<u8>,
    at: usize,
}

impl Read for ShellDump {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.at >= self.piece.len() {
            let Some(piece) = self.talk.borrow_mut().dump_piece()? else { return Ok(0) };
            (self.piece, self.at) = (piece, 0);
        }
        let length = self.piece.get(self.at..).unwrap_or_default().read(buffer)?;
        self.at += length;
        Ok(length)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_plain_paths_are_asked_for() {
        assert!(plain("/sys/kernel/debug/ocfs2/D3C123F4B7EA4CAD87B04CA0CBCB3C0B/locking_state").is_ok());
        for path in ["proc/x", "/proc/../etc/shadow", "/proc/x y", "/proc/$(x)", "/proc/a;b", "/proc/x\n", "/proc/'"] {
            assert!(plain(path).is_err(), "{path}");
        }
    }

    #[test]
    fn a_greeting_without_page_size() {
        let (hello, page) = greeting("hello node1 6.1.192 ").unwrap();
        assert_eq!((hello.host.as_str(), hello.kernel.as_str(), page), ("node1", "6.1.192", 4096));
        assert_eq!(greeting("hello node1 6.1.192 65536").unwrap().1, 65536);
        assert!(greeting("hello").is_err());
    }
}
