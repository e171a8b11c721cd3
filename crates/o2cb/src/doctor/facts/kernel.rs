//! The kernel that runs, what its modules are, and which distribution it is of.

use crate::found::Seen;
use crate::kernel::Look;

/// All of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KernelFacts {
    /// `6.1.0-56-amd64`.
    pub release: Seen<String>,
    /// Whether `/lib/modules/RELEASE` is there.
    pub modules_folder: bool,
    /// Whether OCFS2's node manager is among the modules or built in, by `modules.dep` and `modules.builtin`; `None`: neither was read.
    pub has_o2cb: Option<bool>,
    /// Whether it is loaded or built in: its files are in `/sys/fs`.
    pub running: bool,
    /// `ID` of `/etc/os-release`: `debian`.
    pub os: Option<String>,
    /// Its `PRETTY_NAME`.
    pub os_name: Option<String>,
    /// `CONFIG_OCFS2_FS_O2CB` of `/boot/config-RELEASE`: `y`, `m`, `n`; `None`: no such file.
    pub configured: Option<String>,
    /// `/proc/sys/kernel/tainted`.
    pub tainted: Seen<u64>,
    /// `/sys/kernel/security/lockdown`: the word in brackets.
    pub lockdown: Option<String>,
}

impl KernelFacts {
    /// Reads it.
    pub fn look(look: &dyn Look) -> KernelFacts {
        let text = |path: &str| look.read(path).ok().map(|text| String::from_utf8_lossy(&text).into_owned());
        let release = Seen::text(look, "/proc/sys/kernel/osrelease").map(|text| text.trim().to_owned());
        let folder = release.is().map(|release| format!("/lib/modules/{release}"));
        let lists: Vec<String> = folder
            .iter()
            .flat_map(|folder| ["modules.dep", "modules.builtin"].map(|file| format!("{folder}/{file}")))
            .filter_map(|path| text(&path))
            .collect();
        let has = lists.iter().any(|list| list.contains("/ocfs2_nodemanager.ko"));
        let os = text("/etc/os-release").unwrap_or_default();
        let value =
            |key: &str| os.lines().find_map(|line| Some(line.strip_prefix(key)?.strip_prefix('=')?.trim_matches(['"', '\'']).to_owned()));
        let configured = release.is().and_then(|release| text(&format!("/boot/config-{release}"))).map(|config| {
            let line = config.lines().find_map(|line| line.strip_prefix("CONFIG_OCFS2_FS_O2CB="));
            line.unwrap_or("n").to_owned()
        });
        let lockdown = text("/sys/kernel/security/lockdown");
        KernelFacts {
            modules_folder: folder.is_some_and(|folder| look.list(&folder).is_ok()),
            has_o2cb: (!lists.is_empty()).then_some(has),
            running: look.list("/sys/fs/o2cb").is_ok() || look.list("/sys/fs/ocfs2").is_ok() || look.list(crate::kernel::CLUSTERS).is_ok(),
            os: value("ID"),
            os_name: value("PRETTY_NAME"),
            configured,
            tainted: Seen::text(look, "/proc/sys/kernel/tainted").parsed(),
            lockdown: lockdown.and_then(|text| Some(text.split_once('[')?.1.split_once(']')?.0.to_owned())),
            release,
        }
    }
}
