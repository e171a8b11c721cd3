//! What starts the cluster at boot, and what is unmounted before the network stops.

use crate::kernel::Look;
use std::collections::BTreeMap;
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

    /// Whether systemd starts the cluster for it, and before it.
    pub fn requires_o2cb(&self) -> bool {
        self.options.iter().any(|own| matches!(own.as_str(), "x-systemd.requires=o2cb.service" | "x-systemd.requires=o2cb"))
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
    /// What it says; of a unit, then what its drop-ins say.
    pub text: String,
    /// Whether it is started at boot.
    pub enabled: bool,
}

impl Starter {
    /// What a unit has for `key`, all assignments together. An empty one cancels those before, except for dependencies and orders, which
    /// can only be added to (systemd.unit(5)).
    pub fn values(&self, key: &str) -> Vec<&str> {
        const ADDED: [&str; 6] = ["Requires", "Wants", "After", "Before", "BindsTo", "Requisite"];
        let mut values = Vec::new();
        for line in self.text.lines() {
            let Some((own, value)) = line.trim().split_once('=') else { continue };
            match value.trim() {
                _ if own.trim() != key => {}
                "" if !ADDED.contains(&key) => values.clear(),
                "" => {}
                value => values.push(value),
            }
        }
        values
    }

    /// Whether a unit names another one for `key`.
    pub fn names(&self, key: &str, unit: &str) -> bool {
        self.values(key).iter().any(|value| value.split_whitespace().any(|word| word == unit))
    }
}

/// How systemd takes a line of `/etc/fstab`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MountKind {
    /// As a network's: after it and `remote-fs-pre.target`.
    Network,
    /// As a local disk's.
    Local,
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
    /// Units of mounts as systemd made them of `/etc/fstab`, when it last read that: by name, without its end.
    pub generated: Vec<(String, MountKind)>,
}

/// Where `systemctl enable` puts its links.
const LINKS: &str = "/etc/systemd/system";
/// Where units are looked for, the first wins.
const UNITS: [&str; 4] = ["/etc/systemd/system", "/run/systemd/system", "/usr/lib/systemd/system", "/lib/systemd/system"];

/// Where systemd puts the units that it makes of `/etc/fstab`.
const GENERATED: &str = "/run/systemd/generator";

impl Boot {
    /// How systemd takes a mount: by what it made of the line, if it did, else by `_netdev`. `None`: `noauto` or read by no one yet, so
    /// that it cannot be told: whether systemd knows ocfs2 for a network's depends on its version.
    pub fn kind(&self, entry: &FstabEntry) -> Option<MountKind> {
        let unit = unit_name(&entry.mount_point);
        let made = self.generated.iter().find(|(name, _)| *name == unit).map(|(_, kind)| *kind);
        if entry.has("_netdev") { Some(MountKind::Network) } else { made }
    }

    /// Whether a mount comes after the cluster's start without being told so: the unit that starts that is one of those before all of the
    /// network's mounts.
    pub fn ordered(&self, entry: &FstabEntry) -> bool {
        const TARGET: &str = "remote-fs-pre.target";
        let before = |unit: &Starter| unit.enabled && unit.names("Before", TARGET) && unit.names("Wants", TARGET);
        self.kind(entry) == Some(MountKind::Network) && self.unit.as_ref().is_some_and(before)
    }

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
        let unit = unit_of("o2cb.service").map(|(path, mut text)| {
            for (_, more) in drop_ins(look, "o2cb.service") {
                text.push('\n');
                text += &more;
            }
            Starter { path, text, enabled: wanted }
        });
        let mut generated = Vec::new();
        for (target, kind) in [("remote-fs.target", MountKind::Network), ("local-fs.target", MountKind::Local)] {
            for folder in ["requires", "wants"] {
                let units = names(&format!("{GENERATED}/{target}.{folder}"));
                let mounts = units.iter().filter_map(|unit| unit.strip_suffix(".mount").or_else(|| unit.strip_suffix(".automount")));
                generated.extend(mounts.map(|name| (name.to_owned(), kind)));
            }
        }
        Boot {
            systemd: look.list("/run/systemd/system").is_ok(),
            fstab: text("/etc/fstab").map(|text| fstab(&text)).unwrap_or_default(),
            unit,
            script: text("/etc/init.d/o2cb").map(|text| Starter { path: "/etc/init.d/o2cb".to_owned(), text, enabled: linked }),
            network_service: unit_of("network.service").is_some() || look.read("/etc/init.d/network").is_ok(),
            generated,
        }
    }
}

/// A unit's drop-ins, by name, which is the order in which they count; of one name the first folder's.
fn drop_ins(look: &dyn Look, unit: &str) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    for folder in UNITS {
        let folder = format!("{folder}/{unit}.d");
        for entry in look.list(&folder).unwrap_or_default() {
            if Path::new(&entry.name).extension().is_none_or(|kind| kind != "conf") || found.contains_key(&entry.name) {
                continue;
            }
            if let Ok(text) = look.read(&format!("{folder}/{}", entry.name)) {
                found.insert(entry.name, String::from_utf8_lossy(&text).into_owned());
            }
        }
    }
    found
}

/// What systemd calls a mount point: `/srv/a-b` is `srv-a\x2db` (`systemd-escape --path`).
fn unit_name(mount_point: &str) -> String {
    let parts: Vec<&str> = mount_point.split('/').filter(|part| !part.is_empty()).collect();
    if parts.is_empty() {
        return "-".to_owned();
    }
    let mut name = String::new();
    for (at, byte) in parts.join("/").bytes().enumerate() {
        match byte {
            b'/' => name.push('-'),
            b'0'..=b'9' | b'a'..=b'z' | b'A'..=b'Z' | b':' | b'_' => name.push(char::from(byte)),
            b'.' if at > 0 => name.push('.'),
            _ => name += &format!("\\x{byte:02x}"),
        }
    }
    name
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

    use crate::kernel::model::ModelKernel;

    #[test]
    fn drop_ins_count_in_their_order() {
        let mut kernel = ModelKernel::new();
        kernel.put("/lib/systemd/system/o2cb.service", "[Unit]\nRequires=network.service\n[Service]\nExecStop=/sbin/o2cb.init disable\n");
        kernel.put("/usr/lib/systemd/system/o2cb.service.d/20-b.conf", "[Service]\nExecStop=/sbin/x\n");
        kernel.put(
            "/etc/systemd/system/o2cb.service.d/10-a.conf",
            "[Unit]\nRequires=\nAfter = a.service network-online.target\n[Service]\nExecStop=\n",
        );
        kernel.put("/run/systemd/system/o2cb.service.d/10-a.conf", "[Unit]\nAfter=hidden.service\n");
        kernel.put("/etc/systemd/system/o2cb.service.d/notes.txt", "After=nothing.service\n");
        let unit = Boot::look(&kernel).unit.unwrap();
        assert_eq!(unit.values("ExecStop"), ["/sbin/x"]);
        assert_eq!(unit.values("Requires"), ["network.service"], "dependencies cannot be cancelled");
        assert_eq!(unit.values("After"), ["a.service network-online.target"]);
        assert!(unit.names("After", "network-online.target") && !unit.names("After", "network"));
    }

    #[test]
    fn how_systemd_takes_a_mount() {
        let mut kernel = ModelKernel::new();
        kernel.put(
            "/etc/fstab",
            "/dev/a /srv/a-b ocfs2 defaults\n/dev/b /b ocfs2 defaults\n/dev/c /c ocfs2 noauto\n/dev/d /d ocfs2 _netdev\n",
        );
        kernel.put("/run/systemd/generator/remote-fs.target.requires/srv-a\\x2db.mount", "");
        kernel.put("/run/systemd/generator/local-fs.target.wants/b.mount", "");
        let boot = Boot::look(&kernel);
        let kinds: Vec<_> = boot.fstab.iter().map(|entry| boot.kind(entry)).collect();
        assert_eq!(kinds, [Some(MountKind::Network), Some(MountKind::Local), None, Some(MountKind::Network)]);
        assert_eq!((unit_name("/"), unit_name("/.x//y.z/")), ("-".to_owned(), "\\x2ex-y.z".to_owned()));
    }

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
