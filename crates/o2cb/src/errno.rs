//! What an error of the kernel means at the very file where it came, and what to do: the rules of `nodemanager.c`,
//! `heartbeat.c` and `tcp.c` (`fs/ocfs2/cluster`), as measured on 6.1.

use rustix::io::Errno;
use std::io;

/// What was attempted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Deed {
    /// A value was written.
    Write,
    /// A folder was made.
    Make,
    /// A folder was removed.
    Remove,
    /// A region's heartbeat was started.
    Start,
    /// Anything else.
    Other,
}

/// The name of an errno: `EADDRNOTAVAIL`.
pub fn name(error: &io::Error) -> Option<&'static str> {
    const NAMES: [(Errno, &str); 27] = [
        (Errno::PERM, "EPERM"),
        (Errno::NOENT, "ENOENT"),
        (Errno::INTR, "EINTR"),
        (Errno::IO, "EIO"),
        (Errno::NXIO, "ENXIO"),
        (Errno::NOMEM, "ENOMEM"),
        (Errno::ACCESS, "EACCES"),
        (Errno::FAULT, "EFAULT"),
        (Errno::BUSY, "EBUSY"),
        (Errno::EXIST, "EEXIST"),
        (Errno::NODEV, "ENODEV"),
        (Errno::NOTDIR, "ENOTDIR"),
        (Errno::ISDIR, "EISDIR"),
        (Errno::INVAL, "EINVAL"),
        (Errno::FBIG, "EFBIG"),
        (Errno::NOSPC, "ENOSPC"),
        (Errno::ROFS, "EROFS"),
        (Errno::RANGE, "ERANGE"),
        (Errno::NAMETOOLONG, "ENAMETOOLONG"),
        (Errno::NOTEMPTY, "ENOTEMPTY"),
        (Errno::ADDRINUSE, "EADDRINUSE"),
        (Errno::ADDRNOTAVAIL, "EADDRNOTAVAIL"),
        (Errno::NOTCONN, "ENOTCONN"),
        (Errno::SRCH, "ESRCH"),
        (Errno::PROTO, "EPROTO"),
        (Errno::TXTBSY, "ETXTBSY"),
        (Errno::HOSTDOWN, "EHOSTDOWN"),
    ];
    let errno = Errno::from_io_error(error)?;
    NAMES.iter().find(|(number, _)| *number == errno).map(|(_, name)| *name)
}

/// For a person: `EADDRNOTAVAIL (99)`; the error's own words where there is no errno.
pub fn shown(error: &io::Error) -> String {
    match (name(error), error.raw_os_error()) {
        (Some(name), Some(number)) => format!("{name} ({number})"),
        (None, Some(number)) => format!("errno {number}: {error}"),
        _ => error.to_string(),
    }
}

/// What an error means there, and what to do; `None` where the errno's own words say all that is known.
pub fn meaning(deed: Deed, path: &str, error: &io::Error) -> Option<&'static str> {
    let errno = Errno::from_io_error(error)?;
    if matches!(errno, Errno::ACCESS | Errno::PERM) {
        return Some("this needs root");
    }
    if errno == Errno::ROFS && (path.starts_with("/sys/") || path.starts_with("/proc/")) {
        return Some("it is mounted read-only: a container sees the host's kernel so; run this on the host");
    }
    let place = path.strip_prefix("/sys/kernel/config/cluster/").map(|place| place.split('/').skip(1).collect::<Vec<_>>());
    match place.as_deref() {
        Some(place) => configfs(deed, place, errno),
        None => elsewhere(deed, path, errno),
    }
}

fn configfs(deed: Deed, place: &[&str], errno: Errno) -> Option<&'static str> {
    Some(match (deed, place, errno) {
        (Deed::Make, [], Errno::NOSPC) => "the kernel has room for one cluster and another one is registered: take that one offline first",
        (Deed::Make, [], Errno::NOENT) => "the node manager is not loaded or configfs is not mounted: `o2cb load`",
        (Deed::Make, ["node", _], Errno::NAMETOOLONG) => "a node's name has at most 64 bytes",
        (Deed::Make, ["heartbeat", _], Errno::NAMETOOLONG) => {
            "a region's name has at most 32 bytes: it is the volume's UUID without dashes"
        }
        (Deed::Make, ["heartbeat", _], Errno::FBIG) => "the kernel has room for 32 regions in global mode",
        (Deed::Make, _, Errno::EXIST) => "something else has just made it: look at `o2cb status` and run this again",
        (Deed::Remove, [], Errno::NOTEMPTY) => "nodes or regions are still registered: something else has just added one",
        (Deed::Remove, [], Errno::BUSY) => "something still uses the cluster",
        (Deed::Remove, ["node", _], Errno::BUSY) => {
            "the node is in use: this machine's own node is held while a heartbeat runs, another one while it is connected"
        }
        (Deed::Remove, ["heartbeat", _], Errno::BUSY) => {
            "a DLM domain holds the region: in local mode its own volume, in global mode any domain while there are at most 3 quorum \
             regions; unmount first"
        }
        (Deed::Start, _, Errno::INVAL) => {
            "the kernel refuses the device: it is no block device, its sector size is not block_bytes, the region is already started, or \
             this machine's node is not registered as local"
        }
        (Deed::Start, _, Errno::IO) => {
            "the heartbeat did not become steady: the disk is too slow or fails, or another machine writes the same slot (same node \
             number); `dmesg` says which"
        }
        (Deed::Start, _, Errno::INTR) => "a signal interrupted the start: run this again",
        (Deed::Start, _, Errno::NOENT) => "the device is not there",
        (Deed::Start, _, Errno::NXIO | Errno::NODEV) => "the device is there by name only: its disk is gone",
        (Deed::Start, _, Errno::BUSY) => "something has opened the device for itself alone",
        (Deed::Write, [file @ ("idle_timeout_ms" | "keepalive_delay_ms" | "reconnect_delay_ms")], errno) => timeout(file, errno)?,
        (Deed::Write, ["fence_method"], Errno::INVAL) => "the kernel knows `reset` and `panic`",
        (Deed::Write, ["heartbeat", "dead_threshold" | "threshold"], Errno::INVAL) => "it must be a decimal number",
        (Deed::Write, ["heartbeat", "mode"], Errno::INVAL) => "the kernel knows `local` and `global`",
        (Deed::Write, ["heartbeat", "mode"], Errno::NOENT) => "this kernel is older than global heartbeat",
        (Deed::Write, ["node", _, attribute], errno) => node(attribute, errno)?,
        (Deed::Write, ["heartbeat", _, attribute], errno) => region(attribute, errno)?,
        (_, _, Errno::NOENT) => "it is gone: something else has just removed it, or the kernel is older than this file",
        _ => return None,
    })
}

fn timeout(file: &str, errno: Errno) -> Option<&'static str> {
    Some(match (file, errno) {
        ("reconnect_delay_ms", Errno::INVAL) => "it must be a number above 0",
        (_, Errno::INVAL) => {
            "the idle timeout must be above the keepalive delay, both above 0, and neither can change while a node is connected: take \
             the cluster offline on all nodes first"
        }
        (_, Errno::RANGE) => "at most 4294967294 ms",
        _ => return None,
    })
}

fn node(attribute: &str, errno: Errno) -> Option<&'static str> {
    Some(match (attribute, errno) {
        ("ipv4_port", Errno::INVAL | Errno::RANGE) => "a port is 1 to 65534",
        ("ipv4_address", Errno::INVAL | Errno::RANGE) => "an address is four numbers of 0 to 255",
        ("ipv4_address", Errno::EXIST) => "another node of the cluster has this address: each needs its own",
        ("num", Errno::RANGE) => "a node's number is 0 to 254",
        ("num", Errno::EXIST) => "another node of the cluster has this number: each needs its own",
        ("num", Errno::INVAL) => "a number must be 0 to 254, and address and port must be set before it",
        ("local", Errno::ADDRNOTAVAIL) => {
            "the address is on no interface of this machine: correct ip_address in cluster.conf on all nodes, or bring the interface up"
        }
        ("local", Errno::ADDRINUSE) => "another program listens on this port: see `ss -ltnp`, or choose another ip_port on all nodes",
        ("local", Errno::BUSY) => "another node of the cluster is already this machine's",
        ("local", Errno::INVAL) => "address, port and number must be set before it",
        ("local", Errno::NOMEM) => "the kernel has no memory for the socket",
        (_, Errno::BUSY) => "it is already set, and a registered node cannot be changed: it must be removed and made anew",
        _ => return None,
    })
}

fn region(attribute: &str, errno: Errno) -> Option<&'static str> {
    Some(match (attribute, errno) {
        ("block_bytes", Errno::RANGE) => "a slot has 512 to 4096 bytes",
        ("block_bytes", Errno::INVAL) => "a slot's size is a power of two, and cannot change once the region is started",
        ("blocks", Errno::RANGE) => "a region has 1 to 255 slots",
        (_, Errno::INVAL) => "it cannot change once the region is started",
        _ => return None,
    })
}

fn elsewhere(deed: Deed, path: &str, errno: Errno) -> Option<&'static str> {
    Some(match (deed, path, errno) {
        (Deed::Write, crate::kernel::CLUSTER_STACK, Errno::BUSY) => "a mounted volume or a domain uses another stack: unmount it first",
        (Deed::Write, crate::kernel::CLUSTER_STACK, Errno::INVAL) => "a stack's label has exactly 4 characters",
        (Deed::Write, crate::kernel::CLUSTER_STACK, Errno::NOENT) => "ocfs2_stackglue is not loaded: `o2cb load`",
        (Deed::Make, path, errno) if path.starts_with("/dlm/") => join(errno)?,
        (Deed::Remove, path, Errno::NOTEMPTY) if path.starts_with("/dlm/") => "a lock was made there meanwhile: its program still runs",
        (Deed::Other, path, Errno::NODEV) if path.starts_with('/') => "the kernel does not know this type of file system",
        (Deed::Other, path, Errno::BUSY) if path.starts_with('/') => "something still uses it",
        _ => return None,
    })
}

/// Joining a domain: `user_dlm_register` (`fs/ocfs2/dlmfs/userdlm.c`), `o2cb_cluster_check` (`fs/ocfs2/stack_o2cb.c`),
/// `dlm_register_domain` (`fs/ocfs2/dlm/dlmdomain.c`).
fn join(errno: Errno) -> Option<&'static str> {
    Some(match errno {
        Errno::INVAL => {
            "no region beats on this node, or its nodes or regions differ from those of a node that is in the domain; `dmesg` here and \
             on that node says which"
        }
        Errno::NOTCONN => "nodes beat that this one has no connection with: TCP between them is blocked, or their configurations differ",
        Errno::BUSY => "the cluster stack in use is another one than o2cb",
        Errno::PROTO => "a node that is in the domain has a kernel whose DLM speaks another protocol",
        Errno::NOENT => "the cluster stack's module is not loaded, or dlmfs is not mounted: `o2cb load`",
        Errno::HOSTDOWN => "a node of the cluster died, or lost its connection, while this one joined: run this again",
        Errno::INTR => "the other nodes did not all agree within 90 s, or a signal came",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::model;

    fn at(deed: Deed, path: &str, number: i32) -> &'static str {
        meaning(deed, &format!("/sys/kernel/config/cluster/{path}"), &io::Error::from_raw_os_error(number)).unwrap_or_default()
    }

    #[test]
    fn the_same_errno_means_different_things_at_different_files() {
        assert!(at(Deed::Write, "web/node/a/local", model::EADDRNOTAVAIL).contains("no interface"));
        assert!(at(Deed::Write, "web/node/a/local", model::EADDRINUSE).contains("port"));
        assert!(at(Deed::Write, "web/node/a/num", model::EEXIST).contains("number"));
        assert!(at(Deed::Write, "web/node/a/ipv4_address", model::EEXIST).contains("address"));
        assert!(at(Deed::Write, "web/idle_timeout_ms", model::EINVAL).contains("connected"));
        assert!(at(Deed::Write, "web/heartbeat/A/blocks", model::ERANGE).contains("255 slots"));
        assert!(at(Deed::Make, "other", model::ENOSPC).contains("one cluster"));
        assert!(at(Deed::Make, "web/node/x", model::ENAMETOOLONG).contains("64"));
        assert!(at(Deed::Make, "web/heartbeat/x", model::EFBIG).contains("32 regions"));
        assert!(at(Deed::Start, "web/heartbeat/x", model::EINVAL).contains("sector size"));
        assert!(at(Deed::Remove, "web/heartbeat/x", model::EBUSY).contains("domain"));
        assert_eq!(at(Deed::Write, "web/node/a/num", 13), "this needs root");
    }

    #[test]
    fn why_a_domain_cannot_be_joined() {
        let told = |number: i32| meaning(Deed::Make, "/dlm/web", &io::Error::from_raw_os_error(number)).unwrap_or_default();
        assert!(told(model::EINVAL).contains("no region beats") && told(107).contains("TCP"));
        assert!(told(model::EBUSY).contains("stack") && told(71).contains("protocol") && told(112).contains("died"));
    }

    #[test]
    fn names_with_numbers() {
        assert_eq!(shown(&io::Error::from_raw_os_error(99)), "EADDRNOTAVAIL (99)");
        assert_eq!(shown(&io::Error::other("modprobe: FATAL")), "modprobe: FATAL");
    }
}
