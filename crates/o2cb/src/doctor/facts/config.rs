//! `cluster.conf` and the defaults' file, judged by the same rules as `config check`.

use crate::config::{file, host};
use crate::place::Place;
use formats::cluster_conf::{Config, Document, Host};
use formats::config_problem::Problem;

/// The configuration of this machine.
#[derive(Debug)]
pub struct ConfigFacts {
    /// Where `cluster.conf` is.
    pub path: String,
    /// Whether it is there; the error says why it could not be read.
    pub there: Result<bool, String>,
    /// What of it is sound.
    pub config: Config,
    /// What is wrong in it.
    pub problems: Vec<Problem>,
    /// Where the defaults are, or would be.
    pub defaults_path: String,
    /// Whether there is such a file.
    pub defaults_there: bool,
    /// What is wrong in them.
    pub defaults_problems: Vec<Problem>,
    /// What is known of this host.
    pub host: Host,
}

impl ConfigFacts {
    /// Reads both files.
    pub fn look(place: &Place) -> ConfigFacts {
        let sysconfig = host::sysconfig(place).ok().flatten();
        let mut facts = ConfigFacts {
            path: place.cluster_conf().display().to_string(),
            there: Ok(false),
            config: Config::default(),
            problems: Vec::new(),
            defaults_path: host::sysconfig_path(place).display().to_string(),
            defaults_there: sysconfig.is_some(),
            defaults_problems: Vec::new(),
            host: host::facts(place, sysconfig.as_ref()),
        };
        match file::read(place.cluster_conf()) {
            Ok(None) => {}
            Ok(Some(bytes)) => {
                let document = Document::parse(&bytes);
                (facts.config, facts.problems) = document.judge(Some(&facts.host));
                facts.there = Ok(true);
            }
            Err(error) => facts.there = Err(error.to_string()),
        }
        let names: Vec<&str> = facts.config.clusters.iter().map(|cluster| cluster.name.as_str()).collect();
        facts.defaults_problems =
            sysconfig.map(|file| file.problems((facts.there == Ok(true)).then_some(names.as_slice()))).unwrap_or_default();
        facts
    }

    /// What the configuration says, in one number: the same on all nodes whose files mean the same, whatever their layout. `None`
    /// without a file that can be used.
    pub fn hash(&self) -> Option<String> {
        if self.there != Ok(true) || self.problems.iter().any(Problem::is_error) {
            return None;
        }
        let mut lines = Vec::new();
        for cluster in &self.config.clusters {
            lines.push(format!("cluster {} {}", cluster.name, cluster.mode.word()));
            lines.extend(
                cluster
                    .nodes
                    .iter()
                    .map(|node| format!("node {} {} {} {} {}", cluster.name, node.number, node.name, node.address, node.port)),
            );
            lines.extend(cluster.regions.iter().map(|region| format!("region {} {region}", cluster.name)));
        }
        lines.sort();
        Some(format!("{:08x}", crc32fast::hash(lines.join("\n").as_bytes())))
    }
}
