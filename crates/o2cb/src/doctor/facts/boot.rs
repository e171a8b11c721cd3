//! What starts the cluster at boot, and what is unmounted before the network stops.

use crate::kernel::Look;
use std::path::Path;

/// A line of `/etc/fstab` that mounts OCFS2.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FstabEntry {
    /// Its line, from 1.
    pub line: usize,
    /// What: a device, `UUID=…`, `LABEL=…`.
    pub what: String,
    /// Where.
    pub mount_point: String,
    /// Options.
    pub options: Vec<String>,
}

impl FstabEntry {
    /// Whether it has an option, by its name or its beginning.
    pub fn has(&self, option: &str) -> bool {
        self.options.iter().any(|own| own == option || own.starts_with(&format!("{option}=")))
    }

    /// Whether it names this volume.
    pub fn is_for(&self, path: &str, uuid: &str, label: &str) -> bool {
        let given = self.what.trim_matches('"');
        let plain = |text: &str| text.replace('-', "").trim_matches('"').to_uppercase();
        match given.split_once('=') {
            Some(("UUID", wanted)) => plain(wanted) == uuid,
            Some(("LABEL", wanted)) => wanted.trim_matches('"') == label && !label.is_empty(),
            _ => given == path,
        }
    }
}

/// A unit or a script that starts the stack.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Starter {
    /// Where it is.
    pub path: String,
    /// What it says.
    pub text: String,
    /// Whether it is started at boot.
    pub enabled: bool,
}

/// All of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Boot {
    /// Whether systemd runs this machine.
    pub systemd: bool,
    /// OCFS2 in `/etc/fstab`.
    pub fstab: Vec<FstabEntry>,
    /// The unit `o2cb.service`.
    pub unit: Option<Starter>,
    /// The init script.
    pub script: Option<Starter>,
    /// Whether a unit `network.service` is there.
    pub network_service: bool,
}

/// Where `systemctl enable` puts its links.
const LINKS: &str = "/etc/systemd/system";
/// Where units are looked for, the first wins.
const UNITS: [&str; 4] = ["/etc/systemd/system", "/run/systemd/system", "/usr/lib/systemd/system", "/lib/systemd/system"];

impl Boot {
    /// Reads it.
    pub fn look(look: &dyn Look) -> Boot {
        let text = |path: &str| look.read(path).ok().map(|text| String::from_utf8_lossy(&text).into_owned());
        let unit_of = |name: &str| UNITS.iter().find_map(|folder| Some((format!("{folder}/{name}"), text(&format!("{folder}/{name}"))?)));
        let names = |folder: &str| look.list(folder).unwrap_or_default().into_iter().map(|entry| entry.name).collect::<Vec<_>>();
        let wants = |folder: &String| Path::new(folder).extension().is_some_and(|kind| kind == "wants" || kind == "requires");
        let wanted = names(LINKS)
            .iter()
            .filter(|folder| wants(folder))
            .any(|folder| names(&format!("{LINKS}/{folder}")).iter().any(|unit| unit == "o2cb.service"));
        let linked = ["/etc/rc2.d", "/etc/rc3.d", "/etc/rc5.d", "/etc/rcS.d", "/etc/init.d/rc3.d"]
            .iter()
            .any(|folder| names(folder).iter().any(|name| name.starts_with('S') && name.ends_with("o2cb")));
        Boot {
            systemd: look.list("/run/systemd/system").is_ok(),
            fstab: text("/etc/fstab").map(|text| fstab(&text)).unwrap_or_default(),
            unit: unit_of("o2cb.service").map(|(path, text)| Starter { path, text, enabled: wanted }),
            script: text("/etc/init.d/o2cb").map(|text| Starter { path: "/etc/init.d/o2cb".to_owned(), text, enabled: linked }),
            network_service: unit_of("network.service").is_some() || look.read("/etc/init.d/network").is_ok(),
        }
    }
}

fn fstab(text: &str) -> Vec<FstabEntry> {
    let entry = |(index, line): (usize, &str)| {
        let mut fields = line.split_whitespace();
        let what = fields.next().filter(|what| !what.starts_with('#'))?.to_owned();
        let mount_point = fields.next()?.to_owned();
        (fields.next()? == "ocfs2").then_some(())?;
        let options = fields.next().unwrap_or("defaults").split(',').map(str::to_owned).collect();
        Some(FstabEntry { line: index + 1, what, mount_point, options })
    };
    text.lines().enumerate().filter_map(entry).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_fstab() {
        let entries = fstab(
            "# /dev/x /y ocfs2 defaults 0 0\n/dev/sda1 / ext4 defaults 0 1\n\nUUID=77d95ef5-1c01-49d2-8236-74fcc162cf00\t/srv  ocfs2\t_netdev,x-systemd.requires=o2cb.service 0 0\nLABEL=other /o ocfs2\n",
        );
        assert_eq!(entries.len(), 2);
        assert_eq!((entries[0].line, entries[0].mount_point.as_str()), (4, "/srv"));
        assert!(entries[0].has("_netdev") && entries[0].has("x-systemd.requires") && !entries[0].has("x-systemd"));
        assert!(entries[0].is_for("/dev/sdb", "77D95EF51C0149D2823674FCC162CF00", ""));
        assert!(entries[1].is_for("/dev/sdb", "X", "other") && !entries[1].is_for("/dev/sdb", "X", ""));
    }
}
