//! What the collector asks of the kernel, seen by strace.

use super::Bench;
use super::watch::Watch;
use crate::plan::FileSystem;
use crate::stack::STEP;
use anyhow::{bail, ensure};
use std::time::Duration;

/// System calls that change something, whatever their arguments.
const CHANGING: &str = "creat,unlink,unlinkat,rename,renameat,renameat2,mkdir,mkdirat,rmdir,link,linkat,symlink,symlinkat,mknod,mknodat,\
truncate,ftruncate,fallocate,chmod,fchmod,fchmodat,chown,fchown,lchown,fchownat,utimensat,setxattr,lsetxattr,fsetxattr,mount,umount2,\
flock,kill,tkill,reboot,sethostname,settimeofday,clock_settime,init_module,finit_module,delete_module,bpf,perf_event_open,ptrace,\
sendfile,splice,copy_file_range,pwrite64,pwritev,pwritev2,socket,connect,execve,fork,vfork";

/// Calls that are looked at with their arguments.
const LOOKED_AT: &str = "open,openat,openat2,write,writev,ioctl,stat,lstat,newfstatat,statx,statfs,access,faccessat,faccessat2,readlink,readlinkat,\
chdir,getxattr,lgetxattr,inotify_add_watch,fanotify_mark";

/// Where the collector may write, unless it is forbidden.
const INSTANCE: &str = "/sys/kernel/tracing/instances/dlmtop-";

/// A wrapper takes the collector's place on node 1.
pub(super) fn reads_only(bench: &mut Bench) -> anyhow::Result<()> {
    if bench.on == FileSystem::Gfs2 {
        traced(bench, &[], Some(INSTANCE))?;
    }
    traced(bench, &["--no-trace"], None)
}

fn traced(bench: &mut Bench, options: &[&str], may_write: Option<&str>) -> anyhow::Result<()> {
    let ssh = bench.lab.ssh.clone();
    let wrapper = format!(
        "#!/bin/sh\nif [ \"$*\" = collect ]; then\n    exec strace -f -y -qq -o /run/collect.trace -e trace={CHANGING},{LOOKED_AT} /usr/local/bin/real/dlmtop \"$@\"\nfi\n\
         exec /usr/local/bin/real/dlmtop \"$@\"\n"
    );
    ssh.run(1, "mkdir -p /usr/local/bin/real && mv /usr/local/bin/dlmtop /usr/local/bin/real/dlmtop", STEP)?;
    let judged = (|| {
        ssh.write(1, "/usr/local/bin/dlmtop", 0o755, wrapper.as_bytes())?;
        let mut watch = Watch::nodes(bench, options)?;
        watch.until_live(&bench.lab.nodes(), Duration::from_secs(90))?;
        for _ in 0..3 {
            watch.next()?;
        }
        watch.quit()?;
        super::remnants::until_clean(bench, &[1], Duration::from_secs(30))?;
        ssh.run(1, "cat /run/collect.trace", STEP)
    })();
    ssh.run(1, "mv -f /usr/local/bin/real/dlmtop /usr/local/bin/dlmtop; rmdir /usr/local/bin/real; rm -f /run/collect.trace", STEP)?;
    let trace = judged?;
    std::fs::write(bench.scratch.join("collect.trace"), &trace)?;
    // The file that tells the locks.
    judge(&trace, if bench.on == FileSystem::Gfs2 { "/glocks" } else { "/locking_state" }, may_write)
}

/// Every line of the trace is a reading one, or writes where it may, and `dump` is read again and again.
fn judge(trace: &str, dump: &str, may_write: Option<&str>) -> anyhow::Result<()> {
    let (mut opened, mut dumps) = (0, 0);
    for (number, line) in trace.lines().enumerate() {
        // `PID call(arguments) = result`; a call that another thread interrupts has its end on a later line.
        let Some((_, call)) = line.trim_start().split_once(' ') else { continue };
        let call = call.trim_start();
        if call.starts_with("+++") || call.starts_with("---") || call.starts_with("<...") {
            continue;
        }
        let Some((name, arguments)) = call.split_once('(') else { continue };
        let path = arguments.split('"').nth(1).unwrap_or_default();
        let told = |why: &str| anyhow::anyhow!("{why}, line {} of the trace: {line}", number + 1);
        ensure!(!path.starts_with("/mnt"), told("it touches the mount"));
        ensure!(!path.starts_with("/dev/mapper") && !path.starts_with("/dev/sd"), told("it touches the device"));
        // What is read of `/sys/kernel/tracing` is no mount of a cluster; a descriptor is told with its path.
        let written = arguments.split_once('<').and_then(|(_, rest)| rest.split_once('>')).map_or("", |(path, _)| path);
        let may = |path: &str| may_write.is_some_and(|start| path.starts_with(start));
        match name {
            "mkdir" | "mkdirat" | "rmdir" | "unlinkat" | "open" | "openat" | "openat2" if may(path) => {}
            "write" if may(written) => {}
            "execve" if number < 3 => {}
            "open" | "openat" | "openat2" => {
                let writes = ["O_WRONLY", "O_RDWR", "O_CREAT", "O_TRUNC", "O_APPEND"].iter().any(|flag| arguments.contains(flag));
                ensure!(!writes || path == "/dev/null", told("it opens for writing"));
                opened += 1;
                dumps += u32::from(path.ends_with(dump));
            }
            // Its answers, and what it may complain.
            "write" | "writev" => {
                ensure!(["1,", "1<", "2,", "2<"].iter().any(|start| arguments.starts_with(start)), told("it writes to a file"));
            }
            "ioctl" => ensure!(
                arguments.contains("TCGETS") || arguments.contains("TIOCGWINSZ") || arguments.contains("FIONREAD"),
                told("an ioctl")
            ),
            "stat" | "lstat" | "newfstatat" | "statx" | "access" | "faccessat" | "faccessat2" | "readlink" | "readlinkat" => {}
            _ => bail!(told("a call that changes something")),
        }
    }
    ensure!(dumps >= 3, "only {dumps} of {opened} opened files are {dump}: the trace is not of a working collector");
    crate::progress::say(&format!("{opened} files opened, all for reading; {dumps} times {dump}"));
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "12 execve(\"/usr/local/bin/real/dlmtop\", [\"dlmtop\", \"collect\"], 0x7f /* 9 vars */) = 0\n\
        12 openat(AT_FDCWD, \"/sys/kernel/debug/ocfs2/A/locking_state\", O_RDONLY|O_CLOEXEC) = 5\n\
        12 openat(AT_FDCWD, \"/sys/kernel/debug/ocfs2/A/locking_state\", O_RDONLY|O_CLOEXEC) = 5\n\
        13 openat(AT_FDCWD, \"/sys/kernel/debug/ocfs2/A/locking_state\", O_RDONLY|O_CLOEXEC <unfinished ...>\n\
        12 write(1, \"x\", 1) = 1\n13 <... openat resumed>) = 6\n12 +++ exited with 0 +++\n";

    #[test]
    fn what_writes_or_touches_the_mount_is_found() {
        judge(GOOD, "/locking_state", None).unwrap();
        assert!(judge(GOOD, "/glocks", None).is_err());
        for bad in [
            "12 openat(AT_FDCWD, \"/sys/kernel/debug/ocfs2/A/locking_filter\", O_WRONLY) = 5\n",
            "12 statx(AT_FDCWD, \"/mnt/ocfs2\", 0, 0, 0) = 0\n",
            "12 write(5, \"x\", 1) = 1\n",
            "12 mkdir(\"/tmp/x\", 0700) = 0\n",
            "12 openat(AT_FDCWD, \"/dev/mapper/ocfs2\", O_RDONLY) = 5\n",
        ] {
            assert!(judge(&format!("{GOOD}{bad}"), "/locking_state", Some(INSTANCE)).is_err(), "{bad}");
        }
        assert!(judge("", "/locking_state", None).is_err());
    }

    #[test]
    fn only_the_own_instance_is_written_and_only_if_it_may_be() {
        let own = "12 mkdir(\"/sys/kernel/tracing/instances/dlmtop-1-2-3-1\", 0777) = 0\n\
            12 openat(AT_FDCWD</>, \"/sys/kernel/tracing/instances/dlmtop-1-2-3-1/events/gfs2/x/trigger\", O_WRONLY|O_CLOEXEC) = 7\n\
            12 write(7</sys/kernel/tracing/instances/dlmtop-1-2-3-1/events/gfs2/x/trigger>, \"hist:keys=a\", 11) = 11\n\
            12 write(1<pipe:[7]>, \"x\", 1) = 1\n12 rmdir(\"/sys/kernel/tracing/instances/dlmtop-1-2-3-1\") = 0\n";
        judge(&format!("{GOOD}{own}"), "/locking_state", Some(INSTANCE)).unwrap();
        for line in own.lines().filter(|line| !line.contains("pipe")) {
            assert!(judge(&format!("{GOOD}{line}\n"), "/locking_state", None).is_err(), "{line}");
            let other = line.replace("dlmtop-1", "other-1");
            assert!(judge(&format!("{GOOD}{other}\n"), "/locking_state", Some(INSTANCE)).is_err(), "{other}");
        }
    }
}
