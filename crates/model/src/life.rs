//! What became of locks and masters between two moments, with the rule behind each change.
//!
//! Both moments must have been asked for the same resources. A lock counts as made or gone only if a node that would know was
//! read whole in the moment that lacks it: its own node, or the master.

mod rule;

use crate::lockspace::{LockspaceView, ResourceView};
use formats::Mode;
use formats::dlm::ResourceName;
use formats::gfs2::GlockType;
use std::collections::{BTreeMap, BTreeSet};

/// A count in both moments; `None`: not known then.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Both {
    /// Before.
    pub before: Option<u64>,
    /// After.
    pub after: Option<u64>,
}

impl Both {
    /// After less before, if both are known.
    pub fn change(self) -> Option<i64> {
        let (before, after) = self.before.zip(self.after)?;
        i64::try_from(i128::from(after) - i128::from(before)).ok()
    }
}

/// One lockspace from one moment to the other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LockspaceLife {
    /// Its name.
    pub name: String,
    /// Counts by watched node.
    pub nodes: Vec<NodeLife>,
    /// What became of each lock, by resource and node.
    pub changes: Vec<LockChange>,
}

/// One node's counts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NodeLife {
    /// The watched node.
    pub node: usize,
    /// Glocks by type.
    pub glocks: Vec<(GlockType, Both)>,
    /// Resources that it has locks on or masters.
    pub resources: Both,
    /// Of these mastered there.
    pub mastered: Both,
    /// Own locks whose resource another node masters.
    pub copies: Both,
}

/// What became of a node's lock, or of a master.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// It was not there before.
    Created {
        /// Mode now; [`Mode::IV`]: still waiting.
        mode: Mode,
    },
    /// To a stronger mode.
    Raised {
        /// Before.
        from: Mode,
        /// After.
        to: Mode,
    },
    /// To a weaker mode.
    Demoted {
        /// Before.
        from: Mode,
        /// After.
        to: Mode,
    },
    /// In the same mode.
    Kept {
        /// The mode.
        mode: Mode,
    },
    /// Gone.
    Released {
        /// Mode before.
        mode: Mode,
        /// The resource is still known to some node.
        resource_stays: bool,
    },
    /// Another node masters the resource.
    MasterMoved {
        /// Number of the master before.
        from: u32,
        /// After.
        to: u32,
    },
}

/// One change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LockChange {
    /// The resource.
    pub resource: ResourceName,
    /// Number of the node whose lock it is; for a master, of the new one.
    pub number: Option<u32>,
    /// That node, if it is watched.
    pub node: Option<usize>,
    /// What happened.
    pub change: Change,
    /// Number of the resource's master afterwards; if the resource is gone, before.
    pub master: Option<u32>,
    /// Why it is so: the rule of the lock's type and of the DLM.
    pub rule: String,
    /// For a lock that is gone while its resource stays: what keeps it.
    pub kept_by: Option<String>,
}

/// Compares two moments. Lockspaces are matched by DLM and name; those of one moment only are left out.
pub fn life(before: &[LockspaceView], after: &[LockspaceView]) -> Vec<LockspaceLife> {
    let mut lives: Vec<LockspaceLife> = after
        .iter()
        .filter_map(|after| {
            let before = before.iter().find(|before| (before.dlm, &before.name) == (after.dlm, &after.name))?;
            Some(LockspaceLife { name: after.name.clone(), nodes: nodes(before, after), changes: changes(before, after) })
        })
        .collect();
    lives.sort_by(|a, b| a.name.cmp(&b.name));
    lives
}

fn nodes(before: &LockspaceView, after: &LockspaceView) -> Vec<NodeLife> {
    let numbers: BTreeSet<usize> = before.nodes.iter().chain(&after.nodes).map(|on_node| on_node.node).collect();
    let of = |node| {
        let find = |view: &LockspaceView| view.nodes.iter().find(|on_node| on_node.node == node).cloned();
        let (before, after) = (find(before), find(after));
        let both = |count: &dyn Fn(&sample::lockspace::MasterCensus) -> u64| Both {
            before: before.as_ref().and_then(|of| of.census.as_ref()).map(count),
            after: after.as_ref().and_then(|of| of.census.as_ref()).map(count),
        };
        let glocks = |of: &Option<crate::lockspace::LockspaceNode>| of.as_ref().and_then(|of| of.glocks.clone());
        let (glocks_before, glocks_after) = (glocks(&before), glocks(&after));
        let kinds: BTreeSet<GlockType> = glocks_before.iter().chain(&glocks_after).flatten().map(|(kind, _)| *kind).collect();
        // A node that tells its types and lacks one has none of it.
        let count = |list: &Option<Vec<(GlockType, u64)>>, kind| {
            list.as_ref().map(|list| list.iter().find(|(of, _)| *of == kind).map_or(0, |(_, count)| *count))
        };
        NodeLife {
            node,
            glocks: kinds
                .into_iter()
                .map(|kind| (kind, Both { before: count(&glocks_before, kind), after: count(&glocks_after, kind) }))
                .collect(),
            resources: both(&|census| census.resources),
            mastered: both(&|census| census.mastered),
            copies: both(&|census| census.copies.iter().fold(0, |sum: u64, (_, count)| sum.saturating_add(*count))),
        }
    };
    numbers.into_iter().map(of).collect()
}

/// A node as both moments name it.
type Owner = (Option<u32>, Option<usize>);

/// The strongest mode of each node's locks; IV for those that wait only.
fn modes(resource: Option<&ResourceView>) -> BTreeMap<Owner, Mode> {
    let mut modes: BTreeMap<Owner, Mode> = BTreeMap::new();
    for lock in resource.into_iter().flat_map(|resource| &resource.locks) {
        let mode = modes.entry((lock.number, lock.node)).or_insert(lock.granted);
        *mode = lock.granted.max(*mode);
    }
    modes
}

/// Whether a lock of `owner` would have been told.
fn would_be_told(view: &LockspaceView, resource: Option<&ResourceView>, owner: Owner) -> bool {
    let whole = |node: usize| {
        let on_node = view.nodes.iter().find(|on_node| on_node.node == node);
        on_node.is_some_and(|on_node| !on_node.reading.file.is_empty() && on_node.reading.cut.is_none())
    };
    let master = resource.and_then(|resource| view.node_of(resource.master.number?));
    owner.1.is_some_and(whole) || master.is_some_and(whole)
}

fn changes(before: &LockspaceView, after: &LockspaceView) -> Vec<LockChange> {
    let names: BTreeSet<&ResourceName> = before.resources.iter().chain(&after.resources).map(|resource| &resource.name).collect();
    let mut changes = Vec::new();
    for name in names {
        let (was, is) = (before.resource(name), after.resource(name));
        let (modes_before, modes_after) = (modes(was), modes(is));
        let owners: BTreeSet<Owner> = modes_before.keys().chain(modes_after.keys()).copied().collect();
        for owner in owners {
            let change = match (modes_before.get(&owner).copied(), modes_after.get(&owner).copied()) {
                (None, Some(mode)) if would_be_told(before, was, owner) => Change::Created { mode },
                (Some(mode), None) if would_be_told(after, is, owner) => Change::Released { mode, resource_stays: stays(is) },
                (Some(from), Some(to)) if from < to => Change::Raised { from, to },
                (Some(from), Some(to)) if from > to => Change::Demoted { from, to },
                (Some(mode), Some(_)) if mode != Mode::IV => Change::Kept { mode },
                _ => continue,
            };
            let master = is.or(was).and_then(|resource| resource.master.number);
            let mastered = owner.0.is_some() && master == owner.0;
            changes.push(LockChange {
                resource: name.clone(),
                number: owner.0,
                node: owner.1,
                change,
                master,
                rule: rule::of(name, change, mastered),
                kept_by: matches!(change, Change::Released { resource_stays: true, .. }).then(|| keeps(after, is)).flatten(),
            });
        }
        let masters = was.and_then(|was| was.master.number).zip(is.and_then(|is| is.master.number));
        if let Some((from, to)) = masters.filter(|(from, to)| from != to) {
            let change = Change::MasterMoved { from, to };
            let (number, node, rule) = (Some(to), after.node_of(to), rule::of(name, change, true));
            changes.push(LockChange { resource: name.clone(), number, node, change, master: Some(to), rule, kept_by: None });
        }
    }
    changes
}

fn stays(resource: Option<&ResourceView>) -> bool {
    resource.is_some_and(|resource| !resource.locks.is_empty() || resource.master.number.is_some() || !resource.inactive_on.is_empty())
}

/// What keeps a resource: locks of other nodes, else that it is kept for a while.
fn keeps(view: &LockspaceView, resource: Option<&ResourceView>) -> Option<String> {
    let resource = resource?;
    let locks: Vec<String> = modes(Some(resource))
        .iter()
        .map(|((number, node), mode)| {
            let who = view.node_word(*number, *node, &[]);
            if *mode == Mode::IV { format!("{who} waits for a lock") } else { format!("{who} still has a lock in {mode}") }
        })
        .collect();
    if !locks.is_empty() {
        return Some(locks.join(", "));
    }
    let on: Vec<String> = resource.inactive_on.iter().map(|node| view.node_word(view.number_of(*node), Some(*node), &[])).collect();
    (!on.is_empty()).then(|| format!("without a lock, and kept for a while (toss_secs, 10 s unless set) on {}", on.join(", ")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lockspace::{FileSystemInput, LockspaceInput, merge};
    use crate::testing::{granted, lockspace_sample, resource};
    use sample::LockspaceSample;
    use sample::lockspace::{Dlm, Master, MasterCensus};

    fn view(samples: &[LockspaceSample]) -> LockspaceView {
        let inputs: Vec<_> =
            samples.iter().enumerate().map(|(node, sample)| LockspaceInput { node, name: "n", sample, age_us: 0 }).collect();
        merge("fs", Dlm::Kernel, &inputs, FileSystemInput::default())
    }

    /// One node that masters these resources, with a lock of its own on each.
    fn masters(names: &[(&str, Mode)]) -> LockspaceSample {
        let mut sample = lockspace_sample(1, 2);
        sample.resources = names.iter().map(|(name, mode)| resource(name, Master::Here, vec![granted(None, *mode, 1)])).collect();
        let count = names.len() as u64;
        sample.census = Some(MasterCensus { resources: count, mastered: count, ..MasterCensus::default() });
        sample
    }

    #[test]
    fn a_file_is_copied_and_removed() {
        let none = view(&[masters(&[])]);
        let copied = view(&[masters(&[("2/183f3", Mode::EX), ("5/183f3", Mode::PR)])]);
        let removed = view(&[masters(&[("2/183f3", Mode::EX)])]);
        let made = life(&[none], std::slice::from_ref(&copied));
        assert_eq!(made[0].nodes[0].mastered.change(), Some(2));
        let told: Vec<_> = made[0].changes.iter().map(|change| change.change).collect();
        assert_eq!(told, [Change::Created { mode: Mode::EX }, Change::Created { mode: Mode::PR }]);
        let gone = life(&[copied], &[removed]);
        let told: Vec<_> = gone[0].changes.iter().map(|change| (change.resource.to_string(), change.change)).collect();
        let released = Change::Released { mode: Mode::PR, resource_stays: false };
        assert_eq!(told, [("2/183f3".to_owned(), Change::Kept { mode: Mode::EX }), ("5/183f3".to_owned(), released)]);
        assert!(gone[0].changes[1].rule.contains("file is deleted"), "{}", gone[0].changes[1].rule);
    }

    #[test]
    fn another_nodes_lock_keeps_the_resource_and_its_master() {
        let both = |own: bool| {
            let mut sample = lockspace_sample(1, 2);
            let locks = own.then(|| granted(None, Mode::PR, 1)).into_iter().chain([granted(Some(2), Mode::NL, 1)]);
            sample.resources.push(resource("2/1", Master::Here, locks.collect()));
            view(&[sample])
        };
        let life = life(&[both(true)], &[both(false)]);
        let change = &life[0].changes[0];
        assert_eq!(change.change, Change::Released { mode: Mode::PR, resource_stays: true });
        assert_eq!(change.kept_by.as_deref(), Some("name2 still has a lock in NL"));
    }

    #[test]
    fn what_was_not_read_is_not_gone() {
        let mut cut = masters(&[]);
        cut.reading.cut = Some("time".to_owned());
        assert_eq!(life(&[view(&[masters(&[("2/1", Mode::EX)])])], &[view(&[cut])])[0].changes, []);
    }
}
