//! The table against a made-up kernel list whose truth is known.

use super::*;
use crate::Life;
use formats::ocfs2::Flags;
use formats::ocfs2::lock_state::Action;
use formats::ocfs2::locking_state::LevelStats;
use formats::ocfs2::print::{self, OwnedRecord};
use proptest::prelude::*;

const SECOND: u64 = 1_000_000_000;

fn lock(kind: LockType, inode: u64, gets: u64) -> OwnedRecord {
    let pr = LevelStats { gets, total_ns: gets * 100, last_us: Some(0), ..LevelStats::default() };
    OwnedRecord::held(LockName::new(kind, inode, 0), pr)
}

fn meta(inode: u64, gets: u64) -> OwnedRecord {
    lock(LockType::META, inode, gets)
}

fn used(mut record: OwnedRecord, at_s: u64) -> OwnedRecord {
    record.stats.as_mut().unwrap().pr.last_us = Some(if at_s == 0 { 0 } else { (1000 + at_s) * 1_000_000 });
    record
}

fn waiting(mut record: OwnedRecord, since_s: u64) -> OwnedRecord {
    record.stats.as_mut().unwrap().wait_since_us = Some(since_s * 1_000_000);
    record.state.flags = Flags(0x43);
    record.state.action = Action::CONVERT;
    record.state.requested = Level::EX;
    record
}

fn pass(table: &mut LockTable, at_s: u64, records: &[OwnedRecord]) {
    table.begin_pass(NodeClock { monotonic_ns: at_s * SECOND, realtime_us: Some((1000 + at_s) * 1_000_000) });
    read(table, records);
}

/// The rest of a pass.
fn read(table: &mut LockTable, records: &[OwnedRecord]) {
    for record in records {
        let line = print::line(record);
        table.record(&formats::ocfs2::locking_state::parse_line(line.trim_end_matches('\n').as_bytes()).unwrap());
    }
    table.end_pass(1, Some(1));
}

fn sample(table: &mut LockTable, at_s: u64, records: &[OwnedRecord]) -> Sample {
    pass(table, at_s, records);
    table.finish(Pace::default())
}

fn gets(sample: &Sample, inode: u64) -> Option<u64> {
    sample.locks.iter().find(|lock| lock.name.block() == inode && lock.seen_ago_ns == 0).map(|lock| lock.pr.gets)
}

fn table() -> LockTable {
    LockTable::new("U", Some(0xf5))
}

#[test]
fn the_first_look_tells_lifetime_figures_as_such() {
    let mut table = table();
    let first = sample(&mut table, 1, &[meta(1, 7), meta(2, 0)]);
    assert_eq!(gets(&first, 1), Some(7));
    assert_eq!(first.locks[0].over_ns, None);
    assert_eq!((first.interval_ns, first.known, first.locks.len()), (None, 2, 1));
}

#[test]
fn the_first_samples_later_passes_tell_lifetime_figures_too() {
    let mut table = table();
    pass(&mut table, 1, &[meta(3, 1), meta(1, 7)]);
    pass(&mut table, 2, &[meta(9, 2), meta(3, 1), meta(2, 5), meta(1, 8)]);
    let first = table.finish(Pace::default());
    assert_eq!((gets(&first, 1), gets(&first, 2), gets(&first, 9)), (Some(8), Some(5), Some(2)));
    assert!(first.locks.iter().all(|lock| lock.over_ns.is_none()));
    assert_eq!(sample(&mut table, 3, &[meta(9, 2), meta(3, 1), meta(2, 5), meta(1, 8)]).locks.len(), 0);
}

#[test]
fn only_what_changed_is_told() {
    let mut table = table();
    sample(&mut table, 1, &[meta(1, 7), meta(2, 5)]);
    let next = sample(&mut table, 3, &[meta(1, 7), meta(2, 9)]);
    assert_eq!((gets(&next, 1), gets(&next, 2)), (None, Some(4)));
    assert_eq!((next.interval_ns, next.locks[0].over_ns), (Some(2 * SECOND), Some(2 * SECOND)));
}

#[test]
fn a_lock_that_a_dump_lacks_is_neither_gone_nor_reset() {
    let mut table = table();
    sample(&mut table, 1, &[meta(3, 1), meta(1, 7), meta(2, 5)]);
    sample(&mut table, 2, &[meta(3, 1), meta(1, 8), meta(2, 5)]);
    let lacking = sample(&mut table, 3, &[meta(3, 1), meta(2, 5)]);
    let carried = &lacking.locks[0];
    assert_eq!((carried.name.block(), carried.seen_ago_ns, carried.pr.gets), (1, SECOND, 0));
    let back = sample(&mut table, 4, &[meta(3, 1), meta(1, 12), meta(2, 5)]);
    assert_eq!((gets(&back, 1), back.locks[0].over_ns), (Some(4), Some(2 * SECOND)));
    assert_eq!(back.gone, 0);
}

#[test]
fn a_lock_overlooked_so_far_is_no_news_but_one_at_the_head_is() {
    let mut table = table();
    sample(&mut table, 1, &[meta(3, 1), meta(2, 5)]);
    let next = sample(&mut table, 2, &[meta(9, 4), meta(3, 1), meta(1, 1_000_000), meta(2, 5)]);
    // 1 stands behind 3, which was there before: it is old, and its million is no news.
    assert_eq!(gets(&next, 1), None);
    assert_eq!((gets(&next, 9), next.made), (Some(4), 1));
    assert_eq!(gets(&sample(&mut table, 3, &[meta(9, 4), meta(3, 1), meta(1, 1_000_003), meta(2, 5)]), 1), Some(3));
}

#[test]
fn a_lock_overlooked_since_it_was_made_is_told_in_full_when_it_shows() {
    let mut table = table();
    sample(&mut table, 1, &[meta(3, 1)]);
    sample(&mut table, 2, &[meta(9, 4), meta(7, 2), meta(3, 1)]);
    // 8 was made between 7 and 9, and the dump lacked it.
    let next = sample(&mut table, 3, &[meta(9, 4), meta(8, 6), meta(7, 2), meta(3, 1)]);
    assert_eq!((gets(&next, 8), next.made), (Some(6), 1));
}

#[test]
fn what_stands_before_the_head_of_the_first_look_is_new_however_late_it_shows() {
    let mut table = table();
    sample(&mut table, 1, &[meta(3, 1), meta(2, 5)]);
    sample(&mut table, 2, &[meta(9, 4), meta(3, 1), meta(2, 5)]);
    let next = sample(&mut table, 3, &[meta(9, 4), meta(8, 303), meta(3, 1), meta(2, 5)]);
    assert_eq!(gets(&next, 8), Some(303));
}

#[test]
fn labels_that_run_out_are_renewed_in_their_order() {
    let mut table = table();
    sample(&mut table, 1, &[meta(3, 1), meta(2, 1)]);
    let last = entries::LARGEST_LABEL - 2;
    (table.newest_label, table.newest_known) = (last, last);
    table.entries.get_mut(0).unwrap().set_label(last);
    let next = sample(&mut table, 2, &[meta(4, 5), meta(3, 1), meta(2, 1)]);
    assert_eq!((gets(&next, 4), next.made), (Some(5), 1));
    let later = sample(&mut table, 3, &[meta(5, 6), meta(4, 7), meta(3, 1), meta(2, 1)]);
    assert_eq!((gets(&later, 5), gets(&later, 4), later.made, later.made_again), (Some(6), Some(2), 1, 0));
}

#[test]
fn a_lock_made_again_is_told_by_its_place_even_if_its_counters_grew() {
    let mut table = table();
    sample(&mut table, 1, &[meta(3, 1), meta(1, 7), meta(2, 5)]);
    let next = sample(&mut table, 2, &[meta(1, 9), meta(3, 1), meta(2, 5)]);
    let lock = next.locks.iter().find(|lock| lock.name.block() == 1).unwrap();
    assert_eq!((lock.pr.gets, lock.life, next.made_again), (9, Life::MadeAgain, 1));
    // And is followed from its new place on.
    let later = sample(&mut table, 3, &[meta(1, 10), meta(3, 1), meta(2, 5)]);
    assert_eq!((gets(&later, 1), later.made_again), (Some(1), 0));
}

#[test]
fn a_lock_made_again_and_first_seen_without_newer_ones_is_not_told_twice() {
    let mut table = table();
    sample(&mut table, 1, &[meta(4, 1), meta(3, 1), meta(1, 7), meta(2, 5)]);
    // 1 was freed, made again and used nine times, but nothing here tells: 4 and 3, behind it now, are lost.
    let first = sample(&mut table, 2, &[meta(1, 9), meta(2, 5)]);
    assert_eq!((gets(&first, 1), first.made_again), (Some(2), 0));
    let next = sample(&mut table, 3, &[meta(1, 10), meta(4, 1), meta(3, 1), meta(2, 5)]);
    assert_eq!((gets(&next, 1), next.made_again), (Some(1), 1));
}

#[test]
fn a_lock_made_again_is_told_in_full_by_one_that_the_pass_which_saw_it_last_had() {
    let mut table = table();
    let all = [meta(4, 1), meta(3, 1), meta(1, 7), meta(2, 5)];
    sample(&mut table, 1, &all);
    sample(&mut table, 2, &all);
    // Lost, while 3 is not; then 4, the head, is freed.
    sample(&mut table, 3, &[meta(4, 1), meta(3, 1), meta(2, 5)]);
    let next = sample(&mut table, 4, &[meta(1, 9), meta(3, 1), meta(2, 5)]);
    assert_eq!((gets(&next, 1), next.made_again), (Some(9), 1));
}

#[test]
fn new_locks_behind_an_idle_one_that_was_made_again_are_told() {
    let mut table = table();
    sample(&mut table, 1, &[meta(3, 1), meta(1, 0), meta(2, 5)]);
    // Then 4, the head, is freed: all that tells of 8 is that 1 before it has moved.
    sample(&mut table, 2, &[meta(4, 1), meta(3, 1), meta(1, 0), meta(2, 5)]);
    let next = sample(&mut table, 3, &[meta(1, 0), meta(8, 6), meta(3, 1), meta(2, 5)]);
    assert_eq!((gets(&next, 8), next.made, next.made_again), (Some(6), 1, 1));
}

#[test]
fn all_before_the_last_head_is_new_whatever_stands_among_it() {
    let mut table = table();
    sample(&mut table, 1, &[meta(3, 1), meta(2, 5)]);
    // 7 was overlooked in the first look: it has no label.
    sample(&mut table, 2, &[meta(3, 1), meta(7, 70), meta(2, 5)]);
    let next = sample(&mut table, 3, &[meta(7, 71), meta(8, 6), meta(3, 1), meta(2, 5)]);
    assert_eq!((gets(&next, 7), gets(&next, 8)), (Some(71), Some(6)));
}

#[test]
fn a_line_not_understood_may_have_been_the_head() {
    let mut table = table();
    sample(&mut table, 1, &[meta(3, 1), meta(2, 5)]);
    table.begin_pass(NodeClock { monotonic_ns: 2 * SECOND, realtime_us: Some(1_002_000_000) });
    table.problem(|| "line 1".to_owned());
    read(&mut table, &[meta(3, 1), meta(2, 5)]);
    assert!(table.heads.iter().all(|head| head.0 != 2));
}

#[test]
fn a_handle_that_is_closed_tells_nothing_of_other_locks() {
    let flock = || lock(LockType::FLOCK, 77, 0);
    let mut table = table();
    sample(&mut table, 1, &[flock(), meta(3, 1), meta(1, 7), flock(), meta(2, 5)]);
    let next = sample(&mut table, 2, &[meta(3, 3), meta(1, 8), flock(), meta(2, 5)]);
    assert_eq!((gets(&next, 3), gets(&next, 1), next.made_again), (Some(2), Some(1), 0));
}

#[test]
fn of_two_records_of_one_name_the_first_counts() {
    let mut table = table();
    sample(&mut table, 1, &[meta(3, 1), meta(1, 70)]);
    // Made again while the old one, about to be freed, is still in the list.
    let next = sample(&mut table, 2, &[meta(1, 2), meta(3, 1), meta(1, 71)]);
    assert_eq!((gets(&next, 1), next.made_again), (Some(2), 1));
    assert_eq!(gets(&sample(&mut table, 3, &[meta(1, 5), meta(3, 1)]), 1), Some(3));
}

#[test]
fn a_lock_given_up_and_seen_again_is_not_told_again() {
    let mut table = table();
    let list = |made: u64, lost: bool| -> Vec<OwnedRecord> {
        (0..=made).rev().filter(|&at| !lost || at != 5).map(|at| meta(100 + at, 50)).chain([meta(1, 1)]).collect()
    };
    let mut told = 0;
    for second in 1..30 {
        // A lock is made each second; reads lose 105 ten times in a row.
        let sample = sample(&mut table, second, &list(second, (10..20).contains(&second)));
        told += gets(&sample, 105).unwrap_or(0);
    }
    assert_eq!(told, 50);
}

#[test]
fn without_the_nodes_clock_the_whole_dump_tells_how_long_a_wait_lasts() {
    let mut table = table();
    table.begin_pass(NodeClock { monotonic_ns: SECOND, realtime_us: None });
    read(&mut table, &[waiting(meta(3, 1), 1002), used(meta(2, 5), 9)]);
    let wait = table.finish(Pace::default()).locks.into_iter().find_map(|lock| lock.wait).unwrap();
    assert_eq!((wait.for_ns, wait.at_least), (7 * SECOND, true));
}

#[test]
fn a_smaller_counter_is_a_restart_and_its_value_the_news() {
    let mut table = table();
    sample(&mut table, 1, &[meta(3, 1), meta(1, 70)]);
    let next = sample(&mut table, 2, &[meta(1, 4), meta(3, 1)]);
    assert_eq!((gets(&next, 1), next.made_again), (Some(4), 1));
}

#[test]
fn as_many_uses_as_before_but_a_later_one_are_of_another_lock() {
    let mut table = table();
    sample(&mut table, 100, &[meta(2, 1), used(meta(1, 2), 99)]);
    // Evicted, and read again before a dump showed it.
    sample(&mut table, 102, &[meta(2, 1)]);
    let mut again = used(meta(1, 2), 104);
    again.stats.as_mut().unwrap().pr.total_ns += 7;
    let next = sample(&mut table, 105, &[meta(2, 1), again.clone()]);
    assert_eq!((gets(&next, 1), next.made_again), (Some(2), 1));
    // Seen in every dump, it is one whose total was copied before its count: an acquisition that is told already.
    let mut later = used(meta(1, 2), 105);
    later.stats.as_mut().unwrap().pr.total_ns += 14;
    assert_eq!(gets(&sample(&mut table, 107, &[meta(2, 1), later]), 1), Some(0));
}

#[test]
fn what_stands_before_locks_that_restarted_is_made_again_too() {
    let mut table = table();
    // All three are used as much as in their first life, but 5's total is larger; 4, the head then, is gone.
    let life = |gets, total| {
        let mut record = meta(5, gets);
        record.stats.as_mut().unwrap().pr.total_ns = total;
        record
    };
    sample(&mut table, 1, &[meta(4, 1), life(4, 400), meta(3, 9), meta(2, 9), meta(1, 1)]);
    let next = sample(&mut table, 2, &[life(4, 450), meta(8, 2), meta(3, 4), meta(2, 4), meta(1, 1)]);
    assert_eq!((gets(&next, 5), gets(&next, 8), next.made_again), (Some(4), Some(2), 3));
    // One alone is no proof.
    let mut table = self::table();
    sample(&mut table, 1, &[meta(4, 1), life(4, 400), meta(3, 9), meta(1, 1)]);
    let next = sample(&mut table, 2, &[life(4, 450), meta(3, 4), meta(1, 1)]);
    assert_eq!((gets(&next, 5), next.made_again), (Some(0), 1));
}

#[test]
fn a_lock_is_gone_after_eight_passes_and_its_entry_is_freed() {
    let mut table = table();
    sample(&mut table, 1, &[meta(3, 1), meta(1, 7)]);
    let gone: u64 = (2..11).map(|at| sample(&mut table, at, &[meta(3, 1)]).gone).sum();
    assert_eq!((gone, table.known()), (1, 1));
}

#[test]
fn churn_does_not_grow_the_table() {
    let mut table = table();
    for round in 0..40 {
        let records: Vec<_> = (0..1000).map(|i| meta(1_000_000 - round * 1000 - i, 3)).chain([lock(LockType::SUPER, 2, 1)]).collect();
        sample(&mut table, round + 1, &records);
    }
    assert!(table.known() <= 1000 * GONE_AFTER as usize + 1, "{}", table.known());
}

#[test]
fn a_waiter_is_told_with_its_start_and_length() {
    let mut table = table();
    let seen = sample(&mut table, 10, &[meta(3, 1), waiting(meta(1, 7), 1002)]);
    let wait = seen.locks.iter().find(|lock| lock.name.block() == 1).unwrap().wait.clone().unwrap();
    assert_eq!((wait.since_us, wait.for_ns, wait.at_least), (Some(1_002_000_000), 8 * SECOND, false));
    // The next dump lacks it: carried, and said to be.
    let lacking = sample(&mut table, 12, &[meta(3, 1)]);
    let lock = lacking.locks.iter().find(|lock| lock.name.block() == 1).unwrap();
    assert_eq!((lock.seen_ago_ns, lock.wait.is_some()), (2 * SECOND, true));
    let free = sample(&mut table, 14, &[meta(3, 1), meta(1, 8)]);
    assert_eq!(free.locks.iter().find(|lock| lock.name.block() == 1).unwrap().wait, None);
}

#[test]
fn flock_handles_share_a_name() {
    let flock = |level: i8| {
        let mut record = lock(LockType::FLOCK, 77, 0);
        record.state.level = Level(level);
        record
    };
    let mut table = table();
    let seen = sample(&mut table, 10, &[flock(5), waiting(flock(0), 1004), meta(3, 1), waiting(flock(0), 1007)]);
    let lock = seen.locks.iter().find(|lock| lock.name.kind() == LockType::FLOCK).unwrap();
    assert_eq!((lock.handles, lock.waiting_handles), (3, 2));
    assert_eq!(lock.wait.as_ref().unwrap().since_us, Some(1_004_000_000));
    assert!(lock.stats_unknown);
    assert_eq!(seen.known, 2);
    // The same next time: nothing was made again.
    let next = sample(&mut table, 12, &[flock(5), waiting(flock(0), 1004), meta(3, 1), waiting(flock(0), 1007)]);
    let lock = next.locks.iter().find(|lock| lock.name.kind() == LockType::FLOCK).unwrap();
    assert_eq!((lock.handles, lock.waiting_handles, lock.wait.as_ref().unwrap().for_ns), (3, 2, 8 * SECOND));
    assert_eq!(next.made_again, 0);
}

#[test]
fn zero_counters_on_held_locks_mean_that_nothing_is_counted() {
    let mut table = table();
    assert_eq!(sample(&mut table, 1, &[meta(1, 0), meta(2, 0)]).stats, StatsKept::No);
    assert_eq!(sample(&mut table, 2, &[meta(1, 0), meta(2, 1)]).stats, StatsKept::Yes);
}

#[test]
fn a_watched_lock_is_told_though_idle() {
    let mut table = table();
    sample(&mut table, 1, &[meta(1, 7), meta(2, 5)]);
    table.watch([LockName::new(LockType::META, 2, 0)]);
    let next = sample(&mut table, 2, &[meta(1, 7), meta(2, 5)]);
    assert_eq!((next.locks.len(), gets(&next, 2)), (1, Some(0)));
}

#[test]
fn system_files_are_told_by_their_generation_and_the_root_directory_is_none() {
    let mut table = table();
    let system = |inode| {
        let mut record = meta(inode, 3);
        record.name = LockName::new(LockType::META, inode, 0xf5);
        record
    };
    let open = lock(LockType::OPEN, 8, 2);
    let seen = sample(&mut table, 1, &[meta(900, 1), open, system(8), system(6), system(5)]);
    let told = |inode| seen.locks.iter().filter(|lock| lock.name.block() == inode).all(|lock| lock.system);
    assert!(told(8) && told(6) && !told(5) && !told(900));
}

#[test]
fn a_second_pass_adds_to_the_same_sample() {
    let mut table = table();
    sample(&mut table, 1, &[meta(1, 7), meta(2, 5)]);
    pass(&mut table, 3, &[meta(1, 9)]);
    pass(&mut table, 4, &[meta(1, 10), meta(2, 6)]);
    let next = table.finish(Pace::default());
    assert_eq!((gets(&next, 1), gets(&next, 2), next.dump.passes), (Some(3), Some(1), 2));
}

#[test]
fn what_does_not_fit_is_summed_up() {
    let mut table = table();
    table.set_most_locks(3);
    let records = |gets: u64| (1..=10u64).map(|inode| meta(inode, gets * inode)).collect::<Vec<_>>();
    sample(&mut table, 1, &records(1));
    let next = sample(&mut table, 2, &records(3));
    assert_eq!((next.locks.len(), next.omitted.locks), (3, 7));
    let told: u64 = next.locks.iter().map(|lock| lock.pr.gets).sum();
    assert_eq!(told + next.omitted.pr_gets, (1..=10).map(|inode| 2 * inode).sum::<u64>());
    assert!(next.locks.iter().all(|lock| lock.name.block() >= 8));
}

#[test]
fn a_viewer_may_ask_for_no_locks_at_all_or_for_any_number() {
    for most in [0, usize::MAX] {
        let mut table = table();
        table.set_most_locks(most);
        assert_eq!(sample(&mut table, 1, &[meta(1, 7)]).locks.len(), 1);
    }
}

/// A kernel's list, newest first. Its truth: what happened to each lock.
struct Kernel {
    list: Vec<Made>,
    /// Locks made so far.
    lives: u64,
    /// Acquisitions since a dump showed the lock.
    unseen: HashMap<u64, u64>,
    /// Passes in a row that lacked it.
    lost: HashMap<u64, u32>,
}

#[derive(Clone, Copy)]
struct Made {
    inode: u64,
    gets: u64,
    used_s: u64,
    life: u64,
}

#[derive(Clone, Debug)]
enum Step {
    /// Inode and acquisitions.
    Make(u64, u64),
    Free(usize),
    Use(usize, u64),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        (10u64..40, 0u64..4).prop_map(|(inode, gets)| Step::Make(inode, gets)),
        any::<usize>().prop_map(Step::Free),
        (any::<usize>(), 1u64..5).prop_map(|(at, n)| Step::Use(at, n))
    ]
}

impl Kernel {
    fn new() -> Kernel {
        let list = (1..6).map(|inode| Made { inode, gets: inode, used_s: 0, life: 0 }).collect();
        Kernel { list, lives: 0, unseen: (1..6).map(|inode| (inode, inode)).collect(), lost: HashMap::new() }
    }

    /// `keeps`: a lock that is not freed. The last one of the list, which stands for the superblock's, stays, too.
    fn step(&mut self, step: &Step, now_s: u64, keeps: Option<u64>) {
        let (inode, gets) = match *step {
            Step::Make(inode, gets) => {
                if self.list.iter().any(|lock| lock.inode == inode) {
                    return;
                }
                self.lives += 1;
                self.list.insert(0, Made { inode, gets, used_s: if gets > 0 { now_s } else { 0 }, life: self.lives });
                (inode, gets)
            }
            Step::Free(at) => {
                let at = at % self.list.len();
                if at + 1 < self.list.len() && Some(self.list[at].inode) != keeps {
                    let inode = self.list.remove(at).inode;
                    self.lost.remove(&inode);
                }
                return;
            }
            Step::Use(at, n) => {
                let at = at % self.list.len();
                let lock = &mut self.list[at];
                lock.gets += n;
                lock.used_s = now_s;
                (lock.inode, n)
            }
        };
        *self.unseen.entry(inode).or_default() += gets;
    }

    /// A dump: its first record is never lost, nor is any lock in more than `most` passes in a row.
    fn dump(&mut self, phase: usize, most: u32) -> Vec<Made> {
        let last = self.list.len() - 1;
        let lost = &mut self.lost;
        let shown = |&(at, lock): &(usize, &Made)| {
            let lost = lost.entry(lock.inode).or_default();
            *lost = if at == 0 || at == last || at % 12 != phase % 12 { 0 } else { (*lost + 1) % (most + 1) };
            *lost == 0
        };
        self.list.iter().enumerate().filter(shown).map(|(_, lock)| *lock).collect()
    }
}

/// Total times tell lives apart, as nanoseconds do.
fn records(dump: &[Made]) -> Vec<OwnedRecord> {
    let record = |lock: &Made| {
        let mut record = used(meta(lock.inode, lock.gets), lock.used_s);
        if lock.gets > 0 {
            record.stats.as_mut().unwrap().pr.total_ns += lock.life;
        }
        record
    };
    dump.iter().map(record).collect()
}

fn told(sample: &Sample) -> HashMap<u64, u64> {
    sample.locks.iter().filter(|lock| lock.pr.gets > 0).map(|lock| (lock.name.block(), lock.pr.gets)).collect()
}

type Rounds = Vec<(Vec<Step>, usize, bool)>;

fn rounds() -> impl Strategy<Value = Rounds> {
    proptest::collection::vec((proptest::collection::vec(step(), 0..12), 0usize..12, prop::bool::weighted(0.8)), 1..30)
}

proptest! {
    /// Whatever is made, freed, made again and lost by reads: what a sample tells of a lock happened since the lock was shown
    /// before, so that nothing is told twice. (The table forgets a lock that eight passes in a row lack: none is lost so often
    /// here.) Without losses and deaths, all is told.
    #[test]
    fn news_are_told_once(rounds in rounds(), deadly: bool, most_lost in prop_oneof![Just(0u32), Just(3), Just(7)]) {
        let mut table = table();
        let mut kernel = Kernel::new();
        let (mut shown, mut all, mut sum) = (HashMap::<u64, u64>::new(), HashMap::<u64, u64>::new(), HashMap::<u64, u64>::new());
        let end = [(Vec::new(), 0, true)];
        let looks = end.iter().chain(&rounds).chain(&end).enumerate();
        for (round, (steps, phase, ends_sample)) in looks {
            let now_s = 10 * round as u64 + 15;
            for step in steps {
                if deadly || !matches!(step, Step::Free(_)) {
                    kernel.step(step, now_s, None);
                }
            }
            let whole = round == rounds.len() + 1 || round == 0 && most_lost < 7;
            let dump = kernel.dump(phase + 5 * round, if whole { 0 } else { most_lost });
            for lock in &dump {
                let unseen = kernel.unseen.remove(&lock.inode).unwrap_or(0);
                *shown.entry(lock.inode).or_default() += unseen;
                *all.entry(lock.inode).or_default() += unseen;
            }
            pass(&mut table, 10 * round as u64 + 20, &records(&dump));
            if *ends_sample {
                for (inode, told) in told(&table.finish(Pace::default())) {
                    let shown = shown.get(&inode).copied().unwrap_or(0);
                    prop_assert!(told <= shown, "round {}, inode {}: told {} of {}", round, inode, told, shown);
                    *sum.entry(inode).or_default() += told;
                }
                shown.clear();
            }
        }
        if !deadly && most_lost == 0 {
            all.retain(|_, gets| *gets > 0);
            prop_assert_eq!(sum, all);
        }
    }

    /// Where dumps are complete and the first lock of the last one is still there, all that stands before it is new: every lock
    /// is told exactly, made, made again or neither.
    #[test]
    fn what_stands_before_the_last_head_is_told_in_full(rounds in rounds()) {
        let mut table = table();
        let mut kernel = Kernel::new();
        let mut dump = kernel.dump(0, 0);
        sample(&mut table, 10, &records(&dump));
        // By inode: life and acquisitions.
        let mut known: HashMap<u64, (u64, u64)> = dump.iter().map(|lock| (lock.inode, (lock.life, lock.gets))).collect();
        for (round, (steps, ..)) in rounds.iter().enumerate() {
            for step in steps {
                kernel.step(step, 10 * round as u64 + 15, Some(dump[0].inode));
            }
            dump = kernel.dump(0, 0);
            let mut truth = HashMap::new();
            for lock in &dump {
                let news = match known.get(&lock.inode) {
                    Some(&(life, gets)) if life == lock.life => lock.gets - gets,
                    _ => lock.gets,
                };
                if news > 0 {
                    truth.insert(lock.inode, news);
                }
                known.insert(lock.inode, (lock.life, lock.gets));
            }
            prop_assert_eq!(told(&sample(&mut table, 10 * round as u64 + 20, &records(&dump))), truth, "round {}", round);
        }
    }
}

#[test]
fn what_stands_before_the_last_head_is_new_though_the_last_dumps_lacked_it() {
    for (filtered, told) in [(false, Some(2)), (true, Some(0))] {
        let mut table = table();
        table.set_filtered(filtered);
        let life = |total| {
            let mut record = meta(5, 2);
            record.stats.as_mut().unwrap().pr.total_ns = total;
            record
        };
        // 5 is evicted, which two dumps show, and read again: as often used as before.
        sample(&mut table, 1, &[life(400), meta(3, 9), meta(1, 1)]);
        sample(&mut table, 2, &[meta(3, 9), meta(1, 1)]);
        sample(&mut table, 3, &[meta(3, 9), meta(1, 1)]);
        let next = sample(&mut table, 4, &[life(450), meta(3, 9), meta(1, 1)]);
        assert_eq!(gets(&next, 5), told, "filtered: {filtered}");
    }
}

#[test]
fn what_is_met_first_after_many_passes_is_new_unless_it_was_given_up() {
    // 5 is made in the second second, and lost until the head of that time, 3, is lost, too: nothing else tells its age.
    let list = |lost: bool| if lost { vec![meta(9, 1), meta(1, 1)] } else { vec![meta(9, 1), meta(5, 2), meta(1, 1)] };
    let mut told = Vec::new();
    for passes in [5, 12] {
        let mut table = table();
        sample(&mut table, 1, &[meta(3, 9), meta(1, 1)]);
        for second in 2..=passes {
            sample(&mut table, second, &list(true));
        }
        told.push(gets(&sample(&mut table, passes + 1, &list(false)), 5).unwrap_or(0));
    }
    assert_eq!(told, [0, 2]);
}
