//! Arbitrary text as `cluster.conf`: it round-trips, its problems have places, its usual form is usual, and what is added to a
//! sound file and removed again leaves its meaning.

#![no_main]

use formats::cluster_conf::{Document, HeartbeatMode, Host, Node};
use libfuzzer_sys::fuzz_target;
use std::net::Ipv4Addr;

fuzz_target!(|text: &[u8]| {
    let document = Document::parse(text);
    assert_eq!(document.to_bytes(), text);
    let host = Host { name: Some("a".to_owned()), addresses: Some(vec![]), volumes: Some(vec![]), cluster: None };
    let (before, problems) = document.judge(Some(&host));
    for problem in &problems {
        assert!(problem.line > 0 && problem.column > 0 && !problem.what.is_empty() && !problem.fix.is_empty());
        assert!(problem.column as usize <= text.len() + 1 && problem.line as usize <= text.len() + 1);
    }
    let errors = problems.iter().any(|problem| problem.is_error());
    if !document.is_understood() {
        assert!(errors && document.canonical().is_err() && document.clone().add_cluster("c").is_err());
        return;
    }
    let usual = document.canonical().expect("the usual form of a file that is understood");
    let again = Document::parse(&usual);
    assert!(again.is_understood());
    assert_eq!(again.canonical().expect("usual"), usual);
    assert_eq!(again.config().is_ok(), !errors);
    let Some(cluster) = before.clusters.first() else { return };
    let mut changed = document;
    let node = Node { name: "fuzz".to_owned(), number: 254, address: Ipv4Addr::new(10, 0, 0, 1), port: 7777 };
    if changed.add_node(&cluster.name, &node).is_err() {
        return;
    }
    changed.set_mode(&cluster.name, HeartbeatMode::Global).expect("a cluster that is there");
    assert!(changed.is_understood());
    changed.remove_node(&cluster.name, "fuzz").expect("a node that was added");
    changed.set_mode(&cluster.name, cluster.mode).expect("a cluster that is there");
    changed.set_node_count(&cluster.name, cluster.node_count).expect("a cluster that is there");
    assert_eq!(changed.judge(None).0, before);
});
