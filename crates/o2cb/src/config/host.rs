//! Facts of this machine that its configuration is held against. Nothing here can hang: no device is opened, no name looked up.

use super::file::{self, FileError};
use crate::place::Place;
use formats::cluster_conf::{Host, is_region};
use formats::proc::fib_trie;
use formats::sysconfig::{Sysconfig, Value};
use std::path::{Path, PathBuf};
use std::{fs, io};

/// The file that says whether and how the cluster is started at boot: the first that is there, as the init script of ocfs2-tools
/// looks for it; else the one that would be made.
pub fn sysconfig_path(place: &Place) -> PathBuf {
    let [red_hat, debian] = ["/etc/sysconfig/o2cb", "/etc/default/o2cb"].map(|path| place.at(path));
    let there = |path: &Path| path.exists();
    if there(&red_hat) || (!there(&debian) && place.at("/etc/sysconfig").is_dir()) { red_hat } else { debian }
}

/// That file; `None` if there is none.
pub fn sysconfig(place: &Place) -> Result<Option<Sysconfig>, FileError> {
    Ok(file::read(&sysconfig_path(place))?.map(|bytes| Sysconfig::parse(&bytes)))
}

/// What is known of this host.
pub fn facts(place: &Place, sysconfig: Option<&Sysconfig>) -> Host {
    let name = fs::read_to_string(place.at("/proc/sys/kernel/hostname")).ok();
    let name = name.map(|name| name.trim_end().to_owned()).filter(|name| !name.is_empty());
    let addresses = fs::read(place.at("/proc/net/fib_trie")).ok().map(|text| fib_trie::local_addresses(&text));
    let cluster = match sysconfig.map(|file| file.get("O2CB_BOOTCLUSTER")) {
        Some(Value::Text(cluster)) if !cluster.is_empty() => Some(cluster.to_owned()),
        _ => None,
    };
    Host { name, addresses, volumes: volumes(&place.at("/dev/disk/by-uuid")).ok(), cluster }
}

/// UUIDs of volumes as udev has found them. Not only OCFS2's: a region's UUID is no other volume's.
fn volumes(folder: &Path) -> io::Result<Vec<String>> {
    let mut volumes = Vec::new();
    for entry in fs::read_dir(folder)? {
        let uuid = entry?.file_name().to_string_lossy().replace('-', "").to_ascii_uppercase();
        if is_region(uuid.as_bytes()) {
            volumes.push(uuid);
        }
    }
    Ok(volumes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn facts_of_a_machine() {
        let folder = tempfile::tempdir().unwrap();
        let place = Place::under(folder.path(), None);
        assert_eq!(facts(&place, None), Host::default());
        for path in ["proc/sys/kernel", "proc/net", "dev/disk/by-uuid", "etc/default"] {
            fs::create_dir_all(folder.path().join(path)).unwrap();
        }
        fs::write(place.at("/proc/sys/kernel/hostname"), "node1.example\n").unwrap();
        fs::write(place.at("/proc/net/fib_trie"), "Local:\n     |-- 10.0.0.1\n        /32 host LOCAL\n").unwrap();
        fs::write(place.at("/dev/disk/by-uuid/77d95ef5-1c01-49d2-8236-74fcc162cf8b"), "").unwrap();
        fs::write(place.at("/dev/disk/by-uuid/1234-ABCD"), "").unwrap();
        assert_eq!(sysconfig_path(&place), place.at("/etc/default/o2cb"));
        fs::write(sysconfig_path(&place), "O2CB_BOOTCLUSTER=web\n").unwrap();
        let facts = facts(&place, sysconfig(&place).unwrap().as_ref());
        assert_eq!(facts.name.as_deref(), Some("node1.example"));
        assert_eq!(facts.addresses, Some(vec!["10.0.0.1".parse().unwrap()]));
        assert_eq!(facts.volumes, Some(vec!["77D95EF51C0149D2823674FCC162CF8B".to_owned()]));
        assert_eq!(facts.cluster.as_deref(), Some("web"));
        fs::create_dir(place.at("/etc/sysconfig")).unwrap();
        assert_eq!(sysconfig_path(&place), place.at("/etc/default/o2cb"), "the one that is there");
        fs::remove_file(place.at("/etc/default/o2cb")).unwrap();
        assert_eq!(sysconfig_path(&place), place.at("/etc/sysconfig/o2cb"));
    }
}
