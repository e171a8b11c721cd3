//! Lines printed as kernels print them, of any generation: for generated dumps, fixtures and round trips.

use super::glocks::{Glock, Line};
use super::glstats::GlockStats;
use super::holder::Holder;
use super::objects::{InodeObject, Reservation, RgrpObject};
use std::io::Write as _;

/// Which fields a kernel prints, oldest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Generation {
    /// The oldest manuals: no `v:` and `m:` in `G:`, two sizes in `I:`, no `r:` and `e:` in `R:`.
    Oldest,
    /// RHEL 6 to 8.3, Linux 4.4 to 4.18.
    Rhel6,
    /// Linux 5.4: `p:` in `I:`.
    Linux5_4,
    /// Linux 5.10: `p:` in `G:` too.
    Linux5_10,
    /// Since Linux 5.15: `q:` in `R:`, no `b:` in `B:`.
    Linux5_15,
}

impl Generation {
    /// All of them.
    pub const ALL: [Generation; 5] = [Self::Oldest, Self::Rhel6, Self::Linux5_4, Self::Linux5_10, Self::Linux5_15];

    /// The line with exactly the fields that this generation prints: what is missing is 0, what it does not print is `None`.
    pub fn fields<'a>(self, line: &Line<'a>) -> Line<'a> {
        let since = |first: Generation, value: Option<u64>| (self >= first).then(|| value.unwrap_or(0));
        match *line {
            Line::Glock(glock) => Line::Glock(Glock {
                ail: since(Self::Oldest, glock.ail),
                revokes: since(Self::Rhel6, glock.revokes),
                references: since(Self::Oldest, glock.references),
                hold_jiffies: since(Self::Rhel6, glock.hold_jiffies),
                pages: since(Self::Linux5_10, glock.pages),
                ..glock
            }),
            Line::Inode(inode) => Line::Inode(InodeObject {
                size: since(Self::Oldest, inode.size),
                second_size: (self == Self::Oldest).then(|| inode.second_size.or(inode.size).unwrap_or(0)),
                pages: since(Self::Linux5_4, inode.pages),
                ..inode
            }),
            Line::Rgrp(rgrp) => Line::Rgrp(RgrpObject {
                q: since(Self::Linux5_15, rgrp.q),
                r: since(Self::Rhel6, rgrp.r),
                extfail: since(Self::Rhel6, rgrp.extfail),
                ..rgrp
            }),
            Line::Reservation(reservation) => {
                Line::Reservation(Reservation { offset: (self < Self::Linux5_15).then(|| reservation.offset.unwrap_or(0)), ..reservation })
            }
            other @ (Line::Holder(_) | Line::RgrpLvb(_)) => other,
        }
    }
}

/// Appends the line with its newline: every field that is there, and what was not known behind them.
pub fn write_line(out: &mut Vec<u8>, line: &Line<'_>) {
    let rest = match line {
        Line::Glock(glock) => write_glock(out, glock),
        Line::Holder(holder) => write_holder(out, holder),
        Line::Inode(inode) => write_inode(out, inode),
        Line::Rgrp(rgrp) => write_rgrp(out, rgrp),
        Line::RgrpLvb(lvb) => {
            put(out, format_args!("  L: f:{:02x} b:{} i:{}", lvb.flags, lvb.free, lvb.dinodes));
            lvb.rest
        }
        Line::Reservation(reservation) => {
            put(out, format_args!("  B: n:{} s:{}", reservation.inode, reservation.start));
            optional(out, 'b', reservation.offset);
            put(out, format_args!(" f:{}", reservation.blocks));
            reservation.rest
        }
    };
    end(out, rest);
}

/// Appends a line of `glstats` with its newline.
pub fn write_stats(out: &mut Vec<u8>, stats: &GlockStats<'_>) {
    put(out, format_args!("G: n:{} rtt:{}/{}", stats.name, stats.srtt_ns, stats.srttvar_ns));
    put(out, format_args!(" rttb:{}/{} irt:{}/{}", stats.srttb_ns, stats.srttbvar_ns, stats.sirt_ns, stats.sirtvar_ns));
    put(out, format_args!(" dcnt: {} qcnt: {}", stats.dlm_requests, stats.queued));
    end(out, stats.rest);
}

fn write_glock<'a>(out: &mut Vec<u8>, glock: &Glock<'a>) -> &'a [u8] {
    put(out, format_args!("G:  s:{} n:{} f:{}", glock.state, glock.name, glock.flags));
    put(out, format_args!(" t:{} d:{}/{}", glock.target, glock.demote_state, glock.demote_us));
    let fields = [('a', glock.ail), ('v', glock.revokes), ('r', glock.references), ('m', glock.hold_jiffies), ('p', glock.pages)];
    for (key, value) in fields {
        optional(out, key, value);
    }
    glock.rest
}

fn write_holder<'a>(out: &mut Vec<u8>, holder: &Holder<'a>) -> &'a [u8] {
    let ownerless = if holder.comm == b"(none)" { 0 } else { -1 };
    let pid = holder.pid.map_or(ownerless, i64::from);
    put(out, format_args!(" H: s:{} f:{} e:{} p:{pid} [", holder.state, holder.flags, holder.error));
    out.extend_from_slice(holder.comm);
    out.push(b']');
    if !holder.symbol.is_empty() || !holder.offset.is_empty() || holder.module.is_some() {
        out.push(b' ');
        out.extend_from_slice(holder.symbol);
    }
    if !holder.offset.is_empty() {
        out.push(b'+');
        out.extend_from_slice(holder.offset);
    }
    if let Some(module) = holder.module {
        out.extend_from_slice(b" [");
        out.extend_from_slice(module);
        out.push(b']');
    }
    holder.rest
}

fn write_inode<'a>(out: &mut Vec<u8>, inode: &InodeObject<'a>) -> &'a [u8] {
    put(out, format_args!(" I: n:{}/{} t:{}", inode.formal, inode.address, inode.dtype));
    put(out, format_args!(" f:0x{:02x} d:0x{:08x}", inode.flags, inode.disk_flags));
    optional(out, 's', inode.size);
    if let (Some(_), Some(second)) = (inode.size, inode.second_size) {
        put(out, format_args!("/{second}"));
    }
    optional(out, 'p', inode.pages);
    inode.rest
}

fn write_rgrp<'a>(out: &mut Vec<u8>, rgrp: &RgrpObject<'a>) -> &'a [u8] {
    put(out, format_args!(" R: n:{} f:{:02x} b:{}/{} i:{}", rgrp.address, rgrp.flags, rgrp.free, rgrp.free_clone, rgrp.dinodes));
    for (key, value) in [('q', rgrp.q), ('r', rgrp.r), ('e', rgrp.extfail)] {
        optional(out, key, value);
    }
    rgrp.rest
}

fn put(out: &mut Vec<u8>, text: std::fmt::Arguments<'_>) {
    // Writing into a Vec cannot fail.
    let _ = out.write_fmt(text);
}

fn optional(out: &mut Vec<u8>, key: char, value: Option<u64>) {
    if let Some(value) = value {
        put(out, format_args!(" {key}:{value}"));
    }
}

fn end(out: &mut Vec<u8>, rest: &[u8]) {
    if !rest.is_empty() {
        out.push(b' ');
        out.extend_from_slice(rest);
    }
    out.push(b'\n');
}
