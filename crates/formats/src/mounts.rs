//! Mounted file systems: `/proc/PID/mountinfo` (`show_mountinfo`, `fs/proc_namespace.c`, since 2.6.26) and the shorter
//! `/proc/mounts` (`show_vfsmnt`), which tells no device number.
//!
//! ```text
//! 36 35 254:16 / /mnt/shared rw,relatime shared:1 - ocfs2 /dev/vdb rw,_netdev,heartbeat=local
//! /dev/vdb /mnt/shared ocfs2 rw,relatime,_netdev,heartbeat=local 0 0
//! ```

use crate::problem::{LineProblem, ProblemCount};
use crate::scan::decimal;

/// One mounted file system.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mount {
    /// Device number: major, minor; `None` from `/proc/mounts`.
    pub device: Option<(u32, u32)>,
    /// Where, with the kernel's octal escapes undone.
    pub mount_point: String,
    /// Type: `ocfs2`, `gfs2`, …
    pub fs_type: String,
    /// What is mounted: a device path as given to mount(8).
    pub source: String,
    /// Options of the file system.
    pub options: String,
}

/// Reads `/proc/PID/mountinfo`. A malformed line costs that line.
pub fn parse_mountinfo(text: &[u8]) -> (Vec<Mount>, ProblemCount) {
    parse_lines(text, mountinfo_line)
}

/// Reads `/proc/mounts` or `/etc/mtab`.
pub fn parse_mounts(text: &[u8]) -> (Vec<Mount>, ProblemCount) {
    parse_lines(text, mounts_line)
}

fn parse_lines(text: &[u8], parse: fn(&str) -> Result<Mount, LineProblem>) -> (Vec<Mount>, ProblemCount) {
    let mut mounts = Vec::new();
    let mut problems = ProblemCount::default();
    for (number, line) in text.split(|&byte| byte == b'\n').enumerate() {
        if line.is_empty() {
            continue;
        }
        match parse(&String::from_utf8_lossy(line)) {
            Ok(mount) => mounts.push(mount),
            Err(problem) => problems.add(number as u64 + 1, problem, line),
        }
    }
    (mounts, problems)
}

fn mountinfo_line(line: &str) -> Result<Mount, LineProblem> {
    // Optional fields stand before a lone "-", so the two halves are counted apart.
    let (head, tail) = line.split_once(" - ").ok_or(LineProblem { field: 7, expected: "a separator '-'" })?;
    let mut head = head.split(' ');
    let device = head.nth(2).and_then(device_number).ok_or(LineProblem { field: 3, expected: "major:minor" })?;
    let mount_point = head.nth(1).ok_or(LineProblem { field: 5, expected: "a mount point" })?;
    let mut tail = tail.splitn(3, ' ');
    let mut part = |field, expected| tail.next().ok_or(LineProblem { field, expected });
    Ok(Mount {
        device: Some(device),
        mount_point: unescape(mount_point),
        fs_type: part(8, "a file system type")?.to_owned(),
        source: unescape(part(9, "a source")?),
        options: part(10, "options").unwrap_or_default().to_owned(),
    })
}

fn mounts_line(line: &str) -> Result<Mount, LineProblem> {
    let mut fields = line.split(' ');
    let mut part = |field, expected| fields.next().ok_or(LineProblem { field, expected });
    let source = unescape(part(1, "a source")?);
    Ok(Mount {
        device: None,
        mount_point: unescape(part(2, "a mount point")?),
        fs_type: part(3, "a file system type")?.to_owned(),
        source,
        options: part(4, "options")?.to_owned(),
    })
}

fn device_number(text: &str) -> Option<(u32, u32)> {
    let (major, minor) = text.split_once(':')?;
    let number = |text: &str| decimal(text.as_bytes()).and_then(|value| u32::try_from(value).ok());
    Some((number(major)?, number(minor)?))
}

/// Undoes the kernel's octal escapes (`mangle`): blank, tab, newline, backslash and # as `\ooo`.
fn unescape(text: &str) -> String {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&byte, tail)) = rest.split_first() {
        if let ([a @ b'0'..=b'3', b @ b'0'..=b'7', c @ b'0'..=b'7', after @ ..], b'\\') = (tail, byte) {
            out.push((a - b'0') << 6 | (b - b'0') << 3 | (c - b'0'));
            rest = after;
        } else {
            out.push(byte);
            rest = tail;
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn mountinfo_with_optional_fields_and_blanks() {
        let text = b"36 35 254:16 / /mnt/my\\040share rw,relatime shared:1 master:2 - ocfs2 /dev/mapper/a rw,heartbeat=local\n\
                     37 35 0:5 / /dev rw - devtmpfs udev rw\nbroken\n";
        let (mounts, problems) = parse_mountinfo(text);
        assert_eq!(mounts.len(), 2);
        assert_eq!(mounts[0].mount_point, "/mnt/my share");
        assert_eq!((mounts[0].device, mounts[0].fs_type.as_str(), mounts[0].source.as_str()), (Some((254, 16)), "ocfs2", "/dev/mapper/a"));
        assert_eq!(problems.lines, 1);
        assert_eq!(problems.first.unwrap().0, 3);
    }

    #[test]
    fn proc_mounts_has_no_device_number() {
        let (mounts, problems) = parse_mounts(b"/dev/vdb /mnt/ocfs2 ocfs2 rw,_netdev 0 0\n");
        assert_eq!(problems.lines, 0);
        assert_eq!((mounts[0].device, mounts[0].mount_point.as_str()), (None, "/mnt/ocfs2"));
    }

    proptest! {
        #[test]
        fn no_bytes_panic(bytes: Vec<u8>) {
            let _ = parse_mountinfo(&bytes);
            let _ = parse_mounts(&bytes);
        }
    }
}
