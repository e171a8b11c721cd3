//! Whether lines are passed over whole or read one by one makes no difference.

use super::super::lines::LineSplitter;
use super::super::trace_figures::OfMount;
use super::*;
use proptest::prelude::*;
use sample::message::Look;
use std::collections::BTreeSet;

const TEXTS: [&str; 3] = [
    include_str!("../../../formats/testdata/gfs2/flock-node2/glocks"),
    include_str!("../../../formats/testdata/gfs2/hot/glocks"),
    include_str!("../../../formats/testdata/gfs2/linux-6.12/glocks"),
];

/// All that a pass finds, and how many glocks it passed over whole.
fn found(text: &[u8], piece: usize, active: &BTreeSet<GlockName>, without_short_cut: bool) -> String {
    let look = Look::default();
    let traced = OfMount::default();
    let is_active = |name| active.contains(&name);
    let wanted = Wanted { look: &look, all: false, most: 10, traced: &traced };
    let mut pass = Pass::new("glocks", wanted, &is_active, Dialect::default());
    pass.without_short_cut = without_short_cut;
    let mut splitter = LineSplitter::default();
    for piece in text.chunks(piece) {
        assert_eq!(splitter.push_to(piece, &mut pass), Next::Line);
    }
    let last = splitter.end();
    if !last.is_empty() {
        pass.line(&last);
    }
    let Ended { read, problems, dialect } = pass.end();
    format!("{read:#?}\n{problems:?}\n{dialect:?}")
}

fn same(text: &[u8], piece: usize, active: &BTreeSet<GlockName>) {
    assert_eq!(found(text, piece, active, false), found(text, piece, active, true));
}

/// Of every third glock.
fn active(text: &[u8]) -> BTreeSet<GlockName> {
    let names = text.split(|&byte| byte == b'\n').filter_map(|line| match parse_line(line) {
        Ok(Line::Glock(glock)) => Some(glock.name),
        _ => None,
    });
    names.step_by(3).collect()
}

#[test]
fn real_dumps_read_the_same_in_pieces_of_any_size() {
    for text in TEXTS {
        for piece in [1, 7, 61, 150, 4096, 65536] {
            same(text.as_bytes(), piece, &BTreeSet::new());
            same(text.as_bytes(), piece, &active(text.as_bytes()));
        }
    }
}

#[test]
fn what_follows_a_glock_without_a_name_belongs_to_nobody() {
    let idle = "G:  s:SH n:5/27 f:Iqo t:SH d:EX/0 a:0 v:0 r:3 m:50 p:0\n H: s:SH f:EH e:0 p:0 [(none)] f+0x1/0x2\n";
    let text = format!("{idle}G:  s:SH n:what\n H: s:EX f:W e:0 p:7 [a] f+0x1/0x2\n{idle}");
    for without_short_cut in [false, true] {
        let found = found(text.as_bytes(), 4096, &BTreeSet::new(), without_short_cut);
        assert!(found.contains("known: 2") && found.contains("waiting: 0") && found.contains("Problems { lines: 1"), "{found}");
        assert!(found.contains("glocks:3: field 3"), "{found}");
    }
}

proptest! {
    #[test]
    fn changed_dumps_read_the_same(
        which in 0usize..3,
        lines in prop::collection::vec(any::<prop::sample::Index>(), 1..12),
        changes in prop::collection::vec((any::<prop::sample::Index>(), 0u8..3, prop::sample::select(b"\n GHIRLBsnftdavrmpEXSHUNW?:/0129abflqoD[]\xff".to_vec())), 0..6),
        piece in 20usize..2000,
        of_some: bool,
    ) {
        // Three lines at a time, so that most glocks keep what follows them.
        let all: Vec<&str> = TEXTS[which].split_inclusive('\n').collect();
        let mut text = Vec::new();
        for at in lines {
            let at = at.index(all.len());
            text.extend(all[at..].iter().take(3).flat_map(|line| line.bytes()));
        }
        for (at, what, byte) in changes {
            let at = at.index(text.len());
            match what {
                0 => text[at] = byte,
                1 => text.insert(at, byte),
                _ => {
                    text.remove(at);
                }
            }
        }
        same(&text, piece, &if of_some { active(&text) } else { BTreeSet::new() });
    }
}
