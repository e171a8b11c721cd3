//! What is made to go wrong, and what must come of it.

use super::cluster::Heartbeat;
use super::played::{Deed, Goes, Scenario};
use crate::fault::disk::{self, How};
use crate::network::Role;
use crate::trial::Bench;
use std::time::Duration;

/// A fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Requests to the heartbeat's storage hang at node2: of several regions at first to fewer than half, which costs nobody, then to most.
    Stall,
    /// They fail at once.
    Error,
    /// They hang for all nodes, for longer than any would wait alone.
    StallAll,
    /// The cable of one of three nodes is pulled.
    CutThree,
    /// Two nodes lose each other: the higher number goes, though its cable is well.
    CutTwo,
    /// A node's power is cut: nobody fences, the others wait until it counts as dead.
    Killed,
}

/// What is played, one after the other, on one cluster.
pub fn scenarios(bench: &Bench, heartbeat: Heartbeat, fault: Fault) -> Vec<Scenario> {
    // A node that could not write for so long alone would have fenced itself.
    let long = Duration::from_secs(u64::from(bench.lab.plan.timeouts.threshold) * 2 + 20);
    let disks = heartbeat.disks();
    let few = disks.get(..(disks.len() - 1) / 2).unwrap_or_default();
    let most = disks.get(..=disks.len() / 2).unwrap_or(disks);
    let elsewhere = most.len() < disks.len();
    let nobody = |how| (!few.is_empty()).then(|| storage(few, true, how, Some(long)));
    match fault {
        Fault::Stall => nobody(How::Stall).into_iter().chain([storage(most, elsewhere, How::Stall, None)]).collect(),
        Fault::Error => nobody(How::Fail).into_iter().chain([storage(most, elsewhere, How::Fail, None)]).collect(),
        Fault::StallAll => vec![stall_all(disks, long)],
        Fault::CutThree => vec![cut_three()],
        Fault::CutTwo => vec![cut_two()],
        Fault::Killed => vec![killed()],
    }
}

fn behave(nodes: &'static [u8], disks: &'static [&'static str], how: How) -> Deed {
    Box::new(move |bench| disks.iter().try_for_each(|disk| disk::behave(&bench.lab, nodes, disk, how, 0)))
}

/// Node2's heartbeat storage; `elsewhere`: it beats on other disks, too; `lasts`: it is well again after that, and nobody is to go.
fn storage(disks: &'static [&'static str], elsewhere: bool, how: How, lasts: Option<Duration>) -> Scenario {
    let option = if how == How::Fail { "--io-error" } else { "--stall" };
    let until = lasts.map_or_else(String::new, |lasts| format!(":{}s", lasts.as_secs()));
    let forecast = disks.iter().flat_map(|disk| [option.to_owned(), format!("{disk}@node2{until}")]).collect();
    let survives = lasts.is_some();
    let (survivor, words): (&[&str], &[&str]) = if how == How::Fail {
        // Whom it asks nothing, it tells nothing: see what the survivors cannot know in docs/doctor.md. Where it beat on in another
        // region, it fell silent everywhere at once.
        (if elsewhere { &["died (no sign before)"] } else { &["its storage stopped"] }, &["storage of node 2 failed"])
    } else {
        (&["storage of node 2 hung"], &["storage of node 2 hung", "asked node 1 to wait"])
    };
    let victim = Goes { rule: "write_timeout", story: "disk-fence", words };
    Scenario {
        nodes: &[1, 2, 3],
        forecast,
        begin: behave(&[2], disks, how),
        // The disks of one that is gone are new when it boots.
        end: if survives { behave(&[2], disks, How::Well) } else { Box::new(|_| Ok(())) },
        lasts,
        survivor: if survives { &[] } else { survivor },
        victim: (!survives).then_some(victim),
    }
}

fn stall_all(disks: &'static [&'static str], long: Duration) -> Scenario {
    Scenario {
        nodes: &[1, 2, 3],
        forecast: words(&["--stall", &format!("*@*:{}s", long.as_secs())]),
        begin: behave(&[1, 2, 3], disks, How::Stall),
        end: behave(&[1, 2, 3], disks, How::Well),
        lasts: Some(long),
        survivor: &[],
        victim: None,
    }
}

fn cut(node: u8) -> (Deed, Deed) {
    (
        Box::new(move |bench| bench.lab.network.cut(Role::Cluster, node)),
        Box::new(move |bench| bench.lab.network.join(Role::Cluster, node, 0)),
    )
}

fn cut_three() -> Scenario {
    let (begin, end) = cut(3);
    Scenario {
        nodes: &[1, 2, 3],
        forecast: words(&["--split", "1,2/3"]),
        begin,
        end,
        lasts: None,
        survivor: &["network between node 1 and node 3 lost"],
        victim: Some(Goes {
            rule: "minority",
            story: "network-fence",
            words: &["network between node 3 and nodes 1 and 2 lost", "lost the quorum decision"],
        }),
    }
}

fn cut_two() -> Scenario {
    let (begin, end) = cut(1);
    Scenario {
        nodes: &[1, 2],
        forecast: words(&["--down", "node3", "--split", "1/2"]),
        begin,
        end,
        lasts: None,
        survivor: &["network between node 1 and node 2 lost"],
        victim: Some(Goes {
            rule: "half_without_lowest",
            story: "network-fence",
            words: &["network between node 2 and node 1 lost", "only half (1 of 2)"],
        }),
    }
}

fn killed() -> Scenario {
    Scenario {
        nodes: &[1, 2, 3],
        forecast: words(&["--kill", "node3"]),
        begin: Box::new(|bench| bench.lab.process(3)?.kill()),
        end: Box::new(|_| Ok(())),
        lasts: None,
        survivor: &["died (no sign before)"],
        victim: None,
    }
}

fn words(words: &[&str]) -> Vec<String> {
    words.iter().map(|&word| word.to_owned()).collect()
}
