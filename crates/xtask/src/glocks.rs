//! Generated files of one node with a GFS2: the same arguments give the same bytes. Used by `xtask gen-gfs2` and by its benchmark.
//!
//! The mix and the letters follow dumps of a real cluster (Linux 6.1, three nodes): a cached file has two glocks, one of its inode
//! and one that says it is open (type 5), whose holder stands there for ever; most glocks of resource groups are unlocked; a
//! dozen are the file system's own. Glocks come in no order, as from the kernel's hash table.

use crate::dumps::Random;
use formats::gfs2::glocks::{Glock, Line};
use formats::gfs2::glstats::GlockStats;
use formats::gfs2::holder::Holder;
use formats::gfs2::print::{write_line, write_stats};
use formats::gfs2::{GlockFlags, GlockName, GlockState, GlockType, HolderFlags, InodeObject, RgrpObject};

/// Block of the first file.
const FIRST_FILE: u64 = 0x2_0000;
/// One glock in so many is of a resource group.
const RGRPS: usize = 50;
/// No process has such a number (Linux has at most 4194304): glocktop would look for them in /proc.
const FIRST_PID: u32 = 4_200_000;
/// Who waits, and in which call.
const CALLS: [(&[u8], &[u8], &[u8]); 4] = [
    (b"python3", b"gfs2_unlink", b"0xb2/0x2c0"),
    (b"rsync", b"gfs2_permission", b"0x8d/0x120"),
    (b"kworker/1:2", b"gfs2_create_inode", b"0x14e/0xc90"),
    (b"tar xf a b.tar", b"gfs2_file_read_iter", b"0x12c/0x2e0"),
];

/// What is generated.
#[derive(Clone, Debug)]
pub struct Gfs2Shape {
    /// Glocks.
    pub glocks: usize,
    /// Share of the glocks that are used between two dumps: the same ones each time.
    pub active: f64,
    /// Other ones each time.
    pub moving: bool,
    /// Inode glocks that are waited for.
    pub contended: usize,
    /// Processes that wait for each of them.
    pub waiters: usize,
    /// Processes that wait for one more.
    pub crowd: usize,
    /// Another seed gives other numbers.
    pub seed: u64,
}

impl Default for Gfs2Shape {
    fn default() -> Self {
        Gfs2Shape { glocks: 10_000, active: 0.05, moving: false, contended: 20, waiters: 1, crowd: 0, seed: 1 }
    }
}

/// What a glock is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// Of a file in memory, or of one that is not any more.
    Inode { in_memory: bool },
    /// Held while the inode is in memory.
    Iopen,
    /// Of a resource group: in use, or not.
    Rgrp { used: bool },
    /// One of the file system's own: its number in `own_glock`.
    Own(u8),
}

struct Made {
    name: GlockName,
    kind: Kind,
    state: GlockState,
    waiters: u32,
    requests: u64,
    queued: u64,
    busy: bool,
}

/// The glocks of one node, as its kernel has them.
pub struct Gfs2Node {
    shape: Gfs2Shape,
    glocks: Vec<Made>,
    random: Random,
}

impl Gfs2Node {
    /// The glocks before the first dump.
    pub fn new(shape: &Gfs2Shape) -> Gfs2Node {
        let mut node =
            Gfs2Node { shape: shape.clone(), glocks: Vec::with_capacity(shape.glocks), random: Random(shape.seed.wrapping_mul(0x51_7cc1)) };
        for own in 0..OWN.len() as u8 {
            let (kind, number, state) = OWN.get(usize::from(own)).copied().unwrap_or_default();
            node.push(GlockName::new(GlockType(kind), number), Kind::Own(own), state_of(state));
        }
        for group in 0..(shape.glocks / RGRPS) as u64 {
            let used = node.random.happens(0.2);
            let state = if used { GlockState::EX } else { GlockState::UN };
            node.push(GlockName::new(GlockType::RGRP, 0x11 + group * 0x1f40), Kind::Rgrp { used }, state);
        }
        let mut file = FIRST_FILE;
        while node.glocks.len() < shape.glocks {
            file += 1 + node.random.below(3);
            let in_memory = node.random.happens(0.95);
            let state = match node.random.below(10) {
                _ if !in_memory => GlockState::UN,
                0..=2 => GlockState::EX,
                _ => GlockState::SH,
            };
            node.push(GlockName::new(GlockType::INODE, file), Kind::Inode { in_memory }, state);
            if in_memory && node.glocks.len() < shape.glocks {
                node.push(GlockName::new(GlockType::IOPEN, file), Kind::Iopen, GlockState::SH);
            }
        }
        node.queue();
        // The order of a hash table.
        for at in (1..node.glocks.len()).rev() {
            let other = node.random.below(at as u64 + 1) as usize;
            node.glocks.swap(at, other);
        }
        node
    }

    /// Uses some of the glocks, as in the time until the next dump.
    pub fn advance(&mut self) {
        let Gfs2Node { shape, glocks, random } = self;
        for glock in glocks {
            if shape.moving {
                glock.busy = random.happens(shape.active);
            }
            // Nobody gets past a queue.
            if glock.busy && glock.waiters == 0 {
                glock.queued += 1 + random.below(20);
                glock.requests += random.below(3);
            }
        }
    }

    /// How many processes wait.
    pub fn waiting(&self) -> u64 {
        self.glocks.iter().map(|glock| u64::from(glock.waiters)).sum()
    }

    /// How many glocks they wait for.
    pub fn contended(&self) -> u64 {
        self.glocks.iter().filter(|glock| glock.waiters > 0).count() as u64
    }

    /// Hands out `glocks` piece by piece: a glock with its lines.
    pub fn glocks(&self, mut each: impl FnMut(&[u8])) {
        let mut text = Vec::with_capacity(4096);
        let mut pid = FIRST_PID;
        for glock in &self.glocks {
            text.clear();
            glock.write(&mut text, &mut pid);
            each(&text);
        }
    }

    /// Hands out `glstats` line by line.
    pub fn glstats(&self, mut each: impl FnMut(&[u8])) {
        let mut text = Vec::with_capacity(256);
        for glock in &self.glocks {
            text.clear();
            let mut random = Random(glock.name.number ^ glock.requests << 32);
            let mut time = |most: u64| if glock.requests == 0 { 0 } else { random.below(most).cast_signed() };
            let stats = GlockStats {
                name: glock.name,
                srtt_ns: time(4_000_000),
                srttvar_ns: time(4_000_000),
                srttb_ns: time(300_000_000),
                srttbvar_ns: time(300_000_000),
                sirt_ns: time(60_000_000_000),
                sirtvar_ns: time(60_000_000_000),
                dlm_requests: glock.requests,
                queued: glock.queued,
                rest: b"",
            };
            write_stats(&mut text, &stats);
            each(&text);
        }
    }

    /// `sbstats` of a node with two processors.
    pub fn sbstats(&self) -> String {
        const TYPES: [&str; 10] = ["type", "reserved", "nondisk", "inode", "rgrp", "meta", "iopen", "flock", "plock", "quota"];
        const ROWS: [&str; 8] = ["srtt", "srttvar", "srttb", "srttvarb", "sirt", "sirtvar", "dlm", "queue"];
        let mut text = format!("{:<10} {:>8}:{:>16}{:>16}\n", "type", "cpu", 0, 1);
        for (kind, word) in TYPES.iter().skip(1).chain(&["journal"]).enumerate() {
            let of_kind = || self.glocks.iter().filter(|glock| usize::from(glock.name.kind.0) == kind);
            let requests: u64 = of_kind().map(|glock| glock.requests).sum();
            let queued: u64 = of_kind().map(|glock| glock.queued).sum();
            for row in ROWS {
                let (first, second) = match row {
                    "dlm" => (requests / 3, requests - requests / 3),
                    "queue" => (queued / 3, queued - queued / 3),
                    _ if requests == 0 => (0, 0),
                    _ => (1_000_000 + kind as u64 * 1000, 2_000_000),
                };
                text.push_str(&format!("{word:<10} {row:>8}:{first:>16}{second:>16}\n"));
            }
        }
        text
    }

    /// Hands out the DLM's `_locks`, a line for each lock, after its header.
    pub fn dlm_locks(&self, mut each: impl FnMut(&str)) {
        each("id nodeid remid pid xid exflags flags sts grmode rqmode time_ms r_nodeid r_len r_name\n");
        for (at, glock) in self.glocks.iter().enumerate() {
            let Lock { id, master, status, granted, wanted } = glock.lock(at);
            let (kind, number) = (glock.name.kind.0, glock.name.number);
            each(&format!(
                "{id:x} {master} {:x} {FIRST_PID} 0 8 0 {status} {granted} {wanted} {} {master} 24 \"{kind:8}{number:16x}\"\n",
                if master == 0 { 0 } else { id + 7 },
                200_000 + at,
            ));
        }
    }

    /// Hands out the DLM's `_all`: each resource with its lock.
    pub fn dlm_all(&self, mut each: impl FnMut(&str)) {
        each("version rsb 1.1 lvb 1.1 lkb 1.1\n");
        for (at, glock) in self.glocks.iter().enumerate() {
            let Lock { id, master, status, granted, wanted } = glock.lock(at);
            let (kind, number) = (glock.name.kind.0, glock.name.number);
            each(&format!(
                "rsb {:016x} {master} 0 0 0 0 0 24 str {kind:8}{number:16x}\nlkb {id:x} {master} {:x} {FIRST_PID} 0 8 0 {status} {granted} {wanted} 0 0 0 0 {} 0\n",
                0x5d00_0000 + at * 0x100,
                if master == 0 { 0 } else { id + 7 },
                672_000_000_000 + at as u64,
            ));
        }
    }

    fn push(&mut self, name: GlockName, kind: Kind, state: GlockState) {
        let random = &mut self.random;
        let idle = matches!(kind, Kind::Rgrp { used: false });
        let requests = if idle { 0 } else { 1 + random.below(12) };
        let queued = if idle { 0 } else { requests + random.below(400) };
        let busy = !idle && random.happens(self.shape.active);
        self.glocks.push(Made { name, kind, state, waiters: 0, requests, queued, busy });
    }

    /// Puts the waiters before inode glocks, evenly over all.
    fn queue(&mut self) {
        let (contended, waiters, crowd) = (self.shape.contended, self.shape.waiters as u32, self.shape.crowd as u32);
        let mut files: Vec<&mut Made> =
            self.glocks.iter_mut().filter(|glock| matches!(glock.kind, Kind::Inode { in_memory: true })).collect();
        let wanted = contended + usize::from(crowd > 0);
        let step = (files.len() / wanted.max(1)).max(1);
        let mut places = files.iter_mut().step_by(step);
        if crowd > 0
            && let Some(glock) = places.next()
        {
            glock.waiters = crowd;
        }
        for glock in places.take(contended) {
            glock.waiters = waiters;
        }
    }
}

/// A glock's lock in the DLM.
struct Lock {
    id: usize,
    master: u64,
    status: u8,
    granted: i8,
    wanted: i8,
}

impl Made {
    fn lock(&self, at: usize) -> Lock {
        let mode = |state| match state {
            GlockState::EX => 5,
            GlockState::SH => 3,
            _ => 0,
        };
        // Who waits for another node has asked the DLM for more.
        let asks = self.waiters > 0 && !self.held_here();
        let (status, wanted) = if asks { (3, 5) } else { (2, -1) };
        let state = if self.waiters > 0 && self.held_here() { GlockState::EX } else { self.state };
        Lock { id: at + 1, master: self.name.number % 3, status, granted: mode(state), wanted }
    }

    /// Of glocks with waiters: every second one is held by a process of this node, the others by another node.
    fn held_here(&self) -> bool {
        self.name.number.is_multiple_of(2)
    }

    fn write(&self, out: &mut Vec<u8>, pid: &mut u32) {
        let waits = self.waiters > 0;
        let held = waits && self.held_here();
        let state = if held { GlockState::EX } else { self.state };
        let flags: &[u8] = match self.kind {
            _ if held => b"yIqob",
            _ if waits => b"lIqob",
            Kind::Iopen => b"Iqob",
            Kind::Inode { in_memory: false } | Kind::Rgrp { used: false } => b"on",
            Kind::Inode { .. } if state == GlockState::EX => b"yILob",
            Kind::Inode { .. } => b"ILob",
            Kind::Rgrp { used: true } => b"yIob",
            Kind::Own(_) => b"Iqb",
        };
        let target = if waits { GlockState::EX } else { state };
        let references = 2 + u64::from(matches!(self.kind, Kind::Iopen | Kind::Inode { in_memory: true })) + u64::from(self.waiters);
        write_line(
            out,
            &Line::Glock(Glock {
                name: self.name,
                state,
                target,
                flags: GlockFlags::parse(flags),
                demote_state: GlockState::EX,
                demote_us: 0,
                ail: Some(0),
                revokes: Some(0),
                references: Some(references),
                hold_jiffies: Some(50),
                pages: Some(u64::from(self.kind == Kind::Inode { in_memory: true })),
                rest: b"",
            }),
        );
        match self.kind {
            Kind::Iopen => holder(out, GlockState::SH, b"EH", None, (b"(none)", b"gfs2_dir_search", b"0xbf/0xf0")),
            Kind::Own(own) => {
                let state = if matches!(OWN.get(usize::from(own)), Some((9, ..))) { GlockState::EX } else { GlockState::SH };
                let flags: &[u8] = if state == GlockState::EX { b"ecH" } else { b"eEH" };
                holder(out, state, flags, None, (b"(none)", b"gfs2_fill_super", b"0x75a/0xbe0"));
            }
            _ => {}
        }
        if held {
            *pid += 1;
            holder(out, GlockState::EX, b"H", Some(*pid), (b"sleep", b"gfs2_flock", b"0x1aa/0x200"));
        }
        for waiter in 0..self.waiters {
            *pid += 1;
            let call = CALLS.get(waiter as usize % CALLS.len()).copied().unwrap_or_default();
            holder(out, GlockState::EX, b"W", Some(*pid), call);
        }
        if matches!(self.kind, Kind::Iopen | Kind::Inode { in_memory: true }) {
            write_line(
                out,
                &Line::Inode(InodeObject {
                    formal: self.name.number - FIRST_FILE + 20,
                    address: self.name.number,
                    dtype: if self.name.number.is_multiple_of(16) { 4 } else { 8 },
                    flags: 0,
                    disk_flags: 0,
                    size: Some(self.name.number % 70_000),
                    second_size: None,
                    pages: Some(u64::from(self.kind != Kind::Iopen)),
                    rest: b"",
                }),
            );
        }
        if self.kind == (Kind::Rgrp { used: true }) {
            write_line(
                out,
                &Line::Rgrp(RgrpObject {
                    address: self.name.number,
                    flags: 0x8000_0000,
                    free: 8091,
                    free_clone: 8091,
                    dinodes: self.name.number % 100,
                    q: Some(0),
                    r: Some(0),
                    extfail: Some(8251),
                    rest: b"",
                }),
            );
        }
    }
}

/// The file system's own glocks: type, number, state (3: EX, 1: SH, 0: unlocked).
const OWN: [(u8, u64, u8); 4] = [(1, 1, 1), (1, 2, 1), (9, 1, 3), (4, 0, 1)];

fn state_of(code: u8) -> GlockState {
    match code {
        3 => GlockState::EX,
        1 => GlockState::SH,
        _ => GlockState::UN,
    }
}

fn holder(out: &mut Vec<u8>, state: GlockState, flags: &[u8], pid: Option<u32>, call: (&[u8], &[u8], &[u8])) {
    let (comm, symbol, offset) = call;
    let flags = HolderFlags::parse(flags);
    write_line(
        out,
        &Line::Holder(Holder { state, flags, error: 0, pid, comm, symbol, offset, module: Some(b"gfs2"), ended: false, rest: b"" }),
    );
}
