//! Tests of `locking_state`: real dumps, cut blocks, made-up resources printed and read back.

use super::{Lock, Queue, Reader, Resource, ResourceState, print};
use crate::dlm::ResourceName;
use crate::mode::Mode;
use crate::ocfs2::LockType;
use proptest::prelude::*;

/// All resources of a text, and the reader.
fn read(text: &[u8]) -> (Vec<Resource>, Reader) {
    let mut reader = Reader::default();
    let text = text.strip_suffix(b"\n").unwrap_or(text);
    let mut resources: Vec<Resource> = text.split(|&byte| byte == b'\n').filter_map(|line| reader.push_line(line)).collect();
    resources.extend(reader.end());
    (resources, reader)
}

/// What is in a real dump, printed again the same.
fn read_real(text: &[u8]) -> Vec<Resource> {
    let (resources, reader) = read(text);
    assert_eq!((reader.problems.lines, reader.unknown_lines), (0, 0), "{:?}", reader.problems.first);
    assert!(resources.iter().all(|resource| !resource.cut && resource.version == Some(1) && resource.name.ocfs2().is_some()));
    let printed: Vec<u8> = resources.iter().flat_map(print::resource).collect();
    assert!(printed == text);
    resources
}

fn flock(resources: &[Resource]) -> &Resource {
    let is_flock = |resource: &&Resource| resource.name.ocfs2().is_some_and(|name| name.kind() == LockType::FLOCK);
    let mut flocks = resources.iter().filter(is_flock);
    let flock = flocks.next().unwrap();
    assert!(flocks.next().is_none());
    flock
}

fn who(resource: &Resource) -> Vec<(u32, Queue, Mode, Option<Mode>)> {
    resource.locks.iter().map(|lock| (lock.node, lock.queue, lock.granted, lock.requested)).collect()
}

#[test]
fn the_owner_of_a_flock_knows_holder_and_waiters_the_others_themselves_only() {
    let node1 = read_real(include_bytes!("../../testdata/o2dlm/blocked-flock/node1-locking_state"));
    let node2 = read_real(include_bytes!("../../testdata/o2dlm/blocked-flock/node2-locking_state"));
    let node3 = read_real(include_bytes!("../../testdata/o2dlm/blocked-flock/node3-locking_state"));
    let (owner, second, third) = (flock(&node1), flock(&node2), flock(&node3));
    assert_eq!(owner.name.to_string(), "F0000000000000000007e11ac0acf1c");
    assert!([owner, second, third].iter().all(|resource| resource.owner == Some(1) && resource.lvb == Some(vec![0; 64])));
    assert_eq!((&owner.referenced_by[..], &second.referenced_by[..]), (&[2, 3][..], &[][..]));
    let holder = (1, Queue::Granted, Mode::EX, None);
    // A file's flock was granted as NL before it is asked for: waiters convert.
    let waiters = [(2, Queue::Converting, Mode::NL, Some(Mode::EX)), (3, Queue::Converting, Mode::NL, Some(Mode::PR))];
    assert_eq!(who(owner), [holder, waiters[0], waiters[1]]);
    assert_eq!((who(second), who(third)), (vec![waiters[0]], vec![waiters[1]]));
    let cookies: Vec<(u32, u64)> = owner.locks.iter().map(|lock| (lock.cookie_node, lock.cookie_seq)).collect();
    assert_eq!(cookies, [(1, 148), (2, 141), (3, 121)]);
    assert_eq!((owner.refs, owner.state, owner.inflight), (Some(5), ResourceState(0), Some(0)));
}

#[test]
fn after_a_death_resources_wait_and_are_recovered() {
    let noticed = read_real(include_bytes!("../../testdata/o2dlm/node-death/41-node1-locking_state"));
    let recovered = read_real(include_bytes!("../../testdata/o2dlm/node-death/42-node1-locking_state"));
    let waiting = noticed.iter().filter(|resource| resource.state.recovery_waiting()).count();
    let orphans: Vec<&Resource> = noticed.iter().filter(|resource| resource.state.recovering()).collect();
    assert!(waiting > 0 && !orphans.is_empty());
    // The dead node owned them, then the node that leads the recovery does.
    assert!(orphans.iter().all(|resource| resource.owner == Some(3) && resource.on_recovering));
    assert!(recovered.iter().filter(|resource| resource.state.recovering()).all(|resource| resource.owner == Some(1)));
}

#[test]
fn resources_at_work() {
    let resources = read_real(include_bytes!("../../testdata/o2dlm/busy-locking_state"));
    assert!(resources.iter().any(|resource| resource.owner.is_none() && resource.state.in_progress()));
    let locks: Vec<&Lock> = resources.iter().flat_map(|resource| &resource.locks).collect();
    let blocked = locks.iter().find(|lock| lock.queue == Queue::Blocked && lock.lock_pending).unwrap();
    assert_eq!((blocked.granted, blocked.requested, blocked.awaits_reply()), (Mode::IV, Some(Mode::PR), true));
    assert!(locks.iter().any(|lock| lock.queue == Queue::Converting && lock.bast_pending && lock.in_bast_list));
    assert!(locks.iter().any(|lock| lock.in_ast_list && lock.ast_pending && lock.refs == Some(3)));
}

#[test]
fn a_block_that_the_page_cut_ends_at_the_next_name() {
    let whole = "NAME:a\nLRES:1,1,0,0,0,0,0,0,0,0,5\nRMAP:\nLOCK:1,0,5,-1,1,1:1,0,0,0,0,0,0,0,0,2\n";
    for cut in ["LO", "LOCK:1,0,3,-1,2,2:1,0,0,0,0,0,0,0,0,1", "", "LVBX:0000"] {
        let (resources, reader) = read(format!("{whole}{cut}NAME:b\nLRES:1,255,0,0,0,0,0,0,0,0,5\n\n").as_bytes());
        assert_eq!((resources.len(), reader.problems.lines), (2, 0), "{cut}");
        assert_eq!((resources[0].cut, resources[0].locks.len(), resources[1].cut), (true, 1, false), "{cut}");
        assert_eq!((resources[1].name.bytes(), resources[1].owner), (&b"b"[..], None));
    }
    assert!(read(whole.as_bytes()).0[0].cut, "no empty line");
}

#[test]
fn a_bad_line_costs_itself() {
    let text = b"LOCK:1\nNAME:\nLRES:1,1\nLOCK:nobody's\n\nNAME:$RECOVERY\nLRES:1,1,x\nRMAP:1 x\nLVBX:00\nNEWK:7\nnothing\nLOCK:1,0,5,-1,1,1:1,0,0,0,0,0,0,0,0,2\n\n\n";
    let (resources, reader) = read(text);
    assert_eq!((reader.problems.lines, reader.problems.first.unwrap().0, reader.unknown_lines), (6, 1, 1));
    let [resource] = &resources[..] else { panic!("{resources:?}") };
    assert_eq!(
        (resource.name.bytes(), resource.locks.len(), &resource.unknown_lines[..]),
        (&b"$RECOVERY"[..], 1, &[b"NEWK:7".to_vec()][..])
    );
    assert_eq!((resource.version, resource.owner, resource.refs, &resource.lvb), (None, None, None, &None));
}

#[test]
fn a_later_version_keeps_what_it_adds() {
    let (resources, reader) = read(b"NAME:x\nLRES:2,1,0,-300,0,0,0,0,0,0,5,8,9\n\n");
    assert_eq!((reader.problems.lines, resources[0].last_used, &resources[0].rest[..]), (0, Some(-300), &b"8,9"[..]));
}

fn mode() -> impl Strategy<Value = Mode> {
    (-1i8..=5).prop_map(Mode)
}

fn rest() -> impl Strategy<Value = Vec<u8>> {
    "([0-9]{1,3}(,[a-z0-9]{1,3}){0,2})?".prop_map(String::into_bytes)
}

prop_compose! {
    fn any_lock()(
        version: u32,
        queue in prop_oneof![Just(Queue::Granted), Just(Queue::Converting), Just(Queue::Blocked)],
        granted in mode(),
        requested in proptest::option::of((0i8..=5).prop_map(Mode)),
        numbers: (u32, u32, u64, u32),
        flags: [bool; 8],
        rest in rest(),
    ) -> Lock {
        let granted = if queue == Queue::Blocked { Mode::IV } else { granted };
        let [in_ast_list, in_bast_list, ast_pending, bast_pending, convert_pending, lock_pending, cancel_pending, unlock_pending] = flags;
        let (node, cookie_node, cookie_seq, refs) = numbers;
        Lock {
            version, queue, granted, requested, node, cookie_node, cookie_seq, in_ast_list, in_bast_list, ast_pending, bast_pending,
            convert_pending, lock_pending, cancel_pending, unlock_pending, refs: Some(refs), rest,
        }
    }
}

prop_compose! {
    fn any_resource()(
        name in "[MNWO$][ -~]{0,30}",
        owner in proptest::option::of(0u32..255),
        numbers: (u32, u32, i64, u32, u32, u32),
        flags: [bool; 4],
        referenced_by in proptest::collection::btree_set(0u32..255, 0..4),
        lvb in proptest::option::of(proptest::collection::vec(any::<u8>(), 64)),
        locks in proptest::collection::vec(any_lock(), 0..4),
        rest in rest(),
    ) -> Resource {
        let (version, state, last_used, inflight, asts_reserved, refs) = numbers;
        let [on_purge, on_dirty, on_recovering, migration_pending] = flags;
        Resource {
            version: Some(version), owner, state: ResourceState(state), last_used: Some(last_used.max(-i64::MAX)), on_purge, on_dirty,
            on_recovering, inflight: Some(inflight), migration_pending, asts_reserved: Some(asts_reserved), refs: Some(refs),
            referenced_by: referenced_by.into_iter().collect(), lvb, locks, rest,
            ..Resource::new(ResourceName::new(name.as_bytes()).unwrap())
        }
    }
}

proptest! {
    #[test]
    fn printed_resources_read_back(resources in proptest::collection::vec(any_resource(), 0..4)) {
        let text: Vec<u8> = resources.iter().flat_map(print::resource).collect();
        let (read, reader) = read(&text);
        prop_assert_eq!(reader.problems.lines, 0);
        prop_assert_eq!(read, resources);
    }

    #[test]
    fn a_cut_anywhere_costs_its_block_only(resource in any_resource(), cut: prop::sample::Index) {
        let mut text = print::resource(&resource);
        let named = "NAME:\n".len() + resource.name.bytes().len();
        text.truncate(named + cut.index(text.len() - named));
        let next = Resource::new(ResourceName::new(b"next").unwrap());
        text.extend(print::resource(&next));
        let (read, reader) = read(&text);
        prop_assert_eq!(read.len(), 2);
        prop_assert_eq!((read[0].cut, &read[0].name, &read[1]), (true, &resource.name, &next));
        prop_assert!(reader.problems.lines <= 1);
    }

    #[test]
    fn no_bytes_panic(bytes: Vec<u8>, text in "(NAME:|LRES:|RMAP:|LVBX:|LOCK:|1,|[a-z0-9,: \n-]){0,60}") {
        let _ = (read(&bytes), read(text.as_bytes()));
    }
}
