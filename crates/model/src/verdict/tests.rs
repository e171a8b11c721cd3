use super::*;
use crate::lockspace::{FileSystemInput, LockspaceInput, merge};
use crate::testing::{SECOND, granted, lockspace_sample, resource, waiting};
use crate::wait_memory::WaitMemory;
use formats::Mode;
use sample::LockspaceSample;
use sample::lockspace::{Dlm, Master, Recovery, Unanswered};

fn judge(lockspace: &LockspaceSample, gfs2: &[(usize, &Gfs2Health)], steps: u64) -> FileSystemVerdict {
    let names = ["node1".to_owned(), "node2".to_owned()];
    let rules = Rules::default();
    let input = LockspaceInput { node: 0, name: "node1", sample: lockspace, age_us: 0 };
    let view = merge("fs", Dlm::Kernel, &[input], FileSystemInput::default());
    let mut waits = crate::waits::graph(std::slice::from_ref(&view), &[]);
    let mut memory = WaitMemory::default();
    let (mut stuck, mut now) = (Vec::new(), ViewTime::default());
    for step in 0..steps {
        now = ViewTime { monotonic_us: 1 + step * 100_000, realtime_us: Some(1_000_000_000) };
        stuck = memory.step(&mut waits, &[0], now, &rules);
    }
    let (lockspace, names) = (Some(&view), names.as_slice());
    verdict(&VerdictInput { file_system: "c:fs", lockspace, gfs2, waits: &waits, stuck: &stuck, names, rules: &rules, now }).unwrap()
}

fn waits(age_s: u64) -> LockspaceSample {
    let mut sample = lockspace_sample(1, 2);
    sample.resources.push(resource("2/5", Master::Here, vec![granted(None, Mode::EX, 50), waiting(Some(2), Mode::PR, age_s)]));
    sample
}

#[test]
fn ok_slow_and_stuck_by_how_long_and_how_often() {
    assert_eq!(judge(&waits(0), &[], 2).verdict, Verdict::Ok);
    assert_eq!(judge(&waits(3), &[], 2).verdict, Verdict::Slow);
    // Old enough, but seen once only.
    assert_eq!(judge(&waits(20), &[], 1).verdict, Verdict::Slow);
    let stuck = judge(&waits(20), &[], 2);
    assert!(matches!(stuck.verdict, Verdict::Stuck { since_us: Some(979_900_000..=980_100_000) }), "{:?}", stuck.verdict);
    assert_eq!(stuck.sentence, "inode 5 (5) held EX by node1 for 50 s; 1 process waits on 1 node, longest 20 s");
    assert_eq!(stuck.evidence.last().unwrap(), "rule: the same waiter in two moments, for 5.0 s or longer");
}

#[test]
fn withdrawn_is_worst_and_the_rest_is_told_beside_it() {
    let health = Gfs2Health { withdrawn: Some(true), frozen: Some(true), ..Gfs2Health::default() };
    let told = judge(&waits(20), &[(1, &health)], 2);
    assert_eq!((told.verdict, told.nodes.as_slice(), told.also.len()), (Verdict::Withdrawn, &[1][..], 2));
    assert_eq!(told.evidence, ["node2: /sys/fs/gfs2/c:fs/withdraw is 1"]);
}

#[test]
fn recovery_and_a_silent_node() {
    let mut sample = lockspace_sample(1, 2);
    sample.recovery = Some(Recovery { active: true, dead_node: Some(2), leader: Some(1), state: "DIR".to_owned() });
    let told = judge(&sample, &[], 1);
    assert_eq!((told.verdict, told.sentence.as_str()), (Verdict::Recovering, "the lockspace is in recovery of name2, led by node1"));
    sample.recovery = None;
    let message = Unanswered { node: 2, message: "convert".to_owned(), resource: None, for_ns: Some(9 * SECOND), pid: None };
    sample.unanswered.push(message);
    let told = judge(&sample, &[], 1);
    assert_eq!(told.verdict, Verdict::Stuck { since_us: None });
    assert_eq!(told.sentence, "name2 has not replied for at least 9.0 s; 1 message unanswered");
}

#[test]
fn nothing_read_is_no_verdict() {
    let (waits, rules) = (Waits::default(), Rules::default());
    let input = VerdictInput {
        file_system: "c:fs",
        lockspace: None,
        gfs2: &[],
        waits: &waits,
        stuck: &[],
        names: &[],
        rules: &rules,
        now: ViewTime::default(),
    };
    assert_eq!(verdict(&input), None);
}
