//! Tests of `send_tracking`.

use super::print;
use super::send_tracking::{Sending, message_word, parse};
use crate::problem::ProblemCount;
use proptest::prelude::*;

prop_compose! {
    fn any_sending()(
        pid: u32,
        tgid: Option<u32>,
        process in "[ a-zA-Z0-9()\\[\\]:/-]{0,15}",
        node: u32,
        message_id: Option<i32>,
        message_type: u32,
        message_key: Option<u32>,
        ages in proptest::collection::vec(any::<u64>(), 0..4),
    ) -> Sending {
        let mut ages = ages;
        ages.sort_unstable_by(|a, b| b.cmp(a));
        let mut ages = ages.into_iter();
        let (acquiring_us, send_us, wait_us) = (ages.next(), ages.next(), ages.next());
        Sending { pid, tgid, process, node, message_id, message_type, message_key, acquiring_us, send_us, wait_us }
    }
}

#[test]
fn two_real_messages() {
    let (sendings, problems) = parse(include_bytes!("../../testdata/o2dlm/send_tracking"));
    assert_eq!((sendings.len(), problems), (2, ProblemCount::default()));
    assert_eq!((sendings[0].process.as_str(), sendings[0].message_id), ("kworker/0:1", Some(1)));
    let expected = Sending {
        pid: 190,
        tgid: Some(190),
        process: "dlm-248913AEBE3".into(),
        node: 3,
        message_id: Some(0),
        message_type: 505,
        message_key: Some(0xf77e_d279),
        acquiring_us: Some(709),
        send_us: Some(699),
        wait_us: Some(529),
    };
    assert_eq!(sendings[1], expected);
    assert_eq!((message_word(505), message_word(501)), (Some("AST or BAST"), None));
}

#[test]
fn a_step_that_is_not_reached_has_no_age() {
    let block = |times: &str| {
        let text = format!("0000:\n  pid: 1\n  node: 2\n  message type: 503\n{times}");
        let (sendings, problems) = parse(text.as_bytes());
        assert_eq!(problems.lines, 0, "{text}");
        (sendings[0].acquiring_us, sendings[0].send_us, sendings[0].wait_us)
    };
    let times = |a: i64, b: i64, c: i64| {
        block(&format!("  sock acquiry: {a} usecs ago\n  send start:   {b} usecs ago\n  wait start:   {c} usecs ago\n"))
    };
    assert_eq!(times(9, 8, 274_050_815), (Some(9), Some(8), None));
    assert_eq!(times(9, 274_050_815, 5), (Some(9), None, None));
    assert_eq!(times(9, -1, -1), (Some(9), None, None));
    assert_eq!(block(""), (None, None, None));
}

#[test]
fn a_bad_line_costs_itself_and_a_message_without_a_node_is_a_problem() {
    let (sendings, problems) = parse(b"  pid: 7\n00:\n  pid: 1\n  node: 2\n  message type: 3\n  tgid: x\n  new: 1\n01:\n  pid: 1\n");
    assert_eq!((sendings.len(), sendings[0].tgid, problems.lines), (1, None, 3));
    assert_eq!(problems.first.unwrap().0, 1);
}

proptest! {
    #[test]
    fn printed_messages_read_back(sendings in proptest::collection::vec(any_sending(), 0..4)) {
        let text: String = sendings.iter().map(print::sending).collect();
        prop_assert_eq!(parse(text.as_bytes()), (sendings, ProblemCount::default()));
    }

    #[test]
    fn no_bytes_panic(bytes: Vec<u8>, text in "(  pid: |  node: |  message type: |00:\n| usecs ago|[0-9\n:-]){0,40}") {
        let _ = (parse(&bytes), parse(text.as_bytes()));
    }
}
