use super::*;
use crate::lockspace::{FileSystemInput, LockspaceInput, merge};
use crate::row::{Figures, LockRow, NodeFigures};
use crate::testing::{SECOND, asked, because, gfs2_sample, glock, glock_name, granted, holder, lockspace_sample, resource, waiting};
use formats::gfs2::GlockName;
use formats::ocfs2::lock_state::{Action, Flags, UnlockAction};
use formats::ocfs2::{LockName, LockState};
use proptest::prelude::*;
use sample::gfs2::InodeFacts;
use sample::lockspace::{Master, Recovery, Unanswered};
use sample::task::{FileLock, TaskSample};
use sample::{Gfs2Sample, GlockSample, LockspaceSample};

fn names() -> Vec<String> {
    ["node1", "node2", "node3"].map(str::to_owned).to_vec()
}

fn view(samples: &[LockspaceSample], own: FileSystemInput<'_>) -> LockspaceView {
    let names = names();
    let inputs: Vec<_> =
        samples.iter().enumerate().map(|(node, sample)| LockspaceInput { node, name: &names[node], sample, age_us: 0 }).collect();
    merge("fs", Dlm::Kernel, &inputs, own)
}

/// GFS2 on nodes 1, 2, … with these glocks, and no word of the DLM but the nodes' numbers.
fn gfs2(glocks: Vec<Vec<GlockSample>>, lockspace: impl FnOnce(&mut [LockspaceSample])) -> LockspaceView {
    let count = glocks.len() as u32;
    let mut samples: Vec<_> = (1..=count).map(|number| lockspace_sample(number, count)).collect();
    lockspace(&mut samples);
    let on_nodes: Vec<Gfs2Sample> = glocks.into_iter().map(gfs2_sample).collect();
    let on_nodes: Vec<(usize, &Gfs2Sample)> = on_nodes.iter().enumerate().collect();
    view(&samples, FileSystemInput { gfs2: &on_nodes, ..FileSystemInput::default() })
}

fn waiters(count: u32, mode: &str, seen_s: u64) -> Vec<sample::gfs2::HolderSample> {
    (0..count).map(|pid| holder(mode, true, Some(2000 + pid), "gfs2_lookup+0x1/0x2 [gfs2]", seen_s)).collect()
}

#[test]
fn the_root_is_told_in_one_sentence() {
    let mut held = holder("EX", false, Some(1405), "gfs2_unlink+0x7e/0x250 [gfs2]", 42);
    held.comm = "httpd".to_owned();
    let mut held = asked(glock("2/183f3", "EX", "lDpfIqob", vec![held]), 40, true);
    held.inode = Some(InodeFacts { formal: 1, address: 99315, directory: true, system: false, size: None });
    let remote = |count| because(glock("2/183f3", "UN", "lIqob", waiters(count, "SH", 30)), WaitReason::RemoteHolder);
    let view = gfs2(vec![vec![remote(20)], vec![held], vec![remote(17)]], |samples| {
        let locks = vec![granted(None, Mode::EX, 60), waiting(Some(1), Mode::PR, 41), waiting(Some(3), Mode::PR, 20)];
        samples[1].resources.push(resource("2/183f3", Master::Here, locks));
    });
    let waits = graph(&[view], &[]);
    let [chain] = waits.chains.as_slice() else { panic!("{:?}", waits.chains) };
    assert_eq!(
        chain.sentence(&names()),
        "inode 183f3 (99315, directory) held EX by node2 pid 1405 httpd in gfs2_unlink for at least 42 s; \
         37 processes wait on 2 nodes, longest 41 s; asked to demote 40 s ago: flushing log"
    );
    // The DLM's age is the first waiter's; what node 3's first was seen for is longer than its request.
    let told: Vec<_> = chain.waiters.iter().take(2).map(|waiter| (waiter.actor.node, waiter.age_ns, waiter.at_least)).collect();
    assert_eq!(told, [(Some(0), Some(41 * SECOND), false), (Some(0), Some(30 * SECOND), true)]);
    assert_eq!(chain.evidence(&names(), 2).len(), 4);
    assert_eq!(waits.cycles, []);
}

#[test]
fn a_node_that_only_keeps_it_is_the_blocker_itself() {
    let cached = asked(glock("2/5", "EX", "lDpfIob", vec![]), 12, true);
    let asking = because(glock("2/5", "UN", "lq", waiters(1, "EX", 11)), WaitReason::RemoteHolder);
    let waits = graph(&[gfs2(vec![vec![cached], vec![asking]], |_| ())], &[]);
    assert_eq!(waits.chains[0].root.kind, BlockerKind::Cached);
    assert_eq!(
        waits.chains[0].sentence(&names()),
        "inode 5 (5) kept EX by node1, where no process holds it; 1 process waits on 1 node, longest at least 11 s; \
         asked to demote 12 s ago: flushing log"
    );
}

#[test]
fn behind_a_waiter_in_the_queue_and_behind_what_a_waiter_holds() {
    // Node 1: pid 1 reads inode 5; pid 2 wants to write it and holds inode 6, for which pid 3 waits; pid 4 reads after pid 2.
    let five = glock(
        "2/5",
        "SH",
        "q",
        vec![holder("SH", false, Some(1), "a", 50), holder("EX", true, Some(2), "b", 20), holder("SH", true, Some(4), "d", 10)],
    );
    let six = glock("2/6", "EX", "q", vec![holder("EX", false, Some(2), "b", 30), holder("EX", true, Some(3), "c", 15)]);
    let waits = graph(&[gfs2(vec![vec![because(five, WaitReason::LocalHolder), six]], |_| ())], &[]);
    let pids: Vec<_> = waits.chains.iter().map(|chain| (chain.root.actor.pid, chain.waiting_processes)).collect();
    assert_eq!(pids, [(Some(1), 3)]);
    // pid 4's own node says that a holder keeps it: it is told so, beside pid 2.
    let direct: Vec<_> = waits.chains[0].waiters.iter().map(|waiter| waiter.actor.pid).collect();
    assert_eq!(direct, [Some(2), Some(4)]);
    assert_eq!(waits.chains[0].waiters[0].children[0].actor.pid, Some(3));
}

fn flock(pid: u32, inode: u64) -> FileLock {
    FileLock { kind: "FLOCK".to_owned(), write: true, blocked: false, pid: Some(pid), device: (8, 0), inode }
}

fn tasks(held: &[(u32, u64)], open: &[(u32, &str)]) -> TasksSample {
    TasksSample {
        paths: Vec::new(),
        tasks: open.iter().map(|(pid, _)| TaskSample { pid: *pid, comm: format!("app{pid}"), ..TaskSample::default() }).collect(),
        file_locks: held.iter().map(|(pid, inode)| flock(*pid, *inode)).collect(),
        unseen: None,
        open_glocks: open.iter().map(|(pid, name)| (*pid, 3, glock_name(name))).collect(),
    }
}

fn nameless(name: &str, state: &str, waits: bool, seen_s: u64) -> GlockSample {
    let sample = glock(name, state, "q", vec![holder("EX", waits, None, "do_flock", seen_s)]);
    if waits { because(sample, WaitReason::RemoteHolder) } else { sample }
}

#[test]
fn two_flocks_in_opposite_order_are_a_deadlock() {
    let first = vec![nameless("6/a", "EX", false, 90), nameless("6/b", "UN", true, 30)];
    let second = vec![nameless("6/b", "EX", false, 80), nameless("6/a", "UN", true, 29)];
    let view = gfs2(vec![first, second], |_| ());
    let (on_first, on_second) = (tasks(&[(11, 10)], &[(11, "6/a"), (11, "6/b")]), tasks(&[(22, 11)], &[(22, "6/a"), (22, "6/b")]));
    let waits = graph(std::slice::from_ref(&view), &[(0, &on_first), (1, &on_second)]);
    assert_eq!((waits.chains.len(), waits.cycles.len()), (0, 1));
    assert_eq!(
        waits.cycles[0].sentence(&names()),
        "deadlock: node1 pid 11 app11 waits for at least 30 s for flock on inode b (11) held by node2 pid 22 app22; \
         node2 pid 22 app22 waits for at least 29 s for flock on inode a (10) held by node1 pid 11 app11"
    );
    // Without the processes it is two chains, and nobody is said to be in a deadlock.
    let waits = graph(&[view], &[]);
    assert_eq!((waits.chains.len(), waits.cycles.len()), (2, 0));
}

#[test]
fn without_glockfd_and_in_ocfs2_who_is_in_flock_and_has_the_file_open_waits() {
    let file = |inode| sample::task::TaskFile { fd: 3, inode: Some(inode), path: None };
    let stuck = |pid, held: u64, function: &str| TasksSample {
        tasks: vec![TaskSample {
            pid,
            comm: "app".to_owned(),
            state: Some('S'),
            stack: vec![function.to_owned()],
            files: vec![file(10), file(11)],
        }],
        file_locks: vec![flock(pid, held)],
        ..TasksSample::default()
    };
    let name = |inode: u64| LockName::new(formats::ocfs2::LockType::FLOCK, inode, 1);
    let state = |level, wanted| LockState {
        level,
        flags: Flags(if wanted == level { 0x41 } else { 0x43 }),
        action: Action::CONVERT,
        unlock_action: UnlockAction(0),
        ro_holders: 0,
        ex_holders: u32::from(level == Mode::EX),
        requested: wanted,
        blocking: Mode::IV,
    };
    let wait = || {
        let wanted = formats::ocfs2::lock_state::Wanted::Level(Mode::EX);
        Some(sample::Wait { since_us: None, for_ns: 7 * SECOND, at_least: false, wanted })
    };
    let (holds, wants) = (|node| lockres(node, state(Mode::EX, Mode::EX), None), |node| lockres(node, state(Mode::NL, Mode::EX), wait()));
    let rows = [LockRow::merge(name(10), false, vec![holds(0), wants(1)]), LockRow::merge(name(11), false, vec![wants(0), holds(1)])];
    let samples = [lockspace_sample(1, 2), lockspace_sample(2, 2)];
    let view = view(&samples, FileSystemInput { ocfs2: &rows, ..FileSystemInput::default() });
    for (function, by) in [("ocfs2_file_lock", PidBy::OpenFiles), ("block_signals", PidBy::OnlyOpener)] {
        let waits = graph(std::slice::from_ref(&view), &[(0, &stuck(5, 10, function)), (1, &stuck(6, 11, function))]);
        assert_eq!((waits.chains.len(), waits.cycles.len()), (0, 1));
        assert_eq!(waits.cycles[0].edges[0].waiter.actor.pid_by, by);
    }
}

#[test]
fn of_several_open_files_those_that_have_no_flock_wait_and_a_misfit_names_nobody() {
    let mut all = glock("6/a", "EX", "q", vec![holder("EX", false, None, "do_flock", 9)]);
    all.holders.extend([holder("EX", true, None, "do_flock", 5), holder("EX", true, None, "do_flock", 4)]);
    let view = gfs2(vec![vec![because(all, WaitReason::LocalHolder)]], |_| ());
    let open = [(1, "6/a"), (2, "6/a"), (3, "6/a")];
    let chain = graph(std::slice::from_ref(&view), &[(0, &tasks(&[(2, 10)], &open))]).chains.remove(0);
    assert_eq!((chain.root.actor.pid, chain.root.actor.pid_by), (Some(2), PidBy::FileLocks));
    let told: Vec<_> = chain.waiters.iter().map(|waiter| (waiter.actor.pid, waiter.actor.pid_by)).collect();
    assert_eq!(told, [(Some(1), PidBy::OpenGlocks), (Some(3), PidBy::OpenGlocks)]);
    let chain = graph(&[view], &[(0, &tasks(&[(2, 10)], &open[..2]))]).chains.remove(0);
    assert!(chain.waiters.iter().all(|waiter| waiter.actor.pid.is_none()));
}

#[test]
fn recovery_no_reply_and_an_unseen_holder_are_roots_of_their_own() {
    let waits_for = |name: &str, reason| because(glock(name, "UN", "q", waiters(1, "EX", 8)), reason);
    let frozen = graph(&[gfs2(vec![vec![waits_for("2/1", WaitReason::Recovery), waits_for("2/2", WaitReason::Recovery)]], |_| ())], &[]);
    assert_eq!((frozen.chains.len(), frozen.chains[0].root.kind, &frozen.chains[0].resource), (1, BlockerKind::Recovery, &None));
    let remote = || vec![waits_for("2/1", WaitReason::RemoteHolder)];
    let unseen = graph(&[gfs2(vec![remote()], |_| ())], &[]);
    assert_eq!(
        unseen.chains[0].sentence(&names()),
        "inode 1 (1) held by nobody who was read; 1 process waits on 1 node, longest at least 8.0 s"
    );
    let silent = graph(
        &[gfs2(vec![remote(), vec![]], |samples| {
            let resource = Some("       2               1".to_owned());
            samples[0].unanswered.push(Unanswered { node: 2, message: "request".to_owned(), resource, for_ns: None, pid: None });
        })],
        &[],
    );
    assert_eq!((silent.chains[0].root.kind, silent.chains[0].root.actor.number), (BlockerKind::NoReply, Some(2)));
    // A dead node's lock is held up by its recovery.
    let dead = graph(
        &[gfs2(vec![vec![], remote()], |samples| {
            let recovery = Recovery { active: true, dead_node: Some(3), leader: None, state: "recover_locks".to_owned() };
            samples[0].recovery = Some(recovery);
            samples[0].resources.push(resource("2/1", Master::Here, vec![granted(Some(3), Mode::EX, 9)]));
        })],
        &[],
    );
    assert_eq!(dead.chains[0].sentence(&names()), "recovery of node 3 (recover_locks); 1 process waits on 1 node, longest at least 8.0 s");
}

fn lockres(node: usize, state: LockState, wait: Option<sample::Wait>) -> NodeFigures {
    let figures = Figures { handles: 1, waiting_handles: u32::from(wait.is_some()), wait, ..Figures::default() };
    NodeFigures { node, figures, state, missed_ns: None, streak: 0, life: sample::Life::default(), lvb: None, rest: None }
}

#[test]
fn ocfs2_names_the_node_that_downconverts() {
    let name = LockName::parse(b"M000000000000000003383a3b2d2d7d").unwrap();
    let state = |level, flags, action, requested, blocking| LockState {
        level,
        flags: Flags(flags),
        action,
        unlock_action: UnlockAction(0),
        ro_holders: 0,
        ex_holders: 0,
        requested,
        blocking,
    };
    let wait =
        sample::Wait { since_us: None, for_ns: 7 * SECOND, at_least: false, wanted: formats::ocfs2::lock_state::Wanted::Level(Mode::EX) };
    let parts = vec![
        lockres(0, state(Mode::EX, 0x47, Action::DOWNCONVERT, Mode::NL, Mode::EX), None),
        lockres(1, state(Mode::NL, 0x43, Action::CONVERT, Mode::EX, Mode::IV), Some(wait)),
    ];
    let row = LockRow::merge(name, false, parts);
    let samples = [lockspace_sample(1, 2), lockspace_sample(2, 2)];
    let view = view(&samples, FileSystemInput { ocfs2: &[row], ..FileSystemInput::default() });
    let chain = graph(&[view], &[]).chains.remove(0);
    assert_eq!((chain.root.kind, chain.root.reason, chain.root.actor.node), (BlockerKind::Cached, Some(Reason::Downconverting), Some(0)));
    assert!(chain.sentence(&names()).contains("; at least 1 process waits on 1 node, longest 7.0 s; downconvert under way"));
}

#[test]
fn the_dlm_alone_tells_who_holds_and_who_waits() {
    let mut sample = lockspace_sample(1, 3);
    let locks =
        vec![granted(Some(2), Mode::PR, 50), granted(None, Mode::PR, 60), waiting(Some(3), Mode::EX, 40), waiting(Some(2), Mode::PR, 5)];
    sample.resources.push(resource("app", Master::Here, locks));
    let waits = graph(&[view(&[sample], FileSystemInput::default())], &[]);
    let chain = &waits.chains[0];
    assert_eq!(
        chain.sentence(&names()),
        "lock resource app held PR by node1 for 60 s and held PR by name2 for 50 s; 2 processes wait on 2 nodes, longest 40 s"
    );
    // The reader behind the writer waits for the writer.
    assert_eq!(chain.waiters[0].children[0].actor.number, Some(2));
}

/// Processes 0 to 5, on two nodes, hold and want flocks 1 to 6.
fn any_flocks() -> impl Strategy<Value = Vec<(u32, u64, Option<u64>)>> {
    prop::collection::vec((0..6_u32, prop::option::of(1..7_u64)), 6)
        .prop_map(|list| (1..).zip(list).map(|(inode, (pid, wants))| (pid, inode, wants)).collect())
}

proptest! {
    #[test]
    fn each_waiter_is_told_and_cycles_are_those_of_the_processes(flocks in any_flocks()) {
        // Flock `inode` is held by `pid`, which may want another.
        let mut glocks = [std::collections::BTreeMap::new(), std::collections::BTreeMap::new()];
        let mut wanted = std::collections::BTreeSet::new();
        let blank = |inode: &u64| glock(&format!("6/{inode:x}"), "UN", "q", vec![]);
        for (pid, inode, wants) in &flocks {
            let node = (*pid % 2) as usize;
            let of = glocks[node].entry(*inode).or_insert_with(|| blank(inode));
            of.state = "EX".to_owned();
            of.holders.insert(0, holder("EX", false, Some(100 + pid), "do_flock", 1));
            if let Some(wants) = wants.filter(|_| wanted.insert(*pid)) {
                let of = glocks[node].entry(wants).or_insert_with(|| blank(&wants));
                of.holders.push(holder("EX", true, Some(100 + pid), "do_flock", 9));
            }
        }
        let view = gfs2(glocks.map(|map| map.into_values().collect()).to_vec(), |_| ());
        let waits = graph(&[view], &[]);
        let of_chains = waits.chains.iter().flat_map(Chain::all_waiters);
        let of_cycles = waits.cycles.iter().flat_map(|cycle| cycle.edges.iter().map(|edge| &edge.waiter).chain(cycle.waiters.iter().flat_map(Waiter::all)));
        let told: std::collections::BTreeSet<u32> = of_chains.chain(of_cycles).filter_map(|waiter| waiter.actor.pid).map(|pid| pid - 100).collect();
        prop_assert_eq!(&told, &wanted);
        // Each process waits for one at most: follow it to see whether it comes back.
        let next = |pid: u32| {
            let wants = flocks.iter().filter(|(of, ..)| *of == pid).find_map(|(_, _, wants)| *wants)?;
            flocks.iter().find(|(_, inode, _)| *inode == wants).map(|(pid, ..)| *pid)
        };
        let cyclic = (0..6).filter(|start| {
            let mut at = next(*start);
            for _ in 0..6 {
                if at == Some(*start) { return true; }
                at = at.and_then(next);
            }
            false
        }).count();
        prop_assert_eq!(cyclic, waits.cycles.iter().map(|cycle| cycle.edges.len()).sum::<usize>());
    }
}

#[test]
fn giving_up_is_no_wait_and_a_conversion_deadlock_of_two_nodes_is_one() {
    let convert = |node, from, to| {
        let lock = sample::lockspace::ResourceLock { granted: from, ..waiting(node, to, 9) };
        sample::lockspace::ResourceLock { queue: sample::lockspace::Queue::Converting, ..lock }
    };
    let told = |to| {
        let mut sample = lockspace_sample(1, 3);
        let locks = vec![convert(Some(2), Mode::PR, to), convert(Some(3), Mode::PR, to)];
        sample.resources.push(resource("2/5", Master::Here, locks));
        graph(&[view(&[sample], FileSystemInput::default())], &[])
    };
    assert_eq!(told(Mode::NL), Waits::default());
    let both = told(Mode::EX);
    assert_eq!((both.chains.len(), both.cycles.len(), both.cycles[0].edges.len()), (0, 1, 2));
}

#[test]
fn the_kernels_own_holders_are_nobody_and_omitted_waiters_are_counted() {
    let mut iopen = glock("5/5", "SH", "q", vec![holder("SH", false, None, "gfs2_inode_lookup", 99)]);
    iopen.background = true;
    let mut asking = because(glock("5/5", "UN", "q", waiters(2, "EX", 3)), WaitReason::RemoteHolder);
    asking.holders_omitted = 100;
    let chain = graph(&[gfs2(vec![vec![iopen], vec![asking]], |_| ())], &[]).chains.remove(0);
    assert_eq!((chain.root.kind, chain.waiting_processes, chain.waiting_nodes), (BlockerKind::Cached, 102, 1));
}

#[test]
fn names_are_of_use() {
    assert_eq!(subject(&GlockName::parse(b"3/11").unwrap().into(), None), "resource group 11 (17)");
    assert_eq!((length(9_940_000_000, true).as_str(), length(41_900_000_000, false).as_str()), ("at least 9.9 s", "41 s"));
}
