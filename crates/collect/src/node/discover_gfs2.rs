//! Which GFS2 file systems a node has: directories of debugfs, joined with the mount table by the device number that sysfs
//! tells. Nothing on the mounts is touched.

use super::files::NodeFiles;
use formats::mounts::Mount;
use formats::scan::decimal;
use sample::FileSystem;
use sample::gfs2::Gfs2Health;
use sample::message::FileSystemKind;

/// Where GFS2 shows its glocks (`gfs2_register_debugfs`, `fs/gfs2/glock.c`): a directory per mount, named by its lock table.
pub const DEBUG_GFS2: &str = "/sys/kernel/debug/gfs2";
/// Where GFS2 shows its mounts (`fs/gfs2/sys.c`).
pub const SYSFS_GFS2: &str = "/sys/fs/gfs2";

/// The path of a debugfs file of one file system.
pub fn debug_file(table: &str, file: &str) -> String {
    format!("{DEBUG_GFS2}/{table}/{file}")
}

/// A sysfs file of one file system, without its newline; `None` if it cannot be read.
pub fn sysfs(files: &dyn NodeFiles, table: &str, file: &str) -> Option<String> {
    let text = files.read(&format!("{SYSFS_GFS2}/{table}/{file}"), 4096).ok()?;
    Some(String::from_utf8_lossy(text.trim_ascii()).into_owned())
}

/// A number in a sysfs file.
pub fn sysfs_number(files: &dyn NodeFiles, table: &str, file: &str) -> Option<i64> {
    sysfs(files, table, file)?.parse().ok()
}

/// State of a mount.
pub fn health(files: &dyn NodeFiles, table: &str) -> Gfs2Health {
    let flag = |file| sysfs_number(files, table, file).map(|number| number != 0);
    Gfs2Health {
        withdrawn: flag("withdraw"),
        frozen: flag("freeze"),
        blocked: flag("lock_module/block"),
        recover_done: sysfs_number(files, table, "lock_module/recover_done"),
        recover_status: sysfs_number(files, table, "lock_module/recover_status"),
        journal: sysfs_number(files, table, "lock_module/jid").and_then(|journal| u32::try_from(journal).ok()),
    }
}

/// Looks at `files`; `mounts` are those of type gfs2.
pub fn discover(files: &dyn NodeFiles, mounts: &[Mount]) -> Vec<FileSystem> {
    let tables: Vec<String> = files.list(DEBUG_GFS2).unwrap_or_default();
    let only_one = tables.len() == 1 && mounts.len() == 1;
    let mut found = Vec::new();
    for table in tables {
        let device = sysfs(files, &table, "id").and_then(|id| device_number(&id));
        let is_here = |mount: &&Mount| match (mount.device, device) {
            (Some(mounted), Some(device)) => mounted == device,
            _ => only_one,
        };
        let here: Vec<&Mount> = mounts.iter().filter(is_here).collect();
        found.push(FileSystem {
            kind: FileSystemKind::Gfs2,
            label: None,
            device,
            device_path: here.first().map(|mount| mount.source.clone()),
            mount_points: here.iter().map(|mount| mount.mount_point.clone()).collect(),
            stack: sysfs(files, &table, "lock_module/proto_name").filter(|name| !name.is_empty()),
            slot: sysfs_number(files, &table, "lock_module/jid").and_then(|journal| u32::try_from(journal).ok()),
            uuid: table,
        });
    }
    found
}

/// `254:32`.
fn device_number(text: &str) -> Option<(u32, u32)> {
    let (major, minor) = text.split_once(':')?;
    Some((u32::try_from(decimal(major.as_bytes())?).ok()?, u32::try_from(decimal(minor.as_bytes())?).ok()?))
}
