//! `LS`, format 1: text for people (`print_format1`, `fs/dlm/debug_fs.c`, always there). Counting its `Master Copy` lines is how
//! documentation tells how many resources a node masters.
//!
//! ```text
//!
//! Resource 000000004ca1c253 Name (len=24) "       2            576d"
//! Master Copy
//! LVB: 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00
//!      00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00  (INVALID)
//! Recovery: root 1 recover 0 flags 4 count 0
//! Granted Queue
//! 00000028 PR Remote:   1 0000005f
//! Conversion Queue
//! 00000027 NL (EX)
//! Waiting Queue
//! 0000002c -- (PR) Master:     0000005f wait_type: 1
//! Lookup Queue
//! 04000001 EX wait_type: 11
//! ```
//!
//! Up to 3.10 two blanks follow the name. Unprintable bytes of a name are printed as dots. A mode in brackets is the one asked
//! for; in lookup the mode is that without brackets.

use super::lock::{Age, Lock, Queue, Whose};
use super::words::{Words, signed};
use super::{Master, ResourceName};
use crate::mode::Mode;
use crate::problem::LineProblem;
use crate::scan::{decimal, hex};

/// One resource with its locks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TextResource {
    /// Its name; unprintable bytes are dots.
    pub name: ResourceName,
    /// Whether the name is told exactly: it has no dot that may stand for another byte.
    pub exact: bool,
    /// Who masters it; `None` if the kernel calls it invalid, or the line is missing.
    pub master: Option<Master>,
    /// The lock on whose behalf the master is looked up; only while it is.
    pub first_lkid: Option<u32>,
    /// Its LVB, if it has one.
    pub lvb: Option<TextLvb>,
    /// Its recovery, if there is one.
    pub recovery: Option<Recovery>,
    /// Its locks: granted, converting, waiting, in lookup.
    pub locks: Vec<Lock>,
}

/// The LVB of a resource.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TextLvb {
    /// Its bytes; see [`super::lvb`].
    pub bytes: Vec<u8>,
    /// Whether it is valid (`RSB_VALNOTVALID` is not set).
    pub valid: bool,
}

/// What the lockspace's recovery has to do on a resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Recovery {
    /// Whether it is on the list of resources to be recovered.
    pub root_list: bool,
    /// Whether its recovery awaits replies.
    pub recover_list: bool,
    /// `RSB_*`; see [`super::flags::resource_flag_words`].
    pub flags: u64,
    /// Locks whose recovery is awaited.
    pub locks: u32,
}

/// Takes the lines of the file one by one, and gives the resources.
#[derive(Debug, Default)]
pub struct TextReader {
    current: Option<TextResource>,
    /// A resource that ended at a line with a problem; given with the next line that ends one.
    ended: Option<TextResource>,
    queue: Option<Queue>,
    /// A line of LVB bytes may follow.
    in_lvb: bool,
    /// The resource's first line was not understood: nobody knows whose the following lines are.
    skipping: bool,
}

impl TextReader {
    /// A reader before the first line.
    pub fn new() -> TextReader {
        TextReader::default()
    }

    /// Takes one line (without its newline), and gives the resource that it ends: the empty line before the next resource does.
    /// A problem costs the line, or if it is a resource's first one, that resource.
    pub fn line(&mut self, line: &[u8]) -> Result<Option<TextResource>, LineProblem> {
        if line.is_empty() {
            return Ok(self.finish());
        }
        if let Some(head) = line.strip_prefix(b"Resource ") {
            // The kernel prints an empty line before: only a text that lost it still has a resource here.
            let ended = self.finish();
            return match self.begin(head) {
                Ok(()) => Ok(ended),
                Err(problem) => {
                    self.skipping = true;
                    self.ended = ended;
                    Err(problem)
                }
            };
        }
        let Some(resource) = &mut self.current else {
            return if self.skipping { Ok(None) } else { Err(expected("a resource's first line")) };
        };
        let continues_lvb = std::mem::take(&mut self.in_lvb);
        if let Some(rest) = line.strip_prefix(b"LVB: ") {
            let mut lvb = TextLvb { bytes: Vec::new(), valid: true };
            lvb_bytes(rest, &mut lvb)?;
            resource.lvb = Some(lvb);
            self.in_lvb = true;
        } else if let (true, Some(rest), Some(lvb)) = (continues_lvb, line.strip_prefix(b"     "), &mut resource.lvb) {
            lvb_bytes(rest, lvb)?;
        } else if let Some(rest) = line.strip_prefix(b"Recovery: ") {
            resource.recovery = Some(recovery(rest)?);
        } else if let Some(queue) = queue(line) {
            self.queue = Some(queue);
        } else if let Some((master, first_lkid)) = master(line)? {
            (resource.master, resource.first_lkid) = (master, first_lkid);
        } else {
            let queue = self.queue.ok_or(expected("a line that tells of a resource"))?;
            resource.locks.push(lock(line, queue, resource.master)?);
        }
        Ok(None)
    }

    /// The last resource, after the last line.
    pub fn finish(&mut self) -> Option<TextResource> {
        self.queue = None;
        self.in_lvb = false;
        self.skipping = false;
        self.current.take().or_else(|| self.ended.take())
    }

    /// `000000005d00c147 Name (len=24) "       2            1b35"`, and two blanks up to 3.10.
    fn begin(&mut self, head: &[u8]) -> Result<(), LineProblem> {
        let mut words = Words::new(head);
        words.next();
        let rest = words.rest().strip_prefix(b"Name (len=").ok_or(LineProblem { field: 3, expected: "Name (len=" })?;
        let length_problem = LineProblem { field: 4, expected: "the length of the name" };
        let end = rest.iter().position(|&byte| byte == b')').ok_or_else(|| length_problem.clone())?;
        let (length, rest) = rest.split_at(end);
        let length = decimal(length).ok_or(length_problem)? as usize;
        let name = rest.strip_prefix(b") \"").and_then(|rest| rest.split_at_checked(length));
        let name_problem = || LineProblem { field: 5, expected: "a name of that length in quotes, 1 to 64 bytes" };
        let (name, rest) = name.ok_or_else(name_problem)?;
        if rest.first() != Some(&b'"') {
            return Err(name_problem());
        }
        self.current = Some(TextResource {
            name: ResourceName::new(name).ok_or_else(name_problem)?,
            exact: !name.contains(&b'.'),
            master: None,
            first_lkid: None,
            lvb: None,
            recovery: None,
            locks: Vec::new(),
        });
        Ok(())
    }
}

fn expected(expected: &'static str) -> LineProblem {
    LineProblem { field: 1, expected }
}

fn queue(line: &[u8]) -> Option<Queue> {
    match line {
        b"Granted Queue" => Some(Queue::Granted),
        b"Conversion Queue" => Some(Queue::Converting),
        b"Waiting Queue" => Some(Queue::Waiting),
        b"Lookup Queue" => Some(Queue::Lookup),
        _ => None,
    }
}

/// The master and the lock of its lookup.
type MasterLine = (Option<Master>, Option<u32>);

/// The line that tells the master; `None` for another line.
fn master(line: &[u8]) -> Result<Option<MasterLine>, LineProblem> {
    if line == b"Master Copy" {
        return Ok(Some((Some(Master::Here), None)));
    }
    if line.starts_with(b"Invalid master ") {
        return Ok(Some((None, None)));
    }
    if let Some(node) = line.strip_prefix(b"Local Copy, Master is node ") {
        let master = signed(node).and_then(Master::from_number).filter(|master| matches!(master, Master::Node(_)));
        return master.map(|master| Some((Some(master), None))).ok_or(LineProblem { field: 6, expected: "a node" });
    }
    if let Some(rest) = line.strip_prefix(b"Looking up master (lkid ") {
        let id = rest.strip_suffix(b")").and_then(hex).and_then(|id| u32::try_from(id).ok());
        let id = id.ok_or(LineProblem { field: 5, expected: "a lock id in hex" })?;
        return Ok(Some((Some(Master::LookingUp), Some(id))));
    }
    Ok(None)
}

/// `01 16 19 70 ` and at its end maybe ` (INVALID)`.
fn lvb_bytes(text: &[u8], lvb: &mut TextLvb) -> Result<(), LineProblem> {
    for word in text.split(|&byte| byte == b' ').filter(|word| !word.is_empty()) {
        match (word, hex(word)) {
            ([_, _], Some(byte)) => lvb.bytes.push(byte as u8),
            (b"(INVALID)", _) => lvb.valid = false,
            _ => return Err(expected("bytes in hex")),
        }
    }
    Ok(())
}

/// `root 1 recover 0 flags 4 count 0`.
fn recovery(text: &[u8]) -> Result<Recovery, LineProblem> {
    let mut words = Words::new(text);
    let label = |words: &mut Words<'_>, label: &'static str| {
        if words.next() == Some(label.as_bytes()) { Ok(()) } else { Err(words.problem(label)) }
    };
    label(&mut words, "root")?;
    let root_list = words.bit("0 or 1")?;
    label(&mut words, "recover")?;
    let recover_list = words.bit("0 or 1")?;
    label(&mut words, "flags")?;
    let flags = words.hex("flags in hex")?;
    label(&mut words, "count")?;
    let locks = words.decimal32("a count of locks")?;
    Ok(Recovery { root_list, recover_list, flags, locks })
}

/// `0000002c -- (PR) Master:     0000005f wait_type: 1`.
fn lock(line: &[u8], queue: Queue, master: Option<Master>) -> Result<Lock, LineProblem> {
    let mut words = line.split(|&byte| byte == b' ').filter(|word| !word.is_empty());
    let lock_id = |word: Option<&[u8]>| word.and_then(hex).and_then(|id| u32::try_from(id).ok());
    let id = words.next().filter(|word| word.len() == 8);
    let id = lock_id(id).ok_or(expected("a lock id of 8 hex digits"))?;
    let mode_problem = |field| LineProblem { field, expected: "a mode such as PR" };
    let mut granted = words.next().and_then(Mode::from_word).ok_or(mode_problem(2))?;
    let mut requested = None;
    if queue == Queue::Lookup {
        requested = Some(std::mem::replace(&mut granted, Mode::IV));
    }
    let (mut remote_id, mut wait_type) = (None, None);
    let mut whose = match master {
        Some(Master::Here) | None => Whose::Own,
        Some(Master::Node(node)) => Whose::OwnMasteredOn(node),
        Some(Master::LookingUp) => Whose::OwnLookingUp,
    };
    while let Some(word) = words.next() {
        match word {
            [b'(', mode @ .., b')'] => requested = Some(Mode::from_word(mode).ok_or(mode_problem(3))?),
            b"Master:" => remote_id = Some(lock_id(words.next()).ok_or(LineProblem { field: 4, expected: "the lock id at the master" })?),
            b"Remote:" => {
                let problem = LineProblem { field: 4, expected: "a node and the lock id there" };
                let node = words.next().and_then(signed).ok_or_else(|| problem.clone())?;
                // Another node's, if this one is the master. Else an own lock which a recovery has not moved yet.
                whose = Whose::from_number(node, master == Some(Master::Here) && node > 0).ok_or_else(|| problem.clone())?;
                remote_id = Some(lock_id(words.next()).ok_or(problem)?);
            }
            b"wait_type:" => {
                let number = words.next().and_then(decimal).and_then(|number| u32::try_from(number).ok());
                wait_type = Some(number.ok_or(LineProblem { field: 6, expected: "a message type" })?);
            }
            // What a later kernel adds.
            _ => {}
        }
    }
    if matches!(queue, Queue::Converting | Queue::Waiting) && requested.is_none() {
        return Err(LineProblem { field: 3, expected: "the mode asked for in brackets" });
    }
    Ok(Lock {
        id,
        remote_id: remote_id.filter(|&id| id != 0),
        whose,
        pid: None,
        xid: None,
        queue,
        granted,
        // Whatever stands there.
        requested: requested.filter(|_| queue != Queue::Granted),
        age: Age::None,
        exflags: None,
        flags: None,
        wait_type: wait_type.filter(|&number| number != 0),
        highbast: None,
        lvb_seq: None,
        blocked_ns: None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> (Vec<TextResource>, Vec<LineProblem>) {
        let mut reader = TextReader::new();
        let (mut resources, mut problems) = (Vec::new(), Vec::new());
        for line in text.lines() {
            match reader.line(line.as_bytes()) {
                Ok(resource) => resources.extend(resource),
                Err(problem) => problems.push(problem),
            }
        }
        resources.extend(reader.finish());
        (resources, problems)
    }

    const ARTICLE: &str = "\nResource ffff88001d14c9c0 Name (len=24) \"       2           183f3\"  \nMaster Copy
LVB: 01 16 19 70 00 00 00 00 00 00 00 00 00 00 00 00 \n     00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00  (INVALID)
Recovery: root 1 recover 0 flags 4 count 2
Granted Queue\n01000003 EX\n02450001 PR Remote:   2 01be0002
Conversion Queue\n0300000a PR (EX) Remote:   3 00c40001
Waiting Queue\n02000007 -- (EX) Remote:   2 01be0002 wait_type: 1
Lookup Queue\n04000001 EX wait_type: 11\n";

    #[test]
    fn every_line_of_a_resource() {
        let (resources, problems) = read(ARTICLE);
        assert_eq!(problems, []);
        let [resource] = &resources[..] else { panic!() };
        assert_eq!((resource.name.to_string().as_str(), resource.exact, resource.master), ("2/183f3", true, Some(Master::Here)));
        let lvb = resource.lvb.as_ref().unwrap();
        assert_eq!((&lvb.bytes[..4], lvb.bytes.len(), lvb.valid), (&[1, 0x16, 0x19, 0x70][..], 32, false));
        assert_eq!(resource.recovery, Some(Recovery { root_list: true, recover_list: false, flags: 4, locks: 2 }));
        let locks: Vec<_> =
            resource.locks.iter().map(|lock| (lock.whose, lock.queue, lock.granted, lock.requested, lock.wait_type)).collect();
        assert_eq!(
            locks,
            [
                (Whose::Own, Queue::Granted, Mode::EX, None, None),
                (Whose::Of(2), Queue::Granted, Mode::PR, None, None),
                (Whose::Of(3), Queue::Converting, Mode::PR, Some(Mode::EX), None),
                (Whose::Of(2), Queue::Waiting, Mode::IV, Some(Mode::EX), Some(1)),
                (Whose::Own, Queue::Lookup, Mode::IV, Some(Mode::EX), Some(11)),
            ]
        );
    }

    #[test]
    fn who_masters_it() {
        let (resources, problems) = read(
            "\nResource 1 Name (len=3) \"N.x\"\nLocal Copy, Master is node 2\nGranted Queue\n00000001 PR Master:     0000005f\n00000002 PR Remote:   3 00000007\n\
             \nResource 2 Name (len=1) \"b\"\nLooking up master (lkid 123)\nWaiting Queue\n00000003 -- (PR) Master:     00000000 wait_type: 11\n\
             Resource 3 Name (len=1) \"c\"\nInvalid master -5\nGranted Queue\n",
        );
        assert_eq!(problems, []);
        let masters: Vec<_> = resources.iter().map(|resource| (resource.master, resource.first_lkid, resource.exact)).collect();
        assert_eq!(masters, [(Some(Master::Node(2)), None, false), (Some(Master::LookingUp), Some(0x123), true), (None, None, true)]);
        let whose: Vec<_> = resources.iter().flat_map(|resource| &resource.locks).map(|lock| (lock.whose, lock.remote_id)).collect();
        assert_eq!(whose, [(Whose::OwnMasteredOn(2), Some(0x5f)), (Whose::OwnMasteredOn(3), Some(7)), (Whose::OwnLookingUp, None)]);
    }

    #[test]
    fn a_bad_line_costs_itself_and_a_bad_head_its_resource() {
        let (resources, problems) =
            read("\nResource 1 Name (len=1) \"a\"\nMaster Copy\nGranted Queue\n00000001 PR\nnonsense\n00000002 XX\n");
        assert_eq!((resources[0].locks.len(), problems.len(), problems[1].field), (1, 2, 2));
        let (resources, problems) =
            read("\nResource 1 Name (len=9) \"a\"\nMaster Copy\nGranted Queue\n00000001 PR\n\nResource 1 Name (len=1) \"a\"\n");
        assert_eq!((resources.len(), problems.len()), (1, 1));
        assert_eq!(read("Master Copy\n").1.len(), 1);
        assert_eq!(read(&ARTICLE.replace("PR (EX)", "PR")).1[0].field, 3);
    }
}
