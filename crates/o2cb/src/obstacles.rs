//! What stands in the way of taking the cluster offline. Looked at before anything is touched.

use crate::found::{Found, FoundRegion, Holder, NamespaceMount, Seen, device_holders, device_mount, dlmfs_holders, mounts_everywhere};
use crate::kernel::Look;
use formats::cluster_conf::HeartbeatMode;
use std::io;

/// Why it is not safe to stop a region.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum InUse {
    /// Something uses it, or may soon: what.
    Is(String),
    /// Whether something uses it cannot be told: why.
    Unknown(String),
}

impl InUse {
    /// In words.
    pub fn words(&self) -> &str {
        match self {
            InUse::Is(why) | InUse::Unknown(why) => why,
        }
    }
}

/// A region of local mode without a mounted volume or a domain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Leftover {
    /// Its UUID.
    pub uuid: String,
    /// The kernel's name of its device; empty if its heartbeat was never started.
    pub device: String,
    /// How many users the C tools count; `None`: not asked, or no count exists.
    pub users: Option<u32>,
    /// Why it is not safe to stop it; `None`: it is.
    pub in_use: Option<InUse>,
}

/// All of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Obstacles {
    /// Mounted volumes, in any mount namespace.
    pub mounts: Vec<NamespaceMount>,
    /// Processes that use dlmfs.
    pub users: Vec<Holder>,
    /// Folders of dlmfs without a user: their locks are held by nobody.
    pub idle_domains: Vec<(String, Vec<String>)>,
    /// Folders of dlmfs that somebody uses.
    pub used_domains: Vec<(String, Vec<String>)>,
    /// Domains without a folder of dlmfs: of mounted volumes, or of programs below the file system.
    pub other_domains: Vec<String>,
    /// Regions that a domain holds.
    pub pinned: Vec<String>,
    /// Regions of local mode that nothing seems to use.
    pub leftovers: Vec<Leftover>,
}

impl Obstacles {
    /// Looks for them. The error is that of listing processes: then nothing can be told.
    pub fn look(look: &dyn Look, found: &Found) -> io::Result<Obstacles> {
        let mounts = mounts_everywhere(look)?;
        let users = dlmfs_holders(look)?;
        let folders = found.user_domains.is().cloned().unwrap_or_default();
        // A user of dlmfs below another mount point shows another path: then every domain may be used.
        let used = |domain: &str| {
            let folder = format!("{}/{domain}", crate::kernel::DLMFS);
            users.iter().flat_map(|user| &user.holds).any(|path| path.starts_with(&folder) || !path.starts_with(crate::kernel::DLMFS))
        };
        let (used_domains, idle_domains): (Vec<_>, Vec<_>) = folders.into_iter().partition(|(domain, _)| used(domain));
        let is_folder = |name: &String| used_domains.iter().chain(&idle_domains).any(|(domain, _)| domain == name);
        let all = found.domains.is().into_iter().flatten().map(|domain| domain.name.clone());
        let other_domains: Vec<String> = all.filter(|name| !is_folder(name)).collect();
        let mut obstacles = Obstacles { mounts, users, idle_domains, used_domains, other_domains, ..Obstacles::default() };
        if let Some(cluster) = found.cluster() {
            let pinned = cluster.regions.iter().filter(|region| region.pinned == Seen::Is(true));
            obstacles.pinned = pinned.map(|region| region.uuid.clone()).collect();
            if !cluster.mode.has(&HeartbeatMode::Global) {
                obstacles.leftovers = leftovers(look, found, &obstacles, &cluster.regions)?;
            }
        }
        Ok(obstacles)
    }

    /// Whether nothing is in the way but what nobody uses.
    pub fn is_free(&self) -> bool {
        self.mounts.is_empty() && self.users.is_empty() && self.other_domains.is_empty() && self.leftovers.is_empty()
    }
}

fn leftovers(look: &dyn Look, found: &Found, obstacles: &Obstacles, regions: &[FoundRegion]) -> io::Result<Vec<Leftover>> {
    let mut leftovers = Vec::new();
    for region in regions {
        if obstacles.other_domains.contains(&region.uuid) {
            continue;
        }
        let device = region.device.is().cloned().unwrap_or_default();
        let (holders, mounted) = if device.is_empty() {
            (Vec::new(), None)
        } else {
            (device_holders(look, &device)?, device_mount(look, &device, &obstacles.mounts))
        };
        let in_use = if let Some(mount) = mounted {
            Some(InUse::Is(format!("{device} is mounted at {}", mount.mount_point)))
        } else if let Some(holder) = holders.first() {
            Some(InUse::Is(format!(
                "process {} ({}) has {device} open: fsck, tunefs and mkfs beat while they work",
                holder.pid, holder.name
            )))
        } else if region.pinned == Seen::Is(true) {
            Some(InUse::Is("a domain holds it".to_owned()))
        } else if found.domains.is().is_none() {
            Some(InUse::Unknown(format!("whether a domain uses it cannot be told: debugfs is {}", found.domains.words(|_| String::new()))))
        } else if !obstacles.mounts.is_empty() && obstacles.mounts.len() > obstacles.other_domains.len() {
            // A mount without a domain of its own is still coming or going.
            Some(InUse::Is("a volume is mounted whose domain is not seen".to_owned()))
        } else {
            (!obstacles.used_domains.is_empty() || !obstacles.idle_domains.is_empty()).then(|| {
                InUse::Is(
                    "a domain of dlmfs lives on some heartbeat, and in local mode the kernel does not say on which: end it first"
                        .to_owned(),
                )
            })
        };
        leftovers.push(Leftover { uuid: region.uuid.clone(), device, users: None, in_use });
    }
    Ok(leftovers)
}
