//! All that a forecast says, before it is text or JSON.

use super::cluster::Cluster;
use super::fault::{Fault, Spot, What};
use super::outlook::{Effort, Outlook, cost, lasts_ms, outlook};
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
    /// Why windows may be too narrow: not all ways in which things may stand were tried.
    pub untried: Option<String>,
}

/// Reads of slots in the least that tells anything, two runs of each outlook: some seconds. Above that there is no forecast.
const MOST: usize = 500_000_000;

/// A forecast with other timeouts.
#[derive(Clone, Debug)]
pub struct Compared {
    /// The cluster with them.
    pub cluster: Cluster,
    /// What comes of the same faults, if there are any.
    pub outlook: Option<Outlook>,
}

impl Report {
    /// Forecasts; with `other` timeouts, too, if they are given. The error: why it would take too long.
    pub fn new(source: Source, faults: Vec<Fault>, other: Option<Settings>) -> Result<Report, String> {
        let cluster = &source.cluster;
        let with_other = other.map(|settings| cluster.with(settings));
        let usual = if faults.is_empty() { usual(cluster) } else { Vec::new() };
        let compared_too = with_other.as_ref().filter(|_| !faults.is_empty());
        let wanted = [(cluster, &faults)].into_iter().chain(compared_too.map(|cluster| (cluster, &faults)));
        let wanted: Vec<_> = wanted.chain(usual.iter().map(|faults| (cluster, faults))).collect();
        if let Some((cluster, faults)) = wanted.iter().max_by_key(|(cluster, faults)| cost(cluster, faults))
            && cost(cluster, faults).saturating_mul(2 * wanted.len()) > MOST
        {
            return Err(format!(
                "{} s of heartbeats of {} nodes in {} region(s) are too much to play: forecast for fewer nodes (--down), or for faults or \
                 timeouts that are shorter",
                lasts_ms(cluster, faults) / 1000,
                cluster.nodes.len(),
                cluster.regions.len(),
            ));
        }
        let effort = Effort::full(wanted.len());
        let outlook_of = |cluster: &Cluster, faults: &[Fault]| outlook(cluster, faults, effort);
        let singles: Vec<_> = usual.into_iter().map(|faults| (faults.clone(), outlook_of(cluster, &faults))).collect();
        let splits = if faults.is_empty() { splits(cluster) } else { Vec::new() };
        let outlook = outlook_of(cluster, &faults);
        let compared = with_other.map(|cluster| {
            let outlook = (!faults.is_empty()).then(|| outlook_of(&cluster, &faults));
            Compared { cluster, outlook }
        });
        let others = singles.iter().map(|(_, outlook)| outlook).chain(compared.iter().filter_map(|compared| compared.outlook.as_ref()));
        let untried = untried(others.chain([&outlook]));
        Ok(Report { source, faults, outlook, singles, splits, compared, untried })
    }
}

/// Of the outlook of which the fewest ways were tried: how many, if not all.
fn untried<'a>(outlooks: impl Iterator<Item = &'a Outlook>) -> Option<String> {
    let least = outlooks.filter(|outlook| outlook.tried < outlook.ways).min_by_key(|outlook| outlook.tried)?;
    Some(format!(
        "So many nodes, or so long a time, that only {} of {} ways in which things may stand were tried: times may be further apart, and \
         what is rare may be missing.",
        least.tried, least.ways
    ))
}

/// The faults that any cluster meets, at its highest node.
fn usual(cluster: &Cluster) -> Vec<Vec<Fault>> {
    let Some(last) = cluster.nodes.len().checked_sub(1) else { return Vec::new() };
    let mut faults = vec![What::Stall(Spot::of_node(cluster, last))];
    if last > 0 {
        faults.push(What::Stall(Spot::everywhere(cluster)));
    }
    faults.push(What::Kill(last));
    faults.into_iter().map(|what| vec![Fault::new(what)]).collect()
}
