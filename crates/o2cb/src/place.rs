//! Where things are on this machine.

use std::path::{Path, PathBuf};

/// The files and folders that the program reads and writes. In tests all of them lie under a folder of their own.
#[derive(Clone, Debug)]
pub struct Place {
    root: PathBuf,
    cluster_conf: PathBuf,
    config_file_named: bool,
}

impl Place {
    /// The machine itself; `config_file` as `--config-file` gives it.
    pub fn new(config_file: Option<&Path>) -> Place {
        Place::under(Path::new("/"), config_file)
    }

    /// A machine whose files lie under `root`.
    pub fn under(root: &Path, config_file: Option<&Path>) -> Place {
        let root = root.to_owned();
        let cluster_conf = config_file.map_or_else(|| root.join("etc/ocfs2/cluster.conf"), Path::to_owned);
        Place { root, cluster_conf, config_file_named: config_file.is_some() }
    }

    /// The cluster's configuration: `/etc/ocfs2/cluster.conf`, or what `--config-file` names.
    pub fn cluster_conf(&self) -> &Path {
        &self.cluster_conf
    }

    /// Whether `--config-file` names it.
    pub fn is_config_file_named(&self) -> bool {
        self.config_file_named
    }

    /// `path`, which is absolute on the machine.
    pub fn at(&self, path: &str) -> PathBuf {
        self.root.join(path.trim_start_matches('/'))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_machine_under_a_folder() {
        let place = Place::under(Path::new("/tmp/m"), None);
        assert_eq!(place.cluster_conf(), Path::new("/tmp/m/etc/ocfs2/cluster.conf"));
        assert_eq!(place.at("/proc/mounts"), Path::new("/tmp/m/proc/mounts"));
        assert_eq!(Place::new(Some(Path::new("x"))).cluster_conf(), Path::new("x"));
        assert!(Place::new(Some(Path::new("x"))).is_config_file_named() && !place.is_config_file_named());
        assert_eq!(Place::new(None).at("/sys"), Path::new("/sys"));
    }
}
