//! What the generated dumps promise. Apart from them, for the benchmarks of other packages take in `dumps.rs`, too.

use crate::dumps::{NodeLocks, Shape, system_locks};
use formats::ocfs2::LockName;
use formats::ocfs2::locking_state::parse_line;

fn third_dump(shape: &Shape) -> String {
    let mut locks = NodeLocks::new(shape, 1);
    locks.advance();
    locks.advance();
    locks.text()
}

#[test]
fn every_line_is_understood_and_the_same_next_time() {
    for version in 1..=4 {
        let shape = Shape { version, complete: true, ..Shape::default() };
        let text = third_dump(&shape);
        assert_eq!(text.lines().count(), shape.locks);
        assert!(text.lines().all(|line| parse_line(line.as_bytes()).is_ok()));
        assert_eq!(text, third_dump(&shape));
    }
}

#[test]
fn names_are_unique_and_four_to_a_file() {
    let text = third_dump(&Shape { complete: true, ..Shape::default() });
    let names: Vec<LockName> = text.lines().map(|line| parse_line(line.as_bytes()).unwrap().name).collect();
    assert_eq!(names.iter().collect::<std::collections::HashSet<_>>().len(), names.len());
    let order: String = names.iter().rev().skip(system_locks().len()).take(8).map(|name| name.kind().letter()).collect();
    assert_eq!(order, "MOWNMOWN");
}

#[test]
fn about_a_tenth_is_lost_elsewhere_in_each_dump() {
    let mut locks = NodeLocks::new(&Shape::default(), 1);
    let first = locks.text();
    locks.advance();
    let second = locks.text();
    for text in [&first, &second] {
        assert!((8_500..9_500).contains(&text.lines().count()), "{}", text.lines().count());
    }
    let name = |line: &str| line.split('\t').nth(1).map(str::to_owned);
    let union: std::collections::HashSet<_> = first.lines().chain(second.lines()).map(name).collect();
    assert!(union.len() > 9_800, "{}", union.len());
}

#[test]
fn the_active_share_is_kept() {
    let mut locks = NodeLocks::new(&Shape { complete: true, ..Shape::default() }, 1);
    let counts = |text: &str| text.lines().map(|line| parse_line(line.as_bytes()).unwrap().stats.unwrap()).collect::<Vec<_>>();
    let before = counts(&locks.text());
    locks.advance();
    let after = counts(&locks.text());
    let active = before.iter().zip(&after).filter(|(before, after)| before.pr.gets + before.ex.gets < after.pr.gets + after.ex.gets);
    assert!((400..600).contains(&active.count()));
}
