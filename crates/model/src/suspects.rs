//! Who made a node the master of very many resources. The first node that locks a resource masters it, so it is whoever brought the
//! inodes into that node's memory: a backup, `find`, `updatedb`, `rsync`. Such a process has hardly a file open at any moment, so its
//! open files tell nothing; each inode that it has read keeps an iopen glock, and that tells.

use crate::lockspace::{LockspaceNode, LockspaceView};
use crate::waits::length;
use sample::gfs2::Growth;
use sample::lockspace::{Dlm, MasterCensus, Opener};

/// Fewer iopen glocks than this, or less than [`LEAST_PERMILLE`] of them, make nobody a suspect.
const LEAST: u64 = 100;
/// See [`LEAST`].
const LEAST_PERMILLE: u64 = 100;

/// A process that brought many inodes into a node's memory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Suspect {
    /// Its pid on the node that the alarm is about.
    pub pid: u32,
    /// Its name; `None`: not told, or it has ended. Of the process that has this pid now.
    pub comm: Option<String>,
    /// Inodes that it brought into memory: iopen locks that are there now and that the DLM was asked for in its name. Some may be old.
    pub inodes: u64,
    /// Of so many.
    pub of: u64,
}

impl Suspect {
    /// Its share, thousandths.
    pub fn permille(&self) -> u64 {
        share(self.inodes, self.of)
    }

    /// `pid 1405 find`.
    fn word(&self) -> String {
        match &self.comm {
            Some(comm) => format!("pid {} {comm}", self.pid),
            None => format!("pid {} (no name is told; it may have ended)", self.pid),
        }
    }
}

fn share(part: u64, of: u64) -> u64 {
    if of == 0 { 0 } else { ((u128::from(part) * 1000) / u128::from(of)).min(1000) as u64 }
}

/// The suspects on the node of this number.
pub(crate) fn suspects(view: &LockspaceView, number: u32) -> Vec<Suspect> {
    let told = openers(view, number);
    let mut suspects: Vec<Suspect> =
        told.map(|opener| Suspect { pid: opener.pid, comm: opener.comm.clone(), inodes: opener.locks, of: opener.of }).collect();
    suspects.retain(|suspect| suspect.inodes >= LEAST && suspect.permille() >= LEAST_PERMILLE);
    suspects
}

fn on_node(view: &LockspaceView, number: u32) -> Option<&LockspaceNode> {
    view.nodes.iter().find(|on_node| on_node.own_number == Some(number))
}

/// Who asked for the iopen locks of the node of this number, as it says itself; else as another says that masters most of them.
fn openers(view: &LockspaceView, number: u32) -> impl Iterator<Item = &Opener> {
    let of_own = on_node(view, number).and_then(|on_node| on_node.census.as_ref()).map(|census| (census, None));
    let others = view.nodes.iter().filter_map(|on_node| on_node.census.as_ref());
    let of = |census: &MasterCensus| census.openers.iter().find(|opener| opener.node == Some(number)).map_or(0, |opener| opener.of);
    let told = of_own.or_else(|| others.max_by_key(|census| of(census)).map(|census| (census, Some(number))));
    told.into_iter().flat_map(|(census, node)| census.openers.iter().filter(move |opener| opener.node == node))
}

/// What is known of them, a line each.
pub(crate) fn words(view: &LockspaceView, number: u32, suspects: &[Suspect]) -> Vec<String> {
    let name = view.node_word(Some(number), None, &[]);
    if view.dlm == Dlm::O2dlm {
        return vec![format!(
            "{name}: which process brought its inodes into memory is not known: OCFS2 and O2CB's DLM keep no process of a lock"
        )];
    }
    let growth = on_node(view, number).and_then(|on_node| on_node.growth.as_ref());
    let mut lines: Vec<String> = growth.map(|growth| grown(&name, growth)).into_iter().collect();
    if let Some(first) = suspects.first() {
        let who: Vec<String> = suspects.iter().map(|suspect| format!("{} by {}", percent(suspect), suspect.word())).collect();
        lines.push(format!(
            "{name}: of its {} iopen locks in the DLM, one for each inode in memory, asked for: {}",
            first.of,
            who.join(", ")
        ));
    }
    if suspects.is_empty() {
        lines.push(format!("{name}: no process is told that brought a tenth of its inodes into memory"));
    }
    lines
}

/// `node1: 12340 new iopen glocks in 30 s`.
fn grown(name: &str, growth: &Growth) -> String {
    let over = length(growth.over_ns, false);
    if growth.iopen > 0 {
        format!("{name}: {} new iopen glocks in {over}", growth.iopen)
    } else {
        format!("{name}: no more iopen glocks than {over} ago")
    }
}

fn percent(suspect: &Suspect) -> String {
    format!("{} %", suspect.permille() / 10)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lockspace::{FileSystemInput, LockspaceInput, merge};
    use crate::masters::masters;
    use crate::rules::Rules;
    use crate::testing::{SECOND, gfs2_sample, lockspace_sample};

    fn opener(node: Option<u32>, pid: u32, comm: Option<&str>, locks: u64, of: u64) -> Opener {
        Opener { node, pid, comm: comm.map(str::to_owned), locks, of }
    }

    /// Three nodes, of which the first masters nearly all; `read`: numbers of those that were read.
    fn view(read: &[u32], openers: &[(u32, Vec<Opener>)], growth: Option<Growth>) -> LockspaceView {
        let samples: Vec<_> = read
            .iter()
            .map(|&number| {
                let mastered = if number == 1 { 9000 } else { 100 };
                let told = openers.iter().find(|(of, _)| *of == number).map(|(_, told)| told.clone()).unwrap_or_default();
                let census = MasterCensus { resources: mastered, mastered, openers: told, ..MasterCensus::default() };
                sample::LockspaceSample { census: Some(census), ..lockspace_sample(number, 3) }
            })
            .collect();
        let inputs: Vec<_> =
            samples.iter().enumerate().map(|(node, sample)| LockspaceInput { node, name: "n", sample, age_us: 0 }).collect();
        let gfs2 = sample::Gfs2Sample { growth, ..gfs2_sample(Vec::new()) };
        merge("fs", Dlm::Kernel, &inputs, FileSystemInput { gfs2: &[(0, &gfs2)], ..FileSystemInput::default() })
    }

    fn evidence(view: &LockspaceView) -> Vec<String> {
        let mut evidence = masters(view, &Rules::default()).alarm.unwrap().evidence;
        evidence.retain(|line| line.contains("iopen") || line.contains("process"));
        evidence
    }

    #[test]
    fn who_fills_the_memory_now_and_who_filled_it() {
        let growth = Growth { over_ns: 30 * SECOND, inode: 12_400, iopen: 12_340 };
        let openers = vec![opener(None, 1405, Some("find"), 29_000, 30_000), opener(None, 9, None, 20, 30_000)];
        let view = view(&[1, 2, 3], &[(1, openers)], Some(growth));
        assert_eq!(
            evidence(&view),
            [
                "name1: 12340 new iopen glocks in 30 s",
                "name1: of its 30000 iopen locks in the DLM, one for each inode in memory, asked for: 96 % by pid 1405 find",
            ]
        );
        let suspects = masters(&view, &Rules::default()).alarm.unwrap().suspects;
        let told: Vec<_> = suspects.iter().map(|of| (of.pid, of.inodes, of.of, of.permille())).collect();
        assert_eq!(told, [(1405, 29_000, 30_000, 966)]);
    }

    #[test]
    fn of_who_has_ended_the_pid_is_told() {
        let growth = Growth { over_ns: 4 * SECOND, inode: 9, iopen: 9 };
        let view = view(&[1, 2, 3], &[(1, vec![opener(None, 1405, None, 4000, 4400)])], Some(growth));
        assert_eq!(
            evidence(&view),
            [
                "name1: 9 new iopen glocks in 4.0 s",
                "name1: of its 4400 iopen locks in the DLM, one for each inode in memory, asked for: \
                 90 % by pid 1405 (no name is told; it may have ended)",
            ]
        );
    }

    #[test]
    fn of_a_node_that_says_nothing_of_it_nobody_is_blamed() {
        let view = view(&[1, 2, 3], &[(2, vec![opener(None, 8, Some("ls"), 500, 500)])], None);
        assert_eq!(evidence(&view), ["name1: no process is told that brought a tenth of its inodes into memory"]);
    }

    #[test]
    fn a_node_that_was_not_read_is_told_of_by_who_masters_its_locks() {
        let told = vec![opener(Some(1), 1405, None, 900, 1000), opener(None, 8, Some("ls"), 500, 500)];
        let view = view(&[2, 3], &[(2, told), (3, vec![opener(Some(1), 6, None, 5, 9)])], None);
        let suspects = suspects(&view, 1);
        assert_eq!(suspects.iter().map(|of| (of.pid, of.inodes, of.of)).collect::<Vec<_>>(), [(1405, 900, 1000)]);
    }

    #[test]
    fn o2cb_keeps_no_process() {
        let mut view = view(&[1, 2, 3], &[], None);
        view.dlm = Dlm::O2dlm;
        assert_eq!(evidence(&view).len(), 1);
        assert!(evidence(&view)[0].contains("keep no process"), "{:?}", evidence(&view));
    }
}
