//! One glock in a snapshot: each node's part, and merged over the nodes.

use crate::rules::Rules;
use formats::gfs2::GlockName;
use sample::gfs2::{Gfs2Sample, GlockFigures, TracedFigures, Tracing, WaitReason};
use sample::{Gfs2Sample as Sample, GlockSample};
use std::collections::BTreeMap;

/// One node's part of a glock.
#[derive(Clone, Debug, PartialEq)]
pub struct GlockPart {
    /// Number of the node.
    pub node: usize,
    /// What the node's sample says.
    pub glock: GlockSample,
    /// For how long its waiters have been seen waiting, at most; ns, a lower bound. 0 without waiters.
    pub waited_ns: u64,
    /// That makes it stuck.
    pub stuck: bool,
}

/// One glock of one file system.
#[derive(Clone, Debug, PartialEq)]
pub struct GlockRow {
    /// Name.
    pub name: GlockName,
    /// Requests to the DLM in the interval over the nodes; `None`: no node told.
    pub dlm_requests: Option<u64>,
    /// Local lock calls in the interval, likewise.
    pub queued: Option<u64>,
    /// Longest smoothed round trip of requests that may wait for other nodes, ns.
    pub blocking_rtt_ns: Option<u64>,
    /// Time that requests to the DLM took which were answered in the interval, ns, over the nodes that measured it; `None`: none did.
    pub dlm_wait_ns: Option<u64>,
    /// Replies of the DLM in the interval, likewise.
    pub dlm_replies: Option<u64>,
    /// How often a node was asked by another to give it up, likewise.
    pub remote_demotes: Option<u64>,
    /// Holders that wait, over the nodes.
    pub waiting: u64,
    /// The longest wait that was seen, ns, a lower bound.
    pub waited_ns: u64,
    /// How long ago a node was asked to give it up and has not yet, ns; the longest.
    pub demote_ns: Option<u64>,
    /// A wait is stuck.
    pub stuck: bool,
    /// It is of a system file of the file system.
    pub system: bool,
    /// Each node's part.
    pub nodes: Vec<GlockPart>,
}

impl GlockPart {
    /// From a sample's glock.
    pub fn new(node: usize, glock: GlockSample, rules: &Rules) -> GlockPart {
        let waiters = glock.holders.iter().filter(|holder| holder.waiting);
        let waited_ns = waiters.map(|holder| holder.seen_for_ns).max().unwrap_or(0);
        GlockPart { node, stuck: waited_ns >= rules.stuck_after_ns, waited_ns, glock }
    }

    /// Holders that wait.
    pub fn waiting(&self) -> u64 {
        self.glock.holders.iter().filter(|holder| holder.waiting).count() as u64 + self.glock.holders_omitted
    }

    /// Why they wait, as far as the node can tell.
    pub fn reason(&self) -> Option<WaitReason> {
        self.glock.reason
    }

    /// The part without what happened: of a sample that was told before. `None` if nothing waits.
    pub fn without_counts(&self) -> Option<GlockPart> {
        (self.waiting() > 0).then(|| {
            let mut part = self.clone();
            part.glock.stats = None;
            part.glock.traced = TracedFigures::default();
            part
        })
    }
}

impl GlockRow {
    /// Merges the parts.
    pub fn merge(name: GlockName, nodes: Vec<GlockPart>) -> GlockRow {
        let mut row = GlockRow {
            name,
            dlm_requests: None,
            queued: None,
            blocking_rtt_ns: None,
            dlm_wait_ns: None,
            dlm_replies: None,
            remote_demotes: None,
            waiting: 0,
            waited_ns: 0,
            demote_ns: None,
            stuck: false,
            system: false,
            nodes: Vec::new(),
        };
        let add = |sum: &mut Option<u64>, more: u64| *sum = Some(sum.unwrap_or(0).saturating_add(more));
        for part in &nodes {
            if let Some(stats) = &part.glock.stats {
                add(&mut row.dlm_requests, stats.dlm_requests);
                add(&mut row.queued, stats.queued);
                row.blocking_rtt_ns = row.blocking_rtt_ns.max(stats.blocking_rtt_ns);
            }
            let traced = &part.glock.traced;
            for (sum, more) in [
                (&mut row.dlm_wait_ns, traced.dlm_wait_ns),
                (&mut row.dlm_replies, traced.dlm_replies),
                (&mut row.remote_demotes, traced.remote_demotes),
            ] {
                if let Some(more) = more {
                    add(sum, more);
                }
            }
            row.waiting += part.waiting();
            row.waited_ns = row.waited_ns.max(part.waited_ns);
            row.demote_ns = row.demote_ns.max(part.glock.demote.as_ref().map(|demote| demote.for_ns));
            row.stuck |= part.stuck;
            row.system |= part.glock.inode.is_some_and(|inode| inode.system);
        }
        row.nodes = nodes;
        row
    }

    /// This node's part.
    pub fn on(&self, node: usize) -> Option<&GlockPart> {
        self.nodes.iter().find(|part| part.node == node)
    }

    /// Whether anything happened or waits.
    pub fn is_hot(&self) -> bool {
        let counts = [self.dlm_requests, self.queued, self.dlm_replies, self.remote_demotes];
        self.waiting > 0 || self.demote_ns.is_some() || counts.iter().any(|count| count.unwrap_or(0) > 0)
    }
}

/// Adds what the histograms counted. A glock that one sample does not name did nothing then, if that sample tells all.
fn add_traced(later: &mut Sample, earlier: &Gfs2Sample) {
    let (others_then, others_now) = (others(&earlier.tracing), others(&later.tracing));
    let mut before: BTreeMap<GlockName, &GlockSample> = earlier.glocks.iter().map(|glock| (glock.name, glock)).collect();
    for glock in &mut later.glocks {
        let then = before.remove(&glock.name).map_or(others_then, |glock| glock.traced);
        glock.traced = glock.traced.plus(then);
    }
    for (_, glock) in before.into_iter().filter(|(_, glock)| glock.traced.is_active()) {
        later.glocks.push(GlockSample { stats: None, traced: glock.traced.plus(others_now), ..quiet(glock) });
    }
}

/// The figures of a glock that a sample does not name.
fn others(tracing: &Tracing) -> TracedFigures {
    match tracing {
        Tracing::On { lacking: None } => TracedFigures { dlm_wait_ns: Some(0), dlm_replies: Some(0), remote_demotes: Some(0) },
        _ => TracedFigures::default(),
    }
}

/// A glock of an earlier sample that is told for what it did then: how it stands now is not known.
fn quiet(glock: &GlockSample) -> GlockSample {
    GlockSample { holders: Vec::new(), demote: None, reason: None, ..glock.clone() }
}

/// Adds an earlier sample's counts to a later one of the same tick.
pub(crate) fn add_earlier(later: &mut Sample, earlier: &Gfs2Sample) {
    let add = |now: &mut Option<u64>, before: Option<u64>| *now = now.zip(before).map(|(now, before)| now.saturating_add(before));
    for figures in &mut later.types {
        let Some(before) = earlier.types.iter().find(|before| before.kind == figures.kind) else { continue };
        add(&mut figures.dlm_requests, before.dlm_requests);
        add(&mut figures.queued, before.queued);
    }
    let mut before: BTreeMap<GlockName, GlockFigures> =
        earlier.glocks.iter().filter_map(|glock| Some((glock.name, glock.stats?))).collect();
    for glock in &mut later.glocks {
        let (Some(stats), Some(before)) = (&mut glock.stats, before.remove(&glock.name)) else { continue };
        if before.over_ns.is_some() {
            stats.dlm_requests = stats.dlm_requests.saturating_add(before.dlm_requests);
            stats.queued = stats.queued.saturating_add(before.queued);
            stats.over_ns = stats.over_ns.zip(before.over_ns).map(|(now, before)| now.saturating_add(before));
        }
    }
    // What was active then and is quiet now is still this tick's.
    for glock in &earlier.glocks {
        if let Some(stats) = before.get(&glock.name).filter(|stats| stats.over_ns.is_some()) {
            later.glocks.push(GlockSample { stats: Some(*stats), traced: others(&later.tracing), ..quiet(glock) });
        }
    }
    add_traced(later, earlier);
    later.interval_ns = later.interval_ns.zip(earlier.interval_ns).map(|(now, before)| now.saturating_add(before));
}
