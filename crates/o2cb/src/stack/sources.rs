//! Where the verbs get what is wanted from: the configuration, the defaults, and the regions on this machine's devices.

use crate::config::file::{self, LockedFile};
use crate::config::host;
use crate::defaults::{Defaults, Fence};
use crate::firewall::Firewall;
use crate::place::Place;
use crate::wanted::{RegionOnDisk, Regions};
use anyhow::{anyhow, bail};
use formats::cluster_conf::{Config, Document};
use formats::sysconfig::{OWN_VARIABLES, Sysconfig, VARIABLES, Value};
use std::path::{Path, PathBuf};

/// What the defaults' file says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DefaultsFile {
    /// Which file it is, or would be.
    pub path: PathBuf,
    /// Its variables.
    pub defaults: Defaults,
    /// What in it is not used, and why: `PATH:LINE:COL: what; fix`, or a variable.
    pub problems: Vec<String>,
}

/// Where what is wanted comes from.
pub trait Sources {
    /// The path of the configuration.
    fn config_path(&self) -> PathBuf;
    /// The configuration; `None`: there is no such file.
    fn config(&self) -> anyhow::Result<Option<Config>>;
    /// The defaults; without a file: none.
    fn defaults(&self) -> anyhow::Result<DefaultsFile>;
    /// Sets variables of the defaults' file; the rest of the file stays. Gives its path.
    fn set_defaults(&self, changes: &[(&'static str, String)]) -> anyhow::Result<PathBuf>;
    /// The regions on this machine's devices.
    fn regions(&self) -> &dyn Regions;
}

/// The files of a machine.
#[derive(Debug)]
pub struct Files {
    place: Place,
    devices: Devices,
}

/// The block devices of a machine.
#[derive(Debug)]
struct Devices(Place);

impl Regions for Devices {
    fn find(&self, uuid: &str) -> Result<RegionOnDisk, String> {
        let region = crate::volumes::find_region(&self.0, uuid).map_err(|fault| fault.to_string())?;
        Ok(RegionOnDisk { device: region.device, block_bytes: region.block_bytes, start_block: region.start_block, blocks: region.blocks })
    }
}

impl Files {
    /// Those at `place`.
    pub fn new(place: &Place) -> Files {
        Files { place: place.clone(), devices: Devices(place.clone()) }
    }
}

impl Sources for Files {
    fn config_path(&self) -> PathBuf {
        self.place.cluster_conf().to_owned()
    }

    fn config(&self) -> anyhow::Result<Option<Config>> {
        let path = self.place.cluster_conf();
        let Some(bytes) = file::read(path)? else { return Ok(None) };
        match Document::parse(&bytes).config() {
            Ok(config) => Ok(Some(config)),
            Err(problems) => bail!("{}", told(path, problems.iter()).join("\n")),
        }
    }

    fn defaults(&self) -> anyhow::Result<DefaultsFile> {
        let path = host::sysconfig_path(&self.place);
        let Some(bytes) = file::read(&path)? else { return Ok(DefaultsFile { path, ..DefaultsFile::default() }) };
        let script = Sysconfig::parse(&bytes);
        let mut problems = told(&path, script.problems(None).iter().filter(|problem| problem.is_error()));
        let mut pairs = Vec::new();
        for variable in VARIABLES.into_iter().chain(OWN_VARIABLES) {
            match script.get(variable) {
                Value::Text(value) => pairs.push((variable, value)),
                Value::Unset => {}
                Value::Unknown => problems.push(format!("{}: only a shell could tell what {variable} is; it is not used", path.display())),
            }
        }
        let (defaults, bad) = Defaults::of(pairs);
        // Those of the init script are told above, with their line.
        let own = bad.iter().filter(|bad| OWN_VARIABLES.contains(&bad.name.as_str()));
        problems.extend(own.map(|bad| format!("{}: {bad}", path.display())));
        Ok(DefaultsFile { path, defaults, problems })
    }

    fn set_defaults(&self, changes: &[(&'static str, String)]) -> anyhow::Result<PathBuf> {
        let path = host::sysconfig_path(&self.place);
        let locked = LockedFile::lock(&path)?;
        let old = locked.read()?;
        let mut file = Sysconfig::parse(old.as_deref().unwrap_or_default());
        for (variable, value) in changes {
            file.set(variable, value).map_err(|why| anyhow!("{}: {variable}: {why}", path.display()))?;
        }
        let new = file.to_bytes();
        if old.as_deref() != Some(&new) {
            locked.replace(old.as_deref(), &new)?;
        }
        Ok(path)
    }

    fn regions(&self) -> &dyn Regions {
        &self.devices
    }
}

fn told<'a>(path: &Path, problems: impl Iterator<Item = &'a formats::config_problem::Problem>) -> Vec<String> {
    problems.map(|problem| format!("{}:{}:{}: {}; {}", path.display(), problem.line, problem.column, problem.what, problem.fix)).collect()
}

/// The variables that set these.
pub fn variables(defaults: &Defaults) -> Vec<(&'static str, String)> {
    let number = |value: Option<u32>| value.map(|value| value.to_string()).unwrap_or_default();
    let timeouts = defaults.timeouts;
    vec![
        ("O2CB_ENABLED", defaults.enabled.to_string()),
        ("O2CB_STACK", defaults.stack.clone().unwrap_or_else(|| "o2cb".to_owned())),
        ("O2CB_BOOTCLUSTER", defaults.boot_cluster.clone().unwrap_or_default()),
        ("O2CB_HEARTBEAT_THRESHOLD", number(timeouts.threshold)),
        ("O2CB_IDLE_TIMEOUT_MS", number(timeouts.idle_ms)),
        ("O2CB_KEEPALIVE_DELAY_MS", number(timeouts.keepalive_ms)),
        ("O2CB_RECONNECT_DELAY_MS", number(timeouts.reconnect_ms)),
        ("O2CB_FENCE_METHOD", defaults.fence.map(Fence::word).unwrap_or_default().to_owned()),
        ("O2CB_PANIC_ON_OOPS", number(defaults.panic_on_oops)),
        ("O2CB_PANIC", defaults.panic_s.map(|seconds| seconds.to_string()).unwrap_or_default()),
        ("O2CB_FIREWALL", defaults.firewall.map(Firewall::word).unwrap_or_default().to_owned()),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn the_files_of_a_machine() {
        let root = tempfile::tempdir().unwrap();
        let place = Place::under(root.path(), None);
        fs::create_dir_all(place.at("/etc/default")).unwrap();
        let files = Files::new(&place);
        assert!(files.config().unwrap().is_none());
        assert_eq!(files.defaults().unwrap().path, place.at("/etc/default/o2cb"));
        let path = place.at("/etc/default/o2cb");
        fs::write(&path, "# ours\nO2CB_ENABLED=false\nSITE=\"a b\"\nO2CB_FENCE_METHOD=maybe\nO2CB_PANIC=$(x)\n").unwrap();
        let told = files.defaults().unwrap();
        assert!(!told.defaults.enabled && told.defaults.boot_cluster.is_none());
        assert!(told.problems.iter().any(|problem| problem.contains("O2CB_FENCE_METHOD=maybe: it must be reset or panic")), "{told:?}");
        assert!(told.problems.iter().any(|problem| problem.contains("only a shell could tell what O2CB_PANIC is")), "{told:?}");
        fs::write(&path, "# ours\nO2CB_ENABLED=false\nSITE=\"a b\"\nO2CB_FENCE_METHOD=maybe\n").unwrap();
        let changes = [("O2CB_ENABLED", "true".to_owned()), ("O2CB_BOOTCLUSTER", "web".to_owned()), ("O2CB_FENCE_METHOD", String::new())];
        files.set_defaults(&changes).unwrap();
        let told = files.defaults().unwrap();
        assert!(told.defaults.enabled && told.problems.is_empty(), "{told:?}");
        assert_eq!(told.defaults.boot_cluster.as_deref(), Some("web"));
        assert!(fs::read_to_string(&path).unwrap().starts_with("# ours\nO2CB_ENABLED=true\nSITE=\"a b\"\n"));
        fs::create_dir_all(place.at("/etc/sysconfig")).unwrap();
        assert_eq!(files.defaults().unwrap().path, path, "the file that exists");
    }

    #[test]
    fn defect_6_nothing_of_the_defaults_is_executed_and_all_that_is_unknown_stays() {
        let root = tempfile::tempdir().unwrap();
        let place = Place::under(root.path(), None);
        fs::create_dir_all(place.at("/etc/default")).unwrap();
        let made = root.path().join("executed");
        let (file, made_text) = (place.at("/etc/default/o2cb"), made.display().to_string());
        let text = format!(
            "# ours\ntouch {made_text}\nO2CB_BOOTCLUSTER=`touch {made_text}`\nX=$(touch {made_text})\nSITE='a b' # kept\nO2CB_ENABLED=false\n"
        );
        fs::write(&file, &text).unwrap();
        let files = Files::new(&place);
        let told = files.defaults().unwrap();
        assert_eq!(told.defaults.boot_cluster, None);
        assert!(told.problems.iter().any(|problem| problem.contains("only a shell could tell what O2CB_BOOTCLUSTER is")), "{told:?}");
        files.set_defaults(&[("O2CB_ENABLED", "true".to_owned())]).unwrap();
        assert_eq!(fs::read_to_string(&file).unwrap(), text.replace("=false", "=true"));
        assert!(!made.exists(), "something was executed");
    }

    #[test]
    fn a_broken_configuration_is_told_with_its_place() {
        let root = tempfile::tempdir().unwrap();
        let place = Place::under(root.path(), None);
        fs::create_dir_all(place.at("/etc/ocfs2")).unwrap();
        fs::write(place.cluster_conf(), "cluster:\nname = web\n").unwrap();
        let told = Files::new(&place).config().unwrap_err().to_string();
        assert!(told.contains("cluster.conf:2:1: "), "{told}");
    }
}
