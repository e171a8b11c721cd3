//! Who masters how many resources of a lockspace.
//!
//! Exact where every member was read whole. Else an estimate: the kernel DLM's directory puts each resource's record on a node
//! chosen by a hash of its name, so the records of one node are a uniform sample, 1 of N, of all resources. A node's active
//! resources have no separate record, so that for each read node D and each other master M: M masters what D uses of it (known)
//! and N times the records that D keeps for it without using it. Weights of nodes and `nodir` break this; nodes with them are
//! not told apart.

use crate::lockspace::LockspaceView;
use crate::rules::Rules;
use crate::suspects::{self, Suspect};
use std::collections::BTreeMap;

/// Who masters how much of one lockspace.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Masters {
    /// What each read node counted itself, by watched node.
    pub members: Vec<MemberMasters>,
    /// Each member's share, by number; empty if not enough is known.
    pub shares: Vec<MasterShare>,
    /// Resources of the whole lockspace; `None`: not known. An estimate if the shares are.
    pub resources: Option<u64>,
    /// One node masters too much.
    pub alarm: Option<MasterAlarm>,
}

/// What one node counted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MemberMasters {
    /// The watched node.
    pub node: usize,
    /// Its number.
    pub number: Option<u32>,
    /// Resources it has locks on or masters.
    pub resources: u64,
    /// Of these mastered here.
    pub mastered: u64,
    /// Mastered here, and no lock of its own on it: it works for others only.
    pub mastered_unused: u64,
    /// Own locks by the number of another node that masters.
    pub copies: Vec<(u32, u64)>,
    /// Directory records by master; `None`: not told.
    pub directory: Option<Vec<(u32, u64)>>,
    /// The directory is a part only.
    pub directory_cut: bool,
}

/// One member's share of all resources.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MasterShare {
    /// Its number.
    pub number: u32,
    /// Resources it masters; counted by itself, or estimated where it was not read.
    pub mastered: Option<u64>,
    /// Its share, 0 to 1000.
    pub share_permille: u32,
    /// The share is an estimate.
    pub estimated: bool,
    /// Standard error of an estimate, thousandths; `None` for exact shares.
    pub standard_error_permille: Option<u32>,
}

/// One node masters more than its fair share.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MasterAlarm {
    /// Its number.
    pub number: u32,
    /// In one line.
    pub text: String,
    /// What was read, and the rule.
    pub evidence: Vec<String>,
    /// Who brought the node's inodes into its memory, and so made it their master; most first.
    pub suspects: Vec<Suspect>,
}

/// With few nodes, twice a fair share is everything: a share above this is too much anyway.
const TOO_MUCH_ANYWAY: f64 = 0.9;

/// Who masters what of `view`.
pub fn masters(view: &LockspaceView, rules: &Rules) -> Masters {
    let members: Vec<MemberMasters> = view
        .nodes
        .iter()
        .filter_map(|on_node| {
            let census = on_node.census.as_ref()?;
            Some(MemberMasters {
                node: on_node.node,
                number: on_node.own_number,
                resources: census.resources,
                mastered: census.mastered,
                mastered_unused: census.mastered_unused,
                copies: census.copies.clone(),
                directory: (!census.directory.is_empty()).then(|| census.directory.clone()),
                directory_cut: census.directory_cut,
            })
        })
        .collect();
    let present: Vec<u32> = view.present().map(|member| member.number).collect();
    let counted: BTreeMap<u32, u64> = members.iter().filter_map(|of| Some((of.number?, of.mastered))).collect();
    let exact = !present.is_empty() && present.iter().all(|number| counted.contains_key(number));
    let mut masters = if exact {
        let shares = present.iter().filter_map(|number| Some((*number, *counted.get(number)?))).collect();
        in_shares(&shares, None)
    } else {
        estimate(&members, &present, &counted)
    };
    masters.members = members;
    masters.alarm = alarm(view, &masters, rules);
    masters
}

fn estimate(members: &[MemberMasters], present: &[u32], counted: &BTreeMap<u32, u64>) -> Masters {
    let nodes = present.len() as f64;
    let usable: Vec<(&MemberMasters, &Vec<(u32, u64)>)> =
        members.iter().filter(|of| !of.directory_cut && of.number.is_some()).filter_map(|of| Some((of, of.directory.as_ref()?))).collect();
    if usable.is_empty() || present.len() < 2 {
        return Masters::default();
    }
    let of = |list: &[(u32, u64)], number| list.iter().filter(|(master, _)| *master == number).fold(0, |sum: u64, (_, count)| sum + count);
    let mut mastered: BTreeMap<u32, u64> = BTreeMap::new();
    for number in present {
        let known = counted.get(number).copied();
        let told = usable.iter().filter(|(member, _)| member.number != Some(*number));
        let estimates: Vec<f64> =
            told.map(|(member, directory)| of(&member.copies, *number) as f64 + nodes * of(directory, *number) as f64).collect();
        let mean = estimates.iter().sum::<f64>() / estimates.len().max(1) as f64;
        mastered.insert(*number, known.unwrap_or(mean.round() as u64));
    }
    let sampled = usable.iter().fold(0.0, |sum, (member, directory)| {
        let records = directory.iter().fold(0, |sum: u64, (_, count)| sum + count);
        let copies = member.copies.iter().fold(0, |sum: u64, (_, count)| sum + count);
        sum + records as f64 + (member.mastered + copies) as f64 / nodes
    });
    in_shares(&mastered, Some(sampled))
}

/// Shares of counts; `sampled`: size of the sample they are estimated from.
fn in_shares(mastered: &BTreeMap<u32, u64>, sampled: Option<f64>) -> Masters {
    let total = mastered.values().fold(0, |sum: u64, count| sum.saturating_add(*count));
    let share = |count: u64| if total == 0 { 0.0 } else { count as f64 / total as f64 };
    let error = |p: f64| sampled.filter(|n| *n > 0.0).map(|n| (p * (1.0 - p) / n).sqrt());
    let shares = mastered.iter().filter(|_| total > 0).map(|(number, count)| MasterShare {
        number: *number,
        mastered: Some(*count),
        share_permille: (share(*count) * 1000.0).round() as u32,
        estimated: sampled.is_some(),
        standard_error_permille: error(share(*count)).map(|error| (error * 1000.0).ceil() as u32),
    });
    Masters { shares: shares.collect(), resources: Some(total), ..Masters::default() }
}

fn alarm(view: &LockspaceView, masters: &Masters, rules: &Rules) -> Option<MasterAlarm> {
    let total = masters.resources.filter(|total| *total > rules.many_resources)?;
    if masters.shares.len() < 2 {
        return None;
    }
    let fair = 1.0 / masters.shares.len() as f64;
    let most = (fair * rules.unfair_factor).min(TOO_MUCH_ANYWAY);
    let largest = masters.shares.iter().max_by_key(|share| (share.share_permille, std::cmp::Reverse(share.number)))?;
    // An estimate has to be beyond doubt: by two standard errors.
    let doubt = 2 * largest.standard_error_permille.unwrap_or(0);
    if f64::from(largest.share_permille.saturating_sub(doubt)) <= most * 1000.0 {
        return None;
    }
    let name = view.node_word(Some(largest.number), None, &[]);
    let percent = |permille: u32| f64::from(permille) / 10.0;
    let about = if largest.estimated { "about " } else { "" };
    let text = format!(
        "{name} masters {about}{:.0} % of {about}{total} resources; a fair share is {:.0} %",
        percent(largest.share_permille),
        fair * 100.0
    );
    let mut evidence: Vec<String> = masters
        .members
        .iter()
        .map(|of| {
            let unused = format!("{} mastered here ({} of them only for others)", of.mastered, of.mastered_unused);
            format!("{}: {} resources, {unused}", view.node_word(of.number, None, &[]), of.resources)
        })
        .collect();
    if let Some(error) = largest.standard_error_permille {
        let how = "estimated from the directory records of the nodes that were read; standard error";
        evidence.push(format!("{how} {:.1} percentage points", percent(error)));
    }
    let suspects = suspects::suspects(view, largest.number);
    evidence.extend(suspects::words(view, largest.number, &suspects));
    evidence.push(format!("rule: more than {:.0} % of more than {} resources", most * 100.0, rules.many_resources));
    Some(MasterAlarm { number: largest.number, text, evidence, suspects })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lockspace::{FileSystemInput, LockspaceInput, merge};
    use crate::testing::lockspace_sample;
    use sample::lockspace::{Dlm, MasterCensus};

    fn view(nodes: u32, census: &[(u32, MasterCensus)]) -> LockspaceView {
        let samples: Vec<_> = census
            .iter()
            .map(|(number, census)| {
                let mut sample = lockspace_sample(*number, nodes);
                sample.census = Some(census.clone());
                sample
            })
            .collect();
        let inputs: Vec<_> =
            samples.iter().enumerate().map(|(node, sample)| LockspaceInput { node, name: "n", sample, age_us: 0 }).collect();
        merge("fs", Dlm::Kernel, &inputs, FileSystemInput::default())
    }

    fn census(mastered: u64, copies: &[(u32, u64)], directory: &[(u32, u64)]) -> MasterCensus {
        MasterCensus { resources: mastered, mastered, copies: copies.to_vec(), directory: directory.to_vec(), ..MasterCensus::default() }
    }

    #[test]
    fn exact_if_all_members_were_read() {
        let view = view(2, &[(1, census(2700, &[], &[])), (2, census(300, &[], &[]))]);
        let rules = Rules { many_resources: 1000, ..Rules::default() };
        let masters = masters(&view, &rules);
        assert_eq!(masters.resources, Some(3000));
        let share = masters.shares[0];
        assert_eq!((share.share_permille, share.estimated, share.standard_error_permille), (900, false, None));
        // 90 % of two nodes is not more than 90 %.
        assert_eq!(masters.alarm, None);
    }

    #[test]
    fn one_node_of_four_masters_most() {
        let census: Vec<_> = (1..=4).map(|number| (number, census(if number == 1 { 1800 } else { 100 }, &[], &[]))).collect();
        let alarm = masters(&view(4, &census), &Rules::default()).alarm.unwrap();
        assert_eq!(alarm.text, "name1 masters 86 % of 2100 resources; a fair share is 25 %");
        assert_eq!(alarm.evidence.last().unwrap(), "rule: more than 50 % of more than 1000 resources");
    }

    #[test]
    fn from_one_node_of_four_it_is_an_estimate_with_its_error() {
        // Truth: 1000 here, 4000 on node 2, 1000 on 3; this node uses 400 of node 2's and keeps a quarter of the rest's records.
        let masters = masters(&view(4, &[(1, census(1000, &[(2, 400)], &[(2, 900), (3, 250)]))]), &Rules::default());
        let told: Vec<_> = masters.shares.iter().map(|share| (share.number, share.mastered, share.estimated)).collect();
        assert_eq!(told, [(1, Some(1000), true), (2, Some(4000), true), (3, Some(1000), true), (4, Some(0), true)]);
        assert_eq!(masters.shares[1].share_permille, 667);
        // sqrt(2/3 · 1/3 / (1150 + 1400/4)).
        assert_eq!(masters.shares[1].standard_error_permille, Some(13));
        assert_eq!(masters.alarm.unwrap().number, 2);
    }

    #[test]
    fn without_a_directory_nothing_is_said_of_nodes_that_were_not_read() {
        let masters = masters(&view(3, &[(1, census(10, &[(2, 5)], &[]))]), &Rules::default());
        assert_eq!((masters.shares.len(), masters.resources, masters.members.len()), (0, None, 1));
    }
}
