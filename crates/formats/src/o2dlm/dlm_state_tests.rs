//! Tests of `dlm_state`: the frames around a node's death, made-up states printed and read back.

use super::dlm_state::DlmState;
use super::print;
use proptest::prelude::*;

fn nodes() -> impl Strategy<Value = Vec<u32>> {
    proptest::collection::btree_set(0u32..255, 0..4).prop_map(|nodes| nodes.into_iter().collect())
}

prop_compose! {
    fn any_state()(
        names in ("[A-Z0-9]{1,32}|my dir", "(JOINED|NEW|SHUTDOWN|LEAVING)", any::<u32>()),
        numbers: [u32; 6],
        single in proptest::array::uniform3(proptest::option::of(0u32..255)),
        maps in proptest::array::uniform4(nodes()),
        counts: [(u64, u64); 5],
        lists in proptest::collection::vec(("[A-Za-z]{1,12}", any::<bool>()), 0..4),
        recovery_active: bool,
        recovery_nodes in proptest::collection::vec((0u32..255, "(DONE|DEAD|FINALIZE-SENT)".prop_map(String::from)), 0..4),
    ) -> DlmState {
        let [thread_pid, node, joins, purge_count, refs, recovery_pid] = numbers.map(Some);
        let [joining_node, dead_node, recovery_master] = single;
        let [domain_map, exit_domain_map, live_map, recovery_map] = maps;
        let [resources, mles, mles_blocking, mles_mastery, mles_migration] = counts.map(Some);
        DlmState {
            domain: Some(names.0), key: Some(names.2), protocol: Some("1.3".into()), thread_pid, node, state: names.1, joins, joining_node,
            domain_map, exit_domain_map, live_map, resources, mles, mles_blocking, mles_mastery, mles_migration, lists, purge_count,
            refs, dead_node, recovery_pid, recovery_master, recovery_active, recovery_map, recovery_nodes, cut: false,
            unknown_lines: Vec::new(),
        }
    }
}

/// The frames that were recorded 3 s apart: before the death, when it is noticed, in the recovery, after it.
#[test]
fn a_death_as_two_survivors_tell_it() {
    macro_rules! frame {
        ($name:literal) => {{
            let text = include_bytes!(concat!("../../testdata/o2dlm/node-death/", $name, "-dlm_state"));
            let state = DlmState::parse(text);
            assert_eq!(print::dlm_state(&state).as_bytes(), text, $name);
            assert!(!state.cut && state.unknown_lines.is_empty());
            state
        }};
    }
    for before in [frame!("19-node1"), frame!("19-node2")] {
        assert_eq!((before.state.as_str(), &before.domain_map[..], &before.live_map[..]), ("JOINED", &[1, 2, 3][..], &[1, 2, 3][..]));
        assert!(!before.in_recovery() && before.dead_node.is_none() && before.recovery_master.is_none());
    }
    for noticed in [frame!("41-node1"), frame!("41-node2")] {
        assert_eq!((&noticed.domain_map[..], &noticed.live_map[..], &noticed.recovery_map[..]), (&[1, 2][..], &[1, 2][..], &[3][..]));
        assert_eq!((noticed.dead_node, noticed.recovery_master, noticed.recovery_active), (None, None, false));
        assert!(noticed.in_recovery());
    }
    let (leader, other) = (frame!("42-node1"), frame!("42-node2"));
    for state in [&leader, &other] {
        assert_eq!((state.dead_node, state.recovery_master, &state.recovery_map[..]), (Some(3), Some(1), &[3][..]));
        assert!(state.in_recovery());
    }
    assert_eq!((leader.node, leader.recovery_active, other.node, other.recovery_active), (Some(1), true, Some(2), false));
    assert_eq!(leader.recovery_nodes, [(1, "DONE".to_owned()), (2, "DONE".to_owned())]);
    assert!(other.recovery_nodes.is_empty());
    for after in [frame!("43-node1"), frame!("43-node2")] {
        assert_eq!((after.in_recovery(), &after.domain_map[..]), (false, &[1, 2][..]));
    }
}

#[test]
fn all_values_of_a_real_file() {
    let state = DlmState::parse(include_bytes!("../../testdata/o2dlm/node-death/42-node1-dlm_state"));
    assert_eq!(state.domain.as_deref(), Some("248913AEBE3841519A0C7B255385761E"));
    assert_eq!((state.key, state.protocol.as_deref(), state.thread_pid), (Some(0xf77e_d279), Some("1.3"), Some(190)));
    assert_eq!((state.joins, state.joining_node, state.recovery_pid), (Some(1), None, Some(191)));
    assert!(state.resources.is_some_and(|(now, total)| 0 < now && now < total));
    assert!(state.mles.is_some() && state.mles_blocking.is_some() && state.mles_mastery.is_some() && state.mles_migration == Some((0, 0)));
    assert_eq!(state.lists.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>(), ["Dirty", "Purge", "PendingASTs", "PendingBASTs"]);
}

#[test]
fn what_is_not_told_is_none() {
    let state = DlmState::parse(b"Domain: my dir  Key: 0x1  Protocol: 1.0\nDead Node: x\nNew Label: 3\n");
    assert_eq!((state.domain.as_deref(), state.key, state.dead_node), (Some("my dir"), Some(1), None));
    assert_eq!((state.node, state.resources, state.state.as_str(), state.cut), (None, None, "", true));
    assert_eq!(state.unknown_lines, ["New Label: 3"]);
    assert_eq!(DlmState::parse(b""), DlmState { cut: true, ..DlmState::default() });
}

proptest! {
    #[test]
    fn printed_states_read_back(state in any_state()) {
        prop_assert_eq!(DlmState::parse(print::dlm_state(&state).as_bytes()), state);
    }

    #[test]
    fn no_bytes_panic(bytes: Vec<u8>, text in "(Domain: |Dead Node: |Recovery |Pid: |Map: |[0-9 ()\n\t=:-]){0,40}") {
        let _ = (DlmState::parse(&bytes), DlmState::parse(text.as_bytes()));
    }
}
