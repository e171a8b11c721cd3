use super::super::print::{self, Generation};
use super::*;
use crate::gfs2::{Dialect, Meaning};
use proptest::prelude::*;

fn glock(text: &str) -> Glock<'_> {
    match parse_line(text.as_bytes()).unwrap() {
        Line::Glock(glock) => glock,
        other => panic!("{other:?}"),
    }
}

fn holder(text: &str) -> Holder<'_> {
    match parse_line(text.as_bytes()).unwrap() {
        Line::Holder(holder) => holder,
        other => panic!("{other:?}"),
    }
}

fn inode(text: &str) -> InodeObject<'_> {
    match parse_line(text.as_bytes()).unwrap() {
        Line::Inode(inode) => inode,
        other => panic!("{other:?}"),
    }
}

fn rgrp(text: &str) -> RgrpObject<'_> {
    match parse_line(text.as_bytes()).unwrap() {
        Line::Rgrp(rgrp) => rgrp,
        other => panic!("{other:?}"),
    }
}

/// Lines of manuals and articles.
const DOCUMENTED: [&str; 10] = [
    "G:  s:EX n:2/183f3 f:yfIqob t:EX d:EX/0 a:2 v:0 r:2 m:200",
    "G:  s:EX n:2/183f3 f:yIqLb t:EX d:EX/0 a:0 v:0 r:1 m:200",
    "G:  s:SH n:2/183f5 f:ldrIqob t:EX d:UN/0 a:0 v:0 r:5 m:10",
    " H: s:EX f:W e:0 p:17511 [python] gfs2_unlink+0x7e/0x250 [gfs2]",
    " I: n:1/99317 t:4 f:0x00 d:0x00000003 s:2048",
    "G:  s:EX n:3/258028 f:yI t:EX d:EX/0 a:3 r:4",
    " H: s:EX f:tH e:0 p:4466 [postmark] gfs2_inplace_reserve_i+0x177/0x780 [gfs2]",
    " R: n:258028 f:05 b:22256/22256 i:16800",
    " I: n:75661/219916 t:8 f:0x10 d:0x00000000 s:7522/7522",
    " H: s:EX f:W e:0 p:16297 [delete_workqueu] gfs2_delete_inode+0x9d/0x450 [gfs2]",
];

fn printed(line: &Line<'_>) -> Vec<u8> {
    let mut out = Vec::new();
    print::write_line(&mut out, line);
    assert_eq!(out.pop(), Some(b'\n'));
    out
}

#[test]
fn documented_lines_read_and_print_back() {
    for text in DOCUMENTED {
        let line = parse_line(text.as_bytes()).unwrap();
        assert_eq!(String::from_utf8(printed(&line)).unwrap(), text);
    }
}

#[test]
fn fields_of_documented_glocks() {
    let article = glock(DOCUMENTED[0]);
    assert_eq!((article.name.inode(), article.state, article.target), (Some(99315), GlockState::EX, GlockState::EX));
    assert_eq!((article.ail, article.revokes, article.references), (Some(2), Some(0), Some(2)));
    assert_eq!((article.hold_jiffies, article.pages, article.rest), (Some(200), None, &b""[..]));
    assert!(article.flags.dirty() && article.flags.flushing_log() && article.flags.queued() && article.flags.object());
    let changing = glock(DOCUMENTED[2]);
    assert_eq!((changing.demote_state, changing.demote_us), (GlockState::UN, 0));
    assert!(changing.flags.changing() && changing.flags.demote_deferred() && changing.flags.reply_here());
    let oldest = glock(DOCUMENTED[5]);
    assert_eq!((oldest.ail, oldest.revokes, oldest.references, oldest.hold_jiffies), (Some(3), None, Some(4), None));
}

#[test]
fn fields_of_documented_holders_and_objects() {
    let waiter = holder(DOCUMENTED[3]);
    assert_eq!((waiter.pid, waiter.comm, waiter.symbol), (Some(17511), &b"python"[..], &b"gfs2_unlink"[..]));
    assert_eq!((waiter.offset, waiter.module, waiter.ended), (&b"0x7e/0x250"[..], Some(&b"gfs2"[..]), false));
    assert!(waiter.flags.waiting() && !waiter.flags.granted());
    let directory = inode(DOCUMENTED[4]);
    assert!(directory.is_directory() && !directory.is_system());
    assert_eq!((directory.address, directory.size, directory.pages), (99317, Some(2048), None));
    assert_eq!((inode(DOCUMENTED[8]).size, inode(DOCUMENTED[8]).second_size), (Some(7522), Some(7522)));
    let old = rgrp(DOCUMENTED[7]);
    assert_eq!((old.flags, old.free, old.dinodes, old.requested(), old.extfail), (5, 22256, 16800, None, None));
}

#[test]
fn what_r_means_depends_on_q() {
    let before = rgrp(" R: n:1 f:00 b:2/3 i:4 r:5 e:6");
    assert_eq!((before.requested(), before.reserved(), before.extfail), (Some(5), None, Some(6)));
    let since = rgrp(" R: n:1 f:90000000 b:2/3 i:4 q:7 r:5 e:6");
    assert_eq!((since.requested(), since.reserved(), since.flags), (Some(7), Some(5), 0x9000_0000));
    let Line::Reservation(old) = parse_line(b"  B: n:1 s:2 b:3 f:4").unwrap() else { panic!("not a reservation") };
    assert_eq!((old.inode, old.start, old.offset, old.blocks), (1, 2, Some(3), 4));
    let Line::RgrpLvb(lvb) = parse_line(b"  L: f:08 b:59865 i:15").unwrap() else { panic!("not an LVB") };
    assert_eq!((lvb.flags, lvb.free, lvb.dinodes), (8, 59865, 15));
}

#[test]
fn no_flags_at_all() {
    let text = "G:  s:UN n:1/3 f: t:UN d:EX/0 a:0 v:0 r:2 m:20 p:0";
    assert_eq!((glock(text).flags, glock(text).pages), (GlockFlags::default(), Some(0)));
    assert_eq!(holder(" H: s:SH f: e:-5 p:1 [a] f+0x1/0x2").error, -5);
}

#[test]
fn names_of_processes_hold_anything() {
    for comm in ["Web Content", "a] [b]", "x] y+0x1/0x2", "[kworker]", "] [gfs2]", "", " ", "]", "p:1 [x] f+0x1"] {
        for end in ["gfs2_unlink+0x7e/0x250 [gfs2]", "do_flock+0x1/0x2"] {
            let text = format!(" H: s:EX f:W e:0 p:7 [{comm}] {end}");
            let read = holder(&text);
            assert_eq!(read.comm, comm.as_bytes(), "{text}");
            assert_eq!(read.module.is_some(), end.ends_with(']'), "{text}");
            assert_eq!(printed(&Line::Holder(read)), text.as_bytes());
        }
    }
}

#[test]
fn owners_that_are_none() {
    let none = holder(" H: s:SH f:EH e:0 p:0 [(none)] gfs2_dir_search+0xb2/0x100");
    assert_eq!((none.pid, none.module, none.ended), (None, None, false));
    let unknown = holder(" H: s:SH f:EH e:0 p:-1 [(ended)] gfs2_inode_lookup+0xe1/0x200 [gfs2]");
    assert_eq!((unknown.pid, unknown.ended), (None, true));
    let ended = holder(" H: s:SH f:eEH e:0 p:146 [(ended)] gfs2_fill_super+0xb73/0xde0");
    assert_eq!((ended.pid, ended.ended), (Some(146), true));
    assert_eq!(holder(" H: s:SH f:W e:0 p:0 [swapper] f+0x1/0x2").pid, Some(0));
}

#[test]
fn holders_without_a_name_for_their_code() {
    let address = holder(" H: s:EX f:W e:0 p:7 [a b] 0xffffffffc0a81234");
    assert_eq!((address.comm, address.symbol, address.offset), (&b"a b"[..], &b"0xffffffffc0a81234"[..], &b""[..]));
    let nothing = holder(" H: s:EX f:W e:0 p:7 [a b]");
    assert_eq!((nothing.comm, nothing.symbol), (&b"a b"[..], &b""[..]));
    assert_eq!(holder(" H: s:EX f:W e:0 p:7 [a]").comm, b"a");
    assert_eq!(holder(" H: s:EX f:W e:0 p:7 [] f+0x1/0x2").symbol, b"f");
    let more = holder(" H: s:EX f:W e:0 p:7 [a b] f+0x1/0x2 [gfs2] new:1 [x]");
    assert_eq!((more.comm, more.symbol, more.module, more.rest), (&b"a b"[..], &b"f"[..], Some(&b"gfs2"[..]), &b"new:1 [x]"[..]));
}

#[test]
fn fields_of_later_kernels_are_kept() {
    let later = glock("G:  s:SH n:12/1 f:o t:SH d:EX/0 a:1 z:7 r:3 m:20 p:5 new");
    assert_eq!((later.name.kind, later.references, later.pages), (GlockType(12), Some(3), Some(5)));
    assert_eq!(later.rest, b"z:7 r:3 m:20 p:5 new");
    assert_eq!(glock("G:  s:SH n:2/1 f:o t:SH d:EX/0 p:1 a:2").ail, Some(2));
    assert_eq!(inode(" I: n:1/2 t:8 f:0x00 d:0x00000000 s:1 p:2 z:3").rest, b"z:3");
}

#[test]
fn problems_name_their_field() {
    for (field, text) in [
        (1, ""),
        (1, "cat: glocks: Input/output error"),
        (1, "g: s:SH"),
        (2, "G:"),
        (2, "G:  s:XX n:2/1 f: t:SH d:EX/0"),
        (3, "G:  s:SH n:2-1 f: t:SH d:EX/0"),
        (3, "G:  s:SH n:2/1x f: t:SH d:EX/0"),
        (4, "G:  s:SH n:2/1"),
        (5, "G:  s:SH n:2/1 f:o t:S"),
        (6, "G:  s:SH n:2/1 f:o t:SH d:EX"),
        (6, "G:  s:SH n:2/1 f:o t:SH d:EX/"),
        (7, "G:  s:SH n:2/1 f:o t:SH d:EX/0 a:-1"),
        (9, "G:  s:SH n:2/1 f:o t:SH d:EX/0 a:1 v:0 r:"),
        (4, " H: s:SH f:EH e: p:1 [a] f+0x1/0x2"),
        (5, " H: s:SH f:EH e:0 p:x [a] f+0x1/0x2"),
        (6, " H: s:SH f:EH e:0 p:1 a] f+0x1/0x2"),
        (2, " I: n:1 t:8"),
        (4, " R: n:1 f:00 b:1 i:2"),
        (3, "  L: f:00 b:x i:2"),
        (4, "  B: n:1 s:2"),
    ] {
        assert_eq!(parse_line(text.as_bytes()).unwrap_err().field, field, "{text}");
    }
}

/// Every line of a real dump prints back as it was, and what it showed is noted.
fn real(text: &'static [u8]) -> (Vec<Line<'static>>, Dialect) {
    let mut dialect = Dialect::default();
    let mut lines = Vec::new();
    for text in text.split(|&byte| byte == b'\n').filter(|line| !line.is_empty()) {
        let line = parse_line(text).unwrap();
        assert_eq!(String::from_utf8_lossy(&printed(&line)), String::from_utf8_lossy(text));
        assert_eq!(Generation::Linux5_15.fields(&line), line);
        match &line {
            Line::Glock(glock) => dialect.note(glock),
            Line::Holder(holder) => dialect.note_holder(holder.flags),
            _ => {}
        }
        lines.push(line);
    }
    (lines, dialect)
}

fn loud(lines: &[Line<'_>]) -> Vec<String> {
    let mut glock = None;
    let mut loud = Vec::new();
    for line in lines {
        match (line, glock) {
            (Line::Glock(found), _) => glock = Some(found),
            (Line::Holder(holder), Some(glock)) if !is_background(glock, holder) => {
                loud.push(format!("{} {} {}", glock.name, holder.state, holder.flags));
            }
            _ => {}
        }
    }
    loud
}

#[test]
fn a_real_dump_with_a_waiting_flock() {
    let (lines, dialect) = real(include_bytes!("../../testdata/gfs2/flock-node2/glocks"));
    assert_eq!((dialect.dlm_lock(), dialect.blocking(), dialect.queue()), (Meaning::Earlier, Meaning::Earlier, Meaning::Later));
    assert_eq!(loud(&lines), ["6/1b3b EX EW", "2/576e EX W"]);
}

#[test]
fn a_real_dump_with_reservations() {
    let (lines, dialect) = real(include_bytes!("../../testdata/gfs2/hot/glocks"));
    assert_eq!((dialect.dlm_lock(), dialect.cancel()), (Meaning::Earlier, Meaning::Earlier));
    assert!(lines.iter().any(|line| matches!(line, Line::Reservation(reservation) if reservation.blocks > 0)));
    let system = |line: &&Line<'_>| matches!(line, Line::Inode(inode) if inode.is_system());
    assert!(lines.iter().filter(system).count() > 1);
}

#[test]
fn a_real_dump_of_linux_6_12() {
    let (lines, dialect) = real(include_bytes!("../../testdata/gfs2/linux-6.12/glocks"));
    assert_eq!((dialect.dlm_lock(), dialect.blocking(), dialect.frozen()), (Meaning::Later, Meaning::Earlier, Meaning::Later));
    for line in &lines {
        if let Line::Glock(glock) = line {
            let expected = glock.state != GlockState::UN || !glock.flags.has(b'a');
            assert_eq!(glock.flags.has_dlm_lock(&dialect), Some(expected), "{glock:?}");
        }
    }
    assert_eq!(loud(&lines), [""; 0]);
}

fn any_line() -> impl Strategy<Value = (Vec<u8>, Line<'static>)> {
    let state = || prop::sample::select(GlockState::ALL.to_vec());
    let flags = || any::<u64>().prop_map(|bits| bits & ((1 << 52) - 1));
    let numbers = || any::<[Option<u64>; 5]>();
    let glock = (state(), state(), state(), flags(), any::<(u8, u64, u64)>(), numbers()).prop_map(
        |(state, target, demote_state, flags, (kind, number, demote_us), [ail, revokes, references, hold_jiffies, pages])| {
            let name = GlockName::new(GlockType(kind), number);
            let flags = GlockFlags(flags);
            let glock =
                Glock { name, state, target, flags, demote_state, demote_us, ail, revokes, references, hold_jiffies, pages, rest: b"" };
            (Vec::new(), Line::Glock(glock))
        },
    );
    let comm = prop::collection::vec(any::<u8>().prop_filter("ends the line", |&byte| byte != b'\n'), 0..16);
    let holder = (state(), flags(), any::<i32>(), 1u32.., comm, any::<bool>()).prop_map(|(state, flags, error, pid, comm, module)| {
        let holder = Holder {
            state,
            flags: HolderFlags(flags),
            error: i64::from(error),
            pid: Some(pid),
            comm: b"",
            symbol: b"gfs2_rename",
            offset: b"0x7e/0x250",
            module: module.then_some(b"gfs2"),
            ended: comm == b"(ended)",
            rest: b"",
        };
        (comm, Line::Holder(holder))
    });
    let inode = (any::<[u64; 3]>(), any::<u8>(), any::<u32>(), any::<[Option<u64>; 3]>()).prop_map(
        |([formal, address, flags], dtype, disk_flags, [size, second, pages])| {
            let second_size = size.and(second);
            let inode = InodeObject { formal, address, dtype, flags, disk_flags, size, second_size, pages, rest: b"" };
            (Vec::new(), Line::Inode(inode))
        },
    );
    let rgrp = (any::<[u64; 5]>(), any::<[Option<u64>; 3]>()).prop_map(|([address, flags, free, free_clone, dinodes], [q, r, extfail])| {
        (Vec::new(), Line::Rgrp(RgrpObject { address, flags, free, free_clone, dinodes, q, r, extfail, rest: b"" }))
    });
    let small = (any::<[u64; 3]>(), any::<Option<u64>>(), any::<bool>()).prop_map(|([a, b, c], offset, lvb)| {
        let line = if lvb {
            Line::RgrpLvb(RgrpLvb { flags: a, free: b, dinodes: c, rest: b"" })
        } else {
            Line::Reservation(Reservation { inode: a, start: b, offset, blocks: c, rest: b"" })
        };
        (Vec::new(), line)
    });
    prop_oneof![glock, holder, inode, rgrp, small]
}

proptest! {
    #[test]
    fn printed_lines_read_back((comm, line) in any_line()) {
        let line = match line {
            Line::Holder(holder) => Line::Holder(Holder { comm: &comm, ..holder }),
            other => other,
        };
        let text = printed(&line);
        prop_assert_eq!(parse_line(&text).unwrap(), line);
        for generation in Generation::ALL {
            let line = generation.fields(&line);
            let text = printed(&line);
            prop_assert_eq!(parse_line(&text).unwrap(), line);
        }
    }

    #[test]
    fn no_bytes_panic(start in prop::sample::select(vec!["", "G:  ", " H: s:SH f:EH e:0 p:1 [", " I: ", " R: ", "  L: ", "  B: "]), tail: Vec<u8>) {
        let text = [start.as_bytes(), &tail].concat();
        let _ = parse_line(&text);
    }

    #[test]
    fn no_cut_or_changed_byte_panics((comm, line) in any_line(), at: prop::sample::Index, byte: u8) {
        let line = match line {
            Line::Holder(holder) => Line::Holder(Holder { comm: &comm, ..holder }),
            other => other,
        };
        let mut text = printed(&line);
        let at = at.index(text.len());
        let _ = parse_line(&text[..at]);
        text[at] = byte;
        if let Ok(line) = parse_line(&text) {
            let text = printed(&line);
            let _ = parse_line(&text);
        }
    }
}
