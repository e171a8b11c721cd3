//! What the generated GFS2 files promise.

use crate::glocks::{Gfs2Node, Gfs2Shape};
use formats::gfs2::glocks::{Line, parse_line};
use formats::gfs2::{GlockName, SbStats, glstats};
use std::collections::HashSet;

fn text(give: impl FnOnce(&mut dyn FnMut(&[u8]))) -> String {
    let mut text = Vec::new();
    give(&mut |piece: &[u8]| text.extend_from_slice(piece));
    String::from_utf8(text).unwrap()
}

#[test]
fn every_line_is_understood_and_the_same_next_time() {
    let shape = Gfs2Shape { contended: 3, waiters: 4, crowd: 70, ..Gfs2Shape::default() };
    let node = Gfs2Node::new(&shape);
    let glocks = text(|each| node.glocks(each));
    assert_eq!(glocks, text(|each| Gfs2Node::new(&shape).glocks(each)));
    let lines: Vec<Line<'_>> = glocks.lines().map(|line| parse_line(line.as_bytes()).unwrap()).collect();
    let names: HashSet<GlockName> =
        lines.iter().filter_map(|line| if let Line::Glock(glock) = line { Some(glock.name) } else { None }).collect();
    assert_eq!(names.len(), shape.glocks);
    let waiting = lines.iter().filter(|line| matches!(line, Line::Holder(holder) if holder.flags.waiting())).count();
    assert_eq!((waiting as u64, node.waiting(), node.contended()), (82, 82, 4));
    let stats = text(|each| node.glstats(each));
    assert_eq!(stats.lines().filter(|line| names.contains(&glstats::parse_line(line.as_bytes()).unwrap().name)).count(), shape.glocks);
    assert_eq!(SbStats::parse(node.sbstats().as_bytes()).unwrap().types.len(), 10);
    // About as long as on a real node: 150 bytes for each of a file's two glocks.
    assert!((110..160).contains(&(glocks.len() / shape.glocks)), "{}", glocks.len() / shape.glocks);
}

#[test]
fn the_active_share_is_kept() {
    for moving in [false, true] {
        let mut node = Gfs2Node::new(&Gfs2Shape { moving, ..Gfs2Shape::default() });
        let before = text(|each| node.glstats(each));
        node.advance();
        let after = text(|each| node.glstats(each));
        let active = before.lines().zip(after.lines()).filter(|(before, after)| before != after).count();
        assert!((400..600).contains(&active), "{active}");
    }
}

#[test]
fn the_dlm_has_a_lock_for_each_glock() {
    let node = Gfs2Node::new(&Gfs2Shape::default());
    let mut locks = Vec::new();
    node.dlm_locks(|line| locks.push(line.to_owned()));
    let mut all = Vec::new();
    node.dlm_all(|lines| all.push(lines.to_owned()));
    assert_eq!((locks.len(), all.len()), (10_001, 10_001));
    assert!(locks.iter().skip(1).all(|line| formats::dlm::locks::parse_line(line.trim_end().as_bytes()).is_ok()), "{:?}", locks.get(1));
}
