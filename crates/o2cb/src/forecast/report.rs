//! All that a forecast says, before it is text or JSON.

use super::cluster::Cluster;
use super::fault::{Fault, Spot, What};
use super::outlook::{Effort, Outlook, outlook};
use super::source::Source;
use super::splits::{Split, splits};
use super::timing::Settings;

/// A forecast.
#[derive(Clone, Debug)]
pub struct Report {
    /// The cluster, and how it is known.
    pub source: Source,
    /// What goes wrong.
    pub faults: Vec<Fault>,
    /// What comes of it.
    pub outlook: Outlook,
    /// Without faults: what each of the usual ones comes to.
    pub singles: Vec<(Vec<Fault>, Outlook)>,
    /// Without faults: the splits in two.
    pub splits: Vec<Split>,
    /// The same with other timeouts.
    pub compared: Option<Compared>,
}

/// A forecast with other timeouts.
#[derive(Clone, Debug)]
pub struct Compared {
    /// The cluster with them.
    pub cluster: Cluster,
    /// What comes of the same faults, if there are any.
    pub outlook: Option<Outlook>,
}

impl Report {
    /// Forecasts; with `other` timeouts, too, if they are given.
    pub fn new(mut source: Source, faults: Vec<Fault>, other: Option<Settings>) -> Report {
        let cluster = &source.cluster;
        let compared = other.map(|settings| {
            let cluster = cluster.with(settings);
            let outlook = (!faults.is_empty()).then(|| outlook(&cluster, &faults, Effort::Full));
            Compared { cluster, outlook }
        });
        let (singles, splits) = if faults.is_empty() { (usual(cluster), splits(cluster)) } else { (Vec::new(), Vec::new()) };
        let outlook = outlook(cluster, &faults, Effort::Full);
        let others = singles.iter().map(|(_, outlook)| outlook).chain(compared.iter().filter_map(|compared| compared.outlook.as_ref()));
        let least = others.chain([&outlook]).filter(|outlook| outlook.tried < outlook.ways).min_by_key(|outlook| outlook.tried);
        let note = least.map(|least| {
            format!(
                "So many nodes, or so long a time, that only {} of {} ways in which things may stand were tried: times may be further apart, \
                 and what is rare may be missing.",
                least.tried, least.ways
            )
        });
        source.notes.extend(note);
        Report { source, faults, outlook, singles, splits, compared }
    }
}

/// The faults that any cluster meets, at its highest node.
fn usual(cluster: &Cluster) -> Vec<(Vec<Fault>, Outlook)> {
    let Some(last) = cluster.nodes.len().checked_sub(1) else { return Vec::new() };
    let mut faults = vec![What::Stall(Spot::of_node(cluster, last))];
    if last > 0 {
        faults.push(What::Stall(Spot::everywhere(cluster)));
    }
    faults.push(What::Kill(last));
    faults.into_iter().map(|what| vec![Fault::new(what)]).map(|faults| (faults.clone(), outlook(cluster, &faults, Effort::Full))).collect()
}
