//! From what each node says of a lockspace to one picture of it. The order of the nodes does not matter.

use super::join::{Told, join};
use super::{Local, LockspaceNode, LockspaceView, MasterView, MemberView, ResourceView, by_type};
use crate::row::LockRow;
use formats::dlm::ResourceName;
use sample::lockspace::{Dlm, Master, Resource};
use sample::{Gfs2Sample, LockspaceSample};
use std::collections::{BTreeMap, BTreeSet};

/// One watched node's newest word on a lockspace.
#[derive(Clone, Copy, Debug)]
pub struct LockspaceInput<'a> {
    /// The watched node.
    pub node: usize,
    /// Its name.
    pub name: &'a str,
    /// What it said.
    pub sample: &'a LockspaceSample,
    /// How old that is, µs.
    pub age_us: u64,
}

/// What the file system of the lockspace says itself.
#[derive(Clone, Copy, Debug, Default)]
pub struct FileSystemInput<'a> {
    /// Samples of GFS2 by watched node.
    pub gfs2: &'a [(usize, &'a Gfs2Sample)],
    /// Rows of OCFS2.
    pub ocfs2: &'a [LockRow],
    /// Device numbers by watched node: what tells the inodes of two file systems apart.
    pub devices: &'a [(usize, (u32, u32))],
}

#[derive(Default)]
struct Parts<'a> {
    told: Vec<(LockspaceInput<'a>, &'a Resource)>,
    locals: Vec<(usize, Local)>,
}

/// One picture of the lockspace `name` of `dlm`. `inputs`: the newest sample of each node, of this lockspace only.
pub fn merge(name: &str, dlm: Dlm, inputs: &[LockspaceInput<'_>], own: FileSystemInput<'_>) -> LockspaceView {
    let mut inputs = inputs.to_vec();
    inputs.sort_by_key(|input| input.node);
    let mut devices = own.devices.to_vec();
    devices.sort_unstable();
    let mut view = LockspaceView {
        name: name.to_owned(),
        dlm,
        file_system: inputs.iter().find_map(|input| input.sample.file_system.clone()),
        members: members(&inputs),
        nodes: inputs.iter().map(|input| on_node(input, own)).collect(),
        resources: Vec::new(),
        unanswered: Vec::new(),
        devices,
    };
    let mut parts: BTreeMap<ResourceName, Parts<'_>> = BTreeMap::new();
    for input in &inputs {
        view.unanswered.extend(input.sample.unanswered.iter().map(|message| (input.node, message.clone())));
        for resource in &input.sample.resources {
            parts.entry(printed(&resource.name)).or_default().told.push((*input, resource));
        }
    }
    for (node, sample) in own.gfs2 {
        for glock in &sample.glocks {
            parts.entry(glock.name.into()).or_default().locals.push((*node, Local::Glock(Box::new(glock.clone()))));
        }
    }
    for row in own.ocfs2 {
        let part = parts.entry(row.name.into()).or_default();
        part.locals.extend(row.nodes.iter().map(|figures| (figures.node, Local::Lockres(Box::new(figures.clone())))));
    }
    view.resources = parts.into_iter().map(|(name, parts)| resource(&view, name, parts)).collect();
    view
}

/// The form in which both ends name it: OCFS2's dentry locks have two.
fn printed(name: &ResourceName) -> ResourceName {
    match (name.glock(), name.ocfs2()) {
        (None, Some(lock)) => lock.into(),
        _ => name.clone(),
    }
}

fn on_node(input: &LockspaceInput<'_>, own: FileSystemInput<'_>) -> LockspaceNode {
    let sample = input.sample;
    let gfs2 = own.gfs2.iter().find(|(node, _)| *node == input.node).map(|(_, sample)| *sample);
    LockspaceNode {
        node: input.node,
        own_number: sample.own_number,
        recovery: sample.recovery.clone(),
        reading: sample.reading.clone(),
        census: sample.census.clone(),
        age_us: input.age_us,
        inactive: sample.resources.iter().filter(|resource| resource.inactive).count() as u64,
        glocks: gfs2.map(by_type),
        growth: gfs2.and_then(|sample| sample.growth.clone()),
    }
}

fn members(inputs: &[LockspaceInput<'_>]) -> Vec<MemberView> {
    let mut members: BTreeMap<u32, MemberView> = BTreeMap::new();
    let blank = |number| MemberView { number, name: String::new(), address: None, member: None, node: None };
    let mut newest: Vec<&LockspaceInput<'_>> = inputs.iter().collect();
    newest.sort_by_key(|input| (input.age_us, input.node));
    for input in newest {
        for told in &input.sample.members {
            let member = members.entry(told.number).or_insert_with(|| blank(told.number));
            if let (true, Some(name)) = (member.name.is_empty(), &told.name) {
                member.name.clone_from(name);
            }
            member.address = member.address.take().or_else(|| told.address.clone());
            member.member = member.member.or(told.member);
        }
    }
    for input in inputs {
        let Some(number) = input.sample.own_number else { continue };
        let member = members.entry(number).or_insert_with(|| blank(number));
        member.node = member.node.or(Some(input.node));
        if member.name.is_empty() {
            input.name.clone_into(&mut member.name);
        }
    }
    for member in members.values_mut().filter(|member| member.name.is_empty()) {
        member.name = format!("node {}", member.number);
    }
    members.into_values().collect()
}

fn resource(view: &LockspaceView, name: ResourceName, mut parts: Parts<'_>) -> ResourceView {
    parts.locals.sort_by_key(|(node, _)| *node);
    let (master, master_node) = master(&parts.told);
    let told = &parts.told;
    // The master's word first, then the others' by node.
    let of_master = || told.iter().filter(|(input, _)| Some(input.node) == master_node);
    let rest = || told.iter().filter(|(input, _)| Some(input.node) != master_node);
    let referenced: BTreeSet<u32> = told.iter().flat_map(|(_, resource)| resource.referenced_by.iter().copied()).collect();
    ResourceView {
        name,
        locks: locks(view, told, master_node),
        locals: parts.locals,
        state: of_master().chain(rest()).find_map(|(_, resource)| resource.state.clone()),
        lvb: of_master().chain(rest()).find_map(|(_, resource)| resource.lvb.clone()),
        inactive_on: told.iter().filter(|(_, resource)| resource.inactive).map(|(input, _)| input.node).collect(),
        referenced_by: referenced.into_iter().collect(),
        master,
    }
}

/// Who masters it, and which watched node that is. Who says "here" is believed first, then the newest word; what a node keeps
/// without a lock may be out of date and contradicts nothing.
fn master(told: &[(LockspaceInput<'_>, &Resource)]) -> (MasterView, Option<usize>) {
    let mut view = MasterView::default();
    let mut claims: Vec<(bool, bool, u64, usize, Option<u32>)> = Vec::new();
    for (input, resource) in told {
        match resource.master {
            Master::Here => claims.push((resource.inactive, false, input.age_us, input.node, input.sample.own_number)),
            Master::Node(number) => claims.push((resource.inactive, true, input.age_us, input.node, Some(number))),
            Master::Unknown => view.looked_up_by.push(input.node),
        }
    }
    claims.sort_unstable();
    let Some(&(_, elsewhere, _, node, number)) = claims.first() else { return (view, None) };
    view.number = number;
    claims.sort_unstable_by_key(|claim| claim.3);
    for (inactive, _, _, by, claimed) in claims {
        match claimed {
            _ if claimed == number => view.told_by.push(by),
            Some(claimed) if !inactive && number.is_some() => view.contradictions.push((by, claimed)),
            _ => {}
        }
    }
    (view, (!elsewhere).then_some(node))
}

fn locks(view: &LockspaceView, told: &[(LockspaceInput<'_>, &Resource)], master_node: Option<usize>) -> Vec<super::LockView> {
    type Words<'a> = (Vec<Told<'a>>, Vec<Told<'a>>);
    // By number, then by watched node for those that do not tell their number.
    let mut by_owner: BTreeMap<(Option<u32>, Option<usize>), Words<'_>> = BTreeMap::new();
    for (input, resource) in told {
        let own_number = input.sample.own_number;
        for lock in &resource.locks {
            let said = Told { by: input.node, age_us: input.age_us, lock, master: master_node == Some(input.node) };
            match lock.node {
                Some(number) if Some(number) != own_number => {
                    // Only the master knows of others' locks: another node's word on them is out of date.
                    if said.master || master_node.is_none() {
                        by_owner.entry((Some(number), view.node_of(number))).or_default().0.push(said);
                    }
                }
                _ => by_owner.entry((own_number, Some(input.node))).or_default().1.push(said),
            }
        }
    }
    by_owner.into_iter().flat_map(|((number, node), (master, owner))| join(view.dlm, number, node, master, owner)).collect()
}
