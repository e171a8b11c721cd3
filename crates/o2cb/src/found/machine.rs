//! File systems, modules, sysctls, sockets and semaphores.

use super::Seen;
use crate::kernel::{DLMFS, Look, PLUGINS};
use formats::mounts::{Mount, parse_mounts};
use formats::proc::net_tcp;
use std::collections::BTreeSet;
use std::net::Ipv4Addr;

/// One of the file systems that the stack needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Filesystem {
    /// Whether the kernel knows its type now.
    pub driver: Seen<bool>,
    /// Whether it is mounted where it belongs.
    pub mounted: Seen<bool>,
    /// Whether the folder is there on which it belongs.
    pub folder: bool,
}

/// A loaded module.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Module {
    /// Its name.
    pub name: String,
    /// How many things use it.
    pub uses: u64,
}

/// What makes a node come back that has crashed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sysctls {
    /// `kernel.panic_on_oops`: whether a crashed kernel thread ends the node, which else stays half alive.
    pub panic_on_oops: Seen<u32>,
    /// `kernel.panic`: seconds from a panic to the restart; 0: it stays; negative: at once.
    pub panic_s: Seen<i32>,
}

/// What is mounted where, as this process sees it.
pub fn mounts(look: &dyn Look) -> Seen<Vec<Mount>> {
    Seen::of(look.read("/proc/self/mounts")).map(|text| parse_mounts(&text).0)
}

/// `nodev\tconfigfs` or `\text4`.
pub fn drivers(look: &dyn Look) -> Seen<Vec<String>> {
    Seen::text(look, "/proc/filesystems")
        .map(|text| text.lines().filter_map(|line| line.split_whitespace().last()).map(str::to_owned).collect())
}

/// Whether a file system of this type is mounted there.
pub fn is_mounted(mounts: &[Mount], fs_type: &str, at: &str) -> bool {
    mounts.iter().any(|mount| mount.fs_type == fs_type && mount.mount_point == at)
}

pub fn filesystem(look: &dyn Look, drivers: &Seen<Vec<String>>, mounts: &Seen<Vec<Mount>>, fs_type: &str, at: &str) -> Filesystem {
    Filesystem {
        driver: drivers.clone().map(|drivers| drivers.iter().any(|driver| driver == fs_type)),
        mounted: mounts.clone().map(|mounts| is_mounted(&mounts, fs_type, at)),
        folder: look.list(at).is_ok(),
    }
}

/// `ocfs2_dlm 282624 1 ocfs2_stack_o2cb, Live 0x…`: the third field counts users.
pub fn modules(look: &dyn Look) -> Seen<Vec<Module>> {
    Seen::text(look, "/proc/modules").map(|text| {
        let module = |line: &str| {
            let mut fields = line.split_whitespace();
            Some(Module { name: fields.next()?.to_owned(), uses: fields.nth(1)?.parse().ok()? })
        };
        text.lines().filter_map(module).collect()
    })
}

/// Stack plugins. With several loaded the kernel writes each name over the one before (`ocfs2_loaded_cluster_plugins_show`,
/// `fs/ocfs2/stackglue.c`, 6.1 and 6.12: "user\n" and five zero bytes, with `o2cb` loaded too), so the modules are asked as well.
pub fn plugins(look: &dyn Look, modules: &Seen<Vec<Module>>) -> Seen<Vec<String>> {
    Seen::text(look, PLUGINS).map(|text| {
        let mut plugins: Vec<String> =
            text.split(|c: char| c.is_whitespace() || c == '\0').filter(|word| !word.is_empty()).map(str::to_owned).collect();
        for module in modules.is().into_iter().flatten() {
            if let Some(plugin) = module.name.strip_prefix("ocfs2_stack_")
                && !plugins.iter().any(|known| known == plugin)
            {
                plugins.push(plugin.to_owned());
            }
        }
        plugins
    })
}

/// Folders of dlmfs. Only names are read: a lock file that is opened may wait for ever.
pub fn user_domains(look: &dyn Look) -> Seen<Vec<(String, Vec<String>)>> {
    Seen::of(look.list(DLMFS).and_then(|entries| {
        let folders = entries.into_iter().filter(|entry| entry.folder);
        let domain = |name: String| {
            let locks = look.list(&format!("{DLMFS}/{name}"))?;
            Ok((name, locks.into_iter().map(|lock| lock.name).collect()))
        };
        folders.map(|entry| domain(entry.name)).collect()
    }))
}

pub fn sysctls(look: &dyn Look) -> Sysctls {
    Sysctls {
        panic_on_oops: Seen::text(look, "/proc/sys/kernel/panic_on_oops").parsed(),
        panic_s: Seen::text(look, "/proc/sys/kernel/panic").parsed(),
    }
}

/// Sockets of `/proc/net/tcp` that listen.
pub fn listening(look: &dyn Look) -> Seen<Vec<(Ipv4Addr, u16)>> {
    const LISTEN: u8 = 10;
    let listen =
        |text: Vec<u8>| net_tcp::parse(&text).into_iter().filter(|socket| socket.state == LISTEN).map(|socket| socket.local).collect();
    Seen::of(look.read("/proc/net/tcp")).map(listen)
}

/// `/proc/sysvipc/sem`: the first column is the key, as a signed number.
pub fn counts(look: &dyn Look) -> Seen<BTreeSet<u32>> {
    let key = |line: &str| line.split_whitespace().next()?.parse::<i64>().ok().map(|key| key as u32);
    Seen::text(look, "/proc/sysvipc/sem").map(|text| text.lines().skip(1).filter_map(key).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::model::ModelKernel;

    #[test]
    fn sockets_modules_and_semaphores_as_kernels_print_them() {
        let mut kernel = ModelKernel::new();
        let address = u32::from_ne_bytes([10, 9, 0, 1]);
        let tcp = format!(
            "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt\n   \
             0: {address:08X}:1E61 00000000:0000 0A 00000000:00000000 00:00000000 00000000\n   \
             1: {address:08X}:0016 0200090A:C3B2 01 00000000:00000000 02:000A0000 00000000\n"
        );
        kernel.put("/proc/net/tcp", &tcp);
        assert_eq!(listening(&kernel), Seen::Is(vec![(Ipv4Addr::new(10, 9, 0, 1), 7777)]));
        // The key is printed as a signed number: 0x9b8a82cc.
        kernel.put("/proc/sysvipc/sem", "       key      semid perms      nsems\n-1685421364          0     0          2     0     0\n");
        assert_eq!(counts(&kernel), Seen::Is(BTreeSet::from([0x9b8a_82cc])));
        kernel.put("/proc/modules", "ocfs2_dlm 282624 1 ocfs2_stack_o2cb, Live 0x0000000000000000\nconfigfs 61440 2 - Live 0x0\n");
        let modules = modules(&kernel);
        assert_eq!(modules.is().unwrap()[0], Module { name: "ocfs2_dlm".to_owned(), uses: 1 });
    }

    #[test]
    fn of_several_plugins_the_kernel_tells_the_last_only() {
        let mut kernel = ModelKernel::new();
        kernel.put("/sys/fs/ocfs2/loaded_cluster_plugins", "user\n\0\0\0\0\0");
        kernel.put("/proc/modules", "ocfs2_stack_o2cb 12288 0 - Live 0x0\nocfs2_stack_user 20480 0 - Live 0x0\n");
        let told = plugins(&kernel, &modules(&kernel));
        assert_eq!(told, Seen::Is(vec!["user".to_owned(), "o2cb".to_owned()]));
        kernel.put("/proc/modules", "");
        assert_eq!(plugins(&kernel, &modules(&kernel)), Seen::Is(vec!["user".to_owned()]));
    }
}
