//! Records printed as `fs/dlm/debug_fs.c` prints them: for generated dumps, fixtures and round trips. Lines end with a newline;
//! names have any bytes, so that text is built as bytes.

use super::all::{self, AllResource};
use super::lock::{Age, Lock, Queue, Whose};
use super::text::TextResource;
use super::toss::{self, TossLine};
use super::waiters::WaiterLine;
use super::{Master, ResourceName, locks};
use crate::mode::Mode;

/// Which first line `LS_all` and `LS_toss` have, and how the name ends in `LS`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Generation {
    /// Up to 3.10: as [`Generation::Version`], and two blanks after a name in `LS`.
    Old,
    /// Up to 6.5: `version …`.
    Version,
    /// Since 6.8: names of columns.
    Columns,
}

/// What stands for the kernel's pointer; it is hashed since 4.15, and nobody reads it.
const POINTER: &str = "000000005d00c147";

/// The first line of `LS_all`.
pub fn all_header(out: &mut Vec<u8>, generation: Generation) {
    line(out, if generation == Generation::Columns { all::HEADER_COLUMNS } else { all::HEADER_VERSION });
}

/// The first line of `LS_toss`.
pub fn toss_header(out: &mut Vec<u8>, generation: Generation) {
    line(out, if generation == Generation::Columns { toss::HEADER_COLUMNS } else { toss::HEADER_VERSION });
}

/// The first line of `LS_locks`.
pub fn locks_header(out: &mut Vec<u8>) {
    line(out, locks::HEADER);
}

/// A resource's line of `LS_all`.
pub fn all_resource(out: &mut Vec<u8>, resource: &AllResource) {
    let (root, recover) = (u8::from(resource.root_list), u8::from(resource.recover_list));
    let (master, first, flags) = (resource.master.number(), resource.first_lkid, resource.flags);
    text(out, &format!("rsb {POINTER} {master} {first:x} {flags:x} {root} {recover} {} ", resource.recover_locks));
    name(out, &resource.name);
}

/// An LVB's line of `LS_all`.
pub fn all_lvb(out: &mut Vec<u8>, seq: u32, bytes: &[u8]) {
    text(out, &format!("lvb {seq} {}", bytes.len()));
    for byte in bytes {
        text(out, &format!(" {byte:02x}"));
    }
    out.push(b'\n');
}

/// A lock's line of `LS_all`. An age in µs is none there: it is printed as 0.
pub fn all_lock(out: &mut Vec<u8>, lock: &Lock) {
    let since_ns = if let Age::SinceNs(ns) = lock.age { ns } else { 0 };
    text(out, "lkb ");
    lock_head(out, lock);
    let highbast = lock.highbast.map_or(0, |mode| mode.0);
    let (looking_up, wait_type) = (u8::from(lock.queue == Queue::Lookup), lock.wait_type.unwrap_or(0));
    let (lvb_seq, blocked_ns) = (lock.lvb_seq.unwrap_or(0), lock.blocked_ns.unwrap_or(0));
    text(out, &format!(" {highbast} {looking_up} {wait_type} {lvb_seq} {since_ns} {blocked_ns}\n"));
}

/// A lock's line of `LS_locks`. An age in ns is none there: it is printed as 0.
pub fn locks_lock(out: &mut Vec<u8>, lock: &Lock, master: Master, name: &[u8]) {
    let us = if let Age::Us(us) = lock.age { us } else { 0 };
    let node = if master == Master::LookingUp { i64::from(u32::MAX) } else { master.number() };
    lock_head(out, lock);
    text(out, &format!(" {us} {node} {} \"", name.len()));
    out.extend(until_nul(name));
    text(out, "\"\n");
}

/// A line of `LS_toss`.
pub fn toss(out: &mut Vec<u8>, toss: &TossLine) {
    let (master, directory, our) = (toss.master.unwrap_or(0), toss.directory.unwrap_or(0), toss.our.unwrap_or(0));
    let (node, time, flags) = (toss.resource_node.number(), toss.toss_jiffies, toss.flags);
    text(out, &format!("rsb {POINTER} {node} {master} {directory} {our} {time} {flags:x} "));
    name(out, &toss.name);
}

/// A line of `LS_waiters`.
pub fn waiter(out: &mut Vec<u8>, waiter: &WaiterLine<'_>) {
    let node = waiter.node.map_or(-1, i64::from);
    text(out, &format!("{:x} {} {node} ", waiter.id, waiter.wait_type));
    out.extend(until_nul(waiter.name));
    out.push(b'\n');
}

/// The lines of a resource in `LS`, with the empty one before it.
pub fn text_resource(out: &mut Vec<u8>, resource: &TextResource, generation: Generation) {
    let bytes = resource.name.bytes();
    text(out, &format!("\nResource {POINTER} Name (len={}) \"", bytes.len()));
    // The kernel's isprint takes Latin-1 for printable.
    out.extend(bytes.iter().map(|&byte| if matches!(byte, b' '..=b'~' | 0xa0..) { byte } else { b'.' }));
    text(out, if generation == Generation::Old { "\"  \n" } else { "\"\n" });
    match resource.master {
        Some(Master::Here) => text(out, "Master Copy\n"),
        Some(Master::Node(node)) => text(out, &format!("Local Copy, Master is node {node}\n")),
        Some(Master::LookingUp) => text(out, &format!("Looking up master (lkid {:x})\n", resource.first_lkid.unwrap_or(0))),
        None => text(out, "Invalid master -2\n"),
    }
    if let Some(lvb) = &resource.lvb {
        text(out, "LVB: ");
        for (at, byte) in lvb.bytes.iter().enumerate() {
            text(out, if at == lvb.bytes.len() / 2 { "\n     " } else { "" });
            text(out, &format!("{byte:02x} "));
        }
        text(out, if lvb.valid { "\n" } else { " (INVALID)\n" });
    }
    if let Some(recovery) = &resource.recovery {
        let (root, recover) = (u8::from(recovery.root_list), u8::from(recovery.recover_list));
        text(out, &format!("Recovery: root {root} recover {recover} flags {:x} count {}\n", recovery.flags, recovery.locks));
    }
    for (queue, heading) in
        [(Queue::Granted, "Granted"), (Queue::Converting, "Conversion"), (Queue::Waiting, "Waiting"), (Queue::Lookup, "Lookup")]
    {
        let mut locks = resource.locks.iter().filter(|lock| lock.queue == queue).peekable();
        if queue != Queue::Lookup || locks.peek().is_some() {
            text(out, &format!("{heading} Queue\n"));
        }
        locks.for_each(|lock| text_lock(out, lock, resource.master));
    }
}

fn text_lock(out: &mut Vec<u8>, lock: &Lock, master: Option<Master>) {
    let letters = |mode: Mode| if mode == Mode::IV { "--" } else { mode.word() };
    let requested = lock.requested.map_or("--", letters);
    let remote_id = lock.remote_id.unwrap_or(0);
    match lock.queue {
        Queue::Lookup => text(out, &format!("{:08x} {requested}", lock.id)),
        Queue::Granted => text(out, &format!("{:08x} {}", lock.id, letters(lock.granted))),
        Queue::Converting | Queue::Waiting => text(out, &format!("{:08x} {} ({requested})", lock.id, letters(lock.granted))),
    }
    if lock.queue != Queue::Lookup && lock.whose != Whose::Own {
        if Some(lock.whose.number()) == master.map(Master::number) {
            text(out, &format!(" Master:     {remote_id:08x}"));
        } else {
            text(out, &format!(" Remote: {:3} {remote_id:08x}", lock.whose.number()));
        }
    }
    if let Some(wait_type) = lock.wait_type {
        text(out, &format!(" wait_type: {wait_type}"));
    }
    out.push(b'\n');
}

/// The ten fields that formats 2 and 3 share, without a blank after them.
fn lock_head(out: &mut Vec<u8>, lock: &Lock) {
    let (id, node, remote_id) = (lock.id, lock.whose.number(), lock.remote_id.unwrap_or(0));
    let (pid, xid, exflags) = (lock.pid.unwrap_or(0), lock.xid.unwrap_or(0), lock.exflags.unwrap_or(0));
    let master_copy = if lock.whose.is_other_nodes() { super::flags::MSTCPY } else { 0 };
    let flags = lock.flags.unwrap_or(0) | master_copy;
    let (status, granted, requested) = (lock.queue.status(), lock.granted.0, lock.requested.unwrap_or(Mode::IV).0);
    text(out, &format!("{id:x} {node} {remote_id:x} {pid} {xid} {exflags:x} {flags:x} {status} {granted} {requested}"));
}

/// Length, `str` or `hex`, name, newline.
fn name(out: &mut Vec<u8>, name: &ResourceName) {
    let bytes = name.bytes();
    text(out, &format!("{} ", bytes.len()));
    if bytes.iter().all(|byte| (b' '..=b'~').contains(byte)) {
        text(out, "str ");
        out.extend(bytes);
    } else {
        text(out, "hex");
        for byte in bytes {
            text(out, &format!(" {byte:02x}"));
        }
    }
    out.push(b'\n');
}

fn until_nul(name: &[u8]) -> impl Iterator<Item = &u8> {
    name.iter().take_while(|&&byte| byte != 0)
}

fn text(out: &mut Vec<u8>, text: &str) {
    out.extend(text.as_bytes());
}

fn line(out: &mut Vec<u8>, line: &[u8]) {
    out.extend(line);
    out.push(b'\n');
}

#[cfg(test)]
mod round_trips {
    use super::super::text::{Recovery, TextLvb, TextReader};
    use super::super::{locks, waiters};
    use super::*;
    use crate::dlm::all::AllLine;
    use proptest::collection::vec;
    use proptest::option;
    use proptest::prelude::*;

    fn masters() -> impl Strategy<Value = Master> {
        prop_oneof![Just(Master::Here), (1..u32::MAX / 2).prop_map(Master::Node), Just(Master::LookingUp)]
    }

    fn names() -> impl Strategy<Value = ResourceName> {
        let bytes = prop_oneof![
            ("[1-9]", any::<u64>()).prop_map(|(kind, number)| format!("{kind:>8}{number:16x}").into_bytes()),
            vec(any::<u8>(), 1..=64),
            vec(b' '..=b'~', 1..=64),
        ];
        bytes.prop_map(|bytes| ResourceName::new(&bytes).unwrap())
    }

    /// A lock as format 3 tells it.
    fn lock_of_format_3() -> impl Strategy<Value = Lock> {
        let node = 1..u32::MAX / 2;
        let whose = prop_oneof![
            Just(Whose::Own),
            Just(Whose::OwnLookingUp),
            node.clone().prop_map(Whose::OwnMasteredOn),
            node.prop_map(Whose::Of),
        ];
        let queue = prop::sample::select(vec![Queue::Granted, Queue::Converting, Queue::Waiting, Queue::Lookup]);
        let ids = (any::<u32>(), option::of(1..=u32::MAX), whose, any::<u32>(), option::of(1..=u64::MAX));
        let modes = (queue, (-1..=5i8).prop_map(Mode), (-1..=5i8).prop_map(Mode), option::of((1..=5i8).prop_map(Mode)));
        let rest = (any::<[u32; 2]>(), option::of(1..=u32::MAX), any::<u32>(), any::<u64>(), option::of(1..=u64::MAX));
        (ids, modes, rest).prop_map(|(ids, modes, rest)| {
            let ((id, remote_id, whose, pid, xid), (queue, granted, requested, highbast)) = (ids, modes);
            let ([exflags, flags], wait_type, lvb_seq, since, blocked_ns) = rest;
            let mstcpy = super::super::flags::MSTCPY;
            let flags = if whose.is_other_nodes() { flags | mstcpy } else { flags & !mstcpy };
            let requested = (queue != Queue::Granted).then_some(requested);
            let (exflags, flags, pid, lvb_seq) = (Some(exflags), Some(flags), Some(pid), Some(lvb_seq));
            let age = Age::SinceNs(since);
            Lock {
                id,
                remote_id,
                whose,
                pid,
                xid,
                queue,
                granted,
                requested,
                age,
                exflags,
                flags,
                wait_type,
                highbast,
                lvb_seq,
                blocked_ns,
            }
        })
    }

    /// The same lock as format 1 tells it on a resource with this master.
    fn as_format_1(lock: Lock, master: Option<Master>) -> Lock {
        let own = match master {
            Some(Master::Here) | None => Whose::Own,
            Some(Master::Node(node)) => Whose::OwnMasteredOn(node),
            Some(Master::LookingUp) => Whose::OwnLookingUp,
        };
        let lookup = lock.queue == Queue::Lookup;
        let whose = if lookup || master != Some(Master::Here) || !lock.whose.is_other_nodes() { own } else { lock.whose };
        Lock {
            whose,
            remote_id: lock.remote_id.filter(|_| !lookup && whose != Whose::Own),
            granted: if lookup { Mode::IV } else { lock.granted },
            pid: None,
            xid: None,
            age: Age::None,
            exflags: None,
            flags: None,
            highbast: None,
            lvb_seq: None,
            blocked_ns: None,
            ..lock
        }
    }

    fn line_of(out: &[u8]) -> &[u8] {
        out.strip_suffix(b"\n").unwrap()
    }

    proptest! {
        #[test]
        fn resources_and_lvbs(master in masters(), first_lkid: u32, flags: u64, lists: (bool, bool), locks: u32, name in names(), lvb in vec(any::<u8>(), 0..64)) {
            let resource = AllResource { master, first_lkid, flags, root_list: lists.0, recover_list: lists.1, recover_locks: locks, name };
            let mut out = Vec::new();
            all_resource(&mut out, &resource);
            prop_assert_eq!(all::parse_line(line_of(&out)), Ok(AllLine::Resource(resource)));
            out.clear();
            all_lvb(&mut out, first_lkid, &lvb);
            let Ok(AllLine::Lvb { seq, bytes }) = all::parse_line(line_of(&out)) else { panic!() };
            prop_assert_eq!((seq, bytes.to_vec()), (first_lkid, lvb));
        }

        #[test]
        fn locks_of_formats_2_and_3(lock in lock_of_format_3(), us: u64, master in masters(), name in names()) {
            let mut out = Vec::new();
            all_lock(&mut out, &lock);
            prop_assert_eq!(all::parse_line(line_of(&out)), Ok(AllLine::Lock(lock)));
            out.clear();
            let lock = Lock { age: Age::Us(us), wait_type: None, highbast: None, lvb_seq: None, blocked_ns: None, ..lock };
            locks_lock(&mut out, &lock, master, name.bytes());
            let read = locks::parse_line(line_of(&out));
            if lock.queue == Queue::Lookup {
                prop_assert!(read.is_err(), "such a lock is not in the file");
            } else {
                let read = read.unwrap().unwrap();
                prop_assert_eq!((read.lock, read.resource_node, read.name_length as usize), (lock, master, name.bytes().len()));
                prop_assert_eq!(read.name, name.bytes().split(|&byte| byte == 0).next().unwrap());
            }
        }

        #[test]
        fn inactive_resources(node in masters(), nodes: [Option<u16>; 3], jiffies: u64, flags: u64, name in names()) {
            let [master, directory, our] = nodes.map(|node| node.map(u32::from).filter(|&node| node != 0));
            let line = TossLine { resource_node: node, master, directory, our, toss_jiffies: jiffies, flags, name };
            let mut out = Vec::new();
            toss(&mut out, &line);
            prop_assert_eq!(toss::parse_line(line_of(&out)), Ok(Some(line)));
        }

        #[test]
        fn waiting_locks(id: u32, wait_type: u32, node: Option<u16>, name in "[ -~]{1,64}") {
            let line = WaiterLine { id, wait_type, node: node.map(u32::from).filter(|&node| node != 0), name: name.as_bytes() };
            let mut out = Vec::new();
            waiter(&mut out, &line);
            prop_assert_eq!(waiters::parse_line(line_of(&out)), Ok(line));
        }

        #[test]
        fn text(master in option::of(masters()), first: u32, name in names(), locks in vec(lock_of_format_3(), 0..6),
                lvb in option::of((vec(any::<u8>(), 1..64), any::<bool>())), lists: Option<(bool, bool, u64, u32)>, old: bool) {
            let mut locks: Vec<Lock> = locks.into_iter().map(|lock| as_format_1(lock, master)).collect();
            locks.sort_by_key(|lock| lock.queue);
            let resource = TextResource {
                exact: !name.bytes().contains(&b'.') && name.bytes().iter().all(|&byte| matches!(byte, b' '..=b'~' | 0xa0..)),
                name,
                master,
                first_lkid: (master == Some(Master::LookingUp)).then_some(first),
                lvb: lvb.map(|(bytes, valid)| TextLvb { bytes, valid }),
                recovery: lists.map(|(root_list, recover_list, flags, locks)| Recovery { root_list, recover_list, flags, locks }),
                locks,
            };
            let mut out = Vec::new();
            text_resource(&mut out, &resource, if old { Generation::Old } else { Generation::Version });
            let mut reader = TextReader::new();
            for line in line_of(&out).split(|&byte| byte == b'\n') {
                prop_assert_eq!(reader.line(line), Ok(None));
            }
            let mut read = reader.finish().unwrap();
            prop_assert_eq!(read.name.bytes().len(), resource.name.bytes().len());
            if !resource.exact {
                read.name = resource.name.clone();
            }
            prop_assert_eq!(read, resource);
        }

        #[test]
        fn no_bytes_panic(bytes: Vec<u8>, text in "[ -~\n]{0,200}") {
            let mut reader = TextReader::new();
            for line in [&bytes[..]].into_iter().chain(text.as_bytes().split(|&byte| byte == b'\n')) {
                let _ = (all::parse_line(line), locks::parse_line(line), toss::parse_line(line), waiters::parse_line(line));
                let _ = (reader.line(line), crate::dlm::queued_asts::parse_line(line), crate::dlm::configfs::parse_address(line));
            }
        }
    }
}
