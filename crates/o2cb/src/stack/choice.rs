//! Which cluster is meant where none is named.

use super::{Io, Sources};
use crate::found::Found;

/// The named one; that of `O2CB_BOOTCLUSTER`; with `running` the registered one; the only one of the configuration. `None`: it
/// cannot be told, and why was said.
pub fn choose(named: Option<&str>, sources: &dyn Sources, running: Option<&Found>, io: &mut Io<'_>) -> anyhow::Result<Option<String>> {
    if let Some(name) = named {
        return Ok(Some(name.to_owned()));
    }
    if let Some(name) = sources.defaults()?.defaults.boot_cluster {
        return Ok(Some(name));
    }
    if let Some(cluster) = running.and_then(Found::cluster) {
        return Ok(Some(cluster.name.clone()));
    }
    let path = sources.config_path();
    let names: Vec<String> = sources.config()?.into_iter().flat_map(|config| config.clusters).map(|cluster| cluster.name).collect();
    match names.as_slice() {
        [only] => {
            if io.verbose || running.is_none() {
                writeln!(io.err, "o2cb: cluster '{only}', the only one of {}", path.display())?;
            }
            return Ok(Some(only.clone()));
        }
        [] => writeln!(io.err, "o2cb: Cluster not known: none is named, O2CB_BOOTCLUSTER is empty, {} has none", path.display())?,
        many => writeln!(
            io.err,
            "o2cb: Cluster not known: none is named, O2CB_BOOTCLUSTER is empty, {} has several: {}",
            path.display(),
            many.join(", ")
        )?,
    }
    Ok(None)
}
